//! Text as tokens: where each stands, and the word that is meant, without marks and with them.

use super::letters::{Forms, forms};
use super::shorthand;
use super::syllable::{from_telex, from_vni, is_syllable};

/// Tokens read of one message. A plea has some thirty; what comes after a few hundred adds nothing and costs time.
pub const TOKENS_MAX: usize = 320;

/// Bytes read of one message, at a character's border. A longer one is cut, and its first part decides.
pub const TEXT_BYTES_MAX: usize = 8 * 1024;

/// Function words of English, in order. A message with enough of them is read as English: no Telex, no shorthand.
const ENGLISH: [&str; 32] = [
    "a", "and", "are", "at", "been", "can", "for", "from", "has", "have", "help", "house", "in", "is", "it", "my",
    "need", "of", "on", "our", "people", "please", "the", "there", "this", "to", "trapped", "was", "we", "what",
    "with", "you",
];

/// Letters of the longest of them.
const ENGLISH_LETTERS_MAX: usize = 7;

/// One word, number or sign of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// First byte in the message.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// The word without marks, lower case: `nuoc`. A number keeps its digits.
    pub plain: String,
    /// The word in Telex, tone last: `nuwowcs`. Equal to `plain` where nobody wrote marks.
    pub marked: String,
}

/// How much is undone of what people do to words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Input methods' left-overs and shorthand are read as the words that are meant, unless the message is English.
    Vietnamese,
    /// Words as they stand.
    AsWritten,
}

/// Takes a message apart. Shorthand that stands for several words gives several tokens with one place.
#[must_use]
pub fn tokens(text: &str, reading: Reading) -> Vec<Token> {
    let text = cut(text);
    let mut out = Vec::with_capacity(48);
    let pieces = pieces(text);
    let reading =
        if reading == Reading::Vietnamese && is_english(text, &pieces) { Reading::AsWritten } else { reading };
    for piece in pieces {
        if out.len() >= TOKENS_MAX {
            break;
        }
        push_word(text, piece, reading, &mut out);
    }
    out
}

/// The first `TEXT_BYTES_MAX` bytes, or fewer so that no character is broken.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

/// A run of letters and digits, or one sign that says something.
#[derive(Debug, Clone, Copy)]
struct Piece {
    start: usize,
    end: usize,
    sign: bool,
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::with_capacity(48);
    for (at, letter) in text.char_indices() {
        let end = at + letter.len_utf8();
        let in_word = letter.is_alphanumeric() || ('\u{300}'..='\u{36F}').contains(&letter);
        let sign = matches!(letter, '!' | '?') || ('\u{2600}'..='\u{27BF}').contains(&letter) || letter >= '\u{1F000}';
        match out.last_mut() {
            Some(last) if in_word && !last.sign && last.end == at => last.end = end,
            _ if in_word || sign => out.push(Piece { start: at, end, sign }),
            _ => {}
        }
    }
    out
}

fn is_english(text: &str, pieces: &[Piece]) -> bool {
    if !text.is_ascii() {
        return false;
    }
    let (mut words, mut known) = (0, 0);
    for piece in pieces.iter().filter(|p| !p.sign) {
        words += 1;
        let Some(word) = text.get(piece.start..piece.end).filter(|word| word.len() <= ENGLISH_LETTERS_MAX) else {
            continue;
        };
        let mut small = [0; ENGLISH_LETTERS_MAX];
        for (small, letter) in small.iter_mut().zip(word.bytes()) {
            *small = letter.to_ascii_lowercase();
        }
        let small = small.get(..word.len()).unwrap_or(&[]);
        known += usize::from(ENGLISH.binary_search_by_key(&small, |known| known.as_bytes()).is_ok());
    }
    known >= 2 && known * 5 >= words
}

fn push_word(text: &str, piece: Piece, reading: Reading, out: &mut Vec<Token>) {
    let Some(word) = text.get(piece.start..piece.end) else { return };
    if piece.sign {
        // A row of signs says no more than one of them.
        if out.last().is_none_or(|last| last.plain != word) {
            out.push(token(piece.start, piece.end, Forms { plain: word.into(), marked: word.into() }));
        }
        return;
    }
    let mixed = word.bytes().any(|b| b.is_ascii_digit()) && word.chars().any(char::is_alphabetic);
    if mixed {
        let read = (reading == Reading::Vietnamese).then(|| from_vni(&word.to_lowercase())).flatten();
        match read {
            Some(forms) => out.push(token(piece.start, piece.end, forms)),
            None => push_runs(word, piece.start, out),
        }
        return;
    }
    let word = forms(word);
    match reading {
        Reading::AsWritten => out.push(token(piece.start, piece.end, word)),
        Reading::Vietnamese => push_meant(piece, word, out),
    }
}

