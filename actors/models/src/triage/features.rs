//! What the model sees of a message: hashed words, pairs of words, pieces of words and classes of words, each with a weight.
//!
//! Three groups, each of its own length: words (alone, marked, and in rows), pieces of 3 to 5 letters, which survive typing
//! errors, and classes of words that mean much the same. Within a group a feature weighs its inverse document frequency
//! times one plus the logarithm of its count, as in the TF-IDF of the text-retrieval books. Features are hashed to buckets,
//! so no vocabulary is kept.

use serde::{Deserialize, Serialize};

use super::index::Index;
use super::lexicon::classes;
use super::normal::{Reading, Token, tokens};
use crate::rng::mix;

/// How features are made. Part of a trained model: another shape is another model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// Buckets, as a power of two.
    pub buckets_log2: u32,
    /// True to undo Telex, VNI and shorthand; false for texts in other languages.
    pub vietnamese: bool,
    /// Longest row of words that is one feature.
    pub words_max: usize,
    /// Shortest and longest piece of a word in letters; a longest of 0 means no pieces.
    pub piece_min: usize,
    /// See `piece_min`.
    pub piece_max: usize,
    /// Weight of the pieces beside the words' 1.
    pub piece_weight: f32,
    /// Weight of the classes of words (`lexicon.rs`); 0 means none.
    #[serde(default)]
    pub class_weight: f32,
    /// True to take pairs of words with one word between them too.
    #[serde(default)]
    pub skips: bool,
    /// Each group is divided by its length to this power. At 1 a long message says as much as a short one; below 1 what
    /// more is said counts for more.
    #[serde(default = "one")]
    pub length_power: f32,
}

fn one() -> f32 {
    1.0
}

impl Shape {
    /// How many buckets.
    #[must_use]
    pub fn buckets(&self) -> usize {
        1 << self.buckets_log2.min(24)
    }

    fn reading(&self) -> Reading {
        if self.vietnamese { Reading::Vietnamese } else { Reading::AsWritten }
    }
}

/// Kinds of features, each of which has a weight of its own in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Words, alone and in rows.
    Word,
    /// Pieces of words.
    Piece,
    /// Classes of words, alone and in pairs.
    Class,
}

/// One occurrence of a feature: its bucket, and the tokens it came from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Occurrence {
    /// Its bucket; the row of the table once `keep` has been called.
    pub bucket: u32,
    /// First token.
    pub first: u16,
    /// Last token.
    pub last: u16,
    /// What kind of feature it is.
    pub group: Group,
    /// What this occurrence adds to its bucket's weight; set by `weigh`.
    pub value: f32,
}

/// A message as the model sees it.
#[derive(Debug, Clone, Default)]
pub struct Features {
    /// The words, for reasons.
    pub tokens: Vec<Token>,
    /// Sorted by bucket.
    pub occurrences: Vec<Occurrence>,
}

const FNV_OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01B3;

/// FNV-1a, continued from `state`.
fn hash(state: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(state, |state, byte| (state ^ u64::from(*byte)).wrapping_mul(FNV_PRIME))
}

fn bucket(shape: &Shape, state: u64) -> u32 {
    let mask = (1_u64 << shape.buckets_log2.min(24)) - 1;
    u32::try_from(mix(state) & mask).unwrap_or(0)
}

/// Takes a message apart into occurrences, without weights yet.
#[must_use]
pub fn extract(text: &str, shape: &Shape) -> Features {
    extract_by(text, shape, Some)
}

/// As `extract` and `keep` after it, in one go: what the index does not know is never written down.
#[must_use]
pub fn extract_known(text: &str, shape: &Shape, index: &Index) -> Features {
    extract_by(text, shape, |bucket| index.row(bucket))
}

/// Occurrences by what `place` makes of their bucket; those of which it makes nothing are left out.
fn extract_by(text: &str, shape: &Shape, place: impl Fn(u32) -> Option<u32>) -> Features {
    let tokens = tokens(text, shape.reading());
    let mut out = Vec::with_capacity(tokens.len() * 12);
    let words: Vec<&str> = tokens.iter().map(|token| number_class(&token.plain)).collect();
    let mut push = |state: u64, first: u16, last: u16, group: Group| {
        if let Some(bucket) = place(bucket(shape, state)) {
            out.push(Occurrence { bucket, first, last, group, value: 0.0 });
        }
    };
    for (at, token) in tokens.iter().enumerate() {
        let Ok(first) = u16::try_from(at) else { break };
        let mut state = hash(FNV_OFFSET, b"w:");
        for (next, last) in words.iter().skip(at).take(shape.words_max).zip(first..) {
            state = hash(hash(state, b" "), next.as_bytes());
            push(state, first, last, Group::Word);
        }
        if shape.skips
            && let (Some(word), Some(later)) = (words.get(at), words.get(at + 2))
        {
            let state = hash(hash(hash(hash(FNV_OFFSET, b"s:"), word.as_bytes()), b" "), later.as_bytes());
            push(state, first, first + 2, Group::Word);
        }
        if token.marked != token.plain {
            push(hash(hash(FNV_OFFSET, b"m:"), token.marked.as_bytes()), first, first, Group::Word);
        }
        if shape.piece_max > 0 {
            each_piece(shape, words.get(at).copied().unwrap_or(""), |state| push(state, first, first, Group::Piece));
        }
    }
    if shape.class_weight > 0.0 {
        each_class(&tokens, |state, first, last| push(state, first, last, Group::Class));
    }
    out.sort_unstable_by_key(Occurrence::order);
    Features { tokens, occurrences: out }
}

