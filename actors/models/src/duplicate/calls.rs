//! Labelled reports made from a log of emergency calls, for measuring on what really happened somewhere.
//!
//! The log says where each call was, to the metre and in words, so calls from one spot in quick succession are one event by
//! construction. A model that saw those places would only have to compare them. So each report gets a place as good as a telephone
//! knows it, off by that error, and words as a caller has them: one of the two streets, a slip, often none at all.

use std::collections::BTreeMap;

use super::{super::forecast::random::Random, Labelled, pair::Report};

/// A call from the same spot no longer than this after the last one is about the same.
pub const SAME_WITHIN_MS: i64 = 15 * 60_000;
/// One longer after the last one than this is about something else; between the two nobody knows.
pub const OTHER_AFTER_MS: i64 = 6 * 3_600_000;

/// One line of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// When.
    pub at_ms: i64,
    /// Degrees.
    pub latitude: f64,
    /// Degrees.
    pub longitude: f64,
    /// Code of what it was about.
    pub kind: u8,
    /// What it was about, in words.
    pub about: String,
    /// The spot, in words; two streets that cross are parted by `&`.
    pub address: String,
    /// District.
    pub district: String,
}

/// How well a place is known, in metres, and how often.
const SOURCES: [(f32, f32); 4] = [(0.4, 15.0), (0.3, 60.0), (0.2, 250.0), (0.1, 800.0)];

/// Makes reports of calls, which are in the order of time. Deterministic from the seed.
#[must_use]
pub fn reports(calls: &[Call], seed: u64) -> Vec<Labelled> {
    let mut random = Random::new(seed);
    // Spot → its number, newest call, event.
    let mut spots: BTreeMap<(&str, &str), (u32, i64, u32)> = BTreeMap::new();
    let (mut events, mut spots_known) = (0, 0);
    let mut made = Vec::with_capacity(calls.len());
    for call in calls {
        let (spot, event) = match spots.get_mut(&(call.address.as_str(), call.district.as_str())) {
            Some((spot, newest, event)) => {
                let gap = call.at_ms - *newest;
                if gap > SAME_WITHIN_MS {
                    events += 1;
                    *event = events;
                }
                if gap > OTHER_AFTER_MS {
                    spots_known += 1;
                    *spot = spots_known;
                }
                *newest = call.at_ms;
                (*spot, *event)
            }
            None => {
                events += 1;
                spots_known += 1;
                spots.insert((&call.address, &call.district), (spots_known, call.at_ms, events));
                (spots_known, events)
            }
        };
        made.push(Labelled { report: report(call, &mut random), event, spot });
    }
    made
}

fn report(call: &Call, random: &mut Random) -> Report {
    let mut roll = random.unit();
    let mut error = SOURCES[SOURCES.len() - 1].1;
    for (often, metres) in SOURCES {
        if roll < often {
            error = metres;
            break;
        }
        roll -= often;
    }
    let metres_per_degree = 111_320.0;
    let north = f64::from(random.normal() * error * 0.7) / metres_per_degree;
    let east =
        f64::from(random.normal() * error * 0.7) / (metres_per_degree * call.latitude.to_radians().cos().max(0.01));
    let mut text = call.about.to_lowercase();
    if random.chance(0.8) {
        let mut streets = call.address.split('&').map(str::trim);
        let (first, second) = (streets.next().unwrap_or_default(), streets.next());
        let address = match second {
            Some(second) if random.chance(0.2) => second.to_owned(),
            Some(second) if random.chance(0.6) => format!("{first} and {second}"),
            _ => first.to_owned(),
        };
        text = format!("{text} {}", slipped(&address.to_lowercase(), random));
    }
    Report {
        at_ms: call.at_ms,
        latitude_e7: e7(call.latitude + north),
        longitude_e7: e7(call.longitude + east),
        uncertainty_m: error * (0.7 + random.unit() * 0.7),
        kind: Some(call.kind),
        text,
    }
}

fn slipped(text: &str, random: &mut Random) -> String {
    let slips = random.chance(0.3);
    text.chars().filter(|letter| !(slips && letter.is_alphabetic() && random.chance(0.06))).collect()
}

#[allow(clippy::cast_possible_truncation, reason = "degrees are within ±180")]
fn e7(degrees: f64) -> i32 {
    (degrees.clamp(-180.0, 180.0) * 1e7) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(minute: i64, address: &str) -> Call {
        Call {
            at_ms: minute * 60_000,
            latitude: 40.2,
            longitude: -75.3,
            kind: 1,
            about: "VEHICLE ACCIDENT".to_owned(),
            address: address.to_owned(),
            district: "A".to_owned(),
        }
    }

    #[test]
    fn calls_from_a_spot_are_one_event_while_they_follow_each_other() {
        let calls = [
            call(0, "MAIN ST & OAK"),
            call(10, "MAIN ST & OAK"),
            call(20, "ELM"),
            call(22, "MAIN ST & OAK"),
            call(90, "MAIN ST & OAK"),
            call(900, "MAIN ST & OAK"),
        ];
        let made = reports(&calls, 1);
        assert_eq!(made[0].same(&made[1]), Some(true));
        assert_eq!(made[0].same(&made[3]), Some(true));
        assert_eq!(made[0].same(&made[2]), Some(false));
        assert_eq!(made[3].same(&made[4]), None);
        assert_eq!(made[4].same(&made[5]), Some(false));
        assert_eq!(made, reports(&calls, 1));
    }

    #[test]
    fn places_are_off_and_words_are_few() {
        let calls: Vec<Call> = (0..2000).map(|at| call(at, "MAIN ST & OAK AVE")).collect();
        let made = reports(&calls, 2);
        let exact = made.iter().filter(|one| one.report.latitude_e7 == 402_000_000).count();
        assert!(exact < 20, "{exact}");
        let silent = made.iter().filter(|one| one.report.text == "vehicle accident").count();
        assert!((300..500).contains(&silent), "{silent}");
    }
}
