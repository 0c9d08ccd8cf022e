//! What lets a new node in: a token that any member can check and nobody else can make, and the file that brings it to the
//! new node.
//!
//! The token is sealed under the cluster's sealing key, so no member has to remember it. It names the node, and the id in it
//! is given once by the log (`raft::membership::NodeIds`): a second use meets a node that is there already, or is gone.

use std::{fs, io, path::Path};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use edge::Sealer;
use prost::Message;
use serde::{Deserialize, Serialize};

use crate::init::write_secret;

/// The file in a new node's folder, until it votes.
pub const FILE: &str = "invitation.toml";

/// What a token is sealed for.
const CONTEXT: &str = "invitation";

/// Longest time for which an invitation counts, minutes: a week.
pub const VALID_MIN_MAX: u32 = 7 * 24 * 60;

/// Bytes of a token as text; a longer one is none.
const TOKEN_BYTES_MAX: usize = 512;

/// What a token says.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(crate) struct Ticket {
    /// Whom it lets in.
    #[prost(uint64, tag = "1")]
    pub(crate) node: u64,
    /// The node that goes for it; 0: nobody.
    #[prost(uint64, tag = "2")]
    pub(crate) replaces: u64,
    /// Until when it lets in who is not yet known, Unix ms.
    #[prost(uint64, tag = "3")]
    pub(crate) until_ms: u64,
}

/// Why a token lets nobody in, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotLetIn {
    #[error(
        "thư mời không do cụm này cấp: mời lại bằng `trongdong invite` / the token is not of this cluster: \
         invite anew with `trongdong invite`"
    )]
    Unknown,
    #[error(
        "thư mời cấp cho nút {node}, không phải nút {from}: dùng đúng thư mục đã cấp / the token is for node {node}, not for {from}: \
         use the folder that was made for it"
    )]
    AnotherNode { node: u64, from: u64 },
    #[error(
        "thư mời của nút {node} đã hết hạn: mời lại bằng `trongdong invite` / the invitation of node {node} has expired: \
         invite anew with `trongdong invite`"
    )]
    Expired { node: u64 },
}

impl Ticket {
    pub(crate) fn seal(&self, sealer: &Sealer) -> Result<String, edge::CannotSeal> {
        Ok(BASE64_URL_SAFE_NO_PAD.encode(sealer.seal(CONTEXT, &self.encode_to_vec())?))
    }

    /// Reads the token that `from` brought. `now_ms` is none for who is a member already: its invitation has been used, by
    /// itself, and it may finish what it began.
    pub(crate) fn open(sealer: &Sealer, token: &str, from: u64, now_ms: Option<u64>) -> Result<Self, NotLetIn> {
        let bytes = Some(token).filter(|token| token.len() <= TOKEN_BYTES_MAX);
        let bytes = bytes.and_then(|token| BASE64_URL_SAFE_NO_PAD.decode(token).ok()).ok_or(NotLetIn::Unknown)?;
        let bytes = sealer.open(CONTEXT, &bytes).map_err(|_| NotLetIn::Unknown)?;
        let ticket = Self::decode(bytes.as_slice()).map_err(|_| NotLetIn::Unknown)?;
        if ticket.node != from {
            return Err(NotLetIn::AnotherNode { node: ticket.node, from });
        }
        if now_ms.is_some_and(|now_ms| now_ms > ticket.until_ms) {
            return Err(NotLetIn::Expired { node: ticket.node });
        }
        Ok(ticket)
    }

    pub(crate) fn replaces(&self) -> Option<u64> {
        Some(self.replaces).filter(|node| *node != 0)
    }
}

/// The file: the token, for as long as the node is on its way in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// Lets the node in.
    pub token: String,
}

impl Invitation {
    /// Reads the file of a node's folder; none: the node was not invited, or is in.
    ///
    /// # Errors
    /// It cannot be read, or is no invitation.
    pub fn load(home: &Path) -> io::Result<Option<Self>> {
        match fs::read_to_string(home.join(FILE)) {
            Ok(text) => toml::from_str(&text).map(Some).map_err(|error| {
                let text = format!("{}: {}; invite the node anew", home.join(FILE).display(), error.message());
                io::Error::new(io::ErrorKind::InvalidData, text)
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the file, for its owner's eyes only.
    ///
    /// # Errors
    /// It is there already, or cannot be written.
    pub fn save(&self, home: &Path) -> io::Result<()> {
        write_secret(&home.join(FILE), &toml::to_string(self).map_err(io::Error::other)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealer(key: u8) -> Sealer {
        Sealer::new(&[key; 32])
    }

    #[test]
    fn a_token_lets_in_whom_it_names_until_it_expires() {
        let ticket = Ticket { node: 4, replaces: 3, until_ms: 1_000 };
        let token = ticket.seal(&sealer(1)).unwrap();
        assert_eq!(Ticket::open(&sealer(1), &token, 4, Some(1_000)), Ok(ticket));
        assert_eq!(ticket.replaces(), Some(3));
        assert_eq!(Ticket::open(&sealer(1), &token, 4, Some(1_001)), Err(NotLetIn::Expired { node: 4 }));
        assert_eq!(Ticket::open(&sealer(1), &token, 4, None), Ok(ticket), "a member finishes what it began");
        let other = Ticket::open(&sealer(1), &token, 5, Some(0));
        assert_eq!(other, Err(NotLetIn::AnotherNode { node: 4, from: 5 }));
        assert_eq!(Ticket::open(&sealer(2), &token, 4, Some(0)), Err(NotLetIn::Unknown), "another cluster's");
    }

    proptest! {
        #[test]
        fn what_the_cluster_did_not_seal_lets_nobody_in(token in "[A-Za-z0-9_-]{0,600}", from in any::<u64>()) {
            prop_assert_eq!(Ticket::open(&sealer(1), &token, from, Some(0)), Err(NotLetIn::Unknown));
        }

        #[test]
        fn a_changed_token_lets_nobody_in(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let sealed = sealer(1).seal(CONTEXT, &Ticket { node: 4, replaces: 0, until_ms: 9 }.encode_to_vec()).unwrap();
            let mut bytes = sealed.to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let token = BASE64_URL_SAFE_NO_PAD.encode(bytes);
            prop_assert_eq!(Ticket::open(&sealer(1), &token, 4, Some(0)), Err(NotLetIn::Unknown));
        }
    }
}
