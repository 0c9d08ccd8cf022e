//! Pulse code modulation of voice frequencies (ITU-T G.711): 16-bit samples to and from the two laws of the telephone net, by the
//! arithmetic behind tables 1 and 2 of the recommendation, as ITU-T's own tools do it (G.191, `g711.c`). Pure.

/// One of the two laws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Law {
    /// A-law: `PCMA`.
    A,
    /// Mu-law: `PCMU`.
    Mu,
}

impl Law {
    /// The law of a format of RTP/AVP (RFC 3551, table 4); none: another coding.
    pub(crate) fn of_format(format: &str) -> Option<Self> {
        match format {
            "0" => Some(Self::Mu),
            "8" => Some(Self::A),
            _ => None,
        }
    }

    /// Its number there.
    pub(crate) fn payload_type(self) -> u8 {
        match self {
            Self::A => 8,
            Self::Mu => 0,
        }
    }

    /// Its name there.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::A => "PCMA",
            Self::Mu => "PCMU",
        }
    }

    pub(crate) fn encode(self, sample: i16) -> u8 {
        match self {
            Self::A => to_a(sample),
            Self::Mu => to_mu(sample),
        }
    }

    pub(crate) fn decode(self, byte: u8) -> i16 {
        match self {
            Self::A => of_a(byte),
            Self::Mu => of_mu(byte),
        }
    }
}

/// Sign, three bits of the segment, four within it; every second bit is inverted.
fn to_a(sample: i16) -> u8 {
    // 13 bits count.
    let value = sample >> 3;
    let (mask, magnitude) = if value >= 0 { (0xD5, value.unsigned_abs()) } else { (0x55, (!value).unsigned_abs()) };
    // 0 to 31 are the first segment; from there on each is twice as long as the one before.
    let segment = (16 - magnitude.leading_zeros()).saturating_sub(5);
    let within = (magnitude >> segment.max(1)) & 0x0F;
    low_byte((segment << 4) | u32::from(within)) ^ mask
}

fn of_a(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let segment = (byte >> 4) & 0x07;
    let within = i16::from(byte & 0x0F) << 4;
    let magnitude = if segment == 0 { within + 8 } else { (within + 0x108) << (segment - 1) };
    if byte & 0x80 == 0 { -magnitude } else { magnitude }
}

/// What is added so that each segment begins at a power of two.
const MU_BIAS: i32 = 132;
/// The loudest that mu-law has.
const MU_MAX: i32 = 32_635;

/// Sign, three bits of the segment, four within it; all inverted.
fn to_mu(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = (i32::from(sample).abs().min(MU_MAX) + MU_BIAS).unsigned_abs();
    // From 132 to 32,767: the highest bit is the seventh to the fourteenth.
    let segment = 24 - magnitude.leading_zeros();
    let within = (magnitude >> (segment + 3)) & 0x0F;
    !low_byte(sign | (segment << 4) | within)
}

fn of_mu(byte: u8) -> i16 {
    let byte = !byte;
    let segment = (byte >> 4) & 0x07;
    let magnitude = (((i32::from(byte & 0x0F) << 3) + MU_BIAS) << segment) - MU_BIAS;
    let magnitude = i16::try_from(magnitude).unwrap_or(i16::MAX);
    if byte & 0x80 == 0 { magnitude } else { -magnitude }
}

fn low_byte(value: u32) -> u8 {
    value.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_and_the_middle_are_as_the_tables_have_them() {
        // G.711, tables 1a and 1b: silence, the loudest of both signs; A-law's even bits are inverted.
        assert_eq!([0, i16::MAX, i16::MIN, -1].map(|sample| Law::A.encode(sample)), [0xD5, 0xAA, 0x2A, 0x55]);
        // Tables 2a and 2b.
        assert_eq!([0, i16::MAX, i16::MIN].map(|sample| Law::Mu.encode(sample)), [0xFF, 0x80, 0x00]);
        assert_eq!((Law::Mu.decode(0x80), Law::Mu.decode(0x00)), (32_124, -32_124));
        assert_eq!((Law::A.decode(0xAA), Law::A.decode(0x2A)), (32_256, -32_256));
        // The sequence that ITU-T gives for a tone of 1 kHz at 0 dBm0 (tables 5 and 6) is one of code words of both signs.
        for (law, tone) in [
            (Law::A, [0x34, 0x21, 0x21, 0x34, 0xB4, 0xA1, 0xA1, 0xB4]),
            (Law::Mu, [0x1E, 0x0B, 0x0B, 0x1E, 0x9E, 0x8B, 0x8B, 0x9E]),
        ] {
            let loud = tone.map(|byte| law.decode(byte));
            assert!((0..4).all(|at| loud[at] == -loud[at + 4] && loud[at] < 0), "{loud:?}");
            assert!(loud[1] < 2 * loud[0], "the sine of 67.5 degrees is 2.4 times that of 22.5: {loud:?}");
        }
    }

    #[test]
    fn what_was_coded_stays_as_it_is() {
        for byte in 0..=u8::MAX {
            assert_eq!(Law::A.encode(Law::A.decode(byte)), byte);
            // Mu-law has two words for silence.
            let again = if byte == 0x7F { 0xFF } else { byte };
            assert_eq!(Law::Mu.encode(Law::Mu.decode(byte)), again);
        }
    }

    #[test]
    fn a_coded_sample_is_near_what_it_was() {
        for sample in (i16::MIN..=i16::MAX).step_by(7) {
            for law in [Law::A, Law::Mu] {
                let off = (i32::from(law.decode(law.encode(sample))) - i32::from(sample)).abs();
                // Half a step: a thirty-second of the sample's segment, and the least step of all; the loudest are cut.
                assert!(off <= i32::from(sample).abs() / 32 + 16, "{law:?} {sample} is {off} off");
            }
        }
    }
}
