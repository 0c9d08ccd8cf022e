//! One-time codes: TOTP (RFC 6238, over HOTP of RFC 4226) with SHA-1, six digits and steps of 30 s, which is what every
//! authenticator application takes; and recovery codes, which are made of the same seed. Pure.

use ring::hmac;

/// Bytes of a seed: as many as the hash has (RFC 4226, 4).
pub(crate) const SEED_BYTES: usize = 20;
/// A code counts for so long.
const STEP_MS: u64 = 30_000;
/// Steps before and after this one whose codes are taken: telephones' clocks are a little off.
const DRIFT_STEPS: u64 = 1;
/// Digits of a code.
const DIGITS: usize = 6;
/// Symbols of a recovery code: 80 bits, which no guess reaches.
const RECOVERY_SYMBOLS: usize = 16;
/// Symbols between two hyphens, where it is shown.
const SHOWN: usize = 4;
/// What the derivation is for, so that nothing else under the same seed gives a code.
const RECOVERY: &[u8] = b"trongdong recovery code 1\0";
/// RFC 4648, 6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What somebody typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// Six digits.
    Totp(u32),
    /// Sixteen symbols.
    Recovery(String),
}

/// The code in a text as people type it: with blanks or hyphens, in small letters; none: it is neither.
pub(crate) fn parse(text: &str) -> Option<Typed> {
    let mut symbols = String::new();
    for c in text.chars().filter(|c| !matches!(c, ' ' | '-' | '\u{a0}')) {
        if !c.is_ascii_alphanumeric() || symbols.len() == RECOVERY_SYMBOLS {
            return None;
        }
        symbols.push(c.to_ascii_uppercase());
    }
    if symbols.len() == DIGITS {
        let are_digits = symbols.bytes().all(|byte| byte.is_ascii_digit());
        return if are_digits { symbols.parse().ok().map(Typed::Totp) } else { None };
    }
    let is_recovery = symbols.len() == RECOVERY_SYMBOLS && symbols.bytes().all(|byte| BASE32.contains(&byte));
    is_recovery.then_some(Typed::Recovery(symbols))
}

/// The code of a step (RFC 4226, 5.3).
fn code(seed: &[u8], step: u64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, seed);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag.last().copied().unwrap_or_default() & 0x0f);
    let word = tag.get(at..at + 4).and_then(|word| <[u8; 4]>::try_from(word).ok()).map_or(0, u32::from_be_bytes);
    (word & 0x7fff_ffff) % 1_000_000
}

/// The code that an authenticator application shows at this time.
#[cfg(test)]
pub(crate) fn shown_at(seed: &[u8], now_ms: u64) -> String {
    format!("{:06}", code(seed, now_ms / STEP_MS))
}

/// The step whose code this is, of those that count now; every one is looked at, so that the time tells nothing.
pub(crate) fn step_of(seed: &[u8], typed: u32, now_ms: u64) -> Option<u64> {
    let now = now_ms / STEP_MS;
    let steps = now.saturating_sub(DRIFT_STEPS)..=now + DRIFT_STEPS;
    steps.filter(|step| *step > 0).fold(None, |found, step| if code(seed, step) == typed { Some(step) } else { found })
}

/// The recovery code of that number, from 1, without hyphens.
fn recovery(seed: &[u8], number: u32) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, seed);
    let tag = hmac::sign(&key, &[RECOVERY, &number.to_be_bytes()].concat());
    base32(tag.as_ref().get(..RECOVERY_SYMBOLS * 5 / 8).unwrap_or_default())
}

/// The number of a recovery code; every one is looked at.
pub(crate) fn recovery_number(seed: &[u8], typed: &str) -> Option<u32> {
    (1..=domain::limits::RECOVERY_CODES)
        .fold(None, |found, number| if recovery(seed, number) == typed { Some(number) } else { found })
}

/// All recovery codes, as they are shown.
pub(crate) fn recovery_codes(seed: &[u8]) -> Vec<String> {
    let shown = |code: String| {
        let groups: Vec<_> =
            code.as_bytes().chunks(SHOWN).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
        groups.join("-")
    };
    (1..=domain::limits::RECOVERY_CODES).map(|number| shown(recovery(seed, number))).collect()
}

/// Bytes in base 32, without padding.
pub(crate) fn base32(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(symbol(held >> bits));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        out.push(symbol(held << (5 - bits)));
    }
    out
}

fn symbol(value: u32) -> char {
    let at = usize::try_from(value & 31).unwrap_or_default();
    BASE32.get(at).copied().map_or('A', char::from)
}

/// What an authenticator application opens. Ids need no escape.
pub(crate) fn uri(person: &domain::PersonId, seed: &[u8]) -> String {
    let secret = base32(seed);
    format!(
        "otpauth://totp/Trong%20Dong:{person}?secret={secret}&issuer=Trong%20Dong&algorithm=SHA1&digits=6&period=30"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SEED: &[u8] = b"12345678901234567890";

    /// RFC 6238, appendix B, of which the last six digits count.
    #[test]
    fn the_codes_are_those_of_the_standard() {
        for (second, expected) in [
            (59, 287_082),
            (1_111_111_109, 81_804),
            (1_111_111_111, 50_471),
            (1_234_567_890, 5_924),
            (2_000_000_000, 279_037),
            (20_000_000_000_u64, 353_130),
        ] {
            assert_eq!(code(SEED, second / 30), expected, "{second}");
            assert_eq!(step_of(SEED, expected, second * 1_000), Some(second / 30));
        }
    }

    #[test]
    fn a_code_counts_for_a_step_before_and_after_its_own() {
        let now_ms = 1_234_567_890_000;
        let step = now_ms / STEP_MS;
        let typed = code(SEED, step);
        for (late_ms, counts) in [(0, true), (30_000, true), (60_000, false)] {
            assert_eq!(step_of(SEED, typed, now_ms + late_ms).is_some(), counts, "{late_ms}");
            assert_eq!(step_of(SEED, typed, now_ms - late_ms).is_some(), counts, "{late_ms} early");
        }
    }

    /// RFC 4648, 10.
    #[test]
    fn base_32_is_that_of_the_standard() {
        for (bytes, text) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB")]
        {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn recovery_codes_are_read_as_they_are_shown_and_are_all_different() {
        let codes = recovery_codes(SEED);
        for (number, shown) in (1..).zip(&codes) {
            let Some(Typed::Recovery(typed)) = parse(&shown.to_lowercase()) else { panic!("{shown}") };
            assert_eq!(recovery_number(SEED, &typed), Some(number));
            assert_eq!(recovery_number(b"another seed of 20 b", &typed), None);
        }
        assert_eq!(codes.iter().collect::<std::collections::BTreeSet<_>>().len(), codes.len());
        assert_eq!(parse("123 456"), Some(Typed::Totp(123_456)));
        assert_eq!(parse("12345"), None);
        assert_eq!(parse("１２３４５６"), None, "digits of another script are none");
    }

    proptest! {
        #[test]
        fn any_text_may_come(text in ".{0,40}", now_ms in any::<u64>()) {
            match parse(&text) {
                Some(Typed::Totp(typed)) => { step_of(SEED, typed, now_ms.min(u64::MAX - 60_000)); }
                Some(Typed::Recovery(typed)) => prop_assert!(recovery_number(SEED, &typed).is_none()),
                None => {}
            }
        }
    }
}
