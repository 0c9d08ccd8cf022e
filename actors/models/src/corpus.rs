//! Messages to learn from, written by a generator: pleas as people of Thái Nguyên send them, and what else comes in.
//!
//! The patterns are in `grammar/`. A message is a core (which says what happened and fixes the labels) with what people
//! put around it (`compose.rs`): a greeting, a place, who is there, a cry, a number to call back; then a typist spoils it
//! (`noise.rs`). Cores are cut into parts, and what comes from one part is one group, so a model is judged on cores that it
//! has not seen.

pub mod compose;
pub mod grammar;
pub mod noise;
pub mod places;

use self::compose::{Draft, Frames, Plan};
use self::grammar::{GrammarError, Names, Node, parse};
use self::noise::{Typist, typed};
use self::places::Places;
use crate::rng::{Rng, mix};
use crate::triage::labels::{Kind, Need, Severity, Vulnerable};
use crate::triage::schema::{Example, Truth};

const COMMON: &str = include_str!("../grammar/common.txt");
const PLACES: &str = include_str!("../grammar/places.txt");
const ENGLISH: &str = include_str!("../grammar/english.txt");
const FILES: [(Kind, &str); 9] = [
    (Kind::None, include_str!("../grammar/none.txt")),
    (Kind::Flood, include_str!("../grammar/flood.txt")),
    (Kind::Fire, include_str!("../grammar/fire.txt")),
    (Kind::Medical, include_str!("../grammar/medical.txt")),
    (Kind::Traffic, include_str!("../grammar/traffic.txt")),
    (Kind::Pollution, include_str!("../grammar/pollution.txt")),
    (Kind::PublicOrder, include_str!("../grammar/public_order.txt")),
    (Kind::Infrastructure, include_str!("../grammar/infrastructure.txt")),
    (Kind::Other, include_str!("../grammar/other.txt")),
];

/// How often each kind comes, of `Kind::ALL` in order. Not what a centre sees, but enough of each to learn from.
const SHARES: [usize; 9] = [26, 15, 10, 12, 10, 6, 8, 8, 6];

/// How large a part of the emergencies each kind is; together 1.
#[must_use]
pub fn emergency_shares() -> Vec<(Kind, f32)> {
    let emergencies = || Kind::ALL.iter().zip(SHARES).filter(|(kind, _)| **kind != Kind::None);
    let sum: usize = emergencies().map(|(_, share)| share).sum();
    emergencies().map(|(kind, share)| (*kind, share as f32 / sum as f32)).collect()
}

/// Share of messages in English.
const ENGLISH_SHARE: f32 = 0.06;

/// Cores are cut into so many parts, each of neighbours in their file, which are about the same thing. What is said together
/// comes from one part, and a part is a group: a split by group never has half of a message on either side, and what is held
/// out is strange to the network, as what people write is.
const PARTS: usize = 60;

/// Share of the messages that say two things of one kind.
const SECOND_SHARE: f32 = 0.16;

/// Share of the emergencies that begin with something that is none: thanks for the last time, a question, an all-clear.
const AFTER_NONE_SHARE: f32 = 0.03;

/// A message with all that is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// As it came in.
    pub text: String,
    /// What it reports.
    pub kind: Kind,
    /// How bad it is; none for a message that reports nothing.
    pub severity: Option<Severity>,
    /// What is needed.
    pub needs: Vec<Need>,
    /// People in danger, where the text says how many.
    pub people: Option<u32>,
    /// Who among them needs more care.
    pub vulnerable: Vec<Vulnerable>,
    /// Messages of one group have their core in common.
    pub group: u64,
}

impl Message {
    /// As an example for the schema of triage. Severity, needs and the vulnerable of what is no emergency are unknown.
    #[must_use]
    pub fn example(&self) -> Example {
        let bits = |places: Vec<usize>| places.into_iter().fold(0, |bits, at| bits | (1_u64 << at));
        let emergency = self.kind != Kind::None;
        let any = |places| if emergency { Truth::Any(bits(places)) } else { Truth::Unknown };
        Example {
            text: self.text.clone(),
            truths: vec![
                Truth::One(self.kind.index()),
                self.severity.map_or(Truth::Unknown, |severity| Truth::One(severity.index())),
                any(self.needs.iter().map(|need| need.index()).collect()),
                any(self.vulnerable.iter().map(|group| group.index()).collect()),
            ],
            group: self.group,
        }
    }
}

