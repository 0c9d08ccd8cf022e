//! The made-up sensors. Limits are of the usual size for each kind (river levels as báo động I to III, 1 m apart) and of no
//! official standing.

use std::collections::BTreeMap;

use domain::{Condition, DeviceStatus, Micro, Millis, Place, Sensor, SensorId, SensorKind, Severity, Threshold};

use super::{
    random::Random,
    tables::{Commune, commune, communes},
};

/// Seed of where sensors stand.
const SEED: u64 = 2025;
/// Silence is this many periods.
const SILENCE_PERIODS: u32 = 3;
const MICRO: i64 = 1_000_000;

/// A kind of sensor, and what all of it share.
struct Kind {
    kind: SensorKind,
    /// Before the number in the id.
    prefix: &'static str,
    /// Of 100 sensors.
    share: usize,
    unit: &'static str,
    /// Shortest and longest period.
    period_ms: (u32, u32),
    /// Range in the unit.
    range: (i64, i64),
    /// What a sensor is called, before the name of its commune; taken in turn.
    spots: &'static [&'static str],
    /// Condition, above, limit, hysteresis, debounce in seconds, severity. Levels of rivers are added to their base.
    limits: &'static [(&'static str, bool, f64, f64, u32, Severity)],
}

const KINDS: [Kind; 6] = [
    Kind {
        kind: SensorKind::RiverLevel,
        prefix: "river",
        share: 8,
        unit: "m",
        period_ms: (15_000, 30_000),
        range: (-5, 200),
        spots: &["Trạm đo mực nước", "Trạm đo suối", "Trạm đo ngầm tràn"],
        limits: &[
            ("level-1", true, 3.0, 0.2, 30, Severity::Medium),
            ("level-2", true, 4.0, 0.2, 30, Severity::High),
            ("level-3", true, 5.0, 0.2, 30, Severity::Critical),
        ],
    },
    Kind {
        kind: SensorKind::Rain,
        prefix: "rain",
        share: 20,
        unit: "mm/h",
        period_ms: (20_000, 40_000),
        range: (0, 400),
        spots: &["Trạm đo mưa", "Trạm đo mưa đầu nguồn"],
        limits: &[("high", true, 50.0, 10.0, 60, Severity::Medium)],
    },
    Kind {
        kind: SensorKind::Air,
        prefix: "air",
        share: 10,
        unit: "ug/m3",
        period_ms: (30_000, 60_000),
        range: (0, 1000),
        spots: &["Trạm bụi PM2.5", "Trạm bụi PM2.5 trường học", "Trạm bụi PM2.5 khu công nghiệp"],
        limits: &[("high", true, 150.0, 15.0, 120, Severity::Medium)],
    },
    Kind {
        kind: SensorKind::Fire,
        prefix: "fire",
        share: 32,
        unit: "1",
        period_ms: (30_000, 60_000),
        range: (0, 1),
        spots: &[
            "Cảm biến khói chợ",
            "Tủ báo cháy trường học",
            "Tủ báo cháy trạm y tế",
            "Cảm biến khói nhà văn hóa",
            "Tủ báo cháy kho",
            "Cảm biến khói chung cư",
        ],
        limits: &[("smoke", true, 0.5, 0.1, 0, Severity::Critical)],
    },
    Kind {
        kind: SensorKind::Traffic,
        prefix: "traffic",
        share: 15,
        unit: "km/h",
        period_ms: (5_000, 15_000),
        range: (0, 160),
        spots: &["Tốc độ xe trục chính", "Tốc độ xe cầu", "Tốc độ xe ngã ba"],
        limits: &[("low", false, 8.0, 4.0, 60, Severity::Low)],
    },
    Kind {
        kind: SensorKind::Temperature,
        prefix: "temperature",
        share: 15,
        unit: "Cel",
        period_ms: (30_000, 60_000),
        range: (-20, 60),
        spots: &["Trạm nhiệt độ", "Trạm nhiệt độ rừng"],
        limits: &[("high", true, 40.0, 1.0, 120, Severity::Medium), ("low", false, 3.0, 1.0, 120, Severity::Low)],
    },
];

/// Gauges that everybody in the province knows: name, commune, level that the limits are added to (metres above datum).
const GAUGES: [(&str, &str, f64); 10] = [
    ("Trạm thủy văn Gia Bảy", "05443", 22.0),
    ("Trạm thủy văn Chã", "05899", 5.0),
    ("Trạm thủy văn Thác Huống", "05710", 17.0),
    ("Trạm thủy văn Thác Giềng", "01843", 96.0),
    ("Trạm thủy văn Cầu Phà", "01840", 128.0),
    ("Trạm thủy văn Chợ Mới", "02086", 52.0),
    ("Trạm đo hồ Núi Cốc", "05488", 43.0),
    ("Trạm đo sông Đu Giang Tiên", "05611", 27.0),
    ("Trạm đo sông Năng Đầu Đẳng", "01906", 142.0),
    ("Trạm đo sông Bắc Giang Na Rì", "02155", 112.0),
];

