//! What a cluster is told of a model: the body of `POST /api/models`, kept beside the artifact.

use std::{fs, path::Path};

use domain::{Digest, Figure, KindShare, ModelKind, ModelName, VersionName, limits};
use models::artifact::{self, ARTIFACT_BYTES_MAX, Artifact};
use serde::{Deserialize, Serialize};

use super::TrainError;
use crate::town::measure::micro;

/// Ending of an artifact's file.
pub const ARTIFACT: &str = "bin";
/// Bytes of a registration's file at most: its figures and words are bounded.
const REGISTRATION_BYTES_MAX: u64 = 1024 * 1024;
/// Digits of the hash in a version's name: enough to tell the versions of one model apart.
const HASH_DIGITS: usize = 8;

/// A version of a model as it was trained and measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// Which model.
    pub name: ModelName,
    /// Which version.
    pub version: VersionName,
    /// What it is for.
    pub kind: ModelKind,
    /// Of the artifact.
    pub sha256: Digest,
    /// What it was trained on and measured by.
    pub data: String,
    /// What was measured.
    pub quality: Vec<Figure>,
    /// Kinds in the data, for drift; may be empty.
    #[serde(default)]
    pub shares: Vec<KindShare>,
}

/// Why a registration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// A file cannot be read.
    #[error("{file}: {reason}; name the .json file that `trongdong train` wrote")]
    File {
        /// Which.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The artifact beside it is another one.
    #[error("{file} has the hash {found}, the registration says {said}: train again, or fetch both files again")]
    Artifact {
        /// Which.
        file: String,
        /// Its hash.
        found: String,
        /// What is registered.
        said: String,
    },
}

impl Registration {
    /// The registration of an artifact. Its version is the number that its header counts and the beginning of its hash, so that no
    /// two models have one version.
    ///
    /// # Errors
    /// A name that the register does not take.
    pub fn of(kind: ModelKind, artifact: &Artifact, shares: Vec<KindShare>) -> Result<Self, TrainError> {
        let name_error =
            |error: domain::wire::Malformed| TrainError::Option { option: "name", remedy: error.to_string() };
        let header = &artifact.header;
        let sha256 = artifact.hash();
        let version = format!("v{}-{}", header.version, sha256.get(..HASH_DIGITS).unwrap_or(&sha256));
        let figures = header.quality.iter().filter(|(_, value)| value.is_finite());
        let figures = figures.map(|(name, value)| Figure { name: name.clone(), value_micro: micro(*value) });
        Ok(Self {
            name: ModelName::new(&header.name).map_err(name_error)?,
            version: VersionName::new(&version).map_err(name_error)?,
            kind,
            sha256: Digest::try_from(sha256).map_err(name_error)?,
            data: header.data.clone(),
            quality: figures.take(limits::MODEL_FIGURES_MAX).collect(),
            shares,
        })
    }

    /// Reads a registration and looks whether the artifact beside it is the one that it is about.
    ///
    /// # Errors
    /// A file that is missing, is something else, or has another hash.
    pub fn read(path: &Path) -> Result<Self, RegistrationError> {
        let registration: Self = serde_json::from_slice(&bytes(path, REGISTRATION_BYTES_MAX)?)
            .map_err(|error| RegistrationError::File { file: path.display().to_string(), reason: error.to_string() })?;
        let beside = path.with_extension(ARTIFACT);
        let bytes_max = u64::try_from(ARTIFACT_BYTES_MAX).unwrap_or(u64::MAX);
        let (found, said) = (artifact::hash(&bytes(&beside, bytes_max)?), registration.sha256.to_string());
        if found != said {
            return Err(RegistrationError::Artifact { file: beside.display().to_string(), found, said });
        }
        Ok(registration)
    }
}

/// A file's bytes, if it is no larger than that.
fn bytes(path: &Path, bytes_max: u64) -> Result<Vec<u8>, RegistrationError> {
    let error = |reason: String| RegistrationError::File { file: path.display().to_string(), reason };
    let size = fs::metadata(path).map_err(|e| error(e.to_string()))?.len();
    if size > bytes_max {
        return Err(error(format!("{size} bytes, at most {bytes_max}")));
    }
    fs::read(path).map_err(|e| error(e.to_string()))
}
