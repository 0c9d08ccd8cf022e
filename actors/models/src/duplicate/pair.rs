//! Two reports side by side, as numbers.

use serde::{Deserialize, Serialize};

use super::text::{Rarity, Text};

/// A report of something, as far as it is compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// When it came.
    pub at_ms: i64,
    /// Degrees times 10^7.
    pub latitude_e7: i32,
    /// Degrees times 10^7.
    pub longitude_e7: i32,
    /// How far off the place may be (one standard deviation), in metres.
    pub uncertainty_m: f32,
    /// What it is about, as a code of the caller's: equal is the same.
    pub kind: Option<u8>,
    /// What was said.
    pub text: String,
}

/// A report made ready to be compared many times.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    pub(super) at_ms: i64,
    pub(super) latitude_e7: i32,
    pub(super) longitude_e7: i32,
    pub(super) uncertainty_m: f32,
    pub(super) kind: Option<u8>,
    pub(super) text: Text,
}

/// A place is never better known than this: the width of a house.
const UNCERTAINTY_M_MIN: f32 = 15.0;
/// A place worse known than this says nothing but the commune.
const UNCERTAINTY_M_MAX: f32 = 3000.0;

impl Known {
    /// Prepares a report.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let uncertainty_m = if report.uncertainty_m.is_finite() { report.uncertainty_m } else { UNCERTAINTY_M_MAX };
        Self {
            at_ms: report.at_ms,
            latitude_e7: report.latitude_e7,
            longitude_e7: report.longitude_e7,
            uncertainty_m: uncertainty_m.clamp(UNCERTAINTY_M_MIN, UNCERTAINTY_M_MAX),
            kind: report.kind,
            text: Text::of(&report.text),
        }
    }

    /// Metres between two places; on a plane, which is exact enough within a province.
    #[must_use]
    pub fn distance_m(&self, other: &Self) -> f32 {
        const METRES_PER_E7: f32 = 0.011_132;
        let north = self.latitude_e7.abs_diff(other.latitude_e7) as f32 * METRES_PER_E7;
        let shrink = (self.latitude_e7 as f32 * 1e-7).to_radians().cos();
        let east = self.longitude_e7.abs_diff(other.longitude_e7) as f32 * METRES_PER_E7 * shrink;
        north.hypot(east)
    }

    /// Distance over what it may be by error alone.
    #[must_use]
    pub fn distance_deviations(&self, other: &Self) -> f32 {
        self.distance_m(other) / self.uncertainty_m.hypot(other.uncertainty_m)
    }
}

/// What a reason is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// How far apart, and how well that is known.
    Place,
    /// How long apart.
    Time,
    /// What it is about.
    Kind,
    /// What was said.
    Words,
    /// House numbers.
    Number,
    /// Telephone numbers.
    Phone,
    /// How many people.
    People,
}

/// What each number of [`features`] is about.
pub(super) const GROUNDS: [Ground; 24] = [
    Ground::Place,
    Ground::Place,
    Ground::Place,
    Ground::Place,
    Ground::Time,
    Ground::Kind,
    Ground::Kind,
    Ground::Words,
    Ground::Words,
    Ground::Words,
    Ground::Words,
    Ground::Words,
    Ground::Words,
    Ground::Words,
    Ground::Words,
    Ground::Words,
    Ground::Number,
    Ground::Number,
    Ground::Number,
    Ground::Number,
    Ground::Phone,
    Ground::Phone,
    Ground::People,
    Ground::People,
];

/// Two reports as numbers, in the order of [`GROUNDS`].
pub(super) fn features(one: &Known, other: &Known, rarity: &Rarity) -> [f32; GROUNDS.len()] {
    let distance = one.distance_m(other);
    let deviations = one.distance_deviations(other).min(5.0);
    let near = (-0.5 * deviations * deviations).exp();
    let vague = (one.uncertainty_m.hypot(other.uncertainty_m) / UNCERTAINTY_M_MIN).ln();
    let minutes = one.at_ms.abs_diff(other.at_ms) as f32 / 60_000.0;
    let (words, words_mass) = rarity.shared(&one.text.words, &other.text.words);
    let (pairs, pairs_mass) = rarity.shared(&one.text.pairs, &other.text.pairs);
    let silent = one.text.is_empty() || other.text.is_empty();
    let truth = |is: bool| if is { 1.0 } else { 0.0 };
    let same = |one: &[u32], other: &[u32]| one.iter().any(|hash| other.binary_search(hash).is_ok());
    let both = |one: &[u32], other: &[u32]| !one.is_empty() && !other.is_empty();
    let numbers = (&one.text.numbers[..], &other.text.numbers[..]);
    let numbers_same = same(numbers.0, numbers.1);
    let alike = one.text.letters_alike(&other.text);
    let phones = (&one.text.phones[..], &other.text.phones[..]);
    let phones_same = same(phones.0, phones.1);
    let people = one.text.people.zip(other.text.people);
    [
        deviations,
        (distance / 30.0).ln_1p(),
        near,
        vague * near,
        (minutes / 2.0).ln_1p(),
        truth(one.kind.is_some() && one.kind == other.kind),
        truth(one.kind.is_some() && other.kind.is_some() && one.kind != other.kind),
        words,
        (words_mass / 10.0).min(3.0),
        pairs,
        (pairs_mass / 10.0).min(3.0),
        alike,
        words * near,
        truth(silent),
        // Copied, and passed on.
        truth(alike > 0.7),
        (pairs_mass / 10.0).min(3.0) * near,
        truth(numbers_same),
        truth(both(numbers.0, numbers.1) && !numbers_same),
        truth(numbers_same) * words,
        truth(numbers_same) * near,
        truth(phones_same),
        truth(both(phones.0, phones.1) && !phones_same),
        truth(people.is_some_and(|(one, other)| one == other)),
        truth(people.is_some_and(|(one, other)| one.abs_diff(other) > 1)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(latitude_e7: i32, text: &str) -> Report {
        Report {
            at_ms: 0,
            latitude_e7,
            longitude_e7: 1_075_900_000,
            uncertainty_m: 20.0,
            kind: Some(1),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_ten_thousandth_of_a_degree_is_eleven_metres() {
        let (one, other) = (Known::of(&report(164_600_000, "")), Known::of(&report(164_601_000, "")));
        assert!((one.distance_m(&other) - 11.1).abs() < 0.2);
        let mut east = report(164_600_000, "");
        east.longitude_e7 += 1000;
        assert!((one.distance_m(&Known::of(&east)) - 10.7).abs() < 0.2);
    }

    #[test]
    fn features_are_numbers_whatever_comes_in() {
        let mut wild = report(i32::MIN, "0912345678 5 người");
        wild.longitude_e7 = i32::MAX;
        wild.uncertainty_m = f32::NAN;
        wild.at_ms = i64::MIN;
        wild.kind = None;
        let (one, other) = (Known::of(&wild), Known::of(&report(i32::MAX, "")));
        assert!(features(&one, &other, &Rarity::default()).iter().all(|value| value.is_finite()));
    }

    #[test]
    fn the_order_of_two_does_not_matter() {
        let one = Known::of(&report(164_600_000, "số 12 Lê Lợi ngập, 4 người"));
        let other = Known::of(&report(164_601_000, "12 le loi nuoc len 6 nguoi"));
        let rarity = Rarity::default();
        assert_eq!(features(&one, &other, &rarity), features(&other, &one, &rarity));
    }
}
