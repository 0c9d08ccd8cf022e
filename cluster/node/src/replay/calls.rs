//! 911 calls of Montgomery County, Pennsylvania, 2015 to 2016: `montgomery911/montgomery911.csv.gz`. Their coordinates are
//! moved onto the province, and every incident says so. Street names stay out: they would name a street that is not there.

use std::path::Path;

use domain::{IncidentKind, Millis, Place, Severity};

use super::{
    ReplayError,
    series::quantile,
    table::{self, Table},
};
use crate::{
    simulate::report::Report,
    town::{
        measure::{distance_km, e7},
        tables,
    },
};

/// Between these shares of all calls the county's plane is stretched over the province; what lies beyond stands at its edge.
const EDGES: (f64, f64) = (0.02, 0.98);
/// A call stands at most so far from a known point of the commune that it falls to.
const ASIDE_KM_MAX: f64 = 1.0;

/// One call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// When.
    pub at: Millis,
    /// Latitude and longitude in degrees, where it really was.
    pub place: (f64, f64),
    /// "EMS", "Fire" or "Traffic".
    pub category: String,
    /// Such as "VEHICLE ACCIDENT".
    pub type_: String,
}

/// Reads the table.
///
/// # Errors
/// The file is missing or not what it should be.
pub fn load(data: &Path) -> Result<Vec<Call>, ReplayError> {
    let path = data.join("montgomery911/montgomery911.csv.gz");
    parse(&Table::load(&path)?).map_err(|e| ReplayError::file(&path, e))
}

/// Makes calls of the table, ascending by time; a row without a time or a place is left out.
///
/// # Errors
/// A column is missing.
pub fn parse(table: &Table) -> Result<Vec<Call>, String> {
    let (at, latitude, longitude) = (table.column("time")?, table.column("lat")?, table.column("lng")?);
    let (category, type_) = (table.column("category")?, table.column("type")?);
    let mut calls: Vec<Call> = table
        .rows()
        .iter()
        .filter_map(|row| {
            Some(Call {
                at: table::time(table::text(row, at))?,
                place: (table::number(row, latitude)?, table::number(row, longitude)?),
                category: table::text(row, category).to_owned(),
                type_: table::text(row, type_).to_owned(),
            })
        })
        .collect();
    calls.sort_by_key(|call| call.at);
    Ok(calls)
}

/// From the county to the province: linear between the edges, then into the nearest commune.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mapping {
    from: ((f64, f64), (f64, f64)),
    to: ((f64, f64), (f64, f64)),
}

impl Mapping {
    /// A mapping for these calls.
    #[must_use]
    pub fn new(calls: &[Call]) -> Self {
        let edges = |of: fn(&Call) -> f64| {
            let values: Vec<f64> = calls.iter().map(of).collect();
            (quantile(&values, EDGES.0).unwrap_or(0.0), quantile(&values, EDGES.1).unwrap_or(0.0))
        };
        Self { from: (edges(|call| call.place.0), edges(|call| call.place.1)), to: tables::bounds() }
    }

    /// Where a place comes to stand; none when there is no commune.
    #[must_use]
    pub fn place(&self, place: (f64, f64)) -> Option<Place> {
        let linear = |value: f64, from: (f64, f64), to: (f64, f64)| {
            let share = if from.1 > from.0 { ((value - from.0) / (from.1 - from.0)).clamp(0.0, 1.0) } else { 0.5 };
            to.0 + share * (to.1 - to.0)
        };
        let mapped = (linear(place.0, self.from.0, self.to.0), linear(place.1, self.from.1, self.to.1));
        let (commune, point) = tables::nearest(mapped)?;
        // Towards where it should be, not so far that it leaves the commune.
        let share = (ASIDE_KM_MAX / distance_km(point, mapped).max(f64::EPSILON)).min(1.0);
        let at = (point.0 + (mapped.0 - point.0) * share, point.1 + (mapped.1 - point.1) * share);
        Some(Place {
            latitude_e7: e7(at.0),
            longitude_e7: e7(at.1),
            admin_unit: commune.code.clone(),
            address: commune.name.clone(),
        })
    }

