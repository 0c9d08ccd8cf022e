//! Of two administrators who register the same unit, run card or receiver, the second one looks first.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]

use crate::any;
use bytes::Bytes;
use domain::*;

struct World {
    state: State,
    index: u64,
}

impl World {
    fn new(is_on: bool) -> Self {
        let mut world = Self { state: State::new(GroupId::COMMAND), index: 0 };
        for entry in any::world(GroupId::COMMAND) {
            world.index += 1;
            world.state.apply(world.index, &entry);
        }
        if is_on {
            world.put(SwitchFeature { feature: VOCABULARY_2 }).unwrap();
        }
        world
    }

    /// Why it was refused, which can only be for its version.
    fn put(&mut self, command: impl Into<Command>) -> Result<(), String> {
        self.index += 1;
        let at_ms = self.state.clock().plus(1);
        let entry = Entry { at_ms, request: None, grant: None, command: command.into(), salt: Bytes::new() };
        match self.state.apply(self.index, &entry).reply {
            Reply::Accepted(_) => Ok(()),
            Reply::Refused(refusal) => {
                assert_eq!(refusal.code, RefusalCode::VersionConflict, "{refusal:?}");
                Err(format!("{} {}", refusal.field, refusal.message))
            }
        }
    }
}

fn unit(name: &str, version: u64) -> PutUnit {
    let place = || Place {
        latitude_e7: 164_600_000,
        longitude_e7: 1_075_900_000,
        admin_unit: AdminUnitCode::new("hue").unwrap(),
        address: String::new(),
    };
    let unit = Unit {
        id: UnitId::new("moi").unwrap(),
        name: name.into(),
        agency: "PCCC".into(),
        skills: Vec::new(),
        station: place(),
        position: place(),
        position_at_ms: Millis(0),
        status: UnitStatus::Available,
        status_at_ms: Millis(0),
        incident: None,
        version,
        duty: Duty::default(),
    };
    PutUnit { unit }
}

fn card(count: u32, version: u64) -> PutRunCard {
    let needs = if count == 0 { Vec::new() } else { vec![SkillNeed { skill: "boat".into(), count }] };
    PutRunCard { card: RunCard { kind: IncidentKind::Flood, severity: Severity::High, needs, version } }
}

fn receiver(name: &str, version: u64) -> PutReceiver {
    let receiver = Receiver {
        id: ReceiverId::new("so").unwrap(),
        name: name.into(),
        url: "https://so.example.vn/nhan".into(),
        secret_sealed: Bytes::new(),
        kinds: vec![EventKind::IncidentOpened],
        admin_unit: None,
        disabled: false,
        newest: 0,
        confirmed: 0,
        missed: 0,
        given_up: None,
        unit: None,
        version,
        parked: 0,
    };
    PutReceiver { receiver }
}

#[test]
fn who_puts_a_unit_on_a_version_that_is_another_by_now_is_told_which() {
    let mut world = World::new(true);
    world.put(unit("Một", 0)).unwrap();
    world.put(unit("Hai", 1)).unwrap();
    let refused = world.put(unit("Ba", 1)).unwrap_err();
    assert!(refused.contains("unit.version") && refused.contains("version 2"), "{refused}");
    assert_eq!(world.state.units()["moi"].name, "Hai", "the first one's stands");
    world.put(unit("Hai", 1)).unwrap();
    world.put(unit("Ba", 2)).unwrap();
    world.put(unit("Bốn", 0)).unwrap();
    assert_eq!((world.state.units()["moi"].name.as_str(), world.state.units()["moi"].version), ("Bốn", 4));
}

#[test]
fn a_run_card_that_is_another_by_now_or_gone_is_not_put_over() {
    let mut world = World::new(true);
    world.put(card(1, 0)).unwrap();
    world.put(card(2, 1)).unwrap();
    let refused = world.put(card(0, 1)).unwrap_err();
    assert!(refused.contains("card.version") && refused.contains("version 2"), "{refused}");
    world.put(card(0, 2)).unwrap();
    assert!(world.put(card(3, 2)).is_err(), "it was taken away");
    world.put(card(3, 0)).unwrap();
}

#[test]
fn a_receiver_counts_how_often_it_was_put() {
    let mut world = World::new(true);
    world.put(receiver("Một", 0)).unwrap();
    world.put(receiver("Hai", 1)).unwrap();
    let refused = world.put(receiver("Ba", 1)).unwrap_err();
    assert!(refused.contains("receiver.version") && refused.contains("version 2"), "{refused}");
    assert_eq!((world.state.receivers()["so"].name.as_str(), world.state.receivers()["so"].version), ("Hai", 2));
    world.put(receiver("Ba", 2)).unwrap();
    world.state.check().unwrap();
}

#[test]
fn a_log_of_an_earlier_release_names_any_version() {
    let mut world = World::new(false);
    for version in [7, 9] {
        world.put(unit(&format!("Đội {version}"), version)).unwrap();
        world.put(card(u32::try_from(version).unwrap(), version)).unwrap();
    }
    assert_eq!(world.state.units()["moi"].version, 2);
}
