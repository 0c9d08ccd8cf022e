//! From floating point, in which the made-up and the recorded world are computed, to the whole numbers of the domain.

use domain::Micro;

/// Kilometres of one degree of latitude.
pub const KM_PER_DEGREE: f64 = 111.2;

/// Millionths of `value`, rounded. What is not a number is 0; what is out of range is the largest there is.
#[must_use]
#[allow(clippy::cast_possible_truncation, reason = "`as` saturates, which is what is promised")]
pub fn micro(value: f64) -> Micro {
    Micro((value * 1e6).round() as i64)
}

/// `value` in the sensor's unit.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "2^53 millionths are enough for every figure of the demonstration")]
pub fn value(micro: Micro) -> f64 {
    micro.0 as f64 / 1e6
}

/// Degrees times 10^7.
#[must_use]
#[allow(clippy::cast_possible_truncation, reason = "`as` saturates, and ±214 degrees are never passed")]
pub fn e7(degrees: f64) -> i32 {
    (degrees * 1e7).round() as i32
}

/// Degrees.
#[must_use]
pub fn degrees(e7: i32) -> f64 {
    f64::from(e7) / 1e7
}

/// Kilometres between two places in degrees, on a plane: right to a thousandth within a province.
#[must_use]
pub fn distance_km(from: (f64, f64), to: (f64, f64)) -> f64 {
    let north = (to.0 - from.0) * KM_PER_DEGREE;
    let east = (to.1 - from.1) * KM_PER_DEGREE * ((from.0 + to.0) / 2.0).to_radians().cos();
    north.hypot(east)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_cross_by_rounding() {
        assert_eq!(micro(1.234_567_4), Micro(1_234_567));
        assert_eq!(micro(f64::NAN), Micro(0));
        assert_eq!(micro(-0.000_000_6), Micro(-1));
        assert!((value(Micro(25_500_000)) - 25.5).abs() < 1e-12);
        assert_eq!(e7(21.592_812_3), 215_928_123);
    }

    #[test]
    fn from_thai_nguyen_to_bac_kan_it_is_some_65_km() {
        let km = distance_km((21.594, 105.848), (22.147, 105.834));
        assert!((60.0..65.0).contains(&km), "{km}");
    }
}
