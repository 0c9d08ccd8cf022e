//! Makes a night of pleas: who is in need where, and who tells of it in which words. Deterministic from a seed.
//!
//! Hamlets with streets and numbered houses; events at houses, often next door to the last; each told once or many times, by those
//! in need, by neighbours, by relatives who know only the address, by people who copy what they read. Places are as good as their source.
//! What is hard is there on purpose: the same street name and number in two hamlets, the next house in the same minute in the
//! same words, the same crossing in other words, wrong counts of people, a wrong kind, no address at all.

mod phrases;

use super::{super::forecast::random::Random, Labelled, normalise::strip, pair::Report};

pub use phrases::Wording;
use phrases::{
    ADDRESSES, CLOSERS, CROSSINGS, ENGLISH, HAMLETS, NAMES, OPENERS, SHORTHAND, SITUATIONS, STREETS, VULNERABLE, WATER,
};

/// Where the made-up hamlets lie.
const CENTRE_E7: (i32, i32) = (164_600_000, 1_075_900_000);
const E7_PER_METRE: f32 = 89.83;
const HAMLETS_EACH: usize = 6;
const STREETS_EACH: usize = 6;
const HOUSES_EACH: usize = 60;
const HOUSE_APART_M: f32 = 7.0;
/// Reports of one event at most.
const REPORTS_EACH_MAX: usize = 9;

/// How a night is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NightOptions {
    /// The same seed gives the same night.
    pub seed: u64,
    /// Events.
    pub events: usize,
    /// Over how long they begin.
    pub span_ms: i64,
    /// Which phrases are used.
    pub wording: Wording,
}

impl Default for NightOptions {
    fn default() -> Self {
        Self { seed: 1, events: 300, span_ms: 3 * 3_600_000, wording: Wording::Train }
    }
}

/// Mean minutes from one report of an event to the next, by kind: water stays, a collision is told at once by all who pass.
const PAUSE_MIN: [f32; 5] = [25.0, 5.0, 8.0, 3.0, 15.0];

struct Street {
    hamlet: usize,
    name: &'static str,
    from_m: (f32, f32),
    along: (f32, f32),
}

struct Event {
    id: u32,
    kind: u8,
    street: usize,
    house: usize,
    /// Number as people write it.
    number: String,
    people: u32,
    vulnerable: usize,
    water: usize,
    name: &'static str,
    phone: String,
    crossing: &'static str,
    begins_ms: i64,
}

/// Makes a night: labelled reports in the order in which they come.
#[must_use]
pub fn night(options: &NightOptions) -> Vec<Labelled> {
    let mut random = Random::new(options.seed);
    let centres: Vec<(f32, f32)> =
        (0..HAMLETS_EACH).map(|_| (random.normal() * 1500.0, random.normal() * 1500.0)).collect();
    let first_hamlet = random.below(HAMLETS.len());
    let streets: Vec<Street> = (0..HAMLETS_EACH * STREETS_EACH)
        .map(|at| {
            let hamlet = at / STREETS_EACH;
            let angle = random.unit() * std::f32::consts::TAU;
            let from_m = (centres[hamlet].0 + random.normal() * 250.0, centres[hamlet].1 + random.normal() * 250.0);
            // Some names are in several hamlets.
            let name = STREETS[random.below(STREETS.len())];
            Street { hamlet, name, from_m, along: (angle.cos(), angle.sin()) }
        })
        .collect();
    let mut made: Vec<Labelled> = Vec::new();
    let mut before: Option<(usize, usize, i64)> = None;
    for id in 0..u32::try_from(options.events).unwrap_or(u32::MAX) {
        let event = event(id, &mut random, options, before);
        before = Some((event.street, event.house, event.begins_ms));
        tell(&event, &streets, first_hamlet, &mut random, options.wording, &mut made);
    }
    made.sort_by_key(|labelled| (labelled.report.at_ms, labelled.event));
    made
}