/// A pattern with its labels.
#[derive(Debug, Clone)]
struct Core {
    severity: Option<Severity>,
    needs: Vec<Need>,
    nodes: Vec<Node>,
    part: usize,
}

/// Everything that the generator can say.
#[derive(Debug, Clone)]
pub struct Generator {
    names: Names,
    places: Places,
    vietnamese: Vec<Vec<Core>>,
    english: Vec<Vec<Core>>,
    frames: Frames,
}

impl Generator {
    /// Reads the grammar.
    ///
    /// # Errors
    /// When a pattern of `grammar/` cannot be read.
    pub fn new() -> Result<Self, GrammarError> {
        let mut vietnamese = Vec::new();
        for (_, file) in FILES {
            let mut cores = Vec::new();
            for (at, line) in lines(file) {
                cores.push(core(line, at)?);
            }
            vietnamese.push(in_parts(cores));
        }
        let mut english = vec![Vec::new(); Kind::ALL.len()];
        for (at, line) in lines(ENGLISH) {
            let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
            let kind = Kind::named(kind).ok_or(GrammarError::Pattern { line: at, what: "the kind is not known" })?;
            if let Some(cores) = english.get_mut(kind.index()) {
                cores.push(core(rest, at)?);
            }
        }
        let english = english.into_iter().map(in_parts).collect();
        Ok(Self {
            names: Names::parse(COMMON)?,
            places: Places::parse(PLACES),
            vietnamese,
            english,
            frames: Frames::new()?,
        })
    }

    /// Some messages; the same seed and count give the same.
    ///
    /// # Errors
    /// When a name of the grammar is not defined.
    pub fn messages(&self, seed: u64, count: usize) -> Result<Vec<Message>, GrammarError> {
        let mut rng = Rng::new(seed);
        (0..count).map(|_| self.message(&mut rng)).collect()
    }

    fn message(&self, rng: &mut Rng) -> Result<Message, GrammarError> {
        let kind = kind(rng);
        let english = rng.chance(ENGLISH_SHARE);
        let all = if english { &self.english } else { &self.vietnamese };
        let of = |kind: Kind| all.get(kind.index()).map_or(&[][..], Vec::as_slice);
        let missing = || GrammarError::Unknown(kind.name().to_owned());
        let first = rng.pick(of(kind)).ok_or_else(missing)?;
        let mut together = |kind: Kind, share: f32| {
            let beside: Vec<&Core> = of(kind).iter().filter(|other| other.part == first.part).collect();
            if rng.chance(share) { rng.pick(&beside).copied() } else { None }
        };
        let second = together(kind, SECOND_SHARE);
        let before = if kind == Kind::None { None } else { together(Kind::None, AFTER_NONE_SHARE) };
        let cores: Vec<&[Node]> =
            before.into_iter().chain([first]).chain(second).map(|core| core.nodes.as_slice()).collect();
        let mut needs = first.needs.clone();
        needs.extend(second.iter().flat_map(|core| core.needs.iter().copied()));
        needs.sort();
        needs.dedup();
        let of_core = first.severity.max(second.and_then(|core| core.severity));
        let mut draft = Draft { places: Some(&self.places), english, ..Draft::default() };
        self.frames.write(Plan { kind, severity: of_core, cores: &cores }, &self.names, rng, &mut draft)?;
        draft.vulnerable.sort();
        draft.vulnerable.dedup();
        let text = typed(&draft.text, &Typist::random(rng), rng);
        let emergency = kind != Kind::None;
        Ok(Message {
            text,
            kind,
            severity: severity(of_core, &needs, &draft.vulnerable),
            needs,
            people: draft.people.filter(|_| emergency),
            vulnerable: if emergency { draft.vulnerable } else { Vec::new() },
            group: mix(u64::try_from(first.part + if english { PARTS } else { 0 }).unwrap_or(0)),
        })
    }

    /// Each kind's patterns, for who counts them.
    #[must_use]
    pub fn cores(&self, kind: Kind) -> usize {
        let of = |all: &[Vec<Core>]| all.get(kind.index()).map_or(0, Vec::len);
        of(&self.vietnamese) + of(&self.english)
    }
}

