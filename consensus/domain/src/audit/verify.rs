//! Checks exported chains. Pure: an export and what was noted elsewhere go in, a verdict comes out.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    AuditHead, AuditPayload, AuditRecord, Command, Digest, GroupId, Millis,
    audit::{commitment, link},
    calendar,
    wire::Record,
};

/// Why an export is not what the cluster recorded. Each names the record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A record is left out, doubled, or out of order.
    #[error("group {group}: record {found} follows record {before}: one is missing, doubled or moved")]
    Gap {
        /// In which chain.
        group: GroupId,
        /// The record before.
        before: u64,
        /// The one that was found.
        found: u64,
    },
    /// Salt or payload are not those that were committed to.
    #[error("group {group}: record {number} was changed: its payload does not fit its commitment")]
    Payload {
        /// In which chain.
        group: GroupId,
        /// Which record.
        number: u64,
    },
    /// The record's place, time or commitment was changed, or one before it was.
    #[error("group {group}: record {number} was changed: its link does not follow from the one before")]
    Link {
        /// In which chain.
        group: GroupId,
        /// Which record.
        number: u64,
    },
    /// An index or a time goes back.
    #[error("group {group}: record {number} stands before the one that it follows")]
    Order {
        /// In which chain.
        group: GroupId,
        /// Which record.
        number: u64,
    },
    /// A payload can be read by nobody though it fits its commitment.
    #[error("group {group}: the payload of record {number} is not readable: verify with a newer program")]
    Unreadable {
        /// In which chain.
        group: GroupId,
        /// Which record.
        number: u64,
    },
    /// A payload is gone, and no record says that it was erased.
    #[error("group {group}: the payload of record {number} is gone and no record says why")]
    Unexplained {
        /// In which chain.
        group: GroupId,
        /// Which record.
        number: u64,
    },
    /// Another chain, or somebody who noted it, says that this one was otherwise.
    #[error("group {group}: record {number} is not the one that was anchored: the chain was made anew or cut off")]
    Anchor {
        /// In which chain.
        group: GroupId,
        /// Which record.
        number: u64,
    },
}

/// What an export holds, if nothing is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The head of each chain: to be noted where the cluster's people cannot reach, and given to the next verification.
    pub heads: BTreeMap<GroupId, AuditHead>,
    /// Records seen.
    pub records: u64,
    /// Of them without salt and payload, as a record says.
    pub erased: u64,
    /// The same by rule and day, in the order in which it was done.
    pub erasures: Vec<Erased>,
    /// Of them those whose salt and payload were not for whoever asked for the export: what they hold was not verified.
    pub withheld: u64,
    /// Anchors of one chain in another that were checked.
    pub anchors: u64,
}

/// What one rule erased of one chain on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// Of which chain.
    pub group: GroupId,
    /// By which rule: its number and what it says, or what whoever erased said.
    pub rule: String,
    /// On which day, as `calendar::date_of` takes it.
    pub day: u64,
    /// How many records.
    pub records: u64,
}

/// One chain, as far as it was read.
#[derive(Default)]
struct Chain {
    head: AuditHead,
    index: u64,
    at_ms: Millis,
    gone: BTreeSet<u64>,
    /// What a record says that was erased, and where in the list of erasures.
    erased: BTreeMap<u64, usize>,
    /// What rules of erasure said, by number.
    rules: BTreeMap<u64, String>,
}

/// Reads an export record by record; the records of one group come in order, groups may alternate. Holds one link for each
/// record that somebody may have anchored, 40 bytes each.
#[derive(Default)]
pub struct Verifier {
    chains: BTreeMap<GroupId, Chain>,
    links: BTreeMap<(GroupId, u64), Digest>,
    anchors: Vec<(GroupId, AuditHead)>,
    records: u64,
    /// One for each rule and day.
    erasures: Vec<Erased>,
    withheld: u64,
}