/// Gauges without a level of their own count from the bed of their stream.
const BED_M: f64 = 0.0;

/// The first `count` sensors, always the same ones; a smaller town is a part of a larger one.
#[must_use]
pub fn sensors(count: usize) -> Vec<Sensor> {
    let mut generators: Vec<Generator> = KINDS.iter().map(Generator::new).collect();
    let mut sensors = Vec::with_capacity(count);
    let mut owed = [0_usize; KINDS.len()];
    // Each kind gets its share as evenly as whole sensors allow: the one that is owed most is next.
    for _ in 0..count {
        for (owed, kind) in owed.iter_mut().zip(&KINDS) {
            *owed += kind.share;
        }
        let Some(next) = (0..owed.len()).max_by_key(|at| (owed.get(*at).copied(), usize::MAX - at)) else { break };
        if let Some(owed) = owed.get_mut(next) {
            *owed = owed.saturating_sub(100);
        }
        sensors.extend(generators.get_mut(next).and_then(Generator::next));
    }
    sensors
}

/// Makes the sensors of one kind, one after the other.
struct Generator {
    kind: &'static Kind,
    random: Random,
    spots: Vec<&'static Commune>,
    made: usize,
    named: BTreeMap<String, usize>,
}

impl Generator {
    fn new(kind: &'static Kind) -> Self {
        let mut random = Random::new(SEED, kind.prefix);
        // A ward is there twice: devices stand where people are.
        let mut spots: Vec<&'static Commune> =
            communes().iter().chain(communes().iter().filter(|it| it.is_ward)).collect();
        random.shuffle(&mut spots);
        Self { kind, random, spots, made: 0, named: BTreeMap::new() }
    }

    fn next(&mut self) -> Option<Sensor> {
        let index = self.made;
        self.made += 1;
        let gauge = GAUGES.get(index).filter(|_| self.kind.kind == SensorKind::RiverLevel);
        let (name, place, base) = match gauge {
            Some((name, code, base)) => ((*name).to_owned(), commune(code)?.place(0, name), *base),
            None => {
                let (name, place) = self.spot(index)?;
                (name, place, BED_M)
            }
        };
        let period_ms = {
            let (short, long) = self.kind.period_ms;
            let steps = usize::try_from((long - short) / 1000).unwrap_or(0);
            short + 1000 * u32::try_from(self.random.below(steps + 1)).unwrap_or(0)
        };
        let limits = self.kind.limits.iter();
        let thresholds = limits.filter_map(|(condition, above, limit, hysteresis, debounce_s, severity)| {
            Some(Threshold {
                condition: Condition::new(condition).ok()?,
                above: *above,
                limit_micro: super::measure::micro(base + limit),
                hysteresis_micro: super::measure::micro(*hysteresis),
                debounce_ms: debounce_s * 1000,
                severity: *severity,
            })
        });
        Some(Sensor {
            exercise: false,
            suppressions: Vec::new(),
            out_of_service: Vec::new(),
            id: SensorId::new(&format!("{}-{:03}", self.kind.prefix, index + 1)).ok()?,
            name,
            kind: self.kind.kind,
            unit_of_measure: self.kind.unit.to_owned(),
            place,
            thresholds: thresholds.collect(),
            period_ms,
            silence_periods: SILENCE_PERIODS,
            rate_limit_micro_per_min: 0,
            range_min_micro: Micro(self.kind.range.0 * MICRO),
            range_max_micro: Micro(self.kind.range.1 * MICRO),
            status: DeviceStatus::Measuring,
            last_at_ms: Millis(0),
            last_micro: Micro(0),
            last_recorded_at_ms: Millis(0),
            version: 0,
        })
    }

    /// A name that no other has, and a place in the commune that it names.
    fn spot(&mut self, index: usize) -> Option<(String, Place)> {
        let commune = self.spots.get(index % self.spots.len().max(1))?;
        let spot = self.kind.spots.get(index % self.kind.spots.len())?;
        let mut name = format!("{spot} {}", commune.name);
        let known = self.named.entry(name.clone()).or_default();
        *known += 1;
        if *known > 1 {
            name = format!("{name} {known}");
        }
        let place = commune.place(self.random.below(commune.points.len()), &name);
        Some((name, place))
    }
}
