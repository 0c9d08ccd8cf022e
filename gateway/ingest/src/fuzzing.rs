//! One entrance per parser that faces the network. Property tests here and the fuzz targets call the same functions:
//! whatever the bytes are, none of them may panic, and each result is checked for what it promises. Each says whether the
//! bytes were taken whole, so that a corpus that never gets in is found out.

use bytes::BytesMut;
use domain::SensorId;

use crate::{
    mqtt::{self, topic::Topic},
    reading::{self, Batch},
    rfc3339,
    rtsp::{
        address::Address,
        auth::{Challenge, Credentials},
        depacketize::{ACCESS_UNIT_BYTES_MAX, Depacketizer},
        h264::ParameterSets,
        sdp::VideoTrack,
        session::{MESSAGE_BYTES_MAX, Session, SessionEvent},
    },
};

/// What every batch promises, whatever it was read from.
fn is_whole(batch: &Batch) -> bool {
    assert!(batch.readings.iter().all(|reading| reading.at_ms.is_set()), "a reading has a device time");
    let named = batch.broken.iter().all(|malformed| !malformed.field.is_empty() && !malformed.remedy.is_empty());
    assert!(named, "what is broken is named");
    batch.broken.is_empty() && !batch.readings.is_empty()
}

/// Readings as JSON, one and many.
pub fn fuzz_reading_json(data: &[u8]) -> bool {
    let many = reading::batch_json(data).is_ok_and(|batch| is_whole(&batch));
    many | SensorId::new("s").is_ok_and(|sensor| reading::single_json(&sensor, data).is_ok())
}

/// Readings as protobuf, one and many.
pub fn fuzz_reading_protobuf(data: &[u8]) -> bool {
    let many = reading::batch_protobuf(data).is_ok_and(|batch| is_whole(&batch));
    many | SensorId::new("s").is_ok_and(|sensor| reading::single_protobuf(&sensor, data).is_ok())
}

/// A publish as a device sends it: its topic, a line feed, its payload.
pub fn fuzz_publish(data: &[u8]) -> bool {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (topic, payload) = data.split_at(end);
    let Ok(topic) = Topic::parse(&String::from_utf8_lossy(topic)) else { return false };
    let Ok(batch) = topic.read(payload.get(1..).unwrap_or_default()) else { return false };
    if let Topic::Sensor { sensor, .. } = &topic {
        assert!(batch.readings.iter().all(|reading| reading.sensor == *sensor), "the topic says whose reading it is");
    }
    is_whole(&batch)
}

/// RFC 3339 date-times, MQTT topics and camera addresses.
pub fn fuzz_text(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let is_time = rfc3339::parse_ms(&text).is_some();
    let is_topic = Topic::parse(&text).is_ok();
    let is_address = Address::parse(&text).map(|address| address.to_string()).is_ok();
    is_time | is_topic | is_address
}

/// Packets as the endpoint takes them from its socket.
pub fn fuzz_mqtt_packet(data: &[u8]) -> bool {
    let mut input = BytesMut::from(data);
    loop {
        let before = input.len();
        let _ = mqtt::connect_level(&input);
        match mqtt::next_packet(&mut input, 4096) {
            Ok(Some(_)) => assert!(input.len() < before, "a packet takes bytes"),
            Ok(None) => return input.is_empty() && !data.is_empty(),
            Err(_) => return false,
        }
    }
}

/// Messages and interleaved frames as a camera's session takes them from its socket, in chunks, and the pictures in them.
/// Taken whole: the camera plays.
pub fn fuzz_rtsp_session(data: &[u8]) -> bool {
    let Ok(address) = Address::parse("rtsp://cam/live") else { return false };
    let mut session = Session::new(address, Credentials::new("user", "password"), "c".to_owned(), 0);
    let (mut depacketizer, mut pictures) = (None, Vec::new());
    let mut plays = false;
    for (now_ms, chunk) in (0_u64..).zip(data.chunks(1024)) {
        session.input().extend_from_slice(chunk);
        loop {
            match session.step(now_ms) {
                Ok(Some(SessionEvent::Described(track))) => depacketizer = Some(Depacketizer::new(&track, 0)),
                Ok(Some(SessionEvent::Rtp(packet))) => {
                    if let Some(depacketizer) = &mut depacketizer {
                        depacketizer.push(&packet, &mut pictures);
                        pictures.clear();
                    }
                }
                Ok(Some(SessionEvent::Playing)) => plays = true,
                Ok(Some(SessionEvent::TornDown)) => {}
                Ok(None) => break,
                Err(_) => return false,
            }
        }
        assert!(session.input().len() <= MESSAGE_BYTES_MAX, "half a message is within the bound");
        if session.tick(now_ms).is_err() {
            return false;
        }
    }
    plays
}

/// Session descriptions.
pub fn fuzz_sdp(data: &[u8]) -> bool {
    let Ok(track) = VideoTrack::parse(data) else { return false };
    assert!(track.clock_hz > 0 && track.payload_type < 128, "a track can be timed and told from others");
    let _ = track.parameter_sets.codec();
    true
}

/// RTP packets, each after two bytes of length. Taken whole: a picture came out.
pub fn fuzz_rtp(data: &[u8]) -> bool {
    let mut parameter_sets = ParameterSets::default();
    parameter_sets.take(&[0x67, 1, 2, 3]);
    parameter_sets.take(&[0x68, 1]);
    let track = VideoTrack {
        control: String::new(),
        session_control: String::new(),
        payload_type: 96,
        clock_hz: 90_000,
        parameter_sets,
    };
    let mut depacketizer = Depacketizer::new(&track, 0);
    let mut out = Vec::new();
    let mut rest = data;
    let mut pictures = 0;
    while let Some((size, after)) = rest.split_first_chunk::<2>() {
        let (packet, after) = after.split_at(usize::from(u16::from_be_bytes(*size)).min(after.len()));
        depacketizer.push(packet, &mut out);
        assert!(out.len() <= 2, "a packet ends two pictures at most");
        for unit in out.drain(..) {
            assert!(!unit.data.is_empty() && unit.data.len() <= ACCESS_UNIT_BYTES_MAX + 16 * 1028);
            pictures += 1;
        }
        rest = after;
    }
    pictures > 0
}

