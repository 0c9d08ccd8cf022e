//! The made-up response units.

use domain::{Duty, Millis, Unit, UnitId, UnitStatus};

use super::tables::{Commune, communes};

/// Call sign, agency, skills.
const KINDS: [(&str, &str, &[&str]); 6] = [
    ("Xe chữa cháy", "Cảnh sát PCCC và CNCH", &["fire", "rescue"]),
    ("Xe cứu thương 115", "Trung tâm Cấp cứu 115", &["medical"]),
    ("Tổ cảnh sát giao thông", "Phòng Cảnh sát giao thông", &["traffic"]),
    ("Xuồng cứu hộ", "Bộ Chỉ huy quân sự tỉnh", &["boat", "rescue", "flood"]),
    ("Đội xung kích", "Ban chỉ huy phòng thủ dân sự", &["flood", "rescue"]),
    ("Công an cơ động", "Công an tỉnh", &["public_order"]),
];

/// Puts one unit of each kind in a district's first communes before the next: wards first, where most is to be done.
fn stations() -> Vec<&'static Commune> {
    let (wards, others): (Vec<_>, Vec<_>) = communes().iter().partition(|commune| commune.is_ward);
    // Every seventh of the others, and again: far apart from one another.
    let spread = (0..7).flat_map(|first| others.iter().skip(first).step_by(7).copied().collect::<Vec<_>>());
    wards.into_iter().chain(spread).collect()
}

/// The first `count` units, always the same ones.
#[must_use]
pub fn units(count: usize) -> Vec<Unit> {
    let stations = stations();
    let unit = |index: usize| {
        let (kind, agency, skills) = KINDS.get(index % KINDS.len())?;
        let station = stations.get(index % stations.len().max(1))?;
        let place = station.place(index / stations.len().max(1), &format!("trụ sở {}", station.name));
        Some(Unit {
            id: UnitId::new(&format!("unit-{:03}", index + 1)).ok()?,
            name: format!("{kind} {:02}", index / KINDS.len() + 1),
            agency: (*agency).to_owned(),
            skills: skills.iter().map(|skill| (*skill).to_owned()).collect(),
            station: place.clone(),
            position: place,
            position_at_ms: Millis(0),
            status: UnitStatus::Available,
            status_at_ms: Millis(0),
            incident: None,
            version: 0,
            duty: Duty::default(),
        })
    };
    (0..count).filter_map(unit).collect()
}
