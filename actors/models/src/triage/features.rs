//! What the model sees of a message: hashed words, pairs of words and pieces of words, each with a weight.
//!
//! Two groups, each of length one: words (alone, marked, and in rows) and pieces of 3 to 5 letters, which survive typing
//! errors. Within a group a feature weighs its inverse document frequency times one plus the logarithm of its count, as in
//! the TF-IDF of the text-retrieval books. Features are hashed to buckets, so no vocabulary is kept.

use serde::{Deserialize, Serialize};

use super::index::Index;
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

/// One occurrence of a feature: its bucket, and the tokens it came from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Occurrence {
    /// Its bucket; the row of the table once `keep` has been called.
    pub bucket: u32,
    /// First token.
    pub first: u16,
    /// Last token.
    pub last: u16,
    /// False for a word, true for a piece.
    pub piece: bool,
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
    let tokens = tokens(text, shape.reading());
    let mut occurrences = Vec::with_capacity(tokens.len() * 12);
    let words: Vec<String> = tokens.iter().map(|token| number_class(&token.plain)).collect();
    for at in 0..tokens.len() {
        let Ok(first) = u16::try_from(at) else { break };
        push_words(shape, &words, at, first, &mut occurrences);
        if let Some(token) = tokens.get(at).filter(|token| token.marked != token.plain) {
            let state = hash(hash(FNV_OFFSET, b"m:"), token.marked.as_bytes());
            occurrences.push(word(bucket(shape, state), first, first));
        }
        if let Some(text) = words.get(at).filter(|_| shape.piece_max > 0) {
            push_pieces(shape, text, first, &mut occurrences);
        }
    }
    occurrences.sort_unstable_by_key(|o| (o.piece, o.bucket, o.first, o.last));
    Features { tokens, occurrences }
}

fn word(bucket: u32, first: u16, last: u16) -> Occurrence {
    Occurrence { bucket, first, last, piece: false, value: 0.0 }
}

/// Small numbers and the emergency numbers stay; the rest says only how long it is.
fn number_class(plain: &str) -> String {
    if plain.is_empty() || !plain.bytes().all(|b| b.is_ascii_digit()) {
        return plain.to_owned();
    }
    match plain.len() {
        1 => plain.to_owned(),
        2 => "#2".to_owned(),
        3 if matches!(plain, "111" | "112" | "113" | "114" | "115") => plain.to_owned(),
        3..=5 => "#4".to_owned(),
        _ => "#phone".to_owned(),
    }
}

fn push_words(shape: &Shape, words: &[String], at: usize, first: u16, out: &mut Vec<Occurrence>) {
    let mut state = hash(FNV_OFFSET, b"w:");
    for (length, next) in words.iter().skip(at).take(shape.words_max).enumerate() {
        state = hash(hash(state, b" "), next.as_bytes());
        let last = u16::try_from(at + length).unwrap_or(first);
        out.push(word(bucket(shape, state), first, last));
    }
}

fn push_pieces(shape: &Shape, text: &str, first: u16, out: &mut Vec<Occurrence>) {
    let edged: Vec<char> = std::iter::once('<').chain(text.chars()).chain(std::iter::once('>')).collect();
    // A very long "word" is an address of the web or noise: its first pieces are enough.
    let edged = edged.get(..edged.len().min(40)).unwrap_or(&edged);
    let mut bytes = [0; 4];
    for from in 0..edged.len() {
        let mut state = hash(FNV_OFFSET, b"c:");
        for (length, letter) in edged.iter().skip(from).take(shape.piece_max).enumerate() {
            state = hash(state, letter.encode_utf8(&mut bytes).as_bytes());
            if length + 1 >= shape.piece_min {
                out.push(Occurrence { bucket: bucket(shape, state), first, last: first, piece: true, value: 0.0 });
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
        let split = self.occurrences.partition_point(|o| !o.piece);
        let (words, pieces) = self.occurrences.split_at_mut(split);
        weigh_group(words, 1.0, &frequency);
        weigh_group(pieces, shape.piece_weight, &frequency);
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

fn weigh_group(group: &mut [Occurrence], scale: f32, frequency: &impl Fn(u32) -> f32) {
    let mut square = 0.0_f32;
    for same in group.chunk_by_mut(|a, b| a.bucket == b.bucket) {
        let n = count(same.len());
        let value = same.first().map_or(0.0, |o| frequency(o.bucket)) * (1.0 + n.ln());
        square += value * value;
        for occurrence in same {
            occurrence.value = value / n;
        }
    }
    let norm = if square > 0.0 { scale / square.sqrt() } else { 0.0 };
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
        Shape { buckets_log2: 16, vietnamese: true, words_max: 2, piece_min: 3, piece_max: 4, piece_weight: 0.5 }
    }

    #[test]
    fn a_group_has_length_one_and_the_pieces_their_weight() {
        let shape = shape();
        let mut features = extract("nước lên nhanh, nước lên", &shape);
        features.weigh(&shape, |_| 1.0);
        for (piece, length) in [(false, 1.0), (true, 0.5)] {
            let mut by_bucket = std::collections::BTreeMap::new();
            for o in features.occurrences.iter().filter(|o| o.piece == piece) {
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
    fn a_rare_word_weighs_more_than_a_common_one() {
        let shape = shape();
        let all: Vec<_> = ["cháy nhà", "nhà tôi", "nhà em"].iter().map(|t| extract(t, &shape)).collect();
        let documents = documents(&shape, &all);
        let of = |text: &str| inverse_frequency(3, documents[extract(text, &shape).occurrences[0].bucket as usize]);
        assert!(of("chay") > of("nha"));
    }
}
