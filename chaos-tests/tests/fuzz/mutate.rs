//! Blind mutation: inputs made of right ones, the pieces of their grammar and numbers that parsers trip over. The same seed
//! makes the same inputs.

mod wire;

use chaos_tests::random::Random;

/// The longest input.
const INPUT_BYTES_MAX: usize = 16 * 1024;
/// Changes of one input.
const CHANGES_MAX: usize = 8;
/// A span that is copied, moved or made up.
const SPAN_BYTES_MAX: usize = 64;
/// Numbers at the edges of what a field holds.
const EDGES: &[u64] = &[
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    u64::MAX,
];

/// A span of `data`, short mostly.
fn span_of(random: &mut Random, data: &[u8]) -> std::ops::Range<usize> {
    let start = random.below(data.len() + 1);
    let length = if random.below(8) == 0 { data.len() } else { random.below(SPAN_BYTES_MAX) };
    start..start.saturating_add(length).min(data.len())
}

/// An input made of one of `seeds`, or, now and then, of noise.
pub(crate) fn input(random: &mut Random, seeds: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    let mut data = match random.below(32) {
        0 => (0..random.below(256)).map(|_| random.byte()).collect(),
        _ => seeds.get(random.below(seeds.len())).cloned().unwrap_or_default(),
    };
    // Few mostly: an input with one thing wrong gets further in than one with many.
    let changes = random.below(CHANGES_MAX) + 1;
    for _ in 0..=random.below(changes) {
        change(random, &mut data, seeds, words);
    }
    data.truncate(INPUT_BYTES_MAX);
    data
}

fn change(random: &mut Random, data: &mut Vec<u8>, seeds: &[Vec<u8>], words: &[&str]) {
    if random.below(3) == 0
        && let Some(changed) = wire::change(random, data, words)
    {
        *data = changed;
        return;
    }
    let at = random.below(data.len());
    match random.below(14) {
        0 => {
            let bit = 1 << random.below(8);
            data.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bit);
        }
        1 => {
            let new = random.byte();
            data.iter_mut().skip(at).take(1).for_each(|byte| *byte = new);
        }
        2 => overwrite(data, at, &number(random)),
        3 => {
            let piece = decimal(random);
            data.splice(at..at, piece);
        }
        4 => {
            let span = span_of(random, data);
            data.drain(span);
        }
        5 => {
            let span = span_of(random, data);
            let copy = data[span].to_vec();
            data.splice(at..at, copy);
        }
        6 => data.truncate(at),
        7 => {
            let noise: Vec<u8> = (0..random.below(SPAN_BYTES_MAX)).map(|_| random.byte()).collect();
            data.splice(at..at, noise);
        }
        8..11 => {
            let run = run(data, at);
            let piece = if words.is_empty() || random.below(2) == 0 {
                decimal(random)
            } else {
                words[random.below(words.len())].as_bytes().to_vec()
            };
            data.splice(run, piece);
        }
        11 => {
            if let Some(other) = seeds.get(random.below(seeds.len())) {
                let span = span_of(random, other);
                let replaced = span_of(random, data);
                data.splice(replaced, other[span].to_vec());
            }
        }
        _ => {
            if let Some(word) = words.get(random.below(words.len())) {
                let end = if random.below(2) == 0 { at } else { (at + word.len()).min(data.len()) };
                data.splice(at..end, word.bytes());
            }
        }
    }
}

/// The run of letters and digits at `at`: in a text, a name or a number.
fn run(data: &[u8], at: usize) -> std::ops::Range<usize> {
    let is_in = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'+');
    let (before, after) = data.split_at(at);
    let start = at - before.iter().rev().take_while(|byte| is_in(byte)).count();
    start..at + after.iter().take_while(|byte| is_in(byte)).count()
}

/// A number at an edge of what a field holds, or beside it.
fn edge(random: &mut Random) -> u64 {
    let edge = EDGES[random.below(EDGES.len())];
    [edge, edge.wrapping_add(1), edge.wrapping_sub(1)][random.below(3)]
}

/// Such a number in as many bytes as a field has, in either order.
fn number(random: &mut Random) -> Vec<u8> {
    let value = edge(random);
    let bytes = [1, 2, 4, 8][random.below(4)];
    if random.below(2) == 0 { value.to_le_bytes()[..bytes].to_vec() } else { value.to_be_bytes()[8 - bytes..].to_vec() }
}

/// The same as text, or as a varint of protobuf.
fn decimal(random: &mut Random) -> Vec<u8> {
    let value = edge(random);
    match random.below(3) {
        0 => value.to_string().into_bytes(),
        1 => format!("-{value}").into_bytes(),
        _ => {
            let mut varint = Vec::new();
            wire::put_varint(&mut varint, value);
            varint
        }
    }
}

fn overwrite(data: &mut [u8], at: usize, new: &[u8]) {
    data.iter_mut().skip(at).zip(new).for_each(|(byte, new)| *byte = *new);
}
