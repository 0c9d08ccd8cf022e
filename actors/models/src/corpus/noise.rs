//! What people do to words: marks left off, input methods left over, shorthand, slips of the finger, shouting.

use crate::rng::Rng;
use crate::triage::letters::{forms, strip, telex, vni};
use crate::triage::shorthand;

/// How one person types.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Typist {
    /// Probability that a word loses its marks.
    pub unmarked: f32,
    /// Probability that a word stays in Telex.
    pub telex: f32,
    /// Probability that a word stays in VNI.
    pub vni: f32,
    /// Probability that a word becomes shorthand where there is one.
    pub shorthand: f32,
    /// Probability that a word gets a slip.
    pub slip: f32,
    /// Probability that a word is left out.
    pub omitted: f32,
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
}

impl Typist {
    /// Somebody at random.
    pub fn random(rng: &mut Rng) -> Self {
        let (unmarked, telex, vni) = match rng.below(100) {
            0..=42 => (0.0, 0.0, 0.0),
            43..=78 => (1.0, 0.0, 0.0),
            79..=88 => (0.3, 0.0, 0.0),
            89..=94 => (0.1, 0.35, 0.0),
            95..=96 => (0.0, 0.9, 0.0),
            _ => (0.1, 0.0, 0.4),
        };
        Self {
            unmarked,
            telex,
            vni,
            shorthand: if rng.chance(0.35) { 0.7 } else { 0.0 },
            slip: if rng.chance(0.4) { 0.08 } else { 0.005 },
            omitted: if rng.chance(0.2) { 0.08 } else { 0.0 },
            case: match rng.below(10) {
                0..=4 => Case::Lower,
                5 => Case::Upper,
                _ => Case::Kept,
            },
            bare: rng.chance(0.45),
        }
    }
}

/// The text as this person types it.
pub fn typed(text: &str, typist: &Typist, rng: &mut Rng) -> String {
    let mut out = Vec::new();
    for word in text.split_whitespace() {
        if rng.chance(typist.omitted) {
            continue;
        }
        out.push(typed_word(word, typist, rng));
    }
    let joined = out.join(" ");
    let joined = match typist.case {
        Case::Kept => joined,
        Case::Lower => joined.to_lowercase(),
        Case::Upper => joined.to_uppercase(),
    };
    shout(joined, rng)
}

fn typed_word(word: &str, typist: &Typist, rng: &mut Rng) -> String {
    let core = word.trim_matches(|c: char| !c.is_alphanumeric());
    if core.is_empty() || core.chars().any(|c| c.is_ascii_digit()) {
        return word.to_owned();
    }
    let mut typed = core.to_owned();
    if rng.chance(typist.shorthand)
        && let Some(short) = short_form(core, rng)
    {
        typed = short;
    } else if rng.chance(typist.telex) {
        typed = loose_telex(core, rng);
    } else if rng.chance(typist.vni) {
        typed = vni(core);
    } else if rng.chance(typist.unmarked) {
        typed = strip(core);
    }
    if rng.chance(typist.slip) {
        typed = slip(&typed, rng);
    }
    let tail = if typist.bare { "" } else { word.rsplit(|c: char| c.is_alphanumeric()).next().unwrap_or("") };
    typed + tail
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

    fn careful() -> Typist {
        Typist {
            unmarked: 0.0,
            telex: 0.0,
            vni: 0.0,
            shorthand: 0.0,
            slip: 0.0,
            omitted: 0.0,
            case: Case::Kept,
            bare: false,
        }
    }

    fn all(typist: &Typist, text: &str) -> std::collections::BTreeSet<String> {
        let mut rng = Rng::new(4);
        (0..80).map(|_| typed(text, typist, &mut rng)).collect()
    }

    #[test]
    fn each_habit_does_what_it_says() {
        assert!(all(&careful(), "Nước lên, không ra được").contains("Nước lên, không ra được"));
        let unmarked = Typist { unmarked: 1.0, bare: true, ..careful() };
        assert!(all(&unmarked, "Nước lên, sợ").contains("Nuoc len so"));
        let telex = Typist { telex: 1.0, case: Case::Lower, ..careful() };
        assert!(all(&telex, "Nước").contains("nuowcs"));
        let vni = Typist { vni: 1.0, ..careful() };
        assert!(all(&vni, "nước").contains("nu7o7c1"));
        let short = Typist { shorthand: 1.0, ..careful() };
        assert!(all(&short, "không").iter().any(|t| t == "ko"));
        let slips = Typist { slip: 1.0, ..careful() };
        assert!(all(&slips, "nước").len() > 5);
    }
}