impl Verifier {
    /// Takes the next record.
    ///
    /// # Errors
    /// The record is not what its chain says.
    pub fn take(&mut self, record: &AuditRecord) -> Result<(), Fault> {
        let AuditRecord { link: found, sealed, withheld } = record;
        let (group, number) = (found.group, found.number);
        let chain = self.chains.entry(group).or_default();
        if number != chain.head.number + 1 {
            return Err(Fault::Gap { group, before: chain.head.number, found: number });
        }
        if let Some(sealed) = sealed
            && commitment(&sealed.salt, &sealed.payload) != found.commitment
        {
            return Err(Fault::Payload { group, number });
        }
        if link(&chain.head.link, found) != found.link {
            return Err(Fault::Link { group, number });
        }
        if found.index <= chain.index || found.at_ms < chain.at_ms {
            return Err(Fault::Order { group, number });
        }
        chain.head = AuditHead { number, link: found.link };
        (chain.index, chain.at_ms) = (found.index, found.at_ms);
        self.links.insert((group, number), found.link);
        self.records += 1;
        let Some(sealed) = sealed else {
            if *withheld {
                self.withheld += 1;
            } else {
                chain.gone.insert(number);
            }
            return Ok(());
        };
        if *withheld {
            return Err(Fault::Payload { group, number });
        }
        let unreadable = |_| Fault::Unreadable { group, number };
        let payload = AuditPayload::decode(&sealed.payload).map_err(unreadable)?;
        if payload.command.is_empty() || !payload.refused.is_empty() {
            return Ok(());
        }
        match Command::decode(&payload.command).map_err(unreadable)? {
            Command::EraseAudit(erase) => {
                let at = erasure(&mut self.erasures, group, erase.rule, found.at_ms);
                explain(chain, &erase.numbers, at);
            }
            Command::SetErasure(set) => {
                let said = set.rules.iter().map(|rule| format!("{} {} d", rule.kind, rule.days));
                chain.rules.insert(set.number, said.collect::<Vec<_>>().join(", "));
            }
            Command::ErasePersonal(erase) => {
                let said = chain.rules.get(&erase.rule).map_or("not in this export", String::as_str);
                let rule = format!("{} ({said})", erase.rule);
                let at = erasure(&mut self.erasures, group, rule, found.at_ms);
                explain(chain, &erase.records, at);
            }
            Command::AnchorAudit(anchor) => {
                self.anchors.push((anchor.group, AuditHead { number: anchor.number, link: anchor.link }));
            }
            _ => {}
        }
        Ok(())
    }

    /// Ends the reading. `noted` are heads of earlier verifications, or of anybody who wrote them down.
    ///
    /// # Errors
    /// A payload is gone without a word, or a chain is not the one that was anchored or noted.
    pub fn finish(mut self, noted: &BTreeMap<GroupId, AuditHead>) -> Result<Verdict, Fault> {
        let mut erased = 0;
        for (group, chain) in &self.chains {
            for number in &chain.gone {
                let by = chain.erased.get(number).and_then(|at| self.erasures.get_mut(*at));
                by.ok_or(Fault::Unexplained { group: *group, number: *number })?.records += 1;
                erased += 1;
            }
        }
        self.erasures.retain(|erased| erased.records > 0);
        let noted = noted.iter().map(|(group, head)| (*group, *head));
        // An export may hold some groups only; of a group that it does not hold an anchor says nothing.
        let anchored = self.anchors.iter().copied().filter(|(group, _)| self.chains.contains_key(group));
        let anchored: Vec<_> = anchored.collect();
        for (group, head) in anchored.iter().copied().chain(noted).filter(|(_, head)| head.number > 0) {
            if self.links.get(&(group, head.number)) != Some(&head.link) {
                return Err(Fault::Anchor { group, number: head.number });
            }
        }
        let heads = self.chains.iter().map(|(group, chain)| (*group, chain.head)).collect();
        let anchors = u64::try_from(anchored.len()).unwrap_or(u64::MAX);
        let (records, withheld) = (self.records, self.withheld);
        Ok(Verdict { heads, records, erased, erasures: self.erasures, withheld, anchors })
    }
}

/// Where what this rule erased on that day stands in the list.
fn erasure(all: &mut Vec<Erased>, group: GroupId, rule: String, at: Millis) -> usize {
    let day = calendar::day_of(at);
    let known = all.iter().rposition(|it| it.group == group && it.day == day && it.rule == rule);
    known.unwrap_or_else(|| {
        all.push(Erased { group, rule, day, records: 0 });
        all.len() - 1
    })
}

/// The first record that says so explains what is gone.
fn explain(chain: &mut Chain, numbers: &[u64], at: usize) {
    for number in numbers {
        chain.erased.entry(*number).or_insert(at);
    }
}
