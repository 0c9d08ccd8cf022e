//! Words that mean much the same, as classes: a word that was never learned from is known by its class.
//!
//! A word typed without marks may be of several classes, one typed with marks only of those that have it so.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::letters::forms;
use super::normal::Token;
use crate::rng::mix;

/// Syllables of a phrase at most.
const SYLLABLES_MAX: usize = 3;

/// A phrase of a class: its syllables in Telex.
struct Phrase {
    marked: Vec<String>,
    class: u16,
}

struct Lexicon {
    /// By the hash of the phrase without marks.
    phrases: HashMap<u64, Vec<Phrase>>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let mut phrases: HashMap<u64, Vec<Phrase>> = HashMap::new();
    let lines = include_str!("lexicon.txt").lines().filter(|line| !line.starts_with('#'));
    for ((_, list), class) in lines.filter_map(|line| line.split_once('=')).zip(0..) {
        for phrase in list.split('|') {
            let all: Vec<_> = phrase.split_whitespace().map(forms).collect();
            let key = key(all.iter().map(|forms| forms.plain.as_str()));
            let marked = all.into_iter().map(|forms| forms.marked).collect();
            phrases.entry(key).or_default().push(Phrase { marked, class });
        }
    }
    Lexicon { phrases }
});

fn key<'a>(words: impl Iterator<Item = &'a str>) -> u64 {
    words.fold(0, |state, word| word.bytes().fold(mix(state ^ 0x20), |state, byte| mix(state ^ u64::from(byte))))
}

/// A class that was met, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Met {
    /// Its line in the lexicon.
    pub class: u16,
    /// First token.
    pub first: usize,
    /// Last token.
    pub last: usize,
}

/// The classes of a message in their order; of phrases that begin with one token, the longest.
#[must_use]
pub fn classes(tokens: &[Token]) -> Vec<Met> {
    let mut all = Vec::with_capacity(tokens.len());
    for first in 0..tokens.len() {
        for length in (1..=SYLLABLES_MAX.min(tokens.len() - first)).rev() {
            let words = tokens.get(first..first + length).unwrap_or(&[]);
            let Some(phrases) = LEXICON.phrases.get(&key(words.iter().map(|token| token.plain.as_str()))) else {
                continue;
            };
            let before = all.len();
            all.extend(phrases.iter().filter(|phrase| says(phrase, words)).map(|phrase| Met {
                class: phrase.class,
                first,
                last: first + length - 1,
            }));
            if all.len() > before {
                break;
            }
        }
    }
    all
}

fn says(phrase: &Phrase, words: &[Token]) -> bool {
    phrase.marked.len() == words.len()
        && words
            .iter()
            .zip(&phrase.marked)
            .all(|(token, marked)| token.marked == token.plain || token.marked == *marked)
}

#[cfg(test)]
mod tests {
    use super::super::normal::{Reading, tokens};
    use super::*;

    fn met(text: &str) -> Vec<u16> {
        classes(&tokens(text, Reading::Vietnamese)).into_iter().map(|met| met.class).collect()
    }

    #[test]
    fn words_of_one_class_are_the_same_and_the_longest_phrase_counts() {
        assert_eq!(met("xe máy"), met("scooter"));
        assert_eq!(met("cô lập"), met("chia cắt"));
        // A word of a phrase counts by itself too: the lamp of a street, and the street.
        assert_eq!(met("đèn đường"), [met("đèn"), met("đường")].concat());
        assert!(met("xyz qwr").is_empty());
    }

    #[test]
    fn without_marks_a_word_may_be_of_several_classes() {
        assert!(met("đèn").len() == 1 && met("chạy").is_empty());
        assert!(!met("chay").is_empty());
    }
}
