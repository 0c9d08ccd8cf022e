use domain::{AlarmKey, Condition, DistrictId, EntityId, GroupId, Micro, Millis, PersonId, SensorId, Shelf, Threshold};

use super::*;
use crate::alarm::fold;

fn alarm(entity: &str, condition: &str, value: i64, limit: i64) -> Alarm {
    Alarm {
        key: AlarmKey { entity: EntityId::new(entity).unwrap(), condition: Condition::new(condition).unwrap() },
        episode: 1,
        severity: Severity::Medium,
        active: true,
        acknowledged: false,
        shelf: None,
        place: fold::place(),
        value_micro: Micro(value),
        limit_micro: Micro(limit),
        raised_at_ms: Millis(1),
        cleared_at_ms: Millis(0),
        acknowledged_at_ms: Millis(0),
        acknowledged_by: None,
        reported_version: 0,
        version: 1,
        incident: None,
        occurrences: 1,
        exercise: false,
        finding: None,
        raised_days: Vec::new(),
    }
}

fn sensor(kind: SensorKind, unit: &str, below: &[&str]) -> About {
    let threshold = |name: &&str| Threshold {
        condition: Condition::new(name).unwrap(),
        above: false,
        limit_micro: Micro(0),
        hysteresis_micro: Micro(0),
        debounce_ms: 0,
        severity: Severity::High,
    };
    let sensor = Sensor {
        exercise: false,
        suppressions: Vec::new(),
        out_of_service: Vec::new(),
        id: SensorId::new("S1").unwrap(),
        name: "Trạm Gia Bảy".into(),
        kind,
        unit_of_measure: unit.into(),
        place: fold::place(),
        thresholds: below.iter().map(threshold).collect(),
        period_ms: 0,
        silence_periods: 0,
        rate_limit_micro_per_min: 0,
        range_min_micro: Micro(0),
        range_max_micro: Micro(0),
        status: domain::DeviceStatus::Measuring,
        last_at_ms: Millis(0),
        last_micro: Micro(0),
        last_recorded_at_ms: Millis(0),
        version: 1,
    };
    About { sensor: Some(sensor), ..About::default() }
}

fn district() -> About {
    let district = District {
        id: DistrictId::new("D1").unwrap(),
        name: "Khu vực Đồng Hỷ".into(),
        name_en: String::new(),
        admin_units: Vec::new(),
        group: GroupId(1),
        load: None,
    };
    About { district: Some(district), ..About::default() }
}

#[test]
fn one_line_says_what_where_and_how_much() {
    use SensorKind::{Air, Fire, Other, Rain, RiverLevel, Temperature};
    let river =
        |condition: &str, value, limit| (alarm("S1", condition, value, limit), sensor(RiverLevel, "m", &["low"]));
    let table = [
        (river("high", 27_300_000, 27_000_000), "Mực nước vượt mức cao: Trạm Gia Bảy 27.3 m (giới hạn 27)"),
        (river("level-2", 26_004_999, 26_000_000), "Mực nước vượt báo động 2: Trạm Gia Bảy 26 m (giới hạn 26)"),
        (river("low", -1_500_000, 0), "Mực nước dưới mức thấp: Trạm Gia Bảy -1.5 m (giới hạn 0)"),
        (river("rate", 620_000, 500_000), "Mực nước thay đổi nhanh: Trạm Gia Bảy 0.62 m/phút (giới hạn 0.5)"),
        (
            river("silence", 900_000_000, 900_000_000),
            "Mất tín hiệu cảm biến: Trạm Gia Bảy không có số đo trong 15 phút",
        ),
        (river("fault", 0, 0), "Thiết bị báo lỗi: Trạm Gia Bảy"),
        (
            (alarm("S1", "high", 60_000_000, 50_000_000), sensor(Rain, "mm", &[])),
            "Lượng mưa vượt mức cao: Trạm Gia Bảy 60 mm (giới hạn 50)",
        ),
        (
            (alarm("S1", "pm2.5", 155_000_000, 150_000_000), sensor(Air, "ug/m3", &[])),
            "Nồng độ không khí vượt mức pm2.5: Trạm Gia Bảy 155 µg/m³ (giới hạn 150)",
        ),
        (
            (alarm("S1", "high", 41_250_000, 40_000_000), sensor(Temperature, "Cel", &[])),
            "Nhiệt độ vượt mức cao: Trạm Gia Bảy 41.25 °C (giới hạn 40)",
        ),
        ((alarm("S1", "smoke", 1_000_000, 1_000_000), sensor(Fire, "1", &[])), "Báo cháy: Trạm Gia Bảy"),
        (
            (alarm("S1", "high", 3_000_000, 2_000_000), sensor(Other, "1", &[])),
            "Chỉ số vượt mức cao: Trạm Gia Bảy 3 (giới hạn 2)",
        ),
        (
            (alarm("D1", "flood", 12_000_000, 10_000_000), district()),
            "Dồn dập cảnh báo: Khu vực Đồng Hỷ, 12 cảnh báo trong 10 phút",
        ),
        ((alarm("C1", "no-signal", 0, 0), About::default()), "Mất hình camera: C1"),
    ];
    for ((alarm, about), expected) in table {
        assert_eq!(summary::summary(&alarm, &about), expected);
    }
    // The extremes are written, too.
    summary::summary(&river("high", i64::MAX, i64::MIN).0, &About::default());
}