    /// The report of a call.
    #[must_use]
    pub fn report(&self, call: &Call, reference: &str, exercise: bool) -> Option<Report> {
        let place = self.place(call.place)?;
        let (kind, severity, what) = describe(&call.category, &call.type_);
        Some(Report {
            reference: reference.to_owned(),
            kind,
            severity,
            summary: format!("{what} tại {}", place.address),
            place,
            exercise,
            place_is_mapped: true,
        })
    }
}

/// Kind, severity and Vietnamese words of a type; what the table does not know goes by its category.
fn describe(category: &str, type_: &str) -> (IncidentKind, Severity, &'static str) {
    let type_ = type_.trim_end_matches([' ', '-']);
    // The same accident is called in by three services; for the ambulance somebody is hurt.
    if category == "EMS" && type_ == "VEHICLE ACCIDENT" {
        return (IncidentKind::Traffic, Severity::High, "Tai nạn giao thông có người bị thương");
    }
    if let Some((_, kind, severity, what)) = TYPES.iter().find(|known| known.0 == type_) {
        return (*kind, *severity, what);
    }
    match category {
        "EMS" => (IncidentKind::Medical, Severity::Medium, "Yêu cầu cấp cứu"),
        "Fire" => (IncidentKind::Fire, Severity::Medium, "Yêu cầu chữa cháy, cứu nạn"),
        "Traffic" => (IncidentKind::Traffic, Severity::Medium, "Sự cố giao thông"),
        _ => (IncidentKind::Other, Severity::Low, "Cuộc gọi khẩn cấp"),
    }
}

use IncidentKind as K;
use Severity as S;

