//! How many people a message speaks of: numbers in digits and words beside words for people.

use super::normal::Token;

/// A count above this is no count of people in one plea but a number of something else.
pub const PEOPLE_MAX: u32 = 5000;

/// Words for people, without marks, that a number is followed by.
const PEOPLE: [&str; 40] = [
    "nguoi",
    "ng",
    "nhan",
    "khau",
    "chau",
    "em",
    "be",
    "tre",
    "dua",
    "cu",
    "hoc",
    "sinh",
    "cong",
    "tho",
    "nan",
    "thuyen",
    "hanh",
    "khach",
    "chi",
    "anh",
    "thanh",
    "thang",
    "ong",
    "co",
    "chu",
    "bac",
    "ban",
    "giao",
    "bo",
    "linh",
    "can",
    "dan",
    "people",
    "persons",
    "men",
    "women",
    "kids",
    "children",
    "adults",
    "passengers",
];

/// Of those, the words that count only with the word after them: `thanh niên` is people, `thành` is not.
const PAIRS: [(&str, &str); 14] = [
    ("thanh", "nien"),
    ("hoc", "sinh"),
    ("hoc", "vien"),
    ("cong", "nhan"),
    ("giao", "vien"),
    ("bo", "doi"),
    ("can", "bo"),
    ("dan", "quan"),
    ("dan", "lang"),
    ("nhan", "khau"),
    ("nhan", "vien"),
    ("nhan", "cong"),
    ("nan", "nhan"),
    ("hanh", "khach"),
];

/// Families as a row in which the number counts all: `3 bố con`.
const ROWS: [&str; 9] =
    ["me con", "bo con", "cha con", "ba chau", "ong chau", "anh em", "chi em", "bac chau", "ba con"];

/// Couples: two, and the children are counted beside them.
const COUPLES: [&str; 4] = ["vo chong", "ong ba", "bo me", "cha me"];

/// One person as messages name them, where no number stands: a patient, a victim, somebody of the family.
const ONE: [&str; 36] = [
    "mot nguoi",
    "nan nhan",
    "benh nhan",
    "chong em",
    "chong toi",
    "vo em",
    "vo toi",
    "ba noi",
    "ba ngoai",
    "ong noi",
    "ong ngoai",
    "ba cu",
    "cu ba",
    "ong cu",
    "cu ong",
    "bo em",
    "bo toi",
    "bo chau",
    "me em",
    "me toi",
    "me chau",
    "con trai",
    "con gai",
    "chau be",
    "be trai",
    "be gai",
    "anh trai",
    "chi gai",
    "em trai",
    "em gai",
    "san phu",
    "mot chau",
    "mot em",
    "co gai",
    "nam thanh",
    "thang be",
];

/// The number that a token writes, and whether it can only be a number.
fn number(token: &Token) -> Option<(u32, bool)> {
    if token.plain.bytes().all(|b| b.is_ascii_digit()) && token.plain.len() <= 4 {
        return token.plain.parse().ok().map(|n| (n, true));
    }
    let (n, marked, sure) = match token.plain.as_str() {
        "mot" => (1, "mootj", true),
        "hai" => (2, "hai", true),
        "ba" => (3, "ba", false),
        "bon" => (4, "boons", false),
        "nam" => (5, "nawm", false),
        "sau" => (6, "saus", false),
        "bay" => (7, "bayr", false),
        "tam" => (8, "tams", false),
        "chin" => (9, "chins", true),
        "muoi" => (10, "muwowif", false),
        "chuc" => (10, "chujc", false),
        "one" => (1, "one", true),
        "two" => (2, "two", true),
        "three" => (3, "three", true),
        "four" => (4, "four", true),
        "five" => (5, "five", true),
        "six" => (6, "six", true),
        "seven" => (7, "seven", true),
        "eight" => (8, "eight", true),
        "nine" => (9, "nine", true),
        "ten" => (10, "ten", true),
        _ => return None,
    };
    (token.marked == token.plain || token.marked == marked).then_some((n, sure))
}

/// The number that begins at this token, and how many tokens it takes: `mười hai`, `hai mươi`, `hai chục`, `12`.
fn whole(tokens: &[Token]) -> Option<(u32, usize)> {
    let (first, _) = number(tokens.first()?)?;
    let Some(next) = tokens.get(1) else { return Some((first, 1)) };
    let ten = matches!(next.plain.as_str(), "muoi" | "chuc");
    if ten && (2..=9).contains(&first) {
        let unit = tokens.get(2).and_then(number).map(|(n, _)| n).filter(|n| *n < 10);
        let lam = tokens.get(2).is_some_and(|t| t.plain == "lam" || t.plain == "nham");
        return Some(match (unit, lam) {
            (_, true) => (first * 10 + 5, 3),
            (Some(unit), _) => (first * 10 + unit, 3),
            _ => (first * 10, 2),
        });
    }
    if first == 10 && !tokens.first()?.plain.bytes().all(|b| b.is_ascii_digit()) {
        if next.plain == "lam" {
            return Some((15, 2));
        }
        if let Some((unit, _)) = number(next).filter(|(n, _)| *n < 10) {
            return Some((10 + unit, 2));
        }
    }
    Some((first, 1))
}