impl Occurrence {
    /// By group, then bucket, then place, as one number: 24 bits of bucket are the most that a shape has.
    fn order(&self) -> u64 {
        (self.group as u64) << 62 | u64::from(self.bucket) << 32 | u64::from(self.first) << 16 | u64::from(self.last)
    }
}

/// The hash of every class of words, and of every two that follow one another.
fn each_class(tokens: &[Token], mut push: impl FnMut(u64, u16, u16)) {
    let met = classes(tokens);
    let place = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
    for (at, now) in met.iter().enumerate() {
        let state = hash(hash(FNV_OFFSET, b"l:"), &now.class.to_le_bytes());
        push(state, place(now.first), place(now.last));
        if let Some(next) = met.iter().skip(at + 1).find(|next| next.first > now.last && next.class != now.class) {
            let pair = hash(hash(state, b" "), &next.class.to_le_bytes());
            push(pair, place(now.first), place(next.last));
        }
    }
}

/// Small numbers and the emergency numbers stay; the rest says only how long it is.
fn number_class(plain: &str) -> &str {
    if plain.is_empty() || !plain.bytes().all(|b| b.is_ascii_digit()) {
        return plain;
    }
    match plain.len() {
        1 => plain,
        2 => "#2",
        3 if matches!(plain, "111" | "112" | "113" | "114" | "115") => plain,
        3..=5 => "#4",
        _ => "#phone",
    }
}

/// Letters of a word that pieces are taken from: a very long "word" is an address of the web or noise.
const PIECE_LETTERS_MAX: usize = 40;

/// The hash of every piece of a word with its edges: `<nuoc>` gives `<nu`, `nuo`, ….
fn each_piece(shape: &Shape, text: &str, mut push: impl FnMut(u64)) {
    let mut edged = ['<'; PIECE_LETTERS_MAX];
    let mut letters = 1;
    for (cell, letter) in edged.iter_mut().skip(1).zip(text.chars().chain(['>'])) {
        *cell = letter;
        letters += 1;
    }
    let edged = edged.get(..letters).unwrap_or(&[]);
    let mut bytes = [0; 4];
    for from in 0..letters {
        let mut state = hash(FNV_OFFSET, b"c:");
        for (letter, length) in edged.iter().skip(from).take(shape.piece_max).zip(1..) {
            state = hash(state, letter.encode_utf8(&mut bytes).as_bytes());
            if length >= shape.piece_min {
                push(state);
            }
        }
    }
}

impl Features {
    /// Leaves only what the index knows, by its row.
    pub fn keep(&mut self, index: &Index) {
        self.occurrences.retain_mut(|occurrence| match index.row(occurrence.bucket) {
            Some(row) => {
                occurrence.bucket = row;
                true
            }
            None => false,
        });
    }

    /// Gives every occurrence its weight: `frequency(bucket)` is the inverse document frequency.
    pub fn weigh(&mut self, shape: &Shape, frequency: impl Fn(u32) -> f32) {
        for group in self.occurrences.chunk_by_mut(|a, b| a.group == b.group) {
            let weight = match group.first().map(|o| o.group) {
                Some(Group::Piece) => shape.piece_weight,
                Some(Group::Class) => shape.class_weight,
                _ => 1.0,
            };
            weigh_group(group, weight, shape.length_power, &frequency);
        }
    }

    /// How many words of the message the model knows; only after `keep`.
    #[must_use]
    pub fn words_known(&self) -> usize {
        let mut known = vec![false; self.tokens.len()];
        for occurrence in self.occurrences.iter().filter(|o| o.group == Group::Word && o.first == o.last) {
            if let Some(known) = known.get_mut(usize::from(occurrence.first)) {
                *known = true;
            }
        }
        known.into_iter().filter(|known| *known).count()
    }

    /// Bucket and weight of each feature, each bucket of a group once.
    #[must_use]
    pub fn rows(&self) -> Vec<(u32, f32)> {
        let mut rows: Vec<(u32, f32)> = Vec::with_capacity(self.occurrences.len());
        for occurrence in &self.occurrences {
            match rows.last_mut() {
                Some((bucket, value)) if *bucket == occurrence.bucket => *value += occurrence.value,
                _ => rows.push((occurrence.bucket, occurrence.value)),
            }
        }
        rows
    }
}

