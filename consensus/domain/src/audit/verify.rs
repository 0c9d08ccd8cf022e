//! Checks exported chains. Pure: an export and what was noted elsewhere go in, a verdict comes out.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use crate::{
    AuditHead, AuditPayload, AuditRecord, Command, Digest, GroupId, Millis,
    audit::{AuditEnd, Frame, Framed, commitment, export::part_sha256, link},
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
    /// The export stops without an end, or where its end says that more follows.
    #[error("group {group}: the export stops after record {number} without its end: export it again")]
    Cut {
        /// In which chain.
        group: GroupId,
        /// The last record that is there; 0: none.
        number: u64,
    },
    /// An end does not tell of what stands before it.
    #[error(
        "group {group}: the end after record {number} is not that of the records before it: something was changed, left out or added; \
         export it again"
    )]
    End {
        /// In which chain.
        group: GroupId,
        /// The record before it; 0: none.
        number: u64,
    },
    /// A part without records where none belongs: it is neither all there is nor what a full part announced, or something follows it.
    #[error(
        "group {group}: a part without records stands beside record {number}: leave that part out, it holds nothing"
    )]
    Empty {
        /// In which chain.
        group: GroupId,
        /// The record before it; 0: none.
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

/// What was read of a chain since its last end.
#[derive(Default)]
struct Part {
    /// Number before its first record.
    after: u64,
    withheld: u64,
    /// Of the frames.
    sha256: Sha256,
}

/// What the last end of a chain was.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Ended {
    /// There was none.
    #[default]
    Never,
    /// Nothing has to follow.
    Whole,
    /// Another part has to follow.
    Full,
    /// That of a part without records: nothing may follow.
    Empty,
}

/// One chain, as far as it was read.
#[derive(Default)]
struct Chain {
    head: AuditHead,
    part: Part,
    ended: Ended,
    index: u64,
    at_ms: Millis,
    gone: BTreeSet<u64>,
    /// What a record says that was erased, and where in the list of erasures.
    erased: BTreeMap<u64, usize>,
    /// What rules of erasure said, by number.
    rules: BTreeMap<u64, String>,
}

/// Reads an export frame by frame; the frames of one group come in order, groups may alternate. Holds one link for each
/// record that somebody may have anchored, 40 bytes each. By default each group has to come to its end.
#[derive(Default)]
pub struct Verifier {
    chains: BTreeMap<GroupId, Chain>,
    links: BTreeMap<(GroupId, u64), Digest>,
    anchors: Vec<(GroupId, AuditHead)>,
    records: u64,
    /// One for each rule and day.
    erasures: Vec<Erased>,
    withheld: u64,
    ignores_ends: bool,
}

impl Verifier {
    /// One that asks for no ends and looks at none: for exports that were made before there were any, and for chains that are no
    /// export. It misses what is cut off, and what was taken out and is said to be withheld.
    #[must_use]
    pub fn without_ends() -> Self {
        Self { ignores_ends: true, ..Self::default() }
    }

    /// Takes the next frame of a file.
    ///
    /// # Errors
    /// The record is not what its chain says, or the end not what stands before it.
    pub fn read(&mut self, framed: &Framed<'_>) -> Result<(), Fault> {
        match &framed.frame {
            Frame::Record(record) => {
                if !self.ignores_ends {
                    self.chains.entry(record.link.group).or_default().part.sha256.update(framed.bytes);
                }
                self.take(record)
            }
            Frame::End(_) if self.ignores_ends => Ok(()),
            Frame::End(end) => self.end(end, framed.bytes),
        }
    }

    fn end(&mut self, end: &AuditEnd, bytes: &[u8]) -> Result<(), Fault> {
        let group = end.group;
        let chain = self.chains.entry(group).or_default();
        let (number, part) = (chain.head.number, std::mem::take(&mut chain.part));
        let is_empty = part.after == number;
        // A second one tells nothing new, so nobody would miss it, nor see that it was put there.
        if is_empty && !matches!(chain.ended, Ended::Never | Ended::Full) {
            return Err(Fault::Empty { group, number });
        }
        let right = AuditEnd {
            group,
            after: part.after,
            through: number,
            withheld: part.withheld,
            sha256: part_sha256(part.sha256, group, part.after),
            more: end.more && !is_empty,
        };
        // As bytes: no hash is over these, and a message can be written in more than one way.
        if right.frame() != bytes {
            return Err(Fault::End { group, number });
        }
        chain.part.after = number;
        chain.ended = match (is_empty, end.more) {
            (true, _) => Ended::Empty,
            (false, true) => Ended::Full,
            (false, false) => Ended::Whole,
        };
        Ok(())
    }

    /// Takes the next record, as it stands in a chain that is no file: a file has more to it, see [`Verifier::read`].
    ///
    /// # Errors
    /// The record is not what its chain says.
    pub fn take(&mut self, record: &AuditRecord) -> Result<(), Fault> {
        let AuditRecord { link: found, sealed, withheld } = record;
        let (group, number) = (found.group, found.number);
        let chain = self.chains.entry(group).or_default();
        if chain.ended == Ended::Empty {
            return Err(Fault::Empty { group, number: chain.head.number });
        }
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
                chain.part.withheld += 1;
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
    /// A chain does not come to its end, a payload is gone without a word, or a chain is not the one that was anchored or noted.
    pub fn finish(mut self, noted: &BTreeMap<GroupId, AuditHead>) -> Result<Verdict, Fault> {
        // First: what explains an empty record may be what is cut off.
        for (group, chain) in self.chains.iter().filter(|_| !self.ignores_ends) {
            let is_ended = matches!(chain.ended, Ended::Whole | Ended::Empty);
            if !is_ended || chain.part.after != chain.head.number {
                return Err(Fault::Cut { group: *group, number: chain.head.number });
            }
        }
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
        // Of a chain that has nothing there is nothing to note.
        let begun = self.chains.iter().filter(|(_, chain)| chain.head.number > 0);
        let heads = begun.map(|(group, chain)| (*group, chain.head)).collect();
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