/// People in danger as the text states it; `None` where it does not say how many.
///
/// `3 người lớn 2 trẻ em` is five; `nhà 5 người, có 2 cháu nhỏ` is five, because the second is part of the first; `bà và 2
/// cháu` is three; a patient or victim without a number is one.
#[must_use]
pub fn people(tokens: &[Token]) -> Option<u32> {
    let word = |at: usize| tokens.get(at).map_or("", |token| token.plain.as_str());
    let pair = |at: usize| format!("{} {}", word(at), word(at + 1));
    let mut total: Option<u32> = None;
    let (mut adults, mut young) = (0_u32, 0_u32);
    let mut at = 0;
    while at < tokens.len() {
        let number = whole(tokens.get(at..).unwrap_or(&[])).filter(|(n, _)| (1..=PEOPLE_MAX).contains(n));
        let Some((n, taken)) = number else {
            if COUPLES.contains(&pair(at).as_str()) {
                adults += 2;
                at += 1;
            } else if pair(at) == "me con" {
                total = total.max(Some(2));
            }
            at += 1;
            continue;
        };
        let next = at + taken;
        if ROWS.contains(&pair(next).as_str()) {
            total = total.max(Some(n.max(2)));
            at = next + 2;
            continue;
        }
        if COUPLES.contains(&pair(next).as_str()) {
            adults += n.max(2);
            at = next + 2;
            continue;
        }
        let pairs_only = PAIRS.iter().any(|(first, _)| *first == word(next) && *first != "nhan");
        let paired = PAIRS.contains(&(word(next), word(next + 1)));
        let animal = word(next) == "con" && ANIMALS.contains(&word(next + 1));
        match (word(next), word(next + 1)) {
            ("nguoi" | "ng", "lon") | ("adults", _) => adults += n,
            ("em" | "anh" | "chi" | "ong" | "co" | "bac" | "chu", _) if n == 1 => {}
            ("tre" | "chau" | "be" | "em" | "dua" | "kids" | "children", _) => {
                let before = at.checked_sub(2).filter(|_| matches!(word(at - 1), "va" | "voi" | "cung" | "vs"));
                adults += u32::from(before.is_some() && adults == 0);
                young += n;
            }
            ("con", _) if !animal && n < 10 => young += n,
            (first, _) if PEOPLE.contains(&first) && (paired || !pairs_only) => total = total.max(Some(n)),
            _ => {}
        }
        at = next;
    }
    let parts = adults + young;
    match (total, adults, parts) {
        (Some(total), 0, _) => Some(total),
        (Some(total), _, parts) => Some(total.max(parts)),
        (None, _, 0) => {
            let alone = (0..tokens.len()).any(|at| pair(at) == "mot minh" || ONE.contains(&pair(at).as_str()));
            alone.then_some(1)
        }
        (None, _, parts) => Some(parts),
    }
}

/// What `con` counts when it does not count children.
const ANIMALS: [&str; 14] =
    ["bo", "trau", "lon", "ga", "vit", "cho", "meo", "de", "ca", "ran", "ong", "ngua", "tran", "duong"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::normal::{Reading, tokens};
    use super::*;

    fn counted(text: &str) -> Option<u32> {
        people(&tokens(text, Reading::Vietnamese))
    }

    #[test]
    fn people_are_counted_in_digits_and_words() {
        for (text, n) in [
            ("nhà có 5 người, có 2 cháu nhỏ", Some(5)),
            ("3 người lớn 2 trẻ em", Some(5)),
            ("ba mẹ con kẹt trên gác", Some(3)),
            ("hai vợ chồng già", Some(2)),
            ("co muoi hai nguoi mac ket", Some(12)),
            ("hai mươi lăm người", Some(25)),
            ("2 chục người", Some(20)),
            ("con 4ng tren mai", Some(4)),
            ("em ở một mình", Some(1)),
            ("bà 80 tuổi, kẹt 3 ngày", None),
            ("nước cao 2 mét ở km 12", None),
            ("we are five people", Some(5)),
            ("năm ngoái ngập", None),
            ("gọi 0912345678", None),
            ("hai vợ chồng em với 2 đứa con nhỏ", Some(4)),
            ("bà và 3 cháu", Some(4)),
            ("chết 5 con bò", None),
            ("bố em đột quỵ", Some(1)),
            ("3 thanh niên bị thương", Some(3)),
        ] {
            assert_eq!(counted(text), n, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_a_count_in_range(text in "[0-9a-zà-ỹ ]{0,120}") {
            if let Some(n) = counted(&text) {
                prop_assert!(n >= 1);
            }
        }
    }
}