/// A kind, as often as `SHARES` says.
fn kind(rng: &mut Rng) -> Kind {
    let mut ticket = rng.below(SHARES.iter().sum());
    for (kind, share) in Kind::ALL.iter().zip(SHARES) {
        if ticket < share {
            return *kind;
        }
        ticket -= share;
    }
    Kind::None
}

/// What is bad for anybody is critical for those who cannot help themselves, when they have to be fetched or treated.
fn severity(of_core: Option<Severity>, needs: &[Need], vulnerable: &[Vulnerable]) -> Option<Severity> {
    let urgent = needs.contains(&Need::Rescue) || needs.contains(&Need::Medical);
    match of_core {
        Some(Severity::High) if urgent && !vulnerable.is_empty() => Some(Severity::Critical),
        other => other,
    }
}

fn lines(file: &str) -> impl Iterator<Item = (usize, &str)> {
    file.lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line))
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
}

/// Cuts the cores of one kind into parts, in their order.
fn in_parts(mut cores: Vec<Core>) -> Vec<Core> {
    let all = cores.len().max(1);
    for (at, core) in cores.iter_mut().enumerate() {
        core.part = at * PARTS / all;
    }
    cores
}

/// Reads `severity needs | pattern`.
fn core(line: &str, at: usize) -> Result<Core, GrammarError> {
    let wrong = |what| GrammarError::Pattern { line: at, what };
    let (labels, pattern) = line.split_once('|').ok_or(wrong("a | after the labels is missing"))?;
    let (severity, needs) = labels.trim().split_once(' ').ok_or(wrong("severity and needs are missing"))?;
    let severity = match severity {
        "I" => Some(Severity::Info),
        "L" => Some(Severity::Low),
        "M" => Some(Severity::Medium),
        "H" => Some(Severity::High),
        "C" => Some(Severity::Critical),
        "-" => None,
        _ => return Err(wrong("the severity is not one of I, L, M, H, C")),
    };
    let mut all = Vec::new();
    for letter in needs.trim().chars().filter(|c| *c != '-') {
        all.push(match letter {
            'r' => Need::Rescue,
            'm' => Need::Medical,
            'f' => Need::FoodWater,
            's' => Need::Shelter,
            'p' => Need::Power,
            'd' => Need::Road,
            _ => return Err(wrong("a need is not one of r, m, f, s, p, d")),
        });
    }
    Ok(Core { severity, needs: all, nodes: parse(pattern, at)?, part: 0 })
}

#[cfg(test)]
mod tests {
    use super::grammar::expand;
    use super::*;
    use crate::triage::normal::plain;

    #[test]
    fn messages_are_many_of_every_kind_and_the_same_again() {
        let generator = Generator::new().unwrap();
        let messages = generator.messages(1, 4000).unwrap();
        assert_eq!(messages, generator.messages(1, 4000).unwrap());
        assert_ne!(messages, generator.messages(2, 4000).unwrap());
        for kind in Kind::ALL {
            assert!(generator.cores(*kind) >= 200, "{kind:?}");
            assert!(messages.iter().filter(|m| m.kind == *kind).count() > 150, "{kind:?}");
        }
        let texts: std::collections::BTreeSet<String> = messages.iter().map(|m| plain(&m.text)).collect();
        assert!(texts.len() > 3600, "{}", texts.len());
        assert!(messages.iter().any(|m| m.people == Some(2)) && messages.iter().any(|m| !m.vulnerable.is_empty()));
    }

    #[test]
    fn every_pattern_can_be_said() {
        let generator = Generator::new().unwrap();
        let mut rng = Rng::new(5);
        for core in generator.vietnamese.iter().chain(&generator.english).flatten() {
            for _ in 0..20 {
                let mut draft = Draft { places: Some(&generator.places), ..Draft::default() };
                expand(&core.nodes, &generator.names, &mut rng, &mut draft).unwrap();
                assert!(!draft.text.trim().is_empty() || core.severity.is_some());
                assert!(!draft.text.contains(['<', '[', '{', '|']), "{}", draft.text);
            }
        }
    }
}
