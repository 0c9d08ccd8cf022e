//! Weights of "the same incident?" as an artifact: the header that every model has, and the line over a pair as JSON.

use std::collections::BTreeMap;

use super::model::{Model, SHIPPED};
use crate::artifact::{Artifact, ArtifactError, Header};

/// Name of the model in the register.
pub const NAME: &str = "duplicate";

/// How the weights are to be read.
pub const KIND: &str = "pair_line";

/// Counted up whenever `trained/duplicate.json` changes.
const SHIPPED_VERSION: u32 = 1;

/// Seed of the recipe that the shipped weights are made by.
const SHIPPED_SEED: u64 = 1;

/// The shipped weights as an artifact. The same bytes on every machine.
#[must_use]
pub fn shipped() -> Artifact {
    Artifact {
        header: Header {
            name: NAME.to_owned(),
            version: SHIPPED_VERSION,
            kind: KIND.to_owned(),
            data: "30 nights of the generator".to_owned(),
            seed: SHIPPED_SEED,
            quality: BTreeMap::new(),
        },
        weights: SHIPPED.to_vec(),
    }
}

impl Model {
    /// A trained model.
    ///
    /// # Errors
    /// When it is not one that tells whether two reports are the same.
    pub fn from_artifact(artifact: &Artifact) -> Result<Self, ArtifactError> {
        if artifact.header.kind != KIND {
            return Err(ArtifactError::Kind { got: artifact.header.kind.clone(), want: KIND });
        }
        let model: Self =
            serde_json::from_slice(&artifact.weights).map_err(|_| ArtifactError::Weights { field: "net" })?;
        model.check().map_err(|_| ArtifactError::Weights { field: "net" })?;
        Ok(model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_artifact_is_the_shipped_model() {
        let artifact = Artifact::decode(&shipped().encode()).unwrap();
        assert_eq!(Model::from_artifact(&artifact), Ok(Model::shipped().unwrap()));
    }

    #[test]
    fn another_models_weights_are_refused() {
        let mut other = shipped();
        other.header.kind = "hashed_text".to_owned();
        assert!(matches!(Model::from_artifact(&other), Err(ArtifactError::Kind { .. })));
        let mut broken = shipped();
        broken.weights.truncate(20);
        assert_eq!(Model::from_artifact(&broken), Err(ArtifactError::Weights { field: "net" }));
    }
}
