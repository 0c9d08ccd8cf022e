//! How often what is seen was seen, and what is not was not: a test that meets neither proves nothing.

use std::collections::BTreeMap;

use super::scene::Topic;

/// See the module.
#[derive(Clone, Default)]
pub(super) struct Counts {
    pub(super) told: usize,
    pub(super) withheld: usize,
    pub(super) withdrawn: usize,
    pub(super) compared: usize,
    /// Words that went to another system, and those that did not.
    pub(super) out: (usize, usize),
    /// Of each topic: told and withheld.
    pub(super) topics: BTreeMap<Topic, (usize, usize)>,
}

impl Counts {
    pub(super) fn add(&mut self, of: &Self) {
        self.told += of.told;
        self.withheld += of.withheld;
        self.withdrawn += of.withdrawn;
        self.compared += of.compared;
        self.out = (self.out.0 + of.out.0, self.out.1 + of.out.1);
        for (topic, (told, withheld)) in &of.topics {
            self.count(*topic, *told, *withheld);
        }
    }

    pub(super) fn count(&mut self, topic: Topic, told: usize, withheld: usize) {
        let known = self.topics.entry(topic).or_default();
        *known = (known.0 + told, known.1 + withheld);
    }

    /// How often the topic was told and withheld.
    pub(super) fn of(&self, topic: Topic) -> (usize, usize) {
        self.topics.get(&topic).copied().unwrap_or_default()
    }
}