/// A word such as `2h` or `km12` as its runs of letters and of digits; shorthand beside digits is a unit, not a word.
fn push_runs(word: &str, start: usize, out: &mut Vec<Token>) {
    let mut from = 0;
    let mut digits_before = None;
    for (at, letter) in word.char_indices() {
        let digit = letter.is_ascii_digit();
        if digits_before.is_some_and(|before| before != digit) {
            out.extend(word.get(from..at).map(|run| token(start + from, start + at, forms(run))));
            from = at;
        }
        digits_before = Some(digit);
    }
    out.extend(word.get(from..).map(|run| token(start + from, start + word.len(), forms(run))));
}

fn push_meant(piece: Piece, word: Forms, out: &mut Vec<Token>) {
    let word = unstretch(word);
    if word.plain == word.marked {
        if let Some(long) = shorthand::meant(&word.plain) {
            for part in long.split(' ') {
                let read = from_telex(part).unwrap_or_else(|| Forms { plain: part.into(), marked: part.into() });
                out.push(token(piece.start, piece.end, read));
            }
            return;
        }
        if let Some(read) = (!is_syllable(&word.plain)).then(|| from_telex(&word.plain)).flatten() {
            out.push(token(piece.start, piece.end, read));
            return;
        }
    }
    out.push(token(piece.start, piece.end, word));
}

/// `cứuuuu` as `cứu`: a row of three or more equal letters becomes two where that is a syllable, otherwise one.
fn unstretch(word: Forms) -> Forms {
    let bytes = word.plain.as_bytes();
    if !word.plain.is_ascii() || !bytes.windows(3).any(|w| w[0] == w[1] && w[1] == w[2] && w[0].is_ascii_alphabetic()) {
        return word;
    }
    let shrink = |text: &str, keep: usize| {
        let mut out = String::with_capacity(text.len());
        let mut row = 0;
        for letter in text.chars() {
            row = if out.ends_with(letter) { row + 1 } else { 1 };
            if row <= keep {
                out.push(letter);
            }
        }
        out
    };
    let two = shrink(&word.plain, 2);
    let keep = if is_syllable(&two) { 2 } else { 1 };
    Forms { plain: shrink(&word.plain, keep), marked: shrink(&word.marked, keep) }
}

fn token(start: usize, end: usize, forms: Forms) -> Token {
    Token { start, end, plain: forms.plain, marked: forms.marked }
}

/// The message as its words without marks, one space between: two messages that say the same are equal here.
#[must_use]
pub fn plain(text: &str) -> String {
    let words: Vec<String> = tokens(text, Reading::Vietnamese).into_iter().map(|token| token.plain).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_people_do_to_words_is_undone() {
        assert_eq!(plain("Nước lên NHANH quá!!!"), "nuoc len nhanh qua !");
        assert_eq!(plain("nuowcs leen nhanh quas"), "nuoc len nhanh qua");
        assert_eq!(plain("ko co ai, nha em 5ng"), "khong co ai nha em 5 ng");
        assert_eq!(plain("cứuuuuu với"), "cuu voi");
        assert_eq!(plain("km12 ql3"), "km 12 ql 3");
        assert_eq!(plain("the house is on fire, we need help"), "the house is on fire we need help");
    }

    #[test]
    fn a_token_knows_where_it_stands() {
        let text = "bão, lũ";
        let found: Vec<_> = tokens(text, Reading::Vietnamese).iter().map(|t| &text[t.start..t.end]).collect();
        assert_eq!(found, ["bão", "lũ"]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_within_bounds(text in ".{0,400}") {
            for reading in [Reading::Vietnamese, Reading::AsWritten] {
                let read = tokens(&text, reading);
                prop_assert!(read.len() <= TOKENS_MAX + 4);
                for token in read {
                    prop_assert!(text.get(token.start..token.end).is_some());
                }
            }
        }
    }
}
