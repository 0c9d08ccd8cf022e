//! An earlier release for a cluster to be upgraded from: the program itself, which acts as one, or a real program of an earlier
//! build.

use std::{env, path::PathBuf};

use node::{local::LocalNode, release::VARIABLE};

use crate::Failure;

/// Environment variable that names a program of an earlier build.
pub const OLDER_VARIABLE: &str = "TRONGDONG_OLDER";

/// The release as which the program can act.
const FIRST: &str = "first";

/// Where an upgrade begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Older {
    /// This build, which acts as the first release where two releases meet (see `node::release`).
    Acting,
    /// A program that was built earlier.
    Program(PathBuf),
}

impl Older {
    /// What [`OLDER_VARIABLE`] names; without it, this build.
    ///
    /// # Errors
    /// No file is there.
    pub fn from_environment() -> Result<Self, Failure> {
        match env::var_os(OLDER_VARIABLE) {
            Some(path) => Self::program(path.into()),
            None => Ok(Self::Acting),
        }
    }

    /// That program.
    ///
    /// # Errors
    /// No file is there.
    pub fn program(path: PathBuf) -> Result<Self, Failure> {
        if path.is_file() {
            Ok(Self::Program(path))
        } else {
            Err(format!("{}: no program is there; build an earlier commit and name its `trongdong`", path.display())
                .into())
        }
    }

    /// From its next start on the node runs the earlier release.
    pub fn put_on(&self, node: &mut LocalNode) {
        Self::take_off(node);
        match self {
            Self::Acting => node.environment.push((VARIABLE.to_owned(), FIRST.into())),
            Self::Program(path) => node.program = Some(path.clone()),
        }
    }

    /// From its next start on the node runs what is tested.
    pub fn take_off(node: &mut LocalNode) {
        node.environment.retain(|(name, _)| name != VARIABLE);
        node.program = None;
    }
}
