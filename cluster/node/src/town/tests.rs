use domain::{limits, wire::Record};
use proptest::prelude::*;

use super::*;

fn passes<T: Record + PartialEq + std::fmt::Debug>(record: &T) {
    assert_eq!(T::decode(&record.encode()).as_ref(), Ok(record));
}

fn all_distinct<'a>(ids: impl Iterator<Item = &'a str>) -> bool {
    let mut seen = BTreeSet::new();
    ids.into_iter().all(|id| seen.insert(id))
}

/// The size that the tests look at: past the point where names begin to repeat.
const SIZE: TownSize = TownSize { cameras: 200, sensors: 2000, units: 120 };

#[test]
fn the_tables_hold_the_whole_province() {
    let units = admin_units();
    assert_eq!(units.len(), include_str!("../../assets/town/admin_units.csv").lines().count() - 1);
    assert_eq!(districts().len(), include_str!("../../assets/town/districts.csv").lines().count() - 1);
    assert_eq!(tables::communes().len(), 92);
    assert!(tables::communes().iter().all(|commune| commune.points.len() >= 4));
    units.iter().for_each(passes);
    districts().iter().for_each(passes);
}

#[test]
fn every_unit_stands_after_its_parent() {
    let mut seen = BTreeSet::new();
    for unit in admin_units() {
        assert!(unit.parent.is_none_or(|parent| seen.contains(&parent)), "{}", unit.code);
        assert!(seen.insert(unit.code));
    }
}

#[test]
fn every_commune_is_in_one_district_and_every_group_has_one() {
    let districts = districts();
    for commune in tables::communes() {
        let count = districts.iter().filter(|district| district.admin_units.contains(&commune.code)).count();
        assert_eq!(count, 1, "{}", commune.name);
    }
    let groups: BTreeSet<_> = districts.iter().map(|district| district.group).collect();
    assert_eq!(groups.len(), limits::FIELD_GROUPS as usize);
    assert!(groups.iter().all(|group| group.is_field()));
}

#[test]
fn what_is_made_up_is_whole_and_within_the_limits() {
    let sensors = sensor::sensors(SIZE.sensors);
    let cameras = camera::cameras(SIZE.cameras, "rtsp://127.0.0.1:8554/");
    let units = unit::units(SIZE.units);
    assert_eq!((sensors.len(), cameras.len(), units.len()), (SIZE.sensors, SIZE.cameras, SIZE.units));
    assert!(all_distinct(sensors.iter().map(|it| it.id.as_str()).chain(cameras.iter().map(|it| it.id.as_str()))));
    assert!(all_distinct(sensors.iter().map(|it| it.name.as_str())));
    assert!(all_distinct(cameras.iter().map(|it| it.name.as_str())));
    assert!(all_distinct(units.iter().map(|it| it.id.as_str())));
    assert!(all_distinct(units.iter().map(|it| it.name.as_str())));
    sensors.iter().for_each(passes);
    cameras.iter().for_each(passes);
    units.iter().for_each(passes);
    for sensor in &sensors {
        assert!((5_000..=60_000).contains(&sensor.period_ms) && sensor.silence_periods == 3, "{}", sensor.id);
        assert!(sensor.name.len() <= limits::NAME_BYTES_MAX);
        assert!(!sensor.thresholds.is_empty() && sensor.thresholds.len() <= limits::THRESHOLDS_MAX);
        for threshold in &sensor.thresholds {
            let range = sensor.range_min_micro..=sensor.range_max_micro;
            assert!(range.contains(&threshold.limit_micro), "{} {}", sensor.id, threshold.condition);
        }
        assert!(tables::commune(sensor.place.admin_unit.as_str()).is_some());
    }
    assert_eq!(cameras[0].rtsp_url, "rtsp://127.0.0.1:8554/cam-001");
    let kinds: BTreeSet<_> = sensors.iter().map(|sensor| sensor.kind).collect();
    assert_eq!(kinds.len(), 6);
}

#[test]
fn a_smaller_town_is_a_part_of_a_larger_one() {
    assert_eq!(sensor::sensors(100), sensor::sensors(500)[..100]);
    assert_eq!(camera::cameras(3, "rtsp://a"), camera::cameras(24, "rtsp://a")[..3]);
    assert_eq!(unit::units(5), unit::units(30)[..5]);
}

