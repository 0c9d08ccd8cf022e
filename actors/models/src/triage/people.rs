//! How many people a message speaks of: numbers in digits and words beside words for people, and people who are named without
//! a number (`named.rs`).

mod named;
mod number;

use self::number::whole;
use super::normal::Token;

/// A count above this is no count of people in one plea but a number of something else.
pub const PEOPLE_MAX: u32 = 5000;

/// What a number counts, by the words after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    /// People of no group: `5 người`. Others that are named beside them are mostly among them.
    Anybody,
    /// Grown people of a group: `2 cụ già`, `3 thanh niên`.
    Grown,
    /// Children.
    Young,
    /// A family as a row in which the number counts all: `3 mẹ con`.
    Row,
    /// A couple: two, whatever the number says below that.
    Couple,
}

/// Words after a number that make it a count of people, without marks; a phrase before the words it begins with.
const COUNTED: &[(&str, Counted)] = &[
    ("nguoi lon", Counted::Grown),
    ("nguoi gia", Counted::Grown),
    ("nguoi cao tuoi", Counted::Grown),
    ("nguoi con", Counted::Young),
    ("ng lon", Counted::Grown),
    ("ng gia", Counted::Grown),
    ("me con", Counted::Row),
    ("bo con", Counted::Row),
    ("cha con", Counted::Row),
    ("ba chau", Counted::Row),
    ("ong chau", Counted::Row),
    ("anh em", Counted::Row),
    ("chi em", Counted::Row),
    ("bac chau", Counted::Row),
    ("chu chau", Counted::Row),
    ("co chau", Counted::Row),
    ("di chau", Counted::Row),
    ("ong ba chau", Counted::Row),
    ("vo chong", Counted::Couple),
    ("ong ba", Counted::Couple),
    ("bo me", Counted::Couple),
    ("cha me", Counted::Couple),
    ("ba con", Counted::Anybody),
    ("nguoi", Counted::Anybody),
    ("ng", Counted::Anybody),
    ("nhan khau", Counted::Anybody),
    ("khau", Counted::Anybody),
    ("mang nguoi", Counted::Anybody),
    ("nan nhan", Counted::Anybody),
    ("benh nhan", Counted::Anybody),
    ("hanh khach", Counted::Anybody),
    ("khach", Counted::Anybody),
    ("dan lang", Counted::Anybody),
    ("thanh vien", Counted::Anybody),
    ("nhan vien", Counted::Grown),
    ("nhan cong", Counted::Grown),
    ("cong nhan", Counted::Grown),
    ("tho", Counted::Grown),
    ("giao vien", Counted::Grown),
    ("nu sinh", Counted::Young),
    ("nam sinh", Counted::Young),
    ("co gai", Counted::Grown),
    ("co giao", Counted::Grown),
    ("thay giao", Counted::Grown),
    ("bo doi", Counted::Grown),
    ("chien si", Counted::Grown),
    ("can bo", Counted::Grown),
    ("dan quan", Counted::Grown),
    ("linh", Counted::Grown),
    ("thuyen vien", Counted::Grown),
    ("ngu dan", Counted::Grown),
    ("tai xe", Counted::Grown),
    ("lai xe", Counted::Grown),
    ("phu nu", Counted::Grown),
    ("phu xe", Counted::Grown),
    ("dan ong", Counted::Grown),
    ("san phu", Counted::Grown),
    ("ba bau", Counted::Grown),
    ("thanh nien", Counted::Grown),
    ("nam thanh nien", Counted::Grown),
    ("thanh thieu nien", Counted::Grown),
    ("thieu nien", Counted::Young),
    ("sinh vien", Counted::Grown),
    ("nguoi nha", Counted::Grown),
    ("me gia", Counted::Grown),
    ("bo gia", Counted::Grown),
    ("cu", Counted::Grown),
    ("ong", Counted::Grown),
    ("ba gia", Counted::Grown),
    ("ba cu", Counted::Grown),
    ("ba lao", Counted::Grown),
    ("anh", Counted::Grown),
    ("chi", Counted::Grown),
    ("ga", Counted::Grown),
    ("tre", Counted::Young),
    ("chau", Counted::Young),
    ("be", Counted::Young),
    ("em", Counted::Young),
    ("dua", Counted::Young),
    ("hoc sinh", Counted::Young),
    ("hoc vien", Counted::Young),
    ("hs", Counted::Young),
    ("nhoc", Counted::Young),
    ("people", Counted::Anybody),
    ("persons", Counted::Anybody),
    ("of us", Counted::Anybody),
    ("passengers", Counted::Anybody),
    ("tourists", Counted::Anybody),
    ("students", Counted::Young),
    ("men", Counted::Grown),
    ("women", Counted::Grown),
    ("adults", Counted::Grown),
    ("kids", Counted::Young),
    ("children", Counted::Young),
];

