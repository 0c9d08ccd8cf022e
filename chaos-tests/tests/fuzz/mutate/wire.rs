//! Mutation that knows protobuf (the encoding is in protobuf.dev/programming-guides/encoding): a field is changed, doubled
//! or taken out, and the lengths around it are made right again. Blind changes of bytes break a length and go no further.

use chaos_tests::random::Random;

use super::edge;

/// How deep a message is looked into.
const DEPTH_MAX: usize = 8;

#[derive(Clone)]
enum Value {
    Varint(u64),
    Fixed(Vec<u8>),
    Bytes(Vec<u8>),
}

#[derive(Clone)]
struct Field {
    number: u64,
    value: Value,
}

fn varint(data: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for at in 0..10 {
        let (byte, rest) = data.split_first()?;
        *data = rest;
        value |= u64::from(byte & 0x7f).checked_shl(7 * at)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn take(data: &mut &[u8], length: u64) -> Option<Vec<u8>> {
    let (taken, rest) = data.split_at_checked(usize::try_from(length).ok()?)?;
    *data = rest;
    Some(taken.to_vec())
}

/// The fields of a message, if it is one.
fn fields(mut data: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while !data.is_empty() {
        let tag = varint(&mut data)?;
        let value = match tag & 7 {
            0 => Value::Varint(varint(&mut data)?),
            1 => Value::Fixed(take(&mut data, 8)?),
            2 => {
                let length = varint(&mut data)?;
                Value::Bytes(take(&mut data, length)?)
            }
            5 => Value::Fixed(take(&mut data, 4)?),
            _ => return None,
        };
        fields.push(Field { number: tag >> 3, value });
    }
    (!fields.is_empty()).then_some(fields)
}

pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

fn message(fields: &[Field]) -> Vec<u8> {
    let mut out = Vec::new();
    for Field { number, value } in fields {
        let kind = match value {
            Value::Varint(_) => 0,
            Value::Fixed(bytes) if bytes.len() == 8 => 1,
            Value::Fixed(_) => 5,
            Value::Bytes(_) => 2,
        };
        put_varint(&mut out, (number << 3) | kind);
        match value {
            Value::Varint(value) => put_varint(&mut out, *value),
            Value::Fixed(bytes) => out.extend(bytes),
            Value::Bytes(bytes) => {
                put_varint(&mut out, bytes.len() as u64);
                out.extend(bytes);
            }
        }
    }
    out
}

/// The message with one field, or a field of a field, changed; none when it is no message.
fn change_message(random: &mut Random, data: &[u8], words: &[&str], depth: usize) -> Option<Vec<u8>> {
    let mut fields = fields(data)?;
    let at = random.below(fields.len());
    match random.below(10) {
        0 => drop(fields.remove(at)),
        1 => {
            let copy = fields[at].clone();
            fields.insert(random.below(fields.len() + 1), copy);
        }
        2 => fields[at].number = 1 + random.below(8) as u64,
        _ => match &mut fields[at].value {
            Value::Varint(value) => *value = if random.below(2) == 0 { edge(random) } else { random.below(16) as u64 },
            Value::Fixed(bytes) => {
                let length = bytes.len();
                *bytes = edge(random).to_le_bytes()[..length].to_vec();
            }
            Value::Bytes(bytes) => {
                let inner = (depth < DEPTH_MAX && random.below(8) > 0)
                    .then(|| change_message(random, bytes, words, depth + 1))
                    .flatten();
                *bytes = match (inner, words) {
                    (Some(inner), _) => inner,
                    (None, [_, ..]) if random.below(2) == 0 => words[random.below(words.len())].as_bytes().to_vec(),
                    (None, _) => bytes[super::span_of(random, bytes)].to_vec(),
                };
            }
        },
    }
    Some(message(&fields))
}

/// What stands before a message here and there: nothing, a byte for a choice, the number of a group.
const HEADS: [usize; 3] = [0, 1, 4];

fn change_behind_head(random: &mut Random, data: &[u8], words: &[&str]) -> Option<Vec<u8>> {
    HEADS.iter().find_map(|head| {
        let (head, body) = data.split_at_checked(*head)?;
        Some([head, &change_message(random, body, words, 0)?].concat())
    })
}

/// Pieces with two bytes of length before each, all of `data`.
fn pieces(mut data: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut pieces = Vec::new();
    while !data.is_empty() {
        let (length, rest) = data.split_first_chunk::<2>()?;
        data = rest;
        pieces.push(take(&mut data, u16::from_be_bytes(*length).into())?);
    }
    Some(pieces)
}

/// `data` with a field of a message in it changed: it is a message, or pieces that are. None when it is neither.
pub(super) fn change(random: &mut Random, data: &[u8], words: &[&str]) -> Option<Vec<u8>> {
    let framed = [0, 1].into_iter().find_map(|head| {
        let (head, body) = data.split_at_checked(head)?;
        Some((head, pieces(body).filter(|pieces| !pieces.is_empty())?))
    });
    let Some((head, mut pieces)) = framed else { return change_behind_head(random, data, words) };
    let at = random.below(pieces.len());
    pieces[at] = change_behind_head(random, &pieces[at], words)?;
    let with_length = |piece: &Vec<u8>| {
        let length = u16::try_from(piece.len()).ok()?;
        Some([&length.to_be_bytes()[..], piece].concat())
    };
    let pieces = pieces.iter().map(with_length).collect::<Option<Vec<_>>>()?;
    Some([head, &pieces.concat()].concat())
}