fn event(id: u32, random: &mut Random, options: &NightOptions, before: Option<(usize, usize, i64)>) -> Event {
    let anywhere = (random.below(HAMLETS_EACH * STREETS_EACH), random.below(HOUSES_EACH));
    let when = |random: &mut Random| {
        #[allow(clippy::cast_possible_truncation, reason = "a part of the night")]
        let within = (f64::from(random.unit()) * options.span_ms as f64) as i64;
        within
    };
    // Four in ten are near the last one, in place and in time.
    let (street, house, begins_ms) = match before {
        Some((street, house, at_ms)) if random.chance(0.4) => {
            let house = (house + 1 + random.below(4)) % HOUSES_EACH;
            (street, house, at_ms + when(random) / 20)
        }
        _ => (anywhere.0, anywhere.1, when(random)),
    };
    let number =
        if random.chance(0.15) { format!("{}/{}", house + 1, 1 + random.below(9)) } else { (house + 1).to_string() };
    let kind = match random.unit() {
        roll if roll < 0.62 => 0,
        roll if roll < 0.70 => 1,
        roll if roll < 0.82 => 2,
        roll if roll < 0.91 => 3,
        _ => 4,
    };
    Event {
        id,
        kind,
        street,
        house,
        number,
        people: u32::try_from(1 + random.below(8)).unwrap_or(1),
        vulnerable: random.below(VULNERABLE.len()),
        water: random.below(WATER.len()),
        name: NAMES[random.below(NAMES.len())],
        phone: format!("09{:08}", random.below(100_000_000)),
        crossing: CROSSINGS[random.below(CROSSINGS.len())],
        begins_ms,
    }
}

/// Where somebody is who tells, and how well that is known.
fn place(event: &Event, street: &Street, centre_m: (f32, f32), random: &mut Random) -> ((f32, f32), f32) {
    let along = event.house as f32 * HOUSE_APART_M;
    let side = if event.house.is_multiple_of(2) { 6.0 } else { -6.0 };
    let house = (
        street.from_m.0 + street.along.0 * along - street.along.1 * side,
        street.from_m.1 + street.along.1 * along + street.along.0 * side,
    );
    let middle = HOUSES_EACH as f32 * HOUSE_APART_M / 2.0;
    let (at, error) = match random.unit() {
        roll if roll < 0.45 => (house, 8.0 + random.unit() * 20.0),
        roll if roll < 0.62 => {
            // From next door, or from where it can be seen.
            let away = 20.0 + random.unit() * if event.kind == 1 { 250.0 } else { 60.0 };
            let angle = random.unit() * std::f32::consts::TAU;
            ((house.0 + angle.cos() * away, house.1 + angle.sin() * away), 20.0)
        }
        roll if roll < 0.78 => {
            ((street.from_m.0 + street.along.0 * middle, street.from_m.1 + street.along.1 * middle), 180.0)
        }
        roll if roll < 0.88 => (house, 700.0),
        _ => (centre_m, 1200.0),
    };
    let stated = error * (0.7 + random.unit() * 0.7);
    // The middle of a street and of a hamlet are what they are; the rest is off by its error.
    let blur = if error == 180.0 || error == 1200.0 { 10.0 } else { error * 0.7 };
    ((at.0 + random.normal() * blur, at.1 + random.normal() * blur), stated)
}

