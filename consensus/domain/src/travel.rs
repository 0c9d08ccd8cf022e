//! How long a way takes, estimated without a map of roads: the great circle, bends, and one speed. Whole numbers only, so that
//! every node comes to the same.

use crate::{Place, limits};

/// Speed of travel, in km/h, over the straight line times [`ROAD_FACTOR_PERCENT`].
pub const TRAVEL_SPEED_KM_H: u32 = 40;
/// How much longer a road is than the straight line, in hundredths.
pub const ROAD_FACTOR_PERCENT: u32 = 130;

/// Millimetres of a degree of a great circle times 10⁻⁷, in millionths: of a sphere with the mean radius of the earth (IUGG).
const MM_PER_E7_MICRO: u64 = 11_119_508;
/// Radians of a degree times 10⁻⁷, in 10⁻¹⁵.
const RADIANS_PER_E7_FEMTO: i64 = 1_745_329;
/// Half of the way around, in degrees times 10⁷.
const HALF_TURN_E7: u64 = 1_800_000_000;
const MICRO: u64 = 1_000_000;

/// Metres along roads, estimated. Within a province it differs from the great circle by less than a thousandth.
#[must_use]
pub fn road_m(from: &Place, to: &Place) -> u64 {
    let apart = |one: i32, other: i32| i64::from(one).abs_diff(i64::from(other));
    let middle_e7 = i64::midpoint(from.latitude_e7.into(), to.latitude_e7.into());
    let turn = apart(from.longitude_e7, to.longitude_e7);
    let turn = if turn > HALF_TURN_E7 { (2 * HALF_TURN_E7).saturating_sub(turn) } else { turn };
    let north = u128::from(apart(from.latitude_e7, to.latitude_e7) * MM_PER_E7_MICRO / MICRO);
    let at_equator = u128::from(turn * MM_PER_E7_MICRO / MICRO);
    let east = at_equator * u128::from(cosine_micro(middle_e7)) / u128::from(MICRO);
    let straight_mm = (north * north + east * east).isqrt();
    let road_mm = straight_mm * u128::from(ROAD_FACTOR_PERCENT) / 100;
    u64::try_from((road_mm + 500) / 1_000).unwrap_or(u64::MAX)
}

/// Seconds that a road of so many metres takes.
#[must_use]
pub fn travel_s(distance_m: u64) -> u64 {
    travel_ms(distance_m).saturating_add(500) / 1_000
}

/// How long after it set out a unit with so many metres to go is late.
pub(crate) fn late_after_ms(distance_m: u64) -> u64 {
    let after = travel_ms(distance_m).saturating_mul(limits::LATE_AFTER_PERCENT) / 100;
    after.max(limits::LATE_AFTER_MS_MIN)
}

fn travel_ms(distance_m: u64) -> u64 {
    distance_m.saturating_mul(3_600) / u64::from(TRAVEL_SPEED_KM_H)
}

/// The cosine of a latitude in millionths, by its series: right to a few millionths but near the poles.
fn cosine_micro(latitude_e7: i64) -> u64 {
    const ONE: i64 = 1_000_000;
    let angle = latitude_e7 * RADIANS_PER_E7_FEMTO / 1_000_000_000;
    let second = angle * angle / ONE;
    let fourth = second * second / ONE;
    let sixth = fourth * second / ONE;
    (ONE - second / 2 + fourth / 24 - sixth / 720).max(0).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AdminUnitCode;

    fn place(latitude_e7: i32, longitude_e7: i32) -> Place {
        let admin_unit = AdminUnitCode::new("hue").unwrap();
        Place { latitude_e7, longitude_e7, admin_unit, address: String::new() }
    }

    #[test]
    fn a_way_is_the_great_circle_with_bends() {
        // One degree of latitude is 111.195 km on this sphere; one of longitude at 60° is half of that.
        assert_eq!(road_m(&place(210_000_000, 1_058_000_000), &place(220_000_000, 1_058_000_000)), 144_554);
        let east = road_m(&place(600_000_000, 0), &place(600_000_000, 10_000_000));
        assert!((72_250..72_300).contains(&east), "{east}");
        // From Huế to Thái Nguyên: 599.15 km by haversine.
        let far = road_m(&place(164_637_000, 1_075_909_000), &place(215_942_000, 1_058_482_000));
        let straight = far * 100 / u64::from(ROAD_FACTOR_PERCENT);
        assert!((599_000..599_300).contains(&straight), "{straight}");
        assert_eq!(road_m(&place(215_900_000, 7), &place(215_900_000, 7)), 0);
    }

    #[test]
    fn the_way_over_the_date_line_is_the_short_one() {
        let over = road_m(&place(0, 1_799_000_000), &place(0, -1_799_000_000));
        assert_eq!(over, road_m(&place(0, 0), &place(0, 2_000_000)));
        // As far as can be, nothing overflows.
        assert!(road_m(&place(900_000_000, -1_800_000_000), &place(-900_000_000, 1_800_000_000)) > 20_000_000);
        assert!(road_m(&place(i32::MIN, i32::MIN), &place(i32::MAX, i32::MAX)) > 0);
    }

    #[test]
    fn late_is_half_as_long_again_and_never_at_once() {
        assert_eq!((travel_s(40_000), travel_s(0)), (3_600, 0));
        assert_eq!(late_after_ms(40_000), 5_400_000);
        assert_eq!(late_after_ms(0), limits::LATE_AFTER_MS_MIN);
        assert_eq!(late_after_ms(u64::MAX), u64::MAX / 100);
    }
}
