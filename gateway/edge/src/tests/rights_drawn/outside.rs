//! What other systems are told: of nothing but what lies where they are registered, whatever kinds they ask for, and of nobody's calls,
//! reports and drafts.

use std::collections::BTreeSet;

use domain::{GroupId, ReceiverId};

use super::{
    Play,
    scene::{SERVICES, Step, text, words_in},
};
use crate::cluster::read;

impl Play {
    /// Compares what waits for each other system with the statement: each asks for everything.
    pub(super) fn look_outside(&mut self, fresh: Option<usize>, step: &[Step]) {
        let Self { gateway, ledger, noticed, counts, .. } = self;
        for (id, registered) in SERVICES {
            let newest = noticed.entry(id).or_default();
            let receiver = ReceiverId::new(id).unwrap();
            let mut words: BTreeSet<usize> = BTreeSet::new();
            read(&*gateway.node, GroupId(0), |state0| {
                for notice in state0.notices_for(&receiver).filter(|notice| notice.number > *newest) {
                    words.extend(words_in(&String::from_utf8_lossy(&notice.event)));
                }
                *newest = state0.receivers()[&receiver].newest;
            });
            for word in &words {
                let seen = &ledger.words[*word];
                assert!(
                    ledger.goes_out(*word, registered),
                    "LEAK: {} of {seen:?} to {id}, after {step:?}",
                    text(*word)
                );
            }
            if let Some(word) = fresh {
                let is_told = words.contains(&word);
                counts.out = (counts.out.0 + usize::from(is_told), counts.out.1 + usize::from(!is_told));
            }
        }
    }
}
