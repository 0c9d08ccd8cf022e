//! Photos and clips, by what is stored of them: the bytes are files beside the log, on the disks of a quorum before anything here names
//! them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Digest, IncidentId, Millis, PersonId, ReportCode, limits,
    wire::{Field, Malformed, Record, generated, message_field, record, wire_enum},
};

wire_enum! {
    /// What the stored bytes are.
    FileKind {
        /// ITU-T T.81 in JFIF.
        Jpeg = "jpeg",
        /// W3C PNG.
        Png = "png",
        /// RFC 9649.
        Webp = "webp",
        /// A clip: ISO/IEC 14496-14.
        Mp4 = "mp4",
        /// A clip, as Apple's phones write it.
        Quicktime = "quicktime",
    }
}

impl FileKind {
    /// Its media type, which is all that is ever said of the content.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Mp4 => "video/mp4",
            Self::Quicktime => "video/quicktime",
        }
    }

    /// Whether it moves.
    #[must_use]
    pub fn is_clip(self) -> bool {
        matches!(self, Self::Mp4 | Self::Quicktime)
    }

    /// Bytes that one of it has at most.
    #[must_use]
    pub fn bytes_max(self) -> u32 {
        if self.is_clip() { limits::CLIP_BYTES_MAX } else { limits::FILE_BYTES_MAX }
    }

    /// The ending of a name under which it is saved.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Mp4 => "mp4",
            Self::Quicktime => "mov",
        }
    }
}

/// What a file belongs to: who may see that may see the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileOwner {
    /// An incident.
    Incident(IncidentId),
    /// A report, as its sender sent it.
    Report(ReportCode),
    /// The answer to a report: its sender is shown it.
    Answer(ReportCode),
}

impl fmt::Display for FileOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incident(id) => write!(f, "incident {id}"),
            Self::Report(code) => write!(f, "report {code}"),
            Self::Answer(code) => write!(f, "answer {code}"),
        }
    }
}

impl Record for FileOwner {
    type Wire = generated::FileOwner;

    fn from_wire(wire: generated::FileOwner) -> Result<Self, Malformed> {
        use generated::file_owner::Of;
        Ok(match wire.of.ok_or_else(|| Malformed::new("of", "is required"))? {
            Of::Incident(id) => Self::Incident(Field::read("incident", id)?),
            Of::Report(code) => Self::Report(Field::read("report", code)?),
            Of::Answer(code) => Self::Answer(Field::read("answer", code)?),
        })
    }

    fn to_wire(&self) -> generated::FileOwner {
        use generated::file_owner::Of;
        let of = match self {
            Self::Incident(id) => Of::Incident(id.to_string()),
            Self::Report(code) => Of::Report(code.to_string()),
            Self::Answer(code) => Of::Answer(code.to_string()),
        };
        generated::FileOwner { of: Some(of) }
    }
}

message_field!(FileOwner);

/// A file by what is stored of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// SHA-256 of the stored bytes, which is the name under which every node has them.
    pub sha256: Digest,
    /// What they are.
    pub kind: FileKind,
    /// How many, at most [`FileKind::bytes_max`].
    pub bytes: u32,
    /// Pixels, as the header says.
    pub width: u32,
    /// Pixels, as the header says.
    pub height: u32,
}

record!(StoredFile { sha256, kind, bytes, width, height });

/// That a file belongs to something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Grows by one with each attachment.
    pub number: u64,
    /// Which file.
    pub file: StoredFile,
    /// To what.
    pub owner: FileOwner,
    /// When.
    pub at_ms: Millis,
    /// When it was taken by its sender's clock; unset: not told.
    pub taken_at_ms: Millis,
    /// By whom; none: somebody without an account.
    pub by: Option<PersonId>,
    /// What it shows, for who cannot see it; may be empty.
    pub note: String,
}

record!(Attachment { number, file, owner, at_ms, taken_at_ms, by, note });

/// How far files are, and how long they are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSettings {
    /// The newest attachment's number.
    pub attached: u64,
    /// Days that files of what is done are kept; 0: as long as what they belong to is remembered.
    pub retention_days: u32,
}

record!(FileSettings { attached, retention_days });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attachment_crosses_whole() {
        for owner in [
            FileOwner::Incident(IncidentId::new("I7").unwrap()),
            FileOwner::Report(ReportCode::new("ABC").unwrap()),
            FileOwner::Answer(ReportCode::new("ABC").unwrap()),
        ] {
            let file = StoredFile { sha256: Digest([7; 32]), kind: FileKind::Webp, bytes: 9, width: 640, height: 480 };
            let attachment = Attachment {
                number: 3,
                file,
                owner,
                at_ms: Millis(5),
                taken_at_ms: Millis(4),
                by: Some(PersonId::new("lan").unwrap()),
                note: "Cột điện nghiêng".into(),
            };
            assert_eq!(Attachment::decode(&attachment.encode()), Ok(attachment));
        }
    }

    #[test]
    fn a_clip_is_told_from_a_picture_by_its_kind() {
        for kind in FileKind::ALL {
            assert_eq!(kind.media_type().starts_with("video/"), kind.is_clip(), "{kind}");
            assert!(kind.is_clip() || kind.media_type().starts_with("image/"), "{kind}");
            assert_eq!(kind.bytes_max() == limits::CLIP_BYTES_MAX, kind.is_clip(), "{kind}");
        }
    }

    #[test]
    fn an_owner_that_is_none_is_refused_with_the_field() {
        assert_eq!(FileOwner::decode(&[]).unwrap_err().field, "of");
        let nobody = generated::FileOwner { of: Some(generated::file_owner::Of::Report(String::new())) };
        assert!(FileOwner::from_wire(nobody).is_err());
    }
}
