//! The record, as whoever may not read it, whoever searches it and whoever exports it is told it.

use std::collections::BTreeSet;

use domain::Role;
use proptest::{
    prelude::*,
    sample::{select, subsequence},
};
use reqwest::Client;
use serde_json::json;

use super::super::{
    Asker, GROUPS, Wish, Work,
    draw::work,
    scene::{Seen, text},
    statement::Rights,
};
use super::{Scene, Visitor};

impl Scene {
    /// Whether an export of the record gives them the word: to who reads the record of every field, and of callers to who sees them.
    fn given(&self, visitor: &Visitor, rights: &Rights, word: usize) -> bool {
        let is_reader = is_of_all(rights) && self.reads_record(visitor, rights);
        is_reader && (rights.sees_callers() || !self.of_callers.contains(&word))
    }

    /// Searches the record, and exports it; how many words came.
    pub(super) async fn read_record(&self, client: &Client, visitor: &Visitor, seq: &mut u64) -> usize {
        let mut found = 0;
        let searches = [
            (json!({"group": 0, "reason": "thanh tra", "text": "mk"}), true),
            (json!({"group": 0, "reason": "thanh tra", "kind": "system"}), false),
        ];
        for (search, is_of_rights) in searches {
            let rights = self.rights(visitor);
            let looks = rights.as_ref().is_some_and(|rights| self.reads_record(visitor, rights));
            let came = self.post(client, visitor, seq, "/api/audit/records", &search).await;
            assert_eq!(came.status == 200, looks, "{visitor:?}: {}", came.body);
            // Of what people said a line has only why rights changed, and for who reads of every field why something was taken back,
            // whoever was refused that included.
            let is_whole = rights.as_ref().is_some_and(is_of_all);
            let reasons = self.reasons.iter().filter(|_| is_whole);
            let wanted: BTreeSet<usize> = self.whys.keys().chain(reasons).copied().collect();
            let wanted = if looks && is_of_rights { wanted } else { BTreeSet::new() };
            assert_eq!(came.words(), wanted, "the record as {visitor:?} reads it: {}", came.body);
            found += wanted.len();
        }
        let mut given = BTreeSet::new();
        let mut is_reader = false;
        for group in GROUPS {
            let rights = self.rights(visitor);
            let wanted = json!({"group": group.0, "reason": "thanh tra"});
            let came = self.post(client, visitor, seq, "/api/audit/export", &wanted).await;
            for word in came.words() {
                let may = rights.as_ref().is_some_and(|rights| self.given(visitor, rights, word));
                let seen = &self.play.ledger.words[word];
                assert!(may, "LEAK: {} of {seen:?} was exported for {visitor:?}", text(word));
            }
            is_reader = came.status == 200;
            given.extend(came.words());
        }
        if let Some(rights) = self.rights(visitor).filter(|_| is_reader) {
            let said = self.play.ledger.words.iter().enumerate().filter(|(_, seen)| !matches!(seen, Seen::Nobody));
            for (word, seen) in said.filter(|(word, _)| self.given(visitor, &rights, *word)) {
                assert!(given.contains(&word), "{} of {seen:?} was not exported for {visitor:?}", text(word));
            }
        }
        found + given.len()
    }
}

/// Whether they work for every field and agency.
fn is_of_all(rights: &Rights) -> bool {
    rights.work.fields.is_empty() && rights.work.agencies.is_empty()
}

/// Somebody of a role that reads the record, or nearly.
pub(super) fn reader() -> impl Strategy<Value = Asker> {
    let scope = prop::option::weighted(0.2, subsequence(vec![1_usize, 2], 0..=2));
    let work = prop_oneof![2 => Just(Work::default()), 1 => work()];
    let roles = select(vec![Role::Admin, Role::Auditor, Role::Operator]);
    (roles, scope, work).prop_map(|(role, scope, work)| Asker {
        role,
        scope,
        work,
        wish: Wish { districts: Vec::new(), nouns: Vec::new() },
    })
}
