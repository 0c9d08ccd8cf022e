//! Numbers as bits. A series is packed as: the greatest common divisor of its numbers (LEB128; 0: all are 0, and nothing
//! follows), a byte that says how the rest is read, and the numbers divided by it, zigzag, as Golomb-Rice codes (Rice 1979)
//! whose parameter was chosen for this series. If many are 0, each has a bit before it that says so. A number that would take
//! too long a code is escaped and written out.

/// Ones of a quotient; so many say that 64 bits follow instead.
const ESCAPE: u32 = 24;
/// The bit of the byte before the codes: a bit before each number says whether it is 0.
const MARKS_ZEROS: u8 = 0x40;
/// The bits of that byte that are the parameter.
const PARAMETER: u8 = 0x3f;

/// What each number adds to the one before.
pub(super) fn changes(numbers: &[i64]) -> Vec<i64> {
    numbers.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect()
}

/// The numbers that begin with `first` and change so.
pub(super) fn sums(first: i64, changes: &[i64]) -> Vec<i64> {
    let mut sums = Vec::with_capacity(changes.len() + 1);
    sums.push(first);
    let mut last = first;
    sums.extend(changes.iter().map(|change| {
        last = last.wrapping_add(*change);
        last
    }));
    sums
}

/// Small numbers of either sign as small numbers.
pub(super) fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

/// See [`zigzag`].
pub(super) fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// LEB128.
pub(super) fn write_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(low_byte(number) | 0x80);
        number >>= 7;
    }
    out.push(low_byte(number));
}

/// See [`write_number`]; none: cut off, or of more than 64 bits.
pub(super) fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        if part << shift >> shift != part {
            return None;
        }
        number |= part << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn low_byte(number: u64) -> u8 {
    number.to_le_bytes()[0]
}

fn divisor(one: u64, other: u64) -> u64 {
    let (mut one, mut other) = (one, other);
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

/// Bits of a number's code.
fn bits_of(number: u64, parameter: u32) -> u64 {
    let quotient = number >> parameter;
    if quotient >= u64::from(ESCAPE) { u64::from(ESCAPE) + 64 } else { quotient + 1 + u64::from(parameter) }
}

/// The parameter that makes the codes the shortest, of those near the mean, and their bits.
fn best_parameter(numbers: impl Iterator<Item = u64> + Clone) -> (u32, u64) {
    let (sum, count) = numbers.clone().fold((0_u128, 0_u128), |(sum, count), it| (sum + u128::from(it), count + 1));
    let mean = sum / count.max(1);
    let near = (u128::BITS - mean.leading_zeros()).min(u32::from(PARAMETER));
    let tried = near.saturating_sub(3)..=(near + 1).min(u32::from(PARAMETER));
    let costs = tried.map(|parameter| (numbers.clone().map(|it| bits_of(it, parameter)).sum::<u64>(), parameter));
    costs.min().map_or((0, 0), |(bits, parameter)| (parameter, bits))
}

/// Packs a series.
pub(super) fn pack(out: &mut Vec<u8>, numbers: &[i64]) {
    let common = numbers.iter().fold(0, |common, number| divisor(common, number.unsigned_abs()));
    write_number(out, common);
    if common == 0 {
        return;
    }
    let codes: Vec<u64> = numbers.iter().map(|number| zigzag(divided(*number, common))).collect();
    let others = codes.iter().filter(|code| **code != 0).map(|code| code - 1);
    let (plain, plain_bits) = best_parameter(codes.iter().copied());
    let (marked, marked_bits) = best_parameter(others);
    let marks_zeros = marked_bits + (codes.len() as u64) < plain_bits;
    let parameter = if marks_zeros { marked } else { plain };
    out.push(low_byte(u64::from(parameter)) | if marks_zeros { MARKS_ZEROS } else { 0 });
    let mut bits = Writer { out, free: 0 };
    for code in codes {
        let mut code = code;
        if marks_zeros {
            bits.write(u64::from(code != 0), 1);
            if code == 0 {
                continue;
            }
            code -= 1;
        }
        let quotient = code >> parameter;
        if quotient >= u64::from(ESCAPE) {
            bits.write((1 << ESCAPE) - 1, ESCAPE);
            bits.write(code, 64);
        } else {
            let ones = u32::try_from(quotient).unwrap_or(ESCAPE);
            // The ones, then the zero that ends them.
            bits.write(((1 << ones) - 1) << 1, ones + 1);
            bits.write(code, parameter);
        }
    }
}

/// A quotient without a remainder. Of the lowest number of all, whose size no other sign can have, it fits as well.
fn divided(number: i64, common: u64) -> i64 {
    i64::try_from(i128::from(number) / i128::from(common)).unwrap_or(0)
}

/// See [`pack`]; none: cut off, or none that was packed.
pub(super) fn unpack(bytes: &mut &[u8], count: usize) -> Option<Vec<i64>> {
    let common = read_number(bytes)?;
    if common == 0 {
        return Some(vec![0; count]);
    }
    let (how, rest) = bytes.split_first()?;
    if how & !(MARKS_ZEROS | PARAMETER) != 0 {
        return None;
    }
    let (parameter, marks_zeros) = (u32::from(how & PARAMETER), how & MARKS_ZEROS != 0);
    let mut bits = Reader { bytes: rest, used: 0 };
    let mut numbers = Vec::with_capacity(count);
    for _ in 0..count {
        if marks_zeros && bits.read(1)? == 0 {
            numbers.push(0);
            continue;
        }
        let mut ones = 0;
        while ones < ESCAPE && bits.read(1)? == 1 {
            ones += 1;
        }
        let code = match ones {
            ESCAPE => bits.read(64)?,
            ones => u64::from(ones).checked_shl(parameter)? | bits.read(parameter)?,
        };
        let code = code.checked_add(u64::from(marks_zeros))?;
        numbers.push(unzigzag(code).wrapping_mul(common.cast_signed()));
    }
    *bytes = bits.rest();
    Some(numbers)
}

/// Writes bits from the highest of each byte on. What is left of the last byte is 0.
struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// Bits of the last byte that are free.
    free: u32,
}

