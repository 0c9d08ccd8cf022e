//! How a message is put together around its core: what people say before, after and between, by how bad it is.
//!
//! A frame never says what kind of emergency it is, and all kinds get all frames; only how often differs, as it does where
//! people write: who waits on a roof says who is there, who reports a heap of rubbish does not.

use super::grammar::{GrammarError, Names, Node, Sink, expand, parse};
use super::places::Places;
use crate::rng::Rng;
use crate::triage::labels::{Kind, Severity, Vulnerable};

/// What stands around a core.
#[derive(Debug, Clone)]
pub struct Frames {
    hello: Vec<Node>,
    oh: Vec<Node>,
    intro: Vec<Node>,
    forward: Vec<Node>,
    place: Vec<Node>,
    address: Vec<Node>,
    family: Vec<Node>,
    weak: Vec<Node>,
    cry: Vec<Node>,
    send: Vec<Node>,
    check: Vec<Node>,
    wait: Vec<Node>,
    endask: Vec<Node>,
    phone: Vec<Node>,
    thanks: Vec<Node>,
    note: Vec<Node>,
    form: Vec<Node>,
    order: Vec<Node>,
    english_before: Vec<Node>,
    english_after: Vec<Node>,
}

/// One of the ways in which a message is put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The core and hardly anything else.
    Bare,
    /// A greeting, what happened, then who, where and what is asked for.
    Story,
    /// Where first.
    Address,
    /// The cry first.
    Cry,
    /// An agent's note of a call.
    Note,
    /// An agent's form: who, where, what.
    Form,
    /// Passed on for somebody else.
    Forwarded,
}

/// Of a hundred messages, so many are put together in each way: of emergencies, and of the others.
const WAYS: [(Way, usize, usize); 7] = [
    (Way::Bare, 30, 45),
    (Way::Story, 30, 36),
    (Way::Address, 12, 5),
    (Way::Cry, 8, 0),
    (Way::Note, 11, 6),
    (Way::Form, 4, 2),
    (Way::Forwarded, 5, 6),
];

/// How often each kind says who is there and who needs more care, of `Kind::ALL` in order.
const WHO: [f32; 9] = [0.0, 0.32, 0.2, 0.1, 0.1, 0.08, 0.1, 0.14, 0.22];

/// What is put together.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// Its kind.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// What happened, once or twice.
    pub cores: &'a [&'a [Node]],
}

impl Frames {
    /// Reads the frames, which are names of `common.txt`.
    ///
    /// # Errors
    /// When a frame cannot be read.
    pub fn new() -> Result<Self, GrammarError> {
        Ok(Self {
            hello: parse("<hello>", 0)?,
            oh: parse("<oh>", 0)?,
            intro: parse("<intro>", 0)?,
            forward: parse("<forward>:", 0)?,
            place: parse("[ở |tại |chỗ |ở chỗ |đoạn |khu |gần |]<place>", 0)?,
            address: parse("[|em ở |nhà em ở |đ/c |địa chỉ |tôi ở |đây là |chỗ ]<place>", 0)?,
            family: parse("<family>", 0)?,
            weak: parse("<weak>", 0)?,
            cry: parse("<helpcry>", 0)?,
            send: parse("<send>", 0)?,
            check: parse("<check>", 0)?,
            wait: parse("<wait>", 0)?,
            endask: parse("<endask>", 0)?,
            phone: parse("<phonepart>", 0)?,
            thanks: parse("<thanks>", 0)?,
            note: parse("<note>:", 0)?,
            form: parse("<callerform>", 0)?,
            order: parse("<order>", 0)?,
            english_before: parse(
                "[hello|hi|help|please help|sos|hey|excuse me|urgent|sir|dear team|hello police|I am a tourist|we are foreigners]",
                0,
            )?,
            english_after: parse(
                "[please hurry|please help|near <place>|we are at <place>|my number <phone>|send someone|thank you|no one \
                answers the phone|phone almost dead|come quickly|what should we do|I don't speak Vietnamese]",
                0,
            )?,
        })
    }

    /// Writes a message, in English where the draft says so.
    ///
    /// # Errors
    /// When a name of the grammar is not defined.
    pub fn write(
        &self,
        plan: Plan<'_>,
        names: &Names,
        rng: &mut Rng,
        draft: &mut Draft<'_>,
    ) -> Result<(), GrammarError> {
        let parts = if draft.english { self.english_parts(plan, rng) } else { self.parts(plan, rng) };
        write_all(&parts, names, rng, draft)
    }

    fn english_parts<'a>(&'a self, plan: Plan<'a>, rng: &mut Rng) -> Vec<&'a [Node]> {
        let emergency = plan.kind != Kind::None;
        let mut parts: Vec<&[Node]> = Vec::with_capacity(4);
        if emergency && rng.chance(0.2) {
            parts.push(&self.english_before);
        }
        parts.extend(plan.cores);
        if emergency && rng.chance(0.3) {
            parts.push(&self.english_after);
        }
        parts
    }