/// Authentication challenges and the answers to them.
pub fn fuzz_challenge(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let (Some(challenge), Some(credentials)) = (Challenge::parse(&text), Credentials::new("user", "secret-word"))
    else {
        return false;
    };
    let answer = challenge.answer(&credentials, "DESCRIBE", "rtsp://cam/", 1, "c");
    assert!(!answer.chars().any(char::is_control), "an answer stands in one header");
    let echoed = text.contains("secret-word");
    assert!(echoed || !answer.contains("secret-word"), "the password is hashed or encoded");
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Arbitrary bytes are refused at the first; bytes made of a format's own pieces get further in.
    fn pieces(pieces: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            4 => proptest::sample::select(pieces).prop_map(|piece| piece.as_bytes().to_vec()),
            1 => proptest::collection::vec(any::<u8>(), 0..8),
        ];
        proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    const JSON: &[&str] = &[
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "\"readings\":",
        "\"sensor\":\"a\"",
        "\"at_ms\":1",
        "\"at\":\"2026-01-01T00:00:00Z\"",
        "\"value\":1e300",
        "\"value\":-0.5",
        "\"unit\":\"m\"",
        "\"status\":\"fault\"",
        "null",
    ];
    const RTSP: &[&str] = &[
        "RTSP/1.0 200 OK\r\n",
        "RTSP/1.0 401 Unauthorized\r\n",
        "CSeq: 1\r\n",
        "CSeq: 2\r\n",
        "CSeq: 3\r\n",
        "CSeq: 4\r\n",
        "\r\n",
        "Content-Length: 5\r\n",
        "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n",
        "Session: 1;timeout=5\r\n",
        "Transport: RTP/AVP/TCP;interleaved=0-1\r\n",
        "OPTIONS * RTSP/1.0\r\n",
        "$\0\0\x04abcd",
        "v=0\r\nm=video 0 RTP/AVP 96\r\n",
    ];
    const SDP: &[&str] = &[
        "v=0\r\n",
        "o=- 1 1 IN IP4 1.1.1.1\r\n",
        "s=x\r\n",
        "t=0 0\r\n",
        "m=video 0 RTP/AVP 96\r\n",
        "a=rtpmap:96 H264/90000\r\n",
        "a=rtpmap:300 H264/90000\r\n",
        "a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0LAHg==,aM4=\r\n",
        "a=control:*\r\n",
        "a=rtpmap:96 H264/x\r\n",
        "a=rtpmap:\r\n",
        "a=fmtp:96\r\n",
    ];
    const CHALLENGE: &[&str] = &[
        "Digest ",
        "Basic ",
        "realm=",
        "nonce=",
        "qop=",
        "\"auth\"",
        "\"a\\\"b\"",
        ",",
        " ",
        "=",
        "opaque=\"",
        "\"",
        "stale=true",
        "x",
        "algorithm=MD5",
        "algorithm=SHA-256",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn no_bytes_panic(data in proptest::collection::vec(any::<u8>(), 0..2048)) {
            fuzz_reading_json(&data);
            fuzz_reading_protobuf(&data);
            fuzz_publish(&data);
            fuzz_text(&data);
            fuzz_mqtt_packet(&data);
            fuzz_rtsp_session(&data);
            fuzz_sdp(&data);
            fuzz_rtp(&data);
            fuzz_challenge(&data);
        }

        #[test]
        fn no_json_panics(data in pieces(JSON)) {
            fuzz_reading_json(&data);
        }

        #[test]
        fn no_rtsp_panics(data in pieces(RTSP)) {
            fuzz_rtsp_session(&data);
        }

        #[test]
        fn no_sdp_panics(data in pieces(SDP)) {
            fuzz_sdp(&data);
        }

        #[test]
        fn no_challenge_panics(data in pieces(CHALLENGE)) {
            fuzz_challenge(&data);
        }

        #[test]
        fn no_mqtt_packet_panics(kind in 0_u8..16, flags in 0_u8..16, body in proptest::collection::vec(any::<u8>(), 0..120)) {
            let length = u8::try_from(body.len()).unwrap();
            fuzz_mqtt_packet(&[&[kind << 4 | flags, length][..], &body].concat());
        }

        #[test]
        fn no_rtp_panics(packets in proptest::collection::vec((any::<bool>(), 0_u8..3, 0_u8..5, proptest::collection::vec(any::<u8>(), 0..40)), 0..40)) {
            let mut data = Vec::new();
            let mut sequence = 0_u8;
            for (marker, skip, time, payload) in packets {
                sequence = sequence.wrapping_add(1 + skip / 2);
                let length = u8::try_from(12 + payload.len()).unwrap();
                data.extend_from_slice(&[0, length, 0x80, u8::from(marker) << 7 | 96, 0, sequence, 0, 0, 0, time, 0, 0, 0, 1]);
                data.extend_from_slice(&payload);
            }
            fuzz_rtp(&data);
        }

        #[test]
        fn no_date_panics(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,12})?(Z|[+-][0-9]{2}:[0-9]{2}|.{0,6})") {
            fuzz_text(text.as_bytes());
        }
    }
}