impl Writer<'_> {
    /// The lowest `count` bits of `number`, the highest of them first.
    fn write(&mut self, number: u64, count: u32) {
        let mut left = count;
        while left > 0 {
            if self.free == 0 {
                self.out.push(0);
                self.free = 8;
            }
            let taken = left.min(self.free);
            let part = (number >> (left - taken)) & ((1 << taken) - 1);
            if let Some(last) = self.out.last_mut() {
                *last |= low_byte(part << (self.free - taken));
            }
            self.free -= taken;
            left -= taken;
        }
    }
}

/// Reads what a [`Writer`] wrote.
struct Reader<'a> {
    bytes: &'a [u8],
    /// Bits of the first byte that are read.
    used: u32,
}

impl<'a> Reader<'a> {
    fn read(&mut self, count: u32) -> Option<u64> {
        let (mut number, mut left) = (0_u64, count);
        while left > 0 {
            let byte = u64::from(*self.bytes.first()?);
            let taken = left.min(8 - self.used);
            let part = (byte >> (8 - self.used - taken)) & ((1 << taken) - 1);
            number = (number << taken) | part;
            self.used += taken;
            left -= taken;
            if self.used == 8 {
                self.bytes = self.bytes.get(1..).unwrap_or_default();
                self.used = 0;
            }
        }
        Some(number)
    }

    /// What follows the last byte that was begun.
    fn rest(self) -> &'a [u8] {
        if self.used == 0 { self.bytes } else { self.bytes.get(1..).unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packed(numbers: &[i64]) -> Vec<u8> {
        let mut out = Vec::new();
        pack(&mut out, numbers);
        out
    }

    #[test]
    fn what_is_regular_takes_no_room() {
        assert_eq!(packed(&[0; 1000]).len(), 1);
        // 1000 numbers of which each tenth is not 0: under two bits each.
        let rare: Vec<i64> = (0..1000).map(|at| i64::from(at % 10 == 0) * 10_000).collect();
        assert!(packed(&rare).len() < 160, "{}", packed(&rare).len());
    }

    #[test]
    fn the_ends_of_the_numbers_survive() {
        for numbers in [vec![i64::MIN], vec![i64::MAX, i64::MIN, 0], vec![i64::MIN, i64::MIN], vec![-1, 1]] {
            let bytes = packed(&numbers);
            assert_eq!(unpack(&mut bytes.as_slice(), numbers.len()), Some(numbers));
        }
    }

    proptest! {
        #[test]
        fn numbers_come_back(
            numbers in prop::collection::vec(prop_oneof![any::<i64>(), -50i64..50, Just(0), (-9i64..9).prop_map(|it| it * 10_000)], 0..200),
            behind in prop::collection::vec(any::<u8>(), 0..3),
        ) {
            let bytes = [packed(&numbers), behind.clone()].concat();
            let mut left = bytes.as_slice();
            prop_assert_eq!(unpack(&mut left, numbers.len()), Some(numbers));
            prop_assert_eq!(left, behind.as_slice());
        }

        #[test]
        fn a_number_and_its_sums_come_back(number: u64, first: i64, steps in prop::collection::vec(any::<i64>(), 0..9)) {
            let mut out = Vec::new();
            write_number(&mut out, number);
            prop_assert_eq!(read_number(&mut out.as_slice()), Some(number));
            prop_assert_eq!(zigzag(unzigzag(number)), number);
            prop_assert_eq!(changes(&sums(first, &steps)), steps);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64), count in 0usize..64) {
            let numbers = unpack(&mut bytes.as_slice(), count);
            prop_assert!(numbers.is_none_or(|numbers| numbers.len() == count));
        }
    }
}