/// Counts as f32: a message has some thousand features at most, far below where f32 loses units.
#[allow(clippy::cast_precision_loss, reason = "counts of a bounded message are exact in f32")]
fn count(n: usize) -> f32 {
    n as f32
}

/// Length of a usual message's group before it is divided, so that all powers leave such a message as long as 1 does.
const LENGTH_USUAL: f32 = 40.0;

fn weigh_group(group: &mut [Occurrence], scale: f32, power: f32, frequency: &impl Fn(u32) -> f32) {
    let mut square = 0.0_f32;
    for same in group.chunk_by_mut(|a, b| a.bucket == b.bucket) {
        let n = count(same.len());
        let often = if same.len() == 1 { 1.0 } else { 1.0 + n.ln() };
        let value = same.first().map_or(0.0, |o| frequency(o.bucket)) * often;
        square += value * value;
        for occurrence in same {
            occurrence.value = value / n;
        }
    }
    let norm = if square > 0.0 { scale * (LENGTH_USUAL / square.sqrt()).powf(power) / LENGTH_USUAL } else { 0.0 };
    for occurrence in group {
        occurrence.value *= norm;
    }
}

/// In how many texts each bucket stands.
#[must_use]
pub fn documents(shape: &Shape, all: &[Features]) -> Vec<u32> {
    let mut documents = vec![0_u32; shape.buckets()];
    let mut seen = vec![usize::MAX; shape.buckets()];
    for (at, features) in all.iter().enumerate() {
        for occurrence in &features.occurrences {
            let Ok(bucket) = usize::try_from(occurrence.bucket) else { continue };
            if let (Some(seen), Some(documents)) = (seen.get_mut(bucket), documents.get_mut(bucket))
                && *seen != at
            {
                *seen = at;
                *documents += 1;
            }
        }
    }
    documents
}

/// Inverse document frequency, smoothed: `ln((1 + n) / (1 + df)) + 1`.
#[must_use]
pub fn inverse_frequency(texts: usize, documents: u32) -> f32 {
    let documents = usize::try_from(documents).unwrap_or(usize::MAX);
    ((1.0 + count(texts)) / (1.0 + count(documents))).ln() + 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        Shape {
            buckets_log2: 16,
            vietnamese: true,
            words_max: 2,
            piece_min: 3,
            piece_max: 4,
            piece_weight: 0.5,
            class_weight: 0.4,
            skips: true,
            length_power: 1.0,
        }
    }

    #[test]
    fn a_group_has_length_one_and_the_pieces_their_weight() {
        let shape = shape();
        let mut features = extract("nước lên nhanh, nước lên, nhà ngập", &shape);
        features.weigh(&shape, |_| 1.0);
        for (group, length) in [(Group::Word, 1.0), (Group::Piece, 0.5), (Group::Class, 0.4)] {
            let mut by_bucket = std::collections::BTreeMap::new();
            for o in features.occurrences.iter().filter(|o| o.group == group) {
                *by_bucket.entry(o.bucket).or_insert(0.0) += o.value;
            }
            let square: f32 = by_bucket.values().map(|v: &f32| v * v).sum();
            assert!((square.sqrt() - length).abs() < 1e-5);
        }
    }

    #[test]
    fn the_same_word_typed_in_three_ways_shares_its_bucket() {
        let shape = shape();
        let buckets = |text: &str| extract(text, &shape).rows().into_iter().map(|(b, _)| b).collect::<Vec<_>>();
        assert_eq!(buckets("nước"), buckets("nuwowcs"));
        let plain = buckets("nuoc");
        assert!(plain.iter().all(|b| buckets("nước").contains(b)));
    }

    #[test]
    fn what_is_known_is_the_same_in_one_go_and_in_two() {
        let shape = shape();
        let all: Vec<_> = ["cháy nhà tầng 3", "nhà tôi bị ngập"].iter().map(|t| extract(t, &shape)).collect();
        let index = Index::of_frequent(&documents(&shape, &all), 1, 40);
        let text = "nhà tôi ở tầng 3, cháy nhà rồi, gọi 0912345678";
        let mut two = extract(text, &shape);
        two.keep(&index);
        let one = extract_known(text, &shape, &index);
        assert!(!one.occurrences.is_empty());
        assert_eq!(one.occurrences, two.occurrences);
        assert!((1..=one.tokens.len()).contains(&one.words_known()));
        assert_eq!(extract_known("xyzt qwrt", &shape, &index).words_known(), 0);
    }

    #[test]
    fn a_rare_word_weighs_more_than_a_common_one() {
        let shape = shape();
        let all: Vec<_> = ["cháy nhà", "nhà tôi", "nhà em"].iter().map(|t| extract(t, &shape)).collect();
        let documents = documents(&shape, &all);
        let of = |text: &str| inverse_frequency(3, documents[extract(text, &shape).occurrences[0].bucket as usize]);
        assert!(of("chay") > of("nha"));
    }
}
