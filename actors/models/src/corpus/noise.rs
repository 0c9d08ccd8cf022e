//! What people do to words: marks left off, input methods left over, shorthand, slips of the finger, spelling by ear,
//! shouting.

use crate::rng::Rng;
use crate::triage::letters::{forms, strip, telex, vni, without_tone};
use crate::triage::shorthand;

/// How one person types.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Typist {
    /// Probability that a word loses its marks.
    pub unmarked: f32,
    /// Probability that a word loses its tone and keeps the rest.
    pub toneless: f32,
    /// Probability that a word stays in Telex.
    pub telex: f32,
    /// Probability that a word stays in VNI.
    pub vni: f32,
    /// Probability that a word becomes shorthand where there is one.
    pub shorthand: f32,
    /// Probability that a word is spelt as it sounds here, or as the young write it.
    pub by_ear: f32,
    /// Probability that a word gets a slip.
    pub slip: f32,
    /// Probability that a word is left out.
    pub omitted: f32,
    /// Probability that there is no space before a word.
    pub joined: f32,
    /// Letters' case.
    pub case: Case,
    /// True when commas and full stops are left off.
    pub bare: bool,
}

/// Case of a whole message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// As written.
    Kept,
    /// All small.
    Lower,
    /// All capitals.
    Upper,
    /// Each word with a capital, as some keyboards do.
    Title,
}

impl Typist {
    /// Somebody who types as the dictionary has it.
    #[must_use]
    pub fn careful() -> Self {
        Self {
            unmarked: 0.0,
            toneless: 0.0,
            telex: 0.0,
            vni: 0.0,
            shorthand: 0.0,
            by_ear: 0.0,
            slip: 0.0,
            omitted: 0.0,
            joined: 0.0,
            case: Case::Kept,
            bare: false,
        }
    }

    /// Somebody at random.
    pub fn random(rng: &mut Rng) -> Self {
        let (unmarked, telex, vni) = match rng.below(100) {
            0..=44 => (0.0, 0.0, 0.0),
            45..=77 => (1.0, 0.0, 0.0),
            78..=83 => (0.3, 0.0, 0.0),
            84..=88 => (0.7, 0.0, 0.0),
            89..=94 => (0.1, 0.35, 0.0),
            95..=96 => (0.0, 0.9, 0.0),
            _ => (0.1, 0.0, 0.4),
        };
        let some = |rng: &mut Rng, share: f32, probability: f32| if rng.chance(share) { probability } else { 0.0 };
        Self {
            unmarked,
            toneless: some(rng, 0.06, 0.3),
            telex,
            vni,
            shorthand: some(rng, 0.35, 0.7),
            by_ear: some(rng, 0.1, 0.35),
            slip: if rng.chance(0.4) { 0.08 } else { 0.005 },
            omitted: some(rng, 0.2, 0.08),
            joined: some(rng, 0.12, 0.06),
            case: match rng.below(20) {
                0..=9 => Case::Lower,
                10 | 11 => Case::Upper,
                12 => Case::Title,
                _ => Case::Kept,
            },
            bare: rng.chance(0.45),
        }
    }
}

/// The text as this person types it.
pub fn typed(text: &str, typist: &Typist, rng: &mut Rng) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for word in text.split_whitespace() {
        if rng.chance(typist.omitted) {
            continue;
        }
        if !out.is_empty() && !rng.chance(typist.joined) {
            out.push(' ');
        }
        let word = typed_word(word, typist, rng);
        out.push_str(&if typist.case == Case::Title { capital(&word) } else { word });
    }
    let cased = match typist.case {
        Case::Kept | Case::Title => out,
        Case::Lower => out.to_lowercase(),
        Case::Upper => out.to_uppercase(),
    };
    shout(cased, rng)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn typed_word(word: &str, typist: &Typist, rng: &mut Rng) -> String {
    let core = word.trim_matches(|c: char| !c.is_alphanumeric());
    if core.is_empty() || core.chars().any(|c| c.is_ascii_digit()) {
        return word.to_owned();
    }
    let mut typed = core.to_owned();
    let short = if rng.chance(typist.shorthand) { short_form(core, rng) } else { None };
    match short {
        Some(short) => typed = short,
        None => {
            if rng.chance(typist.by_ear) {
                typed = heard(&typed, rng);
            }
            if rng.chance(typist.telex) {
                typed = loose_telex(&typed, rng);
            } else if rng.chance(typist.vni) {
                typed = vni(&typed);
            } else if rng.chance(typist.unmarked) {
                typed = strip(&typed);
            } else if rng.chance(typist.toneless) {
                typed = without_tone(&typed);
            }
        }
    }
    if rng.chance(typist.slip) {
        typed = slip(&typed, rng);
    }
    let tail = if typist.bare { "" } else { word.rsplit(|c: char| c.is_alphanumeric()).next().unwrap_or("") };
    typed + tail
}

