//! A trained model as bytes: who it is, what it learned from, how good it was measured to be, and its weights.
//!
//! Layout: eight bytes of magic, the header's length as a little-endian u32, the header as JSON, the weights. The hash that
//! names a version is SHA-256 over all of it, so one bit more or less is another model.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use thiserror::Error;

const MAGIC: [u8; 8] = *b"TDMODEL1";

/// Bytes of a whole artifact at most. What is larger is not one of ours, and is refused before it is read.
pub const ARTIFACT_BYTES_MAX: usize = 512 * 1024 * 1024;

/// Bytes of a header at most.
pub const HEADER_BYTES_MAX: usize = 1024 * 1024;

/// What is known of a model beside its weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Which model: `triage`.
    pub name: String,
    /// Which of its versions, counted by who trains.
    pub version: u32,
    /// How the weights are to be read: `hashed_text`.
    pub kind: String,
    /// What it learned from, in a sentence.
    pub data: String,
    /// The seed of its training.
    pub seed: u64,
    /// Figures by name, as they were measured at training.
    pub quality: BTreeMap<String, f64>,
}

/// A trained model as bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Artifact {
    /// What is known of it.
    pub header: Header,
    /// Its weights, in the layout that `kind` names.
    pub weights: Vec<u8>,
}

/// Bytes that are no artifact.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ArtifactError {
    /// Too few bytes, or too many.
    #[error("{got} bytes are not an artifact: too short or above {ARTIFACT_BYTES_MAX}; fetch the file again")]
    Size {
        /// Bytes that came.
        got: usize,
    },
    /// Another file.
    #[error("the file does not begin with the mark of a model; name a file that `train` wrote")]
    Magic,
    /// The header cannot be read.
    #[error("the header cannot be read ({0}); train the model again")]
    Header(String),
    /// The weights cannot be read.
    #[error("the weights do not fit {field}; train the model again")]
    Weights {
        /// What does not fit.
        field: &'static str,
    },
    /// The weights are numbers, but none that a training gives.
    #[error("the weights cannot be used: {0}")]
    Numbers(String),
    /// Another model than the one that is asked for.
    #[error("this is a model of kind {got}, not {want}; name the right file")]
    Kind {
        /// Its kind.
        got: String,
        /// The kind that was due.
        want: &'static str,
    },
}

/// A model whose weights are kept as JSON: few numbers, which a person may want to look at.
pub trait Kept: Serialize + DeserializeOwned {
    /// How the weights are to be read; no two models have the same.
    const KIND: &'static str;

    /// Refuses what a file holds and no training gives.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    fn check(&self) -> Result<(), String>;
}

impl Artifact {
    /// A model with what is known of it; the header's `kind` is the model's.
    ///
    /// # Errors
    /// When the model has no JSON form.
    pub fn of<T: Kept>(header: Header, model: &T) -> Result<Self, ArtifactError> {
        let weights = serde_json::to_vec(model).map_err(|error| ArtifactError::Numbers(error.to_string()))?;
        Ok(Self { header: Header { kind: T::KIND.to_owned(), ..header }, weights })
    }

    /// The model that is kept here.
    ///
    /// # Errors
    /// When it is another kind of model, or its weights cannot be used.
    pub fn model<T: Kept>(&self) -> Result<T, ArtifactError> {
        if self.header.kind != T::KIND {
            return Err(ArtifactError::Kind { got: self.header.kind.clone(), want: T::KIND });
        }
        let model: T = serde_json::from_slice(&self.weights).map_err(|e| ArtifactError::Numbers(e.to_string()))?;
        model.check().map_err(ArtifactError::Numbers)?;
        Ok(model)
    }

    /// The artifact as a file's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // A header is strings and numbers, which always have a JSON form; an empty one would be refused when read.
        let header = serde_json::to_vec(&self.header).unwrap_or_default();
        let mut bytes = Vec::with_capacity(MAGIC.len() + 4 + header.len() + self.weights.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&u32::try_from(header.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(&self.weights);
        bytes
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// When they are not an artifact.
    pub fn decode(bytes: &[u8]) -> Result<Self, ArtifactError> {
        if bytes.len() > ARTIFACT_BYTES_MAX {
            return Err(ArtifactError::Size { got: bytes.len() });
        }
        let (magic, rest) = bytes.split_first_chunk::<8>().ok_or(ArtifactError::Size { got: bytes.len() })?;
        if *magic != MAGIC {
            return Err(ArtifactError::Magic);
        }
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(ArtifactError::Size { got: bytes.len() })?;
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if length > HEADER_BYTES_MAX {
            return Err(ArtifactError::Header(format!("{length} bytes are above {HEADER_BYTES_MAX}")));
        }
        let (header, weights) = rest.split_at_checked(length).ok_or(ArtifactError::Size { got: bytes.len() })?;
        let header = serde_json::from_slice(header).map_err(|error| ArtifactError::Header(error.to_string()))?;
        Ok(Self { header, weights: weights.to_vec() })
    }

    /// SHA-256 over the file's bytes, as 64 hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> String {
        hash(&self.encode())
    }
}

/// SHA-256 over bytes, as 64 hexadecimal digits.
#[must_use]
pub fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn artifact() -> Artifact {
        let header = Header {
            name: "triage".into(),
            version: 3,
            kind: "hashed_text".into(),
            data: "generated".into(),
            seed: 1,
            quality: BTreeMap::from([("kind_accuracy".into(), 0.5)]),
        };
        Artifact { header, weights: vec![1, 2, 3] }
    }

    #[test]
    fn what_is_written_is_read_again_and_has_its_hash() {
        let artifact = artifact();
        let bytes = artifact.encode();
        assert_eq!(Artifact::decode(&bytes), Ok(artifact.clone()));
        assert_eq!(artifact.hash(), hash(&bytes));
        assert_eq!(hash(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let mut other = artifact.clone();
        other.weights[0] = 9;
        assert_ne!(other.hash(), artifact.hash());
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Line {
        slope: f32,
    }

    impl Kept for Line {
        const KIND: &'static str = "line";

        fn check(&self) -> Result<(), String> {
            if self.slope > 0.0 { Ok(()) } else { Err("slope is not above 0; train again".to_owned()) }
        }
    }

    #[test]
    fn few_numbers_are_kept_as_text_and_checked_when_they_come_back() {
        let line = Line { slope: 0.1 };
        let kept = Artifact::of(artifact().header, &line).unwrap();
        assert_eq!(kept.header.kind, "line");
        let again = Artifact::decode(&kept.encode()).unwrap();
        assert_eq!(again.model::<Line>(), Ok(line));
        assert!(matches!(artifact().model::<Line>(), Err(ArtifactError::Kind { want: "line", .. })));
        let falling = Artifact { weights: br#"{"slope":-1.0}"#.to_vec(), ..kept };
        assert!(matches!(falling.model::<Line>(), Err(ArtifactError::Numbers(_))));
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(Artifact::decode(b"x"), Err(ArtifactError::Size { got: 1 }));
        assert_eq!(Artifact::decode(b"not a model of ours"), Err(ArtifactError::Magic));
        let mut bytes = artifact().encode();
        bytes[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(matches!(Artifact::decode(&bytes), Err(ArtifactError::Header(_))));
    }

    proptest! {
        #[test]
        fn no_bytes_bring_the_reader_down(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), ours in any::<bool>()) {
            if ours && bytes.len() > 12 {
                bytes[..8].copy_from_slice(&MAGIC);
                bytes[10..12].fill(0);
            }
            let _ = Artifact::decode(&bytes);
        }
    }
}