fn tell(
    event: &Event,
    streets: &[Street],
    first_hamlet: usize,
    random: &mut Random,
    wording: Wording,
    made: &mut Vec<Labelled>,
) {
    let street = &streets[event.street];
    let hamlet = HAMLETS[(first_hamlet + street.hamlet) % HAMLETS.len()];
    let of_hamlet = streets.iter().filter(|other| other.hamlet == street.hamlet);
    let sum = of_hamlet.fold((0.0, 0.0), |sum, other| (sum.0 + other.from_m.0, sum.1 + other.from_m.1));
    let centre_m = (sum.0 / STREETS_EACH as f32, sum.1 / STREETS_EACH as f32);
    let mut times = 1;
    while times < REPORTS_EACH_MAX && random.chance(if times == 1 { 0.5 } else { 0.6 }) {
        times += 1;
    }
    let mut said: Vec<String> = Vec::new();
    let mut at_ms = event.begins_ms;
    for _ in 0..times {
        let (place_m, uncertainty_m) = place(event, street, centre_m, random);
        let text = match said.last() {
            Some(before) if random.chance(0.12) => {
                if random.chance(0.5) {
                    before.clone()
                } else {
                    format!("copy giúp mọi người: {before}")
                }
            }
            _ => plea(event, street.name, hamlet, random, wording),
        };
        let wrong_kind = random.chance(0.12);
        let kind = if wrong_kind { u8::try_from(random.below(5)).unwrap_or(0) } else { event.kind };
        made.push(Labelled {
            report: Report {
                at_ms,
                latitude_e7: CENTRE_E7.0 + degrees_e7(place_m.1),
                longitude_e7: CENTRE_E7.1 + degrees_e7(place_m.0 / 0.959),
                uncertainty_m,
                kind: (!random.chance(0.2)).then_some(kind),
                text: text.clone(),
            },
            event: event.id,
            spot: event.id,
        });
        said.push(text);
        #[allow(clippy::cast_possible_truncation, reason = "minutes")]
        let pause_ms = (-(1.0 - random.unit()).ln() * PAUSE_MIN[usize::from(event.kind)] * 60_000.0) as i64;
        at_ms += pause_ms.min(4 * 3_600_000);
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a few kilometres")]
fn degrees_e7(metres: f32) -> i32 {
    (metres * E7_PER_METRE) as i32
}

/// One person's words for an event.
fn plea(event: &Event, street: &str, hamlet: &str, random: &mut Random, wording: Wording) -> String {
    let number = &event.number;
    let at_house = matches!(event.kind, 0..=2);
    if random.chance(0.04) {
        let phrase = ENGLISH[random.below(ENGLISH.len())];
        return phrase
            .replace("{n}", number)
            .replace("{street}", &strip(street))
            .replace("{people}", &event.people.to_string());
    }
    let mut parts: Vec<String> = Vec::new();
    if random.chance(0.6) {
        parts.push(wording.pick(OPENERS, random).to_owned());
    }
    let mut middle: Vec<String> = Vec::new();
    if random.chance(0.85) {
        let address = if at_house || random.chance(0.5) {
            wording.pick(ADDRESSES, random).replace("{n}", number)
        } else {
            event.crossing.replace("{n}", number)
        };
        middle.push(address.replace("{street}", street).replace("{hamlet}", hamlet));
    }
    if at_house && random.chance(0.3) {
        middle.push(format!("nhà {}", event.name));
    }
    middle.push(wording.pick(SITUATIONS[usize::from(event.kind)], random).to_owned());
    if event.kind == 0 && random.chance(0.4) {
        middle.push(WATER[event.water].to_owned());
    }
    if random.chance(0.55) {
        let error = if random.chance(0.15) { 1 } else { 0 };
        let people = event.people + error;
        let format =
            ["{} người", "có {} người", "nhà có {} ng", "{} người mắc kẹt", "tổng cộng {} người"][random.below(5)];
        middle.push(format.replace("{}", &people.to_string()));
    }
    if random.chance(0.35) {
        middle.push(VULNERABLE[event.vulnerable].to_owned());
    }
    if random.chance(0.35) {
        let last = middle.len() - 1;
        middle.swap(0, last);
    }
    parts.extend(middle);
    if random.chance(0.25) {
        parts.push(format!("sđt {}", event.phone));
    }
    if random.chance(0.4) {
        parts.push(wording.pick(CLOSERS, random).to_owned());
    }
    let text = parts.join([", ", " ", ". ", " - "][random.below(4)]);
    typed(&text, random)
}

/// As it comes off a thumb: with or without diacritics, in shorthand, with slips.
fn typed(text: &str, random: &mut Random) -> String {
    let mut text = text.to_owned();
    if random.chance(0.2) {
        for (long, short) in SHORTHAND {
            text = text.replace(long, short);
        }
    }
    if random.chance(0.55) {
        text = strip(&text);
    }
    if random.chance(0.1) {
        text = text.to_uppercase();
    }
    if !random.chance(0.3) {
        return text;
    }
    let mut slipped = String::new();
    for letter in text.chars() {
        // Digits are typed with more care than words.
        if letter.is_alphabetic() && random.chance(0.03) {
            if random.chance(0.5) {
                slipped.extend([letter, letter]);
            }
        } else {
            slipped.push(letter);
        }
    }
    slipped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_night_is_the_same_from_the_same_seed_and_another_from_another() {
        let options = NightOptions { events: 50, ..NightOptions::default() };
        assert_eq!(night(&options), night(&options));
        assert_ne!(night(&options), night(&NightOptions { seed: 2, ..options }));
    }

    #[test]
    fn a_night_has_what_it_should() {
        let made = night(&NightOptions::default());
        assert!(made.len() > 500, "{}", made.len());
        assert!(made.windows(2).all(|pair| pair[0].report.at_ms <= pair[1].report.at_ms));
        let plain = made.iter().filter(|one| one.report.text.is_ascii()).count();
        assert!(plain * 3 > made.len() && plain * 4 < made.len() * 3, "{plain} of {}", made.len());
        // Some texts say nothing of where.
        assert!(made.iter().any(|one| !one.report.text.contains(|letter: char| letter.is_ascii_digit())));
        for one in &made {
            assert!(!one.report.text.trim().is_empty() && !one.report.text.contains('{'), "{}", one.report.text);
            assert!(one.report.uncertainty_m > 0.0);
        }
    }

    #[test]
    fn test_nights_say_what_no_training_night_says() {
        let all = |wording| {
            let made = night(&NightOptions { wording, events: 400, ..NightOptions::default() });
            made.into_iter().map(|one| one.report.text).collect::<String>()
        };
        let (train, test) = (all(Wording::Train), all(Wording::Test));
        let held = phrases::held(OPENERS);
        assert!(held.iter().all(|phrase| !train.contains(phrase)));
        assert!(held.iter().any(|phrase| test.contains(phrase)));
    }
}
