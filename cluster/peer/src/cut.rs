//! A cut that this node makes itself, in a drill: it closes its connections with some peers, dials none of them and takes none
//! of them in, until a time that was said beforehand. Nobody has to be there to end it.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::Instant;

use crate::{NodeId, Peers, peers::Inner, sync::lock};

/// With whom this node does not talk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// With nobody.
    Everybody,
    /// With nobody but these.
    AllBut(BTreeSet<NodeId>),
}

/// The longest cut; a longer one is shortened to this.
pub const CUT_MAX: Duration = Duration::from_secs(600);

/// What is said of a peer that is cut off.
pub(crate) const REASON: &str = "cut off by a drill";

/// A cut and its end.
#[derive(Debug, Default)]
pub(crate) struct CutOff(Option<(Cut, Instant)>);

impl CutOff {
    /// Cuts from now on for so long, in place of a cut before.
    pub(crate) fn make(&mut self, cut: Cut, now: Instant, length: Duration) {
        self.0 = Some((cut, now + length.min(CUT_MAX)));
    }

    /// Ends it.
    pub(crate) fn end(&mut self) {
        self.0 = None;
    }

    /// Whether the node is not to be talked with at this time.
    pub(crate) fn is_cut(&self, node: NodeId, now: Instant) -> bool {
        match &self.0 {
            Some((cut, until)) if now < *until => match cut {
                Cut::Everybody => true,
                Cut::AllBut(spared) => !spared.contains(&node),
            },
            _ => false,
        }
    }

    /// Whether no node at all is to be talked with.
    pub(crate) fn is_from_all(&self, now: Instant) -> bool {
        matches!(&self.0, Some((Cut::Everybody, until)) if now < *until)
    }
}

impl Peers {
    /// Talks with none of those for so long, at most [`CUT_MAX`], in place of a cut before: what is connected is closed, nothing is
    /// dialled or taken in. It ends by itself. For drills.
    pub fn cut(&self, cut: Cut, length: Duration) {
        let inner = self.inner();
        lock(&inner.cut).make(cut, Instant::now(), length);
        let peers: Vec<_> = lock(&inner.peers).values().cloned().collect();
        for peer in peers.into_iter().filter(|peer| inner.is_cut(peer.node)) {
            peer.disconnect(REASON);
        }
    }

    /// Ends the cut of [`Peers::cut`], if there is one.
    pub fn mend(&self) {
        lock(&self.inner().cut).end();
    }
}

impl Inner {
    pub(crate) fn is_cut(&self, node: NodeId) -> bool {
        lock(&self.cut).is_cut(node, Instant::now())
    }

    /// Whether it is no use to ask who it is that knocks.
    pub(crate) fn is_cut_from_all(&self) -> bool {
        lock(&self.cut).is_from_all(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_ends_by_itself_and_spares_whom_it_says() {
        let now = Instant::now();
        let mut off = CutOff::default();
        assert!(!off.is_cut(2, now));
        off.make(Cut::AllBut(BTreeSet::from([3])), now, Duration::from_secs(5));
        assert!(off.is_cut(2, now) && !off.is_cut(3, now));
        assert!(off.is_cut(2, now + Duration::from_millis(4999)));
        assert!(!off.is_cut(2, now + Duration::from_secs(5)));
        off.make(Cut::Everybody, now, Duration::MAX);
        assert!(off.is_cut(3, now + CUT_MAX - Duration::from_millis(1)));
        assert!(!off.is_cut(3, now + CUT_MAX), "no cut is longer");
        off.make(Cut::Everybody, now, Duration::from_secs(5));
        off.end();
        assert!(!off.is_cut(3, now));
    }
}
