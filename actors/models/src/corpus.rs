//! Messages to learn from, written by a generator: pleas as people of Thái Nguyên send them, and what else comes in.
//!
//! The patterns are in `grammar/`. A message is a core (which says what happened and fixes the labels) with what people
//! put around it: a greeting, a place, who is there, a cry, a number to call back; then a typist spoils it. Everything
//! that comes from one core is one group, so a model is judged on cores that it has not seen.

pub mod grammar;
pub mod noise;
pub mod places;

use self::grammar::{GrammarError, Names, Node, Sink, expand, parse};
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

/// Cores of two messages in one come from the same part of the cores, so that a split by group splits both.
const PARTS: usize = 60;

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

/// What stands around a core.
#[derive(Debug, Clone)]
struct Frames {
    hello: Vec<Node>,
    oh: Vec<Node>,
    family: Vec<Node>,
    weak: Vec<Node>,
    cry: Vec<Node>,
    send: Vec<Node>,
    phone: Vec<Node>,
    thanks: Vec<Node>,
    note: Vec<Node>,
    order: Vec<Node>,
}

/// A message while it is put together.
#[derive(Debug, Default)]
struct Draft<'a> {
    text: String,
    people: Option<u32>,
    vulnerable: Vec<Vulnerable>,
    english: bool,
    places: Option<&'a Places>,
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
                cores.push(core(line, at, cores.len())?);
            }
            vietnamese.push(cores);
        }
        let mut english = vec![Vec::new(); Kind::ALL.len()];
        for (at, line) in lines(ENGLISH) {
            let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
            let kind = Kind::named(kind).ok_or(GrammarError::Pattern { line: at, what: "the kind is not known" })?;
            if let Some(cores) = english.get_mut(kind.index()) {
                cores.push(core(rest, at, cores.len())?);
            }
        }
        let frames = Frames {
            hello: parse("<hello>", 0)?,
            oh: parse("<oh>", 0)?,
            family: parse("<family>", 0)?,
            weak: parse("<weak>", 0)?,
            cry: parse("<helpcry>", 0)?,
            send: parse("<send>", 0)?,
            phone: parse("<phonepart>", 0)?,
            thanks: parse("<thanks>", 0)?,
            note: parse(
                "[Tin báo|BC|Nguồn tin người dân|Người báo nữ|Người báo nam|Cuộc gọi <time>|Người dân báo|Tiếp nhận <time>]: ",
                0,
            )?,
            order: parse(
                "[đề nghị điều lực lượng|đã chuyển công an xã|chờ xác minh|người báo hoảng loạn|máy ngắt giữa chừng|cần <num> thuyền|yêu cầu hỗ trợ]",
                0,
            )?,
        };
        Ok(Self { names: Names::parse(COMMON)?, places: Places::parse(PLACES), vietnamese, english, frames })
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
        let mut ticket = rng.below(SHARES.iter().sum());
        let mut kind = Kind::None;
        for (candidate, share) in Kind::ALL.iter().zip(SHARES) {
            if ticket < share {
                kind = *candidate;
                break;
            }
            ticket -= share;
        }
        let english = rng.chance(ENGLISH_SHARE);
        let all = if english { &self.english } else { &self.vietnamese };
        let cores = all.get(kind.index()).map_or(&[][..], Vec::as_slice);
        let Some(place) = (!cores.is_empty()).then(|| rng.below(cores.len())) else {
            return Err(GrammarError::Unknown(kind.name().to_owned()));
        };
        let Some(first) = cores.get(place) else { return Err(GrammarError::Unknown(kind.name().to_owned())) };
        let second: Vec<&Core> = cores.iter().filter(|other| other.part == first.part).collect();
        let second = if rng.chance(0.12) { rng.pick(&second).copied() } else { None };
        let mut draft = Draft { places: Some(&self.places), english, ..Draft::default() };
        self.write(kind, first, second, rng, &mut draft)?;
        let mut needs = first.needs.clone();
        needs.extend(second.iter().flat_map(|core| core.needs.iter().copied()));
        needs.sort();
        needs.dedup();
        draft.vulnerable.sort();
        draft.vulnerable.dedup();
        let text = typed(&draft.text, &Typist::random(rng), rng);
        let group = mix(u64::try_from(first.part + PARTS * (kind.index() + if english { 50 } else { 0 })).unwrap_or(0));
        Ok(Message {
            text,
            kind,
            severity: severity(first.severity.max(second.and_then(|core| core.severity)), &needs, &draft.vulnerable),
            needs,
            people: if kind == Kind::None { None } else { draft.people },
            vulnerable: if kind == Kind::None { Vec::new() } else { draft.vulnerable },
            group,
        })
    }

    fn write(
        &self,
        kind: Kind,
        core: &Core,
        second: Option<&Core>,
        rng: &mut Rng,
        draft: &mut Draft<'_>,
    ) -> Result<(), GrammarError> {
        let emergency = kind != Kind::None;
        let style = rng.below(10);
        let short = style < 3 || draft.english && style < 6;
        let note = emergency && style == 9 && !draft.english;
        let ask = if emergency { 0.45 } else { 0.0 };
        let mut parts: Vec<&[Node]> = vec![&core.nodes];
        parts.extend(second.map(|core| core.nodes.as_slice()));
        let (mut before, mut after): (Vec<&[Node]>, Vec<&[Node]>) = (Vec::new(), Vec::new());
        let place = parse("[ở|tại|chỗ|ở chỗ|] <place>", 0)?;
        if !short && !draft.english {
            if note {
                before.push(&self.frames.note);
                after.push(&self.frames.order);
            } else {
                if rng.chance(0.4) {
                    before.push(&self.frames.hello);
                }
                if emergency && rng.chance(0.2) {
                    before.push(&self.frames.oh);
                }
                if emergency && rng.chance(0.12) {
                    before.push(&self.frames.cry);
                }
            }
            if rng.chance(if emergency { 0.55 } else { 0.15 }) {
                parts.insert(rng.below(parts.len() + 1), &place);
            }
            if emergency && rng.chance(0.3) {
                parts.push(&self.frames.family);
            }
            if emergency && rng.chance(0.25) {
                parts.push(&self.frames.weak);
            }
            for (frame, chance) in [(&self.frames.cry, ask), (&self.frames.send, ask * 0.7), (&self.frames.phone, 0.15)]
            {
                if emergency && rng.chance(chance) {
                    after.push(frame);
                }
            }
            if rng.chance(0.12) {
                after.push(&self.frames.thanks);
            }
        } else if rng.chance(0.15) && emergency && !draft.english {
            after.push(&self.frames.cry);
        }
        let all: Vec<&[Node]> = before.into_iter().chain(parts).chain(after).collect();
        for (at, nodes) in all.iter().enumerate() {
            if at > 0 {
                let joint = [", ", ", ", " ", ". ", "! ", " , ", "... "];
                draft.text.push_str(rng.pick(&joint).copied().unwrap_or(" "));
            }
            expand(nodes, &self.names, rng, draft)?;
        }
        Ok(())
    }

    /// Each kind's patterns, for who counts them.
    #[must_use]
    pub fn cores(&self, kind: Kind) -> usize {
        let of = |all: &[Vec<Core>]| all.get(kind.index()).map_or(0, Vec::len);
        of(&self.vietnamese) + of(&self.english)
    }
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