    /// The parts of a message in their order.
    fn parts<'a>(&'a self, plan: Plan<'a>, rng: &mut Rng) -> Vec<&'a [Node]> {
        let emergency = plan.kind != Kind::None;
        let way = way(emergency, rng);
        let mut parts: Vec<&[Node]> = Vec::with_capacity(10);
        match way {
            Way::Bare => {
                parts.extend(plan.cores);
                if emergency && rng.chance(0.15) {
                    parts.push(self.asking(plan.severity, rng));
                }
                return parts;
            }
            Way::Note | Way::Form => {
                parts.push(if way == Way::Note { &self.note } else { &self.form });
                if way == Way::Note && rng.chance(0.4) {
                    parts.push(&self.place);
                }
                parts.extend(plan.cores);
                self.say_who(plan.kind, rng, &mut parts);
                if rng.chance(if emergency { 0.6 } else { 0.2 }) {
                    parts.push(&self.order);
                }
                return parts;
            }
            Way::Forwarded => parts.push(&self.forward),
            Way::Address => parts.push(&self.address),
            Way::Cry => parts.push(&self.cry),
            Way::Story => {}
        }
        if way != Way::Cry && rng.chance(if emergency { 0.4 } else { 0.45 }) {
            parts.insert(parts.len().min(rng.below(2)), &self.hello);
        }
        if emergency && rng.chance(0.14) {
            parts.push(&self.oh);
        }
        if rng.chance(0.2) {
            parts.push(&self.intro);
        }
        let happened = parts.len();
        parts.extend(plan.cores);
        if way != Way::Address && rng.chance(if emergency { 0.5 } else { 0.14 }) {
            parts.insert(happened + rng.below(plan.cores.len() + 1), &self.place);
        }
        self.say_who(plan.kind, rng, &mut parts);
        if emergency {
            for _ in 0..2 {
                if rng.chance(0.4) {
                    parts.push(self.asking(plan.severity, rng));
                }
            }
        }
        if rng.chance(0.12) {
            parts.push(&self.endask);
        }
        if rng.chance(if emergency { 0.14 } else { 0.05 }) {
            parts.push(&self.phone);
        }
        if rng.chance(0.13) {
            parts.push(&self.thanks);
        }
        parts
    }

    fn say_who<'a>(&'a self, kind: Kind, rng: &mut Rng, parts: &mut Vec<&'a [Node]>) {
        let chance = WHO.get(kind.index()).copied().unwrap_or(0.0);
        for frame in [&self.family, &self.weak] {
            if rng.chance(chance) {
                parts.push(frame);
            }
        }
    }

    /// What is asked for: the worse it is, the louder.
    fn asking(&self, severity: Option<Severity>, rng: &mut Rng) -> &[Node] {
        let loud = match severity {
            Some(Severity::Critical) => 0.92,
            Some(Severity::High) => 0.75,
            Some(Severity::Medium) => 0.4,
            _ => 0.1,
        };
        if !rng.chance(loud) {
            return &self.check;
        }
        match (rng.below(10), severity) {
            (0..=2, _) | (_, Some(Severity::Medium | Severity::Low | Severity::Info) | None) => &self.send,
            (3..=7, _) => &self.cry,
            _ => &self.wait,
        }
    }
}

fn way(emergency: bool, rng: &mut Rng) -> Way {
    let share =
        |(_, of_emergencies, of_others): &(Way, usize, usize)| if emergency { *of_emergencies } else { *of_others };
    let mut ticket = rng.below(WAYS.iter().map(share).sum());
    for entry in &WAYS {
        if ticket < share(entry) {
            return entry.0;
        }
        ticket -= share(entry);
    }
    Way::Story
}

/// Writes parts with what people put between them; parts that end in a colon take no sign of their own.
///
/// # Errors
/// When a name of the grammar is not defined.
pub fn write_all(parts: &[&[Node]], names: &Names, rng: &mut Rng, draft: &mut Draft<'_>) -> Result<(), GrammarError> {
    const JOINTS: [&str; 12] = [", ", ", ", ", ", " ", " ", ". ", ". ", "! ", " , ", "... ", "; ", " - "];
    // One person has one habit: what joins the first parts mostly joins the others.
    let habit = rng.pick(&JOINTS).copied().unwrap_or(" ");
    for (at, nodes) in parts.iter().enumerate() {
        if at > 0 && draft.text.ends_with(':') {
            draft.text.push(' ');
        } else if at > 0 {
            let joint = if rng.chance(0.5) { habit } else { rng.pick(&JOINTS).copied().unwrap_or(" ") };
            draft.text.push_str(joint);
        }
        expand(nodes, names, rng, draft)?;
    }
    Ok(())
}

/// A message while it is put together.
#[derive(Debug, Default)]
pub struct Draft<'a> {
    /// What is written so far.
    pub text: String,
    /// The first number of people that was said.
    pub people: Option<u32>,
    /// Who was said to need more care.
    pub vulnerable: Vec<Vulnerable>,
    /// True for a message in English.
    pub english: bool,
    /// Where names of places come from.
    pub places: Option<&'a Places>,
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

    #[test]
    fn a_message_is_put_together_in_many_ways_and_always_says_what_happened() {
        let (frames, names) = (Frames::new().unwrap(), Names::parse(include_str!("../../grammar/common.txt")).unwrap());
        let core = parse("xyz{c}", 0).unwrap();
        let mut rng = Rng::new(3);
        let mut said = std::collections::BTreeSet::new();
        for kind in [Kind::Flood, Kind::None, Kind::Pollution] {
            for _ in 0..300 {
                let severity = (kind != Kind::None).then_some(Severity::High);
                let mut draft = Draft::default();
                let plan = Plan { kind, severity, cores: &[&core] };
                frames.write(plan, &names, &mut rng, &mut draft).unwrap();
                assert!(draft.text.contains("xyz"), "{}", draft.text);
                assert!(draft.vulnerable.contains(&Vulnerable::Children));
                said.insert(draft.text);
            }
        }
        assert!(said.len() > 500, "{}", said.len());
    }

    #[test]
    fn who_is_worse_off_asks_louder() {
        let frames = Frames::new().unwrap();
        let mut rng = Rng::new(8);
        let mut quiet = |severity| (0..500).filter(|_| frames.asking(severity, &mut rng) == frames.check).count();
        let (low, critical) = (quiet(Some(Severity::Low)), quiet(Some(Severity::Critical)));
        assert!(low > 400 && critical < 100, "{low} {critical}");
    }
}
