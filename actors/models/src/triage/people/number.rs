//! Numbers as messages write them: digits, words, and both.

use super::super::normal::Token;

/// The number that a token writes. In a message whose writer types marks, a word without marks is that very word: `sau` is
/// behind, not six.
fn number(token: &Token, marks: bool) -> Option<u32> {
    if token.plain.bytes().all(|b| b.is_ascii_digit()) && (1..=4).contains(&token.plain.len()) {
        return token.plain.parse().ok();
    }
    let (n, marked) = match token.plain.as_str() {
        "mot" => (1, "mootj"),
        "hai" => (2, "hai"),
        "ba" => (3, "ba"),
        "bon" => (4, "boons"),
        "nam" => (5, "nawm"),
        "sau" => (6, "saus"),
        "bay" => (7, "bayr"),
        "tam" => (8, "tams"),
        "chin" => (9, "chins"),
        "muoi" => (10, "muwowif"),
        "chuc" => (10, "chujc"),
        "one" => (1, "one"),
        "two" => (2, "two"),
        "three" => (3, "three"),
        "four" => (4, "four"),
        "five" => (5, "five"),
        "six" => (6, "six"),
        "seven" => (7, "seven"),
        "eight" => (8, "eight"),
        "nine" => (9, "nine"),
        "ten" => (10, "ten"),
        _ => return None,
    };
    ((token.marked == token.plain && !marks) || token.marked == marked).then_some(n)
}

fn plain(tokens: &[Token], at: usize) -> &str {
    tokens.get(at).map_or("", |token| token.plain.as_str())
}

/// The number that begins at this token, and how many tokens it takes: `mười hai`, `hai mươi`, `hai chục`, `12`. `marks` says
/// that the writer types marks.
#[must_use]
pub(super) fn whole(tokens: &[Token], marks: bool) -> Option<(u32, usize)> {
    let number = |token: &Token| number(token, marks);
    let first = number(tokens.first()?)?;
    let Some(next) = tokens.get(1) else { return Some((first, 1)) };
    let digits = tokens.first()?.plain.bytes().all(|b| b.is_ascii_digit());
    let hundred = next.plain == "tram" && (1..=9).contains(&first);
    if hundred {
        return Some((first * 100, 2));
    }
    let ten = matches!(next.plain.as_str(), "muoi" | "chuc");
    if ten && (2..=9).contains(&first) {
        let unit = tokens.get(2).and_then(number).filter(|n| *n < 10 && !digits);
        let five = matches!(plain(tokens, 2), "lam" | "nham");
        let one = plain(tokens, 2) == "mot" && next.plain == "muoi";
        return Some(match (unit, five, one) {
            (_, true, _) => (first * 10 + 5, 3),
            (_, _, true) => (first * 10 + 1, 3),
            (Some(unit), _, _) if next.plain == "muoi" => (first * 10 + unit, 3),
            _ => (first * 10, 2),
        });
    }
    if first == 10 && !digits && plain(tokens, 0) == "muoi" {
        if next.plain == "lam" {
            return Some((15, 2));
        }
        if let Some(unit) = number(next).filter(|n| *n < 10) {
            return Some((10 + unit, 2));
        }
    }
    Some((first, 1))
}
