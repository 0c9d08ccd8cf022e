//! Vietnamese letters taken apart: a base letter, its shape (â, ơ, đ) and the tone.
//!
//! Everything that people type for one syllable ends in one form: `hoà` and `hòa`, composed and decomposed Unicode,
//! Telex and VNI left-overs. That form is Telex with the tone last (`nước` is `nuwowcs`), because it is plain ASCII.

use std::sync::LazyLock;

/// A letter with its shape and tone taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letter {
    /// The letter without marks, lower case.
    pub base: char,
    /// What Telex adds for the shape: `a`, `e`, `o` (hat), `w` (horn, breve), `d` (stroke).
    pub shape: Option<char>,
    /// What Telex adds for the tone: `s` sắc, `f` huyền, `r` hỏi, `x` ngã, `j` nặng.
    pub tone: Option<char>,
}

/// Base, shape, and then the letter without a tone and with the five tones in the order s f r x j.
const VOWELS: [(char, Option<char>, [char; 6]); 12] = [
    ('a', None, ['a', 'á', 'à', 'ả', 'ã', 'ạ']),
    ('a', Some('w'), ['ă', 'ắ', 'ằ', 'ẳ', 'ẵ', 'ặ']),
    ('a', Some('a'), ['â', 'ấ', 'ầ', 'ẩ', 'ẫ', 'ậ']),
    ('e', None, ['e', 'é', 'è', 'ẻ', 'ẽ', 'ẹ']),
    ('e', Some('e'), ['ê', 'ế', 'ề', 'ể', 'ễ', 'ệ']),
    ('i', None, ['i', 'í', 'ì', 'ỉ', 'ĩ', 'ị']),
    ('o', None, ['o', 'ó', 'ò', 'ỏ', 'õ', 'ọ']),
    ('o', Some('o'), ['ô', 'ố', 'ồ', 'ổ', 'ỗ', 'ộ']),
    ('o', Some('w'), ['ơ', 'ớ', 'ờ', 'ở', 'ỡ', 'ợ']),
    ('u', None, ['u', 'ú', 'ù', 'ủ', 'ũ', 'ụ']),
    ('u', Some('w'), ['ư', 'ứ', 'ừ', 'ử', 'ữ', 'ự']),
    ('y', None, ['y', 'ý', 'ỳ', 'ỷ', 'ỹ', 'ỵ']),
];

const TONES: [Option<char>; 6] = [None, Some('s'), Some('f'), Some('r'), Some('x'), Some('j')];

/// A combining mark as (shape, tone), for text in decomposed Unicode.
fn combining(mark: char) -> Option<(Option<char>, Option<char>)> {
    Some(match mark {
        '\u{300}' => (None, Some('f')),
        '\u{301}' => (None, Some('s')),
        '\u{303}' => (None, Some('x')),
        '\u{309}' => (None, Some('r')),
        '\u{323}' => (None, Some('j')),
        '\u{302}' => (Some('^'), None),
        '\u{306}' | '\u{31B}' => (Some('w'), None),
        '\u{304}'..='\u{36F}' => (None, None),
        _ => return None,
    })
}

/// Takes one lower-case character apart; a character without marks is its own base.
#[must_use]
pub fn take_apart(letter: char) -> Letter {
    if letter.is_ascii() {
        return Letter { base: letter, shape: None, tone: None };
    }
    let known = MARKED.binary_search_by_key(&letter, |(marked, _)| *marked).ok().and_then(|at| MARKED.get(at));
    known.map_or(Letter { base: letter, shape: None, tone: None }, |(_, parts)| *parts)
}

/// Every letter that carries a mark, in order, with its parts.
static MARKED: LazyLock<Vec<(char, Letter)>> = LazyLock::new(|| {
    let stroke = ('đ', Letter { base: 'd', shape: Some('d'), tone: None });
    let vowels = VOWELS.iter().flat_map(|(base, shape, forms)| {
        forms.iter().zip(TONES).map(|(form, tone)| (*form, Letter { base: *base, shape: *shape, tone }))
    });
    let mut all: Vec<(char, Letter)> = vowels.filter(|(form, _)| !form.is_ascii()).chain([stroke]).collect();
    all.sort_unstable_by_key(|(form, _)| *form);
    all
});

