//! The tables in `assets/town`: administrative units, district rooms, and points inside each commune. They are compiled in
//! and checked by a test, so a row that does not parse cannot be in a built program; it would be left out.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use csv::StringRecord;
use domain::{AdminUnit, AdminUnitCode, District, DistrictId, GroupId, Millis, Place};

use super::measure::{degrees, distance_km, e7};

const ADMIN_UNITS: &str = include_str!("../../assets/town/admin_units.csv");
const DISTRICTS: &str = include_str!("../../assets/town/districts.csv");
const POINTS: &str = include_str!("../../assets/town/communes_points.csv");
/// What stands between the items of one cell.
const BETWEEN: char = ';';

/// A commune as a place to put things.
#[derive(Clone, Debug, PartialEq)]
pub struct Commune {
    /// Its code.
    pub code: AdminUnitCode,
    /// Its name without its kind: "Ba Bể".
    pub name: String,
    /// A ward of a town.
    pub is_ward: bool,
    /// Points inside it in degrees of latitude and longitude, the middle first. Never empty.
    pub points: Vec<(f64, f64)>,
}

impl Commune {
    /// A place at one of its points; past the last one they begin again.
    #[must_use]
    pub fn place(&self, point: usize, address: &str) -> Place {
        let (latitude, longitude) = self.points.get(point % self.points.len().max(1)).copied().unwrap_or_default();
        Place {
            latitude_e7: e7(latitude),
            longitude_e7: e7(longitude),
            admin_unit: self.code.clone(),
            address: address.to_owned(),
        }
    }
}

fn rows(text: &'static str) -> impl Iterator<Item = StringRecord> {
    csv::Reader::from_reader(text.as_bytes()).into_records().filter_map(Result::ok)
}

fn items(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(BETWEEN).filter(|item| !item.is_empty())
}

fn parse_admin_unit(row: &StringRecord) -> Option<AdminUnit> {
    let parent = row.get(3)?;
    Some(AdminUnit {
        code: AdminUnitCode::new(row.get(0)?).ok()?,
        name: row.get(1)?.to_owned(),
        name_en: row.get(2)?.to_owned(),
        parent: if parent.is_empty() { None } else { Some(AdminUnitCode::new(parent).ok()?) },
        aliases: items(row.get(4)?).map(str::to_owned).collect(),
        valid_from_ms: Millis(row.get(5)?.parse().ok()?),
        valid_until_ms: Millis(row.get(6)?.parse().ok()?),
    })
}

fn parse_district(row: &StringRecord) -> Option<District> {
    Some(District {
        id: DistrictId::new(row.get(0)?).ok()?,
        name: row.get(1)?.to_owned(),
        name_en: row.get(2)?.to_owned(),
        admin_units: items(row.get(3)?).map(AdminUnitCode::new).collect::<Result<_, _>>().ok()?,
        group: GroupId(row.get(4)?.parse().ok()?),
        load: None,
    })
}

/// The hierarchy, every unit after its parent.
#[must_use]
pub fn admin_units() -> Vec<AdminUnit> {
    parents_first(rows(ADMIN_UNITS).filter_map(|row| parse_admin_unit(&row)).collect())
}

/// Orders units so that none stands before its parent; those whose parent is missing are left out.
fn parents_first(mut units: Vec<AdminUnit>) -> Vec<AdminUnit> {
    let mut ordered = Vec::with_capacity(units.len());
    let mut placed = BTreeSet::new();
    loop {
        let (ready, rest): (Vec<_>, Vec<_>) =
            units.into_iter().partition(|unit| unit.parent.as_ref().is_none_or(|parent| placed.contains(parent)));
        if ready.is_empty() {
            return ordered;
        }
        placed.extend(ready.iter().map(|unit| unit.code.clone()));
        ordered.extend(ready);
        units = rest;
    }
}

/// The district rooms.
#[must_use]
pub fn districts() -> Vec<District> {
    rows(DISTRICTS).filter_map(|row| parse_district(&row)).collect()
}

/// Command rooms, as they are put over HTTP: the province's, and one of each district room, which is where its first unit is.
#[must_use]
pub fn rooms() -> Vec<serde_json::Value> {
    let province = serde_json::json!({"id": "tinh", "name": "Trung tâm tỉnh", "name_en": "Provincial centre"});
    let of_district = |it: District| {
        serde_json::json!({
            "id": it.id, "name": format!("Phòng {}", it.name), "name_en": format!("{} room", it.name_en),
            "admin_unit": it.admin_units.first(),
        })
    };
    std::iter::once(province).chain(districts().into_iter().map(of_district)).collect()
}

static COMMUNES: LazyLock<Vec<Commune>> = LazyLock::new(|| {
    let mut points: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for row in rows(POINTS) {
        let at = |column| row.get(column).and_then(|cell| cell.parse().ok()).map(degrees);
        if let (Some(code), Some(latitude), Some(longitude)) = (row.get(0), at(1), at(2)) {
            points.entry(code.to_owned()).or_default().push((latitude, longitude));
        }
    }
    let communes = admin_units().into_iter().filter_map(|unit| {
        let points = points.remove(unit.code.as_str())?;
        let (kind, name) = ["Phường ", "Xã ", "Thị trấn "]
            .iter()
            .find_map(|kind| Some((*kind, unit.name.strip_prefix(kind)?)))
            .unwrap_or(("", &unit.name));
        Some(Commune { code: unit.code.clone(), name: name.to_owned(), is_ward: kind == "Phường ", points })
    });
    communes.collect()
});

/// The communes, by code.
#[must_use]
pub fn communes() -> &'static [Commune] {
    &COMMUNES
}

/// The commune of that code.
#[must_use]
pub fn commune(code: &str) -> Option<&'static Commune> {
    communes().iter().find(|commune| commune.code.as_str() == code)
}

/// The commune with the point nearest to a place in degrees, and that point.
#[must_use]
pub fn nearest(place: (f64, f64)) -> Option<(&'static Commune, (f64, f64))> {
    let points = communes().iter().flat_map(|commune| commune.points.iter().map(move |point| (commune, *point)));
    points.min_by(|one, other| distance_km(one.1, place).total_cmp(&distance_km(other.1, place)))
}

/// Least and greatest latitude, least and greatest longitude of all points.
#[must_use]
pub fn bounds() -> ((f64, f64), (f64, f64)) {
    let nothing = ((f64::INFINITY, f64::NEG_INFINITY), (f64::INFINITY, f64::NEG_INFINITY));
    communes().iter().flat_map(|commune| &commune.points).fold(nothing, |(lat, lon), point| {
        ((lat.0.min(point.0), lat.1.max(point.0)), (lon.0.min(point.1), lon.1.max(point.1)))
    })
}
