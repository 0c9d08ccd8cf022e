//! The detector on series whose oddity is known.

use proptest::prelude::*;

use super::{nab::SplitMix, *};

const MINUTES_5_MS: i64 = 300_000;
/// What a person would look at.
const REMARKABLE: f64 = 0.5;

/// Readings every five minutes of a level with noise between −1 and 1, `shape` added.
fn run(rows: i64, shape: impl Fn(i64) -> f64) -> Vec<Score> {
    let mut random = SplitMix::new(7);
    let mut detector = Detector::new(Settings::default());
    let reading = |row: i64| {
        let noise = random.next_share() * 2.0 - 1.0;
        detector.observe(row * MINUTES_5_MS, 50.0 + noise + shape(row))
    };
    (0..rows).map(reading).collect()
}

fn remarkable(scores: &[Score]) -> Vec<usize> {
    (0..scores.len()).filter(|row| scores[*row].score >= REMARKABLE).collect()
}

#[test]
fn noise_is_not_remarkable() {
    assert!(remarkable(&run(5000, |_| 0.0)).len() <= 2);
}

#[test]
fn a_spike_is_found_at_once() {
    let scores = run(2000, |row| if row == 1500 { 20.0 } else { 0.0 });
    assert_eq!(remarkable(&scores[1000..]), [500]);
    assert!(
        matches!(scores[1500].reason, Some(Reason::Spike | Reason::RecordHigh | Reason::AboveUsual)),
        "{:?}",
        scores[1500]
    );
}

#[test]
fn a_dip_is_found_at_once() {
    let scores = run(2000, |row| if row == 1500 { -20.0 } else { 0.0 });
    assert_eq!(remarkable(&scores[1000..]), [500]);
    assert!(
        matches!(scores[1500].reason, Some(Reason::Dip | Reason::RecordLow | Reason::BelowUsual)),
        "{:?}",
        scores[1500]
    );
}

#[test]
fn a_new_level_is_found_once_and_then_usual() {
    let scores = run(4000, |row| if row >= 2000 { 10.0 } else { 0.0 });
    assert_eq!(remarkable(&scores[1000..]).first(), Some(&1000));
    assert!(remarkable(&scores[2300..]).is_empty());
}

#[test]
fn a_missed_day_is_found_although_every_value_was_seen_before() {
    // Busy from 8 to 18 o'clock, except on the twelfth day.
    let busy = |row: i64| (96..216).contains(&(row % 288)) && row / 288 != 12;
    let scores = run(288 * 14, |row| if busy(row) { 40.0 } else { 0.0 });
    let day = 288 * 12;
    let found: Vec<_> = remarkable(&scores[288 * 6..]).iter().map(|row| row + 288 * 6).collect();
    assert!(found.iter().any(|row| (day + 96..day + 216).contains(row)), "{found:?}");
}

#[test]
fn a_silence_is_found_when_it_ends() {
    let mut detector = Detector::new(Settings::default());
    let mut at_ms = 0;
    for row in 0..1000 {
        at_ms += MINUTES_5_MS;
        detector.observe(at_ms, f64::from(row % 7));
    }
    let score = detector.observe(at_ms + 12 * MINUTES_5_MS, 3.0);
    assert_eq!(score.reason, Some(Reason::Gap));
}

#[test]
fn nothing_is_said_before_it_is_warm() {
    let warm = usize::try_from(Settings::default().warm_readings).unwrap();
    let scores = run(300, |row| if row % 50 == 49 { 500.0 } else { 0.0 });
    assert!(scores[..warm].iter().all(|score| *score == Score::NOTHING));
}

#[test]
fn a_state_goes_on_where_it_was_stored() {
    let mut one = Detector::new(Settings::default());
    for row in 0..500 {
        one.observe(row * MINUTES_5_MS, (row % 13) as f64);
    }
    let stored = serde_json::to_string(&one).unwrap();
    let mut other: Detector = serde_json::from_str(&stored).unwrap();
    for row in 500..700 {
        let value = if row == 600 { 90.0 } else { (row % 13) as f64 };
        let (one, other) = (one.observe(row * MINUTES_5_MS, value), other.observe(row * MINUTES_5_MS, value));
        // JSON may round the last digit of a float.
        assert!((one.score - other.score).abs() < 1e-9, "{one:?} {other:?}");
        assert_eq!(one.reason, other.reason);
    }
}

#[test]
fn a_sensor_costs_at_most_two_kibibytes() {
    assert!(size_of::<State>() <= STATE_BYTES_MAX, "{}", size_of::<State>());
}

#[test]
fn what_is_no_number_changes_nothing() {
    let mut detector = Detector::new(Settings::default());
    detector.observe(0, 1.0);
    let before = detector.clone();
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(detector.observe(1, value), Score::NOTHING);
    }
    assert_eq!(detector, before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_score_is_between_0_and_1(readings in prop::collection::vec((any::<i64>(), any::<f64>()), 0..400)) {
        let mut detector = Detector::new(Settings { warm_readings: 10, ..Settings::default() });
        for (at_ms, value) in readings {
            let score = detector.observe(at_ms, value);
            prop_assert!((0.0..=1.0).contains(&score.score), "{score:?}");
            prop_assert_eq!(score.score > 0.0, score.reason.is_some());
        }
    }

    #[test]
    fn what_comes_later_changes_nothing_before(readings in prop::collection::vec(-9.0..9.0, 2..300), cut in 1_usize..300) {
        let scores = |readings: &[f64]| {
            let mut detector = Detector::new(Settings { warm_readings: 10, ..Settings::default() });
            let at = |(row, value): (usize, &f64)| detector.observe(i64::try_from(row).unwrap() * 60_000, *value);
            readings.iter().enumerate().map(at).collect::<Vec<_>>()
        };
        let cut = cut.min(readings.len());
        prop_assert_eq!(&scores(&readings)[..cut], &scores(&readings[..cut])[..]);
    }
}