/// A word in two forms: without any mark, and in Telex with the tone last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forms {
    /// Without marks: `nuoc`.
    pub plain: String,
    /// With marks, as Telex writes them: `nuwowcs`; equal to `plain` for a word without marks.
    pub marked: String,
}

/// Both forms of a word, which may be composed or decomposed Unicode, in any case.
#[must_use]
pub fn forms(word: &str) -> Forms {
    if word.is_ascii() {
        let plain = word.to_ascii_lowercase();
        return Forms { marked: plain.clone(), plain };
    }
    let mut forms = Forms { plain: String::with_capacity(word.len()), marked: String::with_capacity(word.len() + 2) };
    let mut tone = None;
    for letter in word.chars().flat_map(char::to_lowercase) {
        if let Some((shape, mark)) = combining(letter) {
            tone = mark.or(tone);
            if let Some(shape) = shape {
                let hat = forms.plain.chars().last().unwrap_or('a');
                forms.marked.push(if shape == '^' { hat } else { shape });
            }
            continue;
        }
        let letter = take_apart(letter);
        forms.plain.push(letter.base);
        forms.marked.push(letter.base);
        forms.marked.extend(letter.shape);
        tone = letter.tone.or(tone);
    }
    forms.marked.extend(tone);
    forms
}

/// The word as somebody types it in Telex with the input method switched off: shapes after their letter, tone last.
#[must_use]
pub fn telex(word: &str) -> String {
    forms(word).marked
}

/// The word as VNI leaves it behind: digits after the letters.
#[must_use]
pub fn vni(word: &str) -> String {
    let mut out = String::new();
    let mut last_tone = None;
    for letter in word.chars() {
        let lower = letter.to_lowercase().next().unwrap_or(letter);
        let parts = take_apart(lower);
        out.push(parts.base);
        out.extend(parts.shape.map(|shape| match (shape, parts.base) {
            ('d', _) => '9',
            ('w', 'a') => '8',
            ('w', _) => '7',
            _ => '6',
        }));
        last_tone = parts.tone.or(last_tone);
    }
    out.extend(last_tone.and_then(|tone| "sfrxj".find(tone)).and_then(|at| "12345".chars().nth(at)));
    out
}

/// The word without its tone, in small letters: `nước` as `nươc`.
#[must_use]
pub fn without_tone(word: &str) -> String {
    word.chars()
        .flat_map(char::to_lowercase)
        .map(|letter| {
            let of = VOWELS.iter().find(|(_, _, forms)| forms.contains(&letter));
            of.and_then(|(_, _, forms)| forms.first()).copied().unwrap_or(letter)
        })
        .collect()
}

/// The word without marks, in the case it has.
#[must_use]
pub fn strip(word: &str) -> String {
    word.chars()
        .map(|letter| {
            let lower = letter.to_lowercase().next().unwrap_or(letter);
            let base = take_apart(lower).base;
            if lower == letter { base } else { base.to_ascii_uppercase() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_syllable_ends_in_one_form() {
        assert_eq!(forms("nước"), Forms { plain: "nuoc".into(), marked: "nuwowcs".into() });
        assert_eq!(forms("hoà"), forms("hòa"));
        assert_eq!(forms("Đường").marked, "dduwowngf");
        // "nước" in decomposed Unicode: u + horn, o + horn + acute.
        assert_eq!(forms("nu\u{31b}o\u{31b}\u{301}c"), forms("nước"));
        assert_eq!(forms("a\u{302}\u{301}m"), forms("ấm"));
    }

    #[test]
    fn left_overs_of_input_methods_are_written_as_people_know_them() {
        assert_eq!(telex("nước"), "nuwowcs");
        assert_eq!(vni("nước"), "nu7o7c1");
        assert_eq!(vni("đường"), "d9u7o7ng2");
        assert_eq!(strip("Thái Nguyên"), "Thai Nguyen");
        assert_eq!(without_tone("Đường bị cháy"), "đương bi chay");
    }
}