/// Words before a number that make it a place, a floor or a time, or a call for helpers: `xóm 5 người dân báo` and `cần 4 thanh
/// niên khoẻ` count nobody in danger.
const NOT_COUNTS_AFTER: &[&str] = &[
    "xom", "thon", "to", "tang", "lau", "km", "so", "ngo", "ngach", "duong", "ql", "tl", "dt", "phong", "ngay", "khu",
    "cot", "mui", "hem", "kp", "nga", "can", "xin", "nho", "dieu", "tuoi",
];

/// What `con` counts when it does not count children.
const ANIMALS: &[&str] = &[
    "bo", "trau", "lon", "ga", "vit", "cho", "meo", "de", "ca", "ran", "ong", "ngua", "tran", "duong", "suoi", "song",
    "ngan", "doc", "ngo", "nghe",
];

/// Words between two groups that make the second one come to the first, not out of it.
const AND: &[&str] = &["va", "voi", "cung", "vs", "them", "and", "ca", "cong", "lan"];

/// How it goes with people who are counted apart: `2 người chết, 3 người bị thương` are five.
const OUTCOMES: &[&str] = &[
    "chet",
    "tu vong",
    "mat tich",
    "bi thuong",
    "thuong nang",
    "thuong nhe",
    "nguy kich",
    "bat tinh",
    "gay chan",
    "gay tay",
    "mac ket",
    "bi ket",
    "ket",
    "bi vui",
    "vui lap",
    "nang",
    "nhe",
    "xay xat",
    "da thoat",
    "thoat ra",
    "ngat",
    "bi bong",
    "chay mau",
    "hon me",
    "bi cuon",
    "troi",
];

/// What has been counted so far.
#[derive(Debug, Default)]
struct Sum {
    /// True when the writer types marks.
    marks: bool,
    anybody: Option<u32>,
    /// People counted by how it goes with them, as long as all are.
    outcomes: Option<u32>,
    plain: bool,
    row: Option<u32>,
    row_then: u32,
    grown: u32,
    young: u32,
}

/// People in danger as the text states it; `None` where it does not say how many.
///
/// `3 người lớn 2 trẻ em` is five; `nhà 5 người, có 2 cháu nhỏ` is five, because the second is part of the first; `bà và 2
/// cháu` is three; `bố em bị ngã` is one.
#[must_use]
pub fn people(tokens: &[Token]) -> Option<u32> {
    let mut sum = Sum { marks: tokens.iter().any(|token| token.marked != token.plain), ..Sum::default() };
    let mut at = 0;
    while at < tokens.len() {
        at = sum.read(tokens, at);
    }
    sum.total().or_else(|| named::people(tokens))
}

/// As `people`, of a message that calls for a doctor: it is about one person unless it speaks of more.
#[must_use]
pub fn patients(tokens: &[Token]) -> Option<u32> {
    people(tokens).or_else(|| (!named::speaks_of_many(tokens)).then_some(1))
}