#[test]
fn what_a_model_found_is_told_in_words() {
    use domain::{Finding, Found, ModelName, Passing, Unusual, UnusualReason, VersionName};
    let about = sensor(SensorKind::RiverLevel, "m", &["low"]);
    let find = |condition: &str, found: Found| {
        let (model, model_version) = (ModelName::new("watch").unwrap(), VersionName::new("v1").unwrap());
        let finding = Some(Finding { model, model_version, found });
        Alarm { finding, ..alarm("S1", condition, 24_100_000, 26_000_000) }
    };
    for reason in UnusualReason::ALL {
        let unusual = Unusual { score_micro: Micro(700_000), reason: *reason };
        let told = summary::summary(&find("unusual", Found::Unusual(unusual)), &about);
        assert!(told.starts_with("Mực nước bất thường: Trạm Gia Bảy 24.1 m ("), "{told}");
    }
    let passing = |condition: &str, at: u64| {
        Found::Passing(Passing {
            condition: Condition::new(condition).unwrap(),
            probability_micro: Micro(805_000),
            at_ms: Millis(at),
            earliest_ms: Millis(at),
            latest_ms: Millis(0),
            quantiles_micro: vec![Micro(1); 5],
        })
    };
    let told = |condition: &str, at: u64| summary::summary(&find("forecast", passing(condition, at)), &about);
    let line =
        "Dự báo mực nước vượt báo động 2: Trạm Gia Bảy trong khoảng 3 giờ nữa, xác suất 80% (hiện 24.1 m, giới hạn 26)";
    assert_eq!(told("level-2", 3 * 3_600_000 + 1), line);
    assert!(told("low", 90 * 60_000).contains("dưới mức thấp: Trạm Gia Bảy trong khoảng 89 phút nữa"));
    assert_eq!(kind(&find("unusual", passing("high", 1)), &about), IncidentKind::Other);
    assert_eq!(kind(&find("forecast", passing("high", 1)), &about), IncidentKind::Flood);
}

#[test]
fn what_is_broken_is_a_device_whatever_it_measures() {
    let about = sensor(SensorKind::RiverLevel, "m", &[]);
    assert_eq!(kind(&alarm("S1", "high", 0, 0), &about), IncidentKind::Flood);
    assert_eq!(kind(&alarm("S1", "silence", 0, 0), &about), IncidentKind::Device);
    assert_eq!(kind(&alarm("S1", "smoke", 0, 0), &sensor(SensorKind::Fire, "1", &[])), IncidentKind::Fire);
    assert_eq!(kind(&alarm("C1", "no-signal", 0, 0), &About::default()), IncidentKind::Device);
}

#[test]
fn in_a_flood_only_what_is_grave_opens_an_incident() {
    let (about, district) = (sensor(SensorKind::RiverLevel, "m", &[]), district());
    let incident = |id: &str| Some(IncidentId::new(id).unwrap());
    let flood =
        Alarm { incident: incident("I1"), severity: Severity::High, ..alarm("D1", "flood", 11_000_000, 10_000_000) };
    let over = Alarm { active: false, ..flood.clone() };
    let medium = alarm("S1", "high", 0, 0);
    let decide = |alarm: &Alarm, flood: &Alarm| match report(alarm, &about, Some((flood, &district))) {
        Report::Feed(feed) => format!("feed {}", feed.alarm.key),
        Report::Fold(feed) => format!("fold into {}", feed.alarm.key),
        Report::Keep(incident) => format!("keep {}", incident.map_or("nothing".to_owned(), |id| id.to_string())),
    };
    assert_eq!(decide(&medium, &flood), "fold into D1/flood");
    assert_eq!(decide(&medium, &over), "feed S1/high");
    assert_eq!(decide(&Alarm { severity: Severity::High, ..medium.clone() }, &flood), "feed S1/high");
    assert_eq!(decide(&Alarm { severity: Severity::Info, ..medium.clone() }, &flood), "keep nothing");
    // One that was folded goes: nothing is to be told. One that has an incident of its own goes on telling it.
    assert_eq!(decide(&Alarm { active: false, incident: incident("I1"), ..medium.clone() }, &flood), "keep I1");
    assert_eq!(decide(&Alarm { active: false, incident: incident("I1"), ..medium.clone() }, &over), "keep I1");
    assert_eq!(decide(&Alarm { active: false, incident: incident("I2"), ..medium.clone() }, &flood), "feed S1/high");
    assert_eq!(decide(&flood, &flood), "feed D1/flood");
    // A shelved alarm is told when its shelf ends.
    let shelf = Shelf { by: PersonId::new("lan").unwrap(), reason: "x".into(), until_ms: Millis(9) };
    assert_eq!(decide(&Alarm { shelf: Some(shelf.clone()), ..medium.clone() }, &over), "keep nothing");
    assert_eq!(decide(&Alarm { shelf: Some(shelf), incident: incident("I2"), ..medium }, &over), "feed S1/high");
}
