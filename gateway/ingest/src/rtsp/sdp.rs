//! The video track of a camera's session description (SDP, RFC 8866; H.264 parameters of RFC 6184).

use super::h264::ParameterSets;

/// Bytes of a session description.
pub const SDP_BYTES_MAX: usize = 64 * 1024;
/// Media and attributes looked at; a camera has a handful.
const MEDIA_MAX: usize = 32;

/// Why a description has no video that can be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// Not SDP.
    #[error("the camera's description is not valid SDP ({0})")]
    Malformed(String),
    /// Nothing to show.
    #[error("the camera offers no H.264 video but {offered}; set its stream to H.264")]
    NoVideo {
        /// What it offers instead.
        offered: String,
    },
    /// RFC 6184 packetization mode 2.
    #[error("the camera interleaves H.264 (packetization-mode 2); set it to mode 0 or 1")]
    Interleaved,
}

/// The track to set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoTrack {
    /// Its `a=control`, empty when there is none.
    pub control: String,
    /// The session's `a=control`, for PLAY.
    pub session_control: String,
    /// RTP payload type.
    pub payload_type: u8,
    /// Ticks of an RTP timestamp in a second.
    pub clock_hz: u32,
    /// From `sprop-parameter-sets`; may be empty and come in the stream instead.
    pub parameter_sets: ParameterSets,
}

impl VideoTrack {
    /// The first H.264 track of a description.
    ///
    /// # Errors
    /// Says what the camera offers instead.
    pub fn parse(sdp: &[u8]) -> Result<Self, SdpError> {
        if sdp.len() > SDP_BYTES_MAX {
            return Err(SdpError::Malformed(format!("larger than {SDP_BYTES_MAX} bytes")));
        }
        let session = sdp_types::Session::parse(sdp).map_err(|e| SdpError::Malformed(e.to_string()))?;
        let session_control = session.get_first_attribute_value("control").flatten().unwrap_or_default();
        let mut offered: Vec<String> = Vec::new();
        for media in session.medias.iter().take(MEDIA_MAX) {
            for map in media.get_attribute_values("rtpmap").take(MEDIA_MAX).flatten() {
                let (payload_type, encoding) = map.split_once(' ').unwrap_or((map, ""));
                let mut encoding = encoding.trim().split('/');
                let name = encoding.next().unwrap_or_default();
                if media.media != "video" || !name.eq_ignore_ascii_case("H264") {
                    offered.push(format!("{} {name}", media.media));
                    continue;
                }
                let clock_hz = encoding.next().and_then(|hz| hz.parse().ok()).filter(|hz| *hz > 0);
                let (Ok(number), Some(clock_hz)) = (payload_type.trim().parse::<u8>(), clock_hz) else {
                    return Err(SdpError::Malformed(format!("rtpmap {map}")));
                };
                let format = media
                    .get_attribute_values("fmtp")
                    .flatten()
                    .find_map(|line| line.trim_start().strip_prefix(payload_type.trim())?.strip_prefix(' '))
                    .unwrap_or_default();
                if parameter(format, "packetization-mode") == Some("2") {
                    return Err(SdpError::Interleaved);
                }
                let sprop = parameter(format, "sprop-parameter-sets").unwrap_or_default();
                return Ok(Self {
                    control: media.get_first_attribute_value("control").flatten().unwrap_or_default().to_owned(),
                    session_control: session_control.to_owned(),
                    payload_type: number & 0x7f,
                    clock_hz,
                    parameter_sets: ParameterSets::from_sprop(sprop),
                });
            }
        }
        offered.truncate(MEDIA_MAX);
        let offered = if offered.is_empty() { "nothing".to_owned() } else { offered.join(", ") };
        Err(SdpError::NoVideo { offered })
    }
}

/// A parameter of a `fmtp` line: `a=b;c=d`.
fn parameter<'a>(format: &'a str, name: &str) -> Option<&'a str> {
    format.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=Session\r\nt=0 0\r\na=control:*\r\n\
        m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n\
        m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n\
        a=fmtp:96 packetization-mode=1; profile-level-id=42c01e; sprop-parameter-sets=Z0LAHtkDxWhAAAADAEAAAAwDxYuS,aMuMsg==\r\n\
        a=control:stream=0\r\n";

    #[test]
    fn the_video_track() {
        let track = VideoTrack::parse(SDP.as_bytes()).unwrap();
        assert_eq!((track.payload_type, track.clock_hz), (96, 90_000));
        assert_eq!((track.control.as_str(), track.session_control.as_str()), ("stream=0", "*"));
        assert!(track.parameter_sets.is_whole());
    }

    #[test]
    fn another_codec_is_named() {
        let error = VideoTrack::parse(SDP.replace("H264", "H265").as_bytes()).unwrap_err();
        assert_eq!(error, SdpError::NoVideo { offered: "audio PCMU, video H265".into() });
        let error = VideoTrack::parse(SDP.replace("mode=1", "mode=2").as_bytes()).unwrap_err();
        assert_eq!(error, SdpError::Interleaved);
        assert!(matches!(VideoTrack::parse(b"hello"), Err(SdpError::Malformed(_))));
        assert!(matches!(VideoTrack::parse(SDP.replace("/90000", "/0").as_bytes()), Err(SdpError::Malformed(_))));
    }
}