impl Sum {
    /// Counts what begins here; returns where to go on.
    fn read(&mut self, tokens: &[Token], at: usize) -> usize {
        let rest = tokens.get(at..).unwrap_or(&[]);
        let place = (1..=2).any(|back| {
            // Over the first number of `3 4 thanh niên` too.
            let over = back == 1 || word(tokens, at.wrapping_sub(1)).bytes().all(|b| b.is_ascii_digit());
            over && at.checked_sub(back).is_some_and(|before| NOT_COUNTS_AFTER.contains(&word(tokens, before)))
        });
        let number = whole(rest, self.marks).filter(|(n, _)| (1..=PEOPLE_MAX).contains(n) && !place);
        let Some((n, taken)) = number else {
            let pair = if begins(rest, "cap vo chong") || begins(rest, "doi vo chong") {
                3
            } else if ["vo chong", "doi nam nu", "cap doi"].iter().any(|pair| begins(rest, pair)) {
                2
            } else {
                return at + 1;
            };
            self.grown += 2;
            return at + pair;
        };
        let next = at + taken;
        let after = tokens.get(next..).unwrap_or(&[]);
        if word(after, 0) == "con" && !ANIMALS.contains(&word(after, 1)) && n < 10 {
            self.young += n;
            return next + 1;
        }
        let said = COUNTED.iter().filter(|(phrase, _)| begins(after, phrase));
        let Some((phrase, counted)) = said.max_by_key(|(phrase, _)| phrase.len()) else { return next.max(at + 1) };
        let joined = at.checked_sub(1).is_some_and(|before| AND.contains(&word(tokens, before)));
        let length = phrase.split(' ').count();
        // `một em`, `1 chú` may be how the caller is called; such a person counts by what is done to them (`named.rs`).
        if n == 1
            && matches!(*phrase, "em" | "anh" | "chi" | "ong" | "bac" | "chu" | "co giao" | "thang" | "khach" | "dan")
        {
            return next + length;
        }
        match counted {
            Counted::Anybody => {
                let outcome = (0..3).any(|skip| {
                    let later = after.get(length + skip..).unwrap_or(&[]);
                    OUTCOMES.iter().any(|outcome| begins(later, outcome))
                });
                self.plain |= !outcome;
                self.outcomes = if outcome { Some(self.outcomes.unwrap_or(0) + n) } else { self.outcomes };
                self.anybody = self.anybody.max(Some(n));
            }
            Counted::Row => self.row = self.row.max(Some(n.max(2))),
            Counted::Couple => self.grown += n.max(2),
            Counted::Grown if self.row.is_some() => self.row_then += if joined { n } else { 0 },
            Counted::Grown => self.grown += n,
            Counted::Young => {
                // `bà và 2 cháu`: who was named without a number comes to them.
                let before =
                    at.checked_sub(2).is_some_and(|end| named::ends_with_one(tokens.get(..=end).unwrap_or(&[])));
                self.grown += u32::from(joined && before && self.grown == 0 && self.row.is_none());
                self.young += n;
            }
        }
        next + length
    }

    fn total(&self) -> Option<u32> {
        let of_row = self.row.map(|row| row.max(self.young) + self.row_then);
        let parts = of_row.map_or(self.grown + self.young, |row| row + self.grown);
        let anybody = match (self.plain, self.outcomes) {
            (false, Some(outcomes)) => Some(outcomes),
            _ => self.anybody,
        };
        match (anybody, parts) {
            (Some(anybody), parts) => Some(anybody.max(parts)),
            (None, 0) => None,
            (None, parts) => Some(parts),
        }
    }
}

/// The word at this place, without marks; empty past the end.
fn word(tokens: &[Token], at: usize) -> &str {
    tokens.get(at).map_or("", |token| token.plain.as_str())
}

/// True when the message goes on with these words.
fn begins(tokens: &[Token], phrase: &str) -> bool {
    phrase.split(' ').enumerate().all(|(at, part)| word(tokens, at) == part)
}

#[cfg(test)]
mod tests;