/// The types that make up all but a few of the calls.
const TYPES: [(&str, IncidentKind, Severity, &str); 68] = [
    ("VEHICLE ACCIDENT", K::Traffic, S::Medium, "Tai nạn giao thông"),
    ("DISABLED VEHICLE", K::Traffic, S::Low, "Xe hỏng trên đường"),
    ("ROAD OBSTRUCTION", K::Traffic, S::Low, "Vật cản trên đường"),
    ("HAZARDOUS ROAD CONDITIONS", K::Traffic, S::Medium, "Mặt đường nguy hiểm"),
    ("DEBRIS/FLUIDS ON HIGHWAY", K::Traffic, S::Low, "Vật liệu, dầu đổ ra đường"),
    ("VEHICLE LEAKING FUEL", K::Traffic, S::Medium, "Xe rò rỉ nhiên liệu"),
    ("TRAIN CRASH", K::Traffic, S::Critical, "Tai nạn đường sắt"),
    ("PLANE CRASH", K::Traffic, S::Critical, "Tai nạn máy bay"),
    ("FIRE ALARM", K::Fire, S::Medium, "Báo cháy tự động"),
    ("FIRE INVESTIGATION", K::Fire, S::Low, "Kiểm tra nghi cháy"),
    ("BUILDING FIRE", K::Fire, S::Critical, "Cháy nhà"),
    ("VEHICLE FIRE", K::Fire, S::High, "Cháy xe"),
    ("WOODS/FIELD FIRE", K::Fire, S::High, "Cháy rừng, cháy đồng cỏ"),
    ("ELECTRICAL FIRE OUTSIDE", K::Fire, S::Medium, "Cháy, chập điện ngoài trời"),
    ("TRASH/DUMPSTER FIRE", K::Fire, S::Low, "Cháy rác"),
    ("APPLIANCE FIRE", K::Fire, S::Medium, "Cháy thiết bị trong nhà"),
    ("UNKNOWN TYPE FIRE", K::Fire, S::High, "Cháy chưa rõ loại"),
    ("CARBON MONOXIDE DETECTOR", K::Fire, S::High, "Báo động khí CO trong nhà"),
    ("GAS-ODOR/LEAK", K::Fire, S::High, "Rò rỉ khí gas"),
    ("FIRE SPECIAL SERVICE", K::Fire, S::Low, "Nhờ lực lượng chữa cháy hỗ trợ"),
    ("FIRE POLICE NEEDED", K::Fire, S::Low, "Cần lực lượng giữ hiện trường cháy"),
    ("PUMP DETAIL", K::Flood, S::Low, "Bơm nước tầng hầm"),
    ("HAZARDOUS MATERIALS INCIDENT", K::Pollution, S::High, "Sự cố hóa chất nguy hại"),
    ("RESCUE - ELEVATOR", K::Infrastructure, S::Medium, "Người mắc kẹt trong thang máy"),
    ("RESCUE - GENERAL", K::Other, S::High, "Cứu nạn cứu hộ"),
    ("RESCUE - TECHNICAL", K::Other, S::High, "Cứu hộ kỹ thuật"),
    ("RESCUE - WATER", K::Flood, S::Critical, "Cứu người dưới nước"),
    ("DROWNING", K::Medical, S::Critical, "Đuối nước"),
    ("INDUSTRIAL ACCIDENT", K::Medical, S::High, "Tai nạn lao động"),
    ("S/B AT HELICOPTER LANDING", K::Other, S::Info, "Chờ trực thăng cấp cứu hạ cánh"),
    ("TRANSFERRED CALL", K::Other, S::Info, "Cuộc gọi chuyển tiếp"),
    ("RESPIRATORY EMERGENCY", K::Medical, S::High, "Khó thở"),
    ("CARDIAC EMERGENCY", K::Medical, S::High, "Đau tim"),
    ("CARDIAC ARREST", K::Medical, S::Critical, "Ngừng tim"),
    ("FALL VICTIM", K::Medical, S::Medium, "Ngã bị thương"),
    ("SUBJECT IN PAIN", K::Medical, S::Medium, "Người bệnh đau nhiều"),
    ("HEAD INJURY", K::Medical, S::High, "Chấn thương đầu"),
    ("UNKNOWN MEDICAL EMERGENCY", K::Medical, S::Medium, "Cấp cứu chưa rõ nguyên nhân"),
    ("SYNCOPAL EPISODE", K::Medical, S::Medium, "Ngất"),
    ("SEIZURES", K::Medical, S::High, "Co giật"),
    ("GENERAL WEAKNESS", K::Medical, S::Low, "Mệt lả"),
    ("ABDOMINAL PAINS", K::Medical, S::Medium, "Đau bụng"),
    ("ALTERED MENTAL STATUS", K::Medical, S::High, "Rối loạn ý thức"),
    ("MEDICAL ALERT ALARM", K::Medical, S::Medium, "Nút gọi cấp cứu báo động"),
    ("HEMORRHAGING", K::Medical, S::High, "Chảy máu"),
    ("CVA/STROKE", K::Medical, S::Critical, "Đột quỵ"),
    ("OVERDOSE", K::Medical, S::High, "Quá liều thuốc"),
    ("NAUSEA/VOMITING", K::Medical, S::Low, "Nôn ói"),
    ("UNCONSCIOUS SUBJECT", K::Medical, S::Critical, "Người bất tỉnh"),
    ("UNRESPONSIVE SUBJECT", K::Medical, S::Critical, "Người không phản ứng"),
    ("DIABETIC EMERGENCY", K::Medical, S::High, "Cấp cứu tiểu đường"),
    ("DIZZINESS", K::Medical, S::Low, "Chóng mặt"),
    ("BACK PAINS/INJURY", K::Medical, S::Low, "Đau, chấn thương lưng"),
    ("FRACTURE", K::Medical, S::Medium, "Gãy xương"),
    ("LACERATIONS", K::Medical, S::Medium, "Vết thương rách"),
    ("FEVER", K::Medical, S::Low, "Sốt"),
    ("ALLERGIC REACTION", K::Medical, S::High, "Dị ứng"),
    ("DEHYDRATION", K::Medical, S::Low, "Mất nước"),
    ("CHOKING", K::Medical, S::Critical, "Hóc dị vật"),
    ("MATERNITY", K::Medical, S::High, "Sản phụ chuyển dạ"),
    ("ANIMAL BITE", K::Medical, S::Medium, "Bị động vật cắn"),
    ("HEAT EXHAUSTION", K::Medical, S::Medium, "Kiệt sức vì nóng"),
    ("BURN VICTIM", K::Medical, S::High, "Bỏng"),
    ("POISONING", K::Medical, S::High, "Ngộ độc"),
    ("EYE INJURY", K::Medical, S::Medium, "Chấn thương mắt"),
    ("ASSAULT VICTIM", K::PublicOrder, S::High, "Bị hành hung"),
    ("STABBING", K::PublicOrder, S::Critical, "Bị đâm"),
    ("SHOOTING", K::PublicOrder, S::Critical, "Bị bắn"),
];
