//! The code that a citizen follows a report by: 14 symbols of chance (70 bits) and one that tells a slip from a code that is
//! not known. It is read over the telephone, so the alphabet is Crockford's base 32, without I, L, O and U; what is heard
//! or typed as one of these is taken for what it looks like.
//!
//! The code is derived from the sender's key under the cluster's own: the same request sent again, to whichever node, is the
//! same report, and a sender cannot choose a code.

use domain::ReportCode;
use ring::hmac;

/// Digits and letters that no two of look alike.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Symbols of chance, 5 bits each.
const CHANCE: usize = 14;
/// Symbols in all.
const LENGTH: usize = CHANCE + 1;
/// Symbols between two hyphens, where it is shown.
const SHOWN: usize = 5;
/// The greatest prime that a symbol can stand for: a sum over it notices any one wrong symbol but 0 for Z.
const MODULUS: u32 = 31;
/// What the derivation is for, so that nothing else under the same key gives a code.
const CONTEXT: &[u8] = b"trongdong report code 1\0";
/// Symbols of a sender's key, at least: what is shorter could be met by chance.
pub(crate) const KEY_MIN: usize = 16;
/// Symbols of a sender's key, at most.
pub(crate) const KEY_MAX: usize = 64;

/// Why a text is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoCode {
    /// Too short, too long, or with a symbol that no code has.
    Shape,
    /// A symbol is wrong, or two are exchanged.
    Slip,
}

/// Whether it may be a sender's key.
pub(crate) fn is_key(key: &str) -> bool {
    (KEY_MIN..=KEY_MAX).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The code of the report that is sent under `key`.
pub(crate) fn derive(cluster_key: &[u8; 32], key: &str) -> ReportCode {
    let mac = hmac::Key::new(hmac::HMAC_SHA256, cluster_key);
    let tag = hmac::sign(&mac, &[CONTEXT, key.as_bytes()].concat());
    let values: Vec<u32> = tag.as_ref().iter().take(CHANCE).map(|byte| u32::from(byte & 31)).collect();
    let text: String = values.iter().copied().chain([check(&values)]).map(symbol).collect();
    #[allow(clippy::expect_used, reason = "15 symbols of the alphabet are an id")]
    ReportCode::new(&text).expect("a code is an id")
}

/// The code in a text as people type it: in small letters, with hyphens or blanks, O for 0, I or L for 1.
pub(crate) fn parse(text: &str) -> Result<ReportCode, NoCode> {
    let mut values = Vec::with_capacity(LENGTH);
    for c in text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '\u{a0}' | '\u{2013}')) {
        if values.len() == LENGTH {
            return Err(NoCode::Shape);
        }
        values.push(value(c).ok_or(NoCode::Shape)?);
    }
    let Some((&last, chance)) = values.split_last().filter(|_| values.len() == LENGTH) else {
        return Err(NoCode::Shape);
    };
    if check(chance) != last {
        return Err(NoCode::Slip);
    }
    let text: String = values.into_iter().map(symbol).collect();
    ReportCode::new(&text).map_err(|_| NoCode::Shape)
}

/// As it is shown and read out: `7K3FQ-9XM2A-BCDEH`.
pub(crate) fn shown(code: &ReportCode) -> String {
    let symbols: Vec<char> = code.as_str().chars().collect();
    symbols.chunks(SHOWN).map(|part| part.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// Weights grow, so that two symbols exchanged are noticed as well.
fn check(values: &[u32]) -> u32 {
    (1..).zip(values).map(|(weight, value): (u32, _)| weight * value).sum::<u32>() % MODULUS
}

fn symbol(value: u32) -> char {
    usize::try_from(value).ok().and_then(|at| ALPHABET.get(at)).map_or('0', |byte| char::from(*byte))
}

fn value(c: char) -> Option<u32> {
    let c = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        c => c,
    };
    ALPHABET.iter().position(|byte| char::from(*byte) == c).and_then(|at| u32::try_from(at).ok())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "0123456789abcdef";

    #[test]
    fn the_same_key_is_the_same_code_and_the_clusters_key_matters() {
        let code = derive(&[1; 32], KEY);
        assert_eq!(derive(&[1; 32], KEY), code);
        assert_ne!(derive(&[2; 32], KEY), code);
        assert_ne!(derive(&[1; 32], "0123456789abcdeg"), code);
        assert_eq!(shown(&code).len(), LENGTH + 2);
    }

    #[test]
    fn what_is_heard_is_taken_for_what_it_looks_like() {
        let code = (0..200).map(|n| derive(&[1; 32], &format!("{KEY}{n}")));
        for code in code {
            let heard = shown(&code).to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
            assert_eq!(parse(&heard), Ok(code));
        }
    }

    #[test]
    fn a_wrong_symbol_and_two_exchanged_are_slips() {
        let code = derive(&[1; 32], KEY);
        let right = code.as_str().as_bytes();
        for at in 0..LENGTH {
            for other in *ALPHABET {
                let mut wrong = right.to_vec();
                let pair = BTreeSet::from([wrong[at], other]);
                wrong[at] = other;
                if pair.len() == 2 && pair != BTreeSet::from([b'0', b'Z']) {
                    assert_eq!(parse(std::str::from_utf8(&wrong).unwrap()), Err(NoCode::Slip), "{at} {other}");
                }
            }
            if at + 1 < LENGTH - 1 && right[at] != right[at + 1] {
                let mut wrong = right.to_vec();
                wrong.swap(at, at + 1);
                if BTreeSet::from([wrong[at], wrong[at + 1]]) != BTreeSet::from([b'0', b'Z']) {
                    assert_eq!(parse(std::str::from_utf8(&wrong).unwrap()), Err(NoCode::Slip), "{at}");
                }
            }
        }
        assert_eq!(parse("7K3F"), Err(NoCode::Shape));
        assert_eq!(parse(&format!("{code}0")), Err(NoCode::Shape));
        assert_eq!(parse("UUUUUUUUUUUUUUU"), Err(NoCode::Shape));
    }

    proptest! {
        #[test]
        fn any_text_may_come(text in "\\PC{0,40}") {
            if let Ok(code) = parse(&text) {
                prop_assert_eq!(parse(&shown(&code)), Ok(code));
            }
        }
    }
}
