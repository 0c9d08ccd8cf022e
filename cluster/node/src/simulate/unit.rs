//! A crew that is assigned accepts, drives there along a road of thought, works, and is free again.

use domain::{Millis, Place, Unit, UnitStatus};

use crate::town::{
    measure::{degrees, distance_km, e7},
    tables,
};

/// How long a crew thinks before it accepts and before it sets off.
const ANSWER_MS: u64 = 6_000;
/// How long it works.
const WORK_MS: u64 = 120_000;
/// How fast it drives. Faster than any vehicle: a demonstration is not an hour long.
const SPEED_KM_H: f64 = 240.0;
/// How far the road bends aside, as a share of its length.
const BEND: f64 = 0.18;
/// Nearer than this it is there.
const THERE_KM: f64 = 0.05;

/// What a crew does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// It taps this status.
    Status(UnitStatus),
    /// It is here now.
    Position(Place),
}

/// What is remembered of one crew.
#[derive(Clone, Debug, PartialEq)]
pub struct Crew {
    status: UnitStatus,
    since: Millis,
    from: (f64, f64),
}

fn point(place: &Place) -> (f64, f64) {
    (degrees(place.latitude_e7), degrees(place.longitude_e7))
}

impl Crew {
    /// A crew as it is first seen.
    #[must_use]
    pub fn new(unit: &Unit) -> Self {
        Self { status: unit.status, since: unit.status_at_ms, from: point(&unit.position) }
    }

    /// What it does at `now` about an incident at `to`.
    pub fn step(&mut self, unit: &Unit, to: &Place, now: Millis) -> Option<Step> {
        if unit.status != self.status {
            *self = Self::new(unit);
        }
        let for_ms = now.since(self.since);
        match unit.status {
            UnitStatus::Offered if for_ms >= ANSWER_MS => Some(Step::Status(UnitStatus::Accepted)),
            UnitStatus::Accepted if for_ms >= ANSWER_MS => Some(Step::Status(UnitStatus::EnRoute)),
            UnitStatus::EnRoute => Some(self.drive(unit, to, for_ms)),
            UnitStatus::OnScene if for_ms >= WORK_MS => Some(Step::Status(UnitStatus::Available)),
            _ => None,
        }
    }

    fn drive(&self, unit: &Unit, to: &Place, for_ms: u64) -> Step {
        let to_point = point(to);
        if distance_km(point(&unit.position), to_point) < THERE_KM {
            return Step::Status(UnitStatus::OnScene);
        }
        let length_km = distance_km(self.from, to_point) * (1.0 + BEND);
        let hours = std::time::Duration::from_millis(for_ms).as_secs_f64() / 3600.0;
        let share = if length_km > 0.0 { (hours * SPEED_KM_H / length_km).min(1.0) } else { 1.0 };
        if share >= 1.0 {
            return Step::Position(to.clone());
        }
        let at = along(self.from, to_point, share);
        let admin_unit = tables::nearest(at).map_or_else(|| to.admin_unit.clone(), |(commune, _)| commune.code.clone());
        Step::Position(Place { latitude_e7: e7(at.0), longitude_e7: e7(at.1), admin_unit, address: String::new() })
    }
}

/// The point at `share` of a road that leaves the straight line and comes back to it, with one lesser curve on the way.
fn along(from: (f64, f64), to: (f64, f64), share: f64) -> (f64, f64) {
    let straight = (to.0 - from.0, to.1 - from.1);
    let aside = BEND * ((share * std::f64::consts::PI).sin() + 0.3 * (share * 3.0 * std::f64::consts::PI).sin());
    (from.0 + straight.0 * share - straight.1 * aside, from.1 + straight.1 * share + straight.0 * aside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::town::{tables::commune, unit::units};

    /// Lets a crew live with its incident until it is free, looked at every three seconds.
    fn mission(to: &Place) -> (Vec<UnitStatus>, Vec<(f64, f64)>, u64) {
        let mut unit = units(1).remove(0);
        unit.status = UnitStatus::Offered;
        let mut crew = Crew::new(&unit);
        let (mut statuses, mut track) = (Vec::new(), Vec::new());
        let mut now = 0;
        while unit.status != UnitStatus::Available {
            now += 3_000;
            assert!(now < 7_200_000, "never done: {statuses:?}");
            match crew.step(&unit, to, Millis(now)) {
                Some(Step::Status(status)) => {
                    unit.status = status;
                    unit.status_at_ms = Millis(now);
                    statuses.push(status);
                }
                Some(Step::Position(place)) => {
                    track.push(point(&place));
                    assert!(tables::commune(place.admin_unit.as_str()).is_some());
                    unit.position = place;
                }
                None => {}
            }
        }
        (statuses, track, now)
    }

    #[test]
    fn a_crew_accepts_drives_arrives_works_and_is_free() {
        let to = commune("01906").unwrap().place(0, "");
        let (statuses, track, _) = mission(&to);
        use UnitStatus::{Accepted, Available, EnRoute, OnScene};
        assert_eq!(statuses, [Accepted, EnRoute, OnScene, Available]);
        assert_eq!(*track.last().unwrap(), point(&to));
        // Each step is what the speed allows, with room for the bends.
        let farthest = track.windows(2).map(|two| distance_km(two[0], two[1])).fold(0.0, f64::max);
        assert!(farthest < SPEED_KM_H * 3.0 / 3600.0 * 2.5, "{farthest} km");
        assert!(track.len() > 50);
    }

    #[test]
    fn an_incident_next_door_needs_no_road() {
        let station = units(1).remove(0).station;
        let (statuses, track, took) = mission(&station);
        assert_eq!(statuses.len(), 4);
        assert!(track.is_empty());
        assert!(took < 200_000);
    }

    #[test]
    fn a_road_begins_and_ends_where_it_should() {
        let (from, to) = ((21.6, 105.8), (22.1, 105.9));
        assert!(distance_km(along(from, to, 0.0), from) < 1e-6);
        assert!(distance_km(along(from, to, 1.0), to) < 1e-6);
        assert!(distance_km(along(from, to, 0.5), ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0)) > 3.0);
    }
}