/// Reads `severity needs | pattern`.
fn core(line: &str, at: usize, part: usize) -> Result<Core, GrammarError> {
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
    Ok(Core { severity, needs: all, nodes: parse(pattern, at)?, part: part % PARTS })
}

/// Words of small numbers, as a message writes them out.
const NUMBER_WORDS: [&str; 13] =
    ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín", "mười", "mười một", "mười hai"];

impl Sink for Draft<'_> {
    fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn mark(&mut self, mark: &str) {
        let group = match mark {
            "c" => Vulnerable::Children,
            "e" => Vulnerable::Elderly,
            "g" => Vulnerable::Pregnant,
            "d" => Vulnerable::Disabled,
            "i" => Vulnerable::Ill,
            _ => {
                self.people = self.people.or_else(|| mark.strip_prefix('=').and_then(|n| n.parse().ok()));
                return;
            }
        };
        self.vulnerable.push(group);
    }

    fn made_up(&mut self, name: &str, rng: &mut Rng) -> bool {
        match name {
            "place" => {
                let place = self.places.map_or_else(String::new, |places| places.place(rng));
                self.text.push_str(&place);
            }
            "n" => {
                let n = if rng.chance(0.85) { 2 + rng.below(8) } else { 10 + rng.below(60) };
                self.people = self.people.or_else(|| u32::try_from(n).ok());
                match NUMBER_WORDS.get(n).filter(|_| !self.english && rng.chance(0.35)) {
                    Some(word) => self.text.push_str(word),
                    None => self.text.push_str(&n.to_string()),
                }
            }
            "num" => self.text.push_str(&(1 + rng.below(30)).to_string()),
            "phone" => {
                let phone = format!("09{:02}xx{:03}", rng.below(100), rng.below(1000));
                self.text.push_str(&phone);
            }
            "time" => {
                let hour = 1 + rng.below(23);
                let time = match rng.below(4) {
                    _ if self.english => format!("{} {}", 1 + hour % 12, if hour < 12 { "am" } else { "pm" }),
                    0 => format!("{hour} giờ"),
                    1 => format!("{hour}h{:02}", 5 * rng.below(12)),
                    2 => format!("{hour}h"),
                    _ => ["sáng nay", "chiều nay", "tối qua", "trưa", "nửa đêm", "3h sáng"][rng.below(6)].to_owned(),
                };
                self.text.push_str(&time);
            }
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::normal::plain;

    #[test]
    fn messages_are_many_of_every_kind_and_the_same_again() {
        let generator = Generator::new().unwrap();
        let messages = generator.messages(1, 4000).unwrap();
        assert_eq!(messages, generator.messages(1, 4000).unwrap());
        assert_ne!(messages, generator.messages(2, 4000).unwrap());
        for kind in Kind::ALL {
            assert!(generator.cores(*kind) >= 20, "{kind:?}");
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
