//! One line for the queue, in Vietnamese.

use domain::{Alarm, Found, Micro, Passing, SensorKind, Threshold, UnusualReason};

use crate::alarm::{condition, report::About};

/// What happened, where, how much, and what the limit is.
pub(crate) fn summary(alarm: &Alarm, about: &About) -> String {
    let condition = &alarm.key.condition;
    let name = name(alarm, about);
    if *condition == *condition::NO_SIGNAL {
        return format!("Mất hình camera: {name}");
    }
    if *condition == *condition::FLOOD {
        return format!("Dồn dập cảnh báo: {name}, {} cảnh báo trong 10 phút", alarm.value_micro);
    }
    if *condition == *condition::SILENCE {
        return format!("Mất tín hiệu cảm biến: {name} không có số đo trong {}", duration(alarm.value_micro));
    }
    if *condition == *condition::FAULT {
        return format!("Thiết bị báo lỗi: {name}");
    }
    let quantity = about.sensor.as_ref().map_or("Chỉ số", |sensor| quantity(sensor.kind));
    let unit = about.sensor.as_ref().map(|sensor| unit(&sensor.unit_of_measure)).unwrap_or_default();
    let (value, limit) = (decimal(alarm.value_micro), decimal(alarm.limit_micro));
    match alarm.finding.as_ref().map(|finding| &finding.found) {
        Some(Found::Unusual(unusual)) => {
            return format!("{quantity} bất thường: {name} {value}{unit} ({})", reason(unusual.reason));
        }
        Some(Found::Passing(passing)) => {
            let threshold = about.sensor.as_ref().and_then(|sensor| limit_of(&sensor.thresholds, passing));
            let passed = passed(passing.condition.as_str(), threshold);
            let (ahead, percent) = (ahead(alarm, passing), passing.probability_micro.0 / 10_000);
            let now = format!("hiện {value}{unit}, giới hạn {limit}");
            return format!(
                "Dự báo {} {passed}: {name} trong khoảng {ahead} nữa, xác suất {percent}% ({now})",
                lower(quantity)
            );
        }
        None => {}
    }
    if *condition == *condition::RATE {
        return format!("{quantity} thay đổi nhanh: {name} {value}{unit}/phút (giới hạn {limit})");
    }
    let threshold =
        about.sensor.as_ref().and_then(|sensor| sensor.thresholds.iter().find(|t| t.condition == *condition));
    let passed = passed(condition.as_str(), threshold);
    if about.sensor.as_ref().is_some_and(|sensor| sensor.kind == SensorKind::Fire) {
        return format!("Báo cháy: {name}");
    }
    format!("{quantity} {passed}: {name} {value}{unit} (giới hạn {limit})")
}

fn name(alarm: &Alarm, about: &About) -> String {
    let sensor = about.sensor.as_ref().map(|sensor| sensor.name.as_str());
    let camera = about.camera.as_ref().map(|camera| camera.name.as_str());
    let district = about.district.as_ref().map(|district| district.name.as_str());
    sensor.or(camera).or(district).unwrap_or(alarm.key.entity.as_str()).to_owned()
}

fn limit_of<'a>(thresholds: &'a [Threshold], passing: &Passing) -> Option<&'a Threshold> {
    thresholds.iter().find(|threshold| threshold.condition == passing.condition)
}

/// How long after the alarm came up the middle of the forecast passes the limit.
fn ahead(alarm: &Alarm, passing: &Passing) -> String {
    let seconds = passing.at_ms.since(alarm.raised_at_ms) / 1000;
    duration(Micro(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000)))
}

fn reason(reason: UnusualReason) -> &'static str {
    match reason {
        UnusualReason::Spike => "tăng vọt so với mức thường",
        UnusualReason::Dip => "tụt sâu so với mức thường",
        UnusualReason::RecordHigh => "cao nhất từ trước đến nay",
        UnusualReason::RecordLow => "thấp nhất từ trước đến nay",
        UnusualReason::LevelUp => "mức nền dâng lên",
        UnusualReason::LevelDown => "mức nền hạ xuống",
        UnusualReason::AboveUsual => "cao hơn thường lệ vào giờ này",
        UnusualReason::BelowUsual => "thấp hơn thường lệ vào giờ này",
        UnusualReason::Pattern => "dao động khác thường",
        UnusualReason::Flat => "gần như đứng yên",
        UnusualReason::Gap => "ngắt quãng lâu bất thường",
    }
}

/// With a small first letter, for the middle of a line.
fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn quantity(kind: SensorKind) -> &'static str {
    match kind {
        SensorKind::RiverLevel => "Mực nước",
        SensorKind::Rain => "Lượng mưa",
        SensorKind::Air => "Nồng độ không khí",
        SensorKind::Fire => "Báo cháy",
        SensorKind::Traffic => "Lưu lượng giao thông",
        SensorKind::Temperature => "Nhiệt độ",
        SensorKind::Other => "Chỉ số",
    }
}

/// River levels are named "báo động 1 to 3" (QĐ 05/2020/QĐ-TTg); the condition's name says which.
fn passed(condition: &str, threshold: Option<&Threshold>) -> String {
    let is_above = threshold.is_none_or(|threshold| threshold.above);
    match (condition, is_above) {
        ("high", true) => "vượt mức cao".into(),
        ("low", false) => "dưới mức thấp".into(),
        (_, is_above) => {
            let verb = if is_above { "vượt" } else { "dưới" };
            match condition.strip_prefix("level-") {
                Some(level) => format!("{verb} báo động {level}"),
                None => format!("{verb} mức {condition}"),
            }
        }
    }
}

/// How people here write a UCUM unit, with the space before it.
fn unit(ucum: &str) -> String {
    match ucum {
        "" | "1" => String::new(),
        "ug/m3" => " µg/m³".into(),
        "mg/m3" => " mg/m³".into(),
        "m3/s" => " m³/s".into(),
        "Cel" => " °C".into(),
        "%" => "%".into(),
        other => format!(" {other}"),
    }
}

/// At most two decimals, which is what instruments are good for and a line has room for.
fn decimal(value: Micro) -> String {
    let sign = if value.0 < 0 { -1 } else { 1 };
    let hundredths = (value.0.unsigned_abs() + 5_000) / 10_000;
    let rounded = i64::try_from(hundredths).unwrap_or(i64::MAX).saturating_mul(10_000) * sign;
    Micro(rounded).to_string()
}

fn duration(seconds: Micro) -> String {
    let seconds = seconds.0 / 1_000_000;
    match seconds {
        ..120 => format!("{seconds} giây"),
        120..7200 => format!("{} phút", seconds / 60),
        _ => format!("{} giờ", seconds / 3600),
    }
}