#[test]
fn the_known_gauges_are_there_with_their_own_datum() {
    let sensors = sensor::sensors(500);
    let gauge = sensors.iter().find(|sensor| sensor.name == "Trạm thủy văn Gia Bảy").unwrap();
    assert_eq!(gauge.place.admin_unit.as_str(), "05443");
    let limits: Vec<_> = gauge.thresholds.iter().map(|it| (it.condition.as_str(), it.limit_micro.0)).collect();
    assert_eq!(limits, [("level-1", 25_000_000), ("level-2", 26_000_000), ("level-3", 27_000_000)]);
}

#[test]
fn accounts_have_districts_and_units_that_exist_and_hide_their_password() {
    let people = people("mat-khau-dai");
    assert!(all_distinct(people.iter().map(|person| person.id.as_str())));
    let districts = districts();
    let units = unit::units(TownSize::default().units);
    for person in &people {
        assert!(person.districts.iter().all(|id| districts.iter().any(|district| district.id.as_str() == id)));
        assert!(person.unit.iter().all(|id| units.iter().any(|unit| unit.id.as_str() == id)));
        assert!(!format!("{person:?}").contains("mat-khau-dai"));
        assert!(domain::PersonId::new(&person.id).is_ok());
    }
    let of_role = |role| people.iter().filter(|person| person.role == role).count();
    assert_eq!(of_role(domain::Role::Device), 1);
    assert_eq!(of_role(domain::Role::Telephony), 1);
    assert_eq!(of_role(domain::Role::Auditor), 1);
    assert!(person::seats().iter().all(|seat| people.iter().any(|person| person.id == seat.person)));
    assert!(of_role(domain::Role::Responder) > 0 && of_role(domain::Role::Agent) > 0);
}

#[test]
fn duties_name_people_posts_hours_and_skills_that_exist() {
    let (people, calendars, posts) = (people("mat-khau-dai"), duty::calendars(), duty::posts());
    let (policies, cards) = (duty::policies(), duty::run_cards());
    assert_eq!((calendars.len(), posts.len(), policies.len()), (1, 2, 5));
    calendars.iter().for_each(passes);
    posts.iter().for_each(passes);
    policies.iter().for_each(passes);
    cards.iter().for_each(passes);
    for (at, post) in posts.iter().enumerate() {
        assert!(post.above.iter().all(|above| posts[..at].iter().any(|it| it.id == *above)), "{}", post.id);
        assert!(post.shifts.iter().all(|shift| people.iter().any(|person| person.id == shift.person.as_str())));
    }
    for policy in &policies {
        assert!(policy.calendar.iter().all(|id| calendars.iter().any(|it| it.id == *id)), "{}", policy.id);
        assert!(
            policy.steps.iter().filter_map(|step| step.post.as_ref()).all(|id| posts.iter().any(|it| it.id == *id))
        );
        assert!(policy.steps.is_sorted_by_key(|step| step.offset_ms), "{}", policy.id);
        assert!(policy.steps[0].offset_ms.unsigned_abs() < policy.within_ms, "{}", policy.id);
    }
    let units = unit::units(TownSize::default().units);
    for need in cards.iter().flat_map(|card| &card.needs) {
        assert!(units.iter().any(|unit| unit.skills.contains(&need.skill)), "{need:?}");
    }
    let kinds: BTreeSet<_> = cards.iter().map(|card| (card.kind.as_str(), card.severity.as_str())).collect();
    assert_eq!(kinds.len(), cards.len(), "one card a kind and level");
}

#[test]
fn requests_of_admin_units_fit_the_gateway() {
    for chunk in admin_units().chunks(ADMIN_UNITS_PER_REQUEST) {
        let body = serde_json::to_vec(&serde_json::json!({ "admin_units": chunk })).unwrap();
        assert!(body.len() < 64 * 1024, "{} bytes", body.len());
    }
}

proptest! {
    #[test]
    fn every_place_has_a_nearest_commune(latitude in 21.0_f64..23.0, longitude in 105.0_f64..107.0) {
        let (commune, point) = tables::nearest((latitude, longitude)).unwrap();
        prop_assert!(commune.points.contains(&point));
        let (lat, lon) = tables::bounds();
        prop_assert!((lat.0..=lat.1).contains(&point.0) && (lon.0..=lon.1).contains(&point.1));
    }
}