/// Beginnings of words that sound alike where people come from, or that the young write otherwise.
const ALIKE: [(&str, &str); 16] = [
    ("tr", "ch"),
    ("ch", "tr"),
    ("s", "x"),
    ("x", "s"),
    ("gi", "d"),
    ("d", "r"),
    ("r", "d"),
    ("n", "l"),
    ("l", "n"),
    ("v", "z"),
    ("gì", "j"),
    ("ph", "f"),
    ("qu", "w"),
    ("c", "k"),
    ("ngh", "ng"),
    ("gh", "g"),
];

fn heard(word: &str, rng: &mut Rng) -> String {
    let next_is_vowel = |rest: &str| {
        rest.chars().next().is_some_and(|c| forms(&c.to_string()).plain.starts_with(['a', 'e', 'i', 'o', 'u', 'y']))
    };
    let all: Vec<String> = ALIKE
        .iter()
        .filter_map(|(from, to)| word.strip_prefix(from).map(|rest| (to, rest)))
        .filter(|(to, rest)| next_is_vowel(rest) || (rest.is_empty() && **to == "j"))
        .map(|(to, rest)| format!("{to}{rest}"))
        .collect();
    rng.pick(&all).cloned().unwrap_or_else(|| word.to_owned())
}

fn short_form(word: &str, rng: &mut Rng) -> Option<String> {
    let meant = forms(word).marked;
    let all: Vec<&str> = shorthand::all().filter(|(_, long)| *long == meant).map(|(short, _)| short).collect();
    rng.pick(&all).map(|short| (*short).to_owned())
}

/// Telex as people really type it: the horn of `ươ` once, the tone last.
fn loose_telex(word: &str, rng: &mut Rng) -> String {
    let full = telex(word);
    if rng.chance(0.7) { full.replace("uwow", "uow") } else { full }
}

/// One slip of the finger: letters swapped, one lost, doubled, or its neighbour on the keyboard.
fn slip(word: &str, rng: &mut Rng) -> String {
    const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];
    let mut letters: Vec<char> = word.chars().collect();
    if letters.len() < 3 {
        return word.to_owned();
    }
    let at = rng.below(letters.len() - 1);
    match rng.below(4) {
        0 => letters.swap(at, at + 1),
        1 => {
            letters.remove(at);
        }
        2 => {
            if let Some(letter) = letters.get(at).copied() {
                letters.insert(at, letter);
            }
        }
        _ => {
            let beside = letters.get(at).and_then(|letter| {
                let row = ROWS.iter().find(|row| row.contains(*letter))?;
                let place = row.find(*letter)?;
                row.chars().nth(place + 1).or_else(|| row.chars().nth(place.checked_sub(1)?))
            });
            if let (Some(letter), Some(beside)) = (letters.get_mut(at), beside) {
                *letter = beside;
            }
        }
    }
    letters.into_iter().collect()
}

/// Signs of alarm, or of being in a good mood, at the end; a last vowel drawn out.
fn shout(text: String, rng: &mut Rng) -> String {
    const ENDS: [&str; 14] =
        ["!", "!!", "!!!", "...", ".", "?", "??", " 😭", " 😭😭", " 🙏", " 🙏🙏", " ạ", " nhé", " :("];
    if rng.chance(0.75) {
        return text;
    }
    let drawn = text.chars().last().filter(|c| "uiaeoơớủaý".contains(*c) && rng.chance(0.3));
    let mut text = text;
    if let Some(last) = drawn {
        text.extend(std::iter::repeat_n(last, 2 + rng.below(4)));
    }
    text.push_str(rng.pick(&ENDS).copied().unwrap_or(""));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(typist: &Typist, text: &str) -> std::collections::BTreeSet<String> {
        let mut rng = Rng::new(4);
        (0..80).map(|_| typed(text, typist, &mut rng)).collect()
    }

    #[test]
    fn each_habit_does_what_it_says() {
        assert!(all(&Typist::careful(), "Nước lên, không ra được").contains("Nước lên, không ra được"));
        let unmarked = Typist { unmarked: 1.0, bare: true, ..Typist::careful() };
        assert!(all(&unmarked, "Nước lên, sợ").contains("Nuoc len so"));
        let telex = Typist { telex: 1.0, case: Case::Lower, ..Typist::careful() };
        assert!(all(&telex, "Nước").contains("nuowcs"));
        let vni = Typist { vni: 1.0, ..Typist::careful() };
        assert!(all(&vni, "nước").contains("nu7o7c1"));
        let short = Typist { shorthand: 1.0, ..Typist::careful() };
        assert!(all(&short, "không").iter().any(|t| t == "ko"));
        let toneless = Typist { toneless: 1.0, ..Typist::careful() };
        assert!(all(&toneless, "nước cháy").contains("nươc chay"));
        let by_ear = Typist { by_ear: 1.0, ..Typist::careful() };
        assert!(all(&by_ear, "nước").contains("lước") && all(&by_ear, "gì").contains("j"));
        let joined = Typist { joined: 1.0, bare: true, ..Typist::careful() };
        assert!(all(&joined, "cứu với").contains("cứuvới"));
        let title = Typist { case: Case::Title, ..Typist::careful() };
        assert!(all(&title, "ở đâu").contains("Ở Đâu"));
        let slips = Typist { slip: 1.0, ..Typist::careful() };
        assert!(all(&slips, "nước").len() > 5);
    }
}
