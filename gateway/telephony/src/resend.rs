//! Requests and answers that are sent again until somebody says that they have them (RFC 3261, 17): one list for each call.
//! Pure: times come in.

use std::net::SocketAddr;

use crate::limits::{GIVE_UP_MS, PENDING_MAX, T1_MS, T2_MS};

/// Where somebody is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Peer {
    pub(crate) at: SocketAddr,
    pub(crate) is_tcp: bool,
}

/// What waits for a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A request other than INVITE.
    Request,
    /// The INVITE to an agent's phone, or one that changes a session.
    Invite,
    /// Our final answer to the caller's INVITE, until the ACK.
    Final,
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) kind: Kind,
    /// The branch of a request; of an answer, the caller's.
    pub(crate) branch: String,
    pub(crate) to: Peer,
    pub(crate) bytes: Vec<u8>,
    next_ms: u64,
    wait_ms: u64,
    until_ms: u64,
}

/// All of one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resend(Vec<Pending>);

impl Resend {
    /// Something was sent, and is sent again until [`Self::answered`].
    pub(crate) fn sent(&mut self, now_ms: u64, kind: Kind, branch: &str, to: Peer, bytes: Vec<u8>) {
        if self.0.len() >= PENDING_MAX {
            self.0.remove(0);
        }
        // TCP carries it by itself, but for the answer to INVITE, which is sent end to end.
        let is_again = !to.is_tcp || kind == Kind::Final;
        let next_ms = if is_again { now_ms + T1_MS } else { u64::MAX };
        let until_ms = now_ms + GIVE_UP_MS;
        self.0.push(Pending { kind, branch: branch.to_owned(), to, bytes, next_ms, wait_ms: T1_MS, until_ms });
    }

    /// It was answered: takes it out.
    pub(crate) fn answered(&mut self, kind: Kind, branch: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|pending| pending.kind != kind || pending.branch != branch);
        self.0.len() < before
    }

    /// Our final answers are there.
    pub(crate) fn acknowledged(&mut self) {
        self.0.retain(|pending| pending.kind != Kind::Final);
    }

    /// A phone rings: it is not asked again, and has until then.
    pub(crate) fn rings(&mut self, branch: &str, until_ms: u64) {
        for pending in self.0.iter_mut().filter(|pending| pending.kind == Kind::Invite && pending.branch == branch) {
            pending.next_ms = u64::MAX;
            pending.until_ms = until_ms;
        }
    }

    /// What has to be sent again now, and what is given up.
    pub(crate) fn tick(&mut self, now_ms: u64) -> (Vec<(Peer, Vec<u8>)>, Vec<Pending>) {
        let mut again = Vec::new();
        let mut given_up = Vec::new();
        self.0.retain_mut(|pending| {
            if now_ms >= pending.until_ms {
                given_up.push(pending.clone());
                return false;
            }
            if now_ms >= pending.next_ms {
                again.push((pending.to, pending.bytes.clone()));
                let longest = if pending.kind == Kind::Invite { GIVE_UP_MS } else { T2_MS };
                pending.wait_ms = (pending.wait_ms * 2).min(longest);
                pending.next_ms = now_ms + pending.wait_ms;
            }
            true
        });
        (again, given_up)
    }

    /// When to look again; none: nothing waits.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        self.0.iter().map(|pending| pending.next_ms.min(pending.until_ms)).min()
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
