//! A unit that sets out is expected, and late when it does not come; a unit is where the incident that it was sent to is now,
//! whatever is merged and taken apart.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use domain::{wire::Record, *};
use proptest::prelude::*;

const MINUTE_MS: u64 = 60_000;
/// Some five kilometres of latitude.
const FIVE_KM_E7: i32 = 450_000;
/// Of these the way along roads, and when a unit that has to go it is late.
const FIVE_KM_ROAD_M: u64 = 6_505;
const FIVE_KM_LATE_MS: u64 = 878_175;

fn id<T: TryFrom<String>>(text: &str) -> T
where
    T::Error: std::fmt::Debug,
{
    T::try_from(text.to_owned()).unwrap()
}

fn place(north_e7: i32) -> Place {
    Place {
        latitude_e7: 215_900_000 + north_e7,
        longitude_e7: 1_058_400_000,
        admin_unit: id("hue"),
        address: String::new(),
    }
}

struct World {
    state: State,
    index: u64,
    now: Millis,
    disk: BTreeMap<Bytes, Bytes>,
    /// Of the newest command.
    told: Vec<EventKind>,
}

impl World {
    fn before_the_switch() -> Self {
        let (state, disk) = (State::new(GroupId::COMMAND), BTreeMap::new());
        let mut world = Self { state, index: 0, now: Millis(1_000), disk, told: Vec::new() };
        let area = AdminUnit {
            code: id("hue"),
            name: "Huế".into(),
            name_en: String::new(),
            parent: None,
            aliases: Vec::new(),
            valid_from_ms: Millis(0),
            valid_until_ms: Millis(0),
        };
        world.ok(PutAdminUnits { admin_units: vec![area] });
        world
    }

    fn new() -> Self {
        let mut world = Self::before_the_switch();
        world.ok(SwitchFeature { feature: VOCABULARY_2 });
        world
    }

    fn apply(&mut self, command: impl Into<Command>) -> Result<Accepted, Refusal> {
        self.index += 1;
        let command = Command::decode(&command.into().encode()).unwrap();
        let entry = Entry { at_ms: self.now, request: None, grant: None, command, salt: Bytes::new() };
        let applied = self.state.apply(self.index, &entry);
        self.state.check().unwrap_or_else(|violation| panic!("{violation} after {entry:?}"));
        for change in applied.rows {
            match change {
                RowChange::Put(row) => self.disk.insert(row.key, row.value),
                RowChange::Delete(key) => self.disk.remove(&key),
            };
        }
        let stored = self.disk.iter().map(|(key, value)| Row { key: key.clone(), value: value.clone() });
        assert_eq!(State::from_rows(GroupId::COMMAND, stored).unwrap(), self.state, "a restart has it all");
        self.told = applied.events.iter().map(|event| event.kind).collect();
        // What a client is told survives its way there.
        match Reply::decode(&applied.reply.encode()).unwrap() {
            Reply::Accepted(accepted) => Ok(accepted),
            Reply::Refused(refusal) => Err(refusal),
        }
    }

    fn ok(&mut self, command: impl Into<Command>) -> Accepted {
        self.apply(command).unwrap()
    }

    fn pass(&mut self, ms: u64) {
        self.now = self.now.plus(ms);
    }

    fn put(&mut self, unit: &str, north_e7: i32) {
        let unit = Unit {
            id: id(unit),
            name: unit.into(),
            agency: "PCCC".into(),
            skills: Vec::new(),
            station: place(0),
            position: place(north_e7),
            position_at_ms: Millis(0),
            status: UnitStatus::Available,
            status_at_ms: Millis(0),
            incident: None,
            version: 0,
            duty: Duty::default(),
        };
        self.ok(PutUnit { unit });
    }

    fn open(&mut self) -> IncidentId {
        let origin = Origin::Report("114".into());
        let source = Source { origin, episode: 0, version: 0, active: false, at_ms: Millis(1), alarm_report: None };
        let open = OpenIncident {
            kind: IncidentKind::Fire,
            severity: Severity::High,
            place: place(0),
            summary: "Cháy chợ".into(),
            source,
            exercise: false,
            place_is_mapped: false,
            advice: None,
        };
        id(&self.ok(open).entity)
    }

    fn incident(&self, incident: &IncidentId) -> &Incident {
        &self.state.incidents()[incident]
    }

    fn unit(&self, unit: &str) -> &Unit {
        &self.state.units()[unit]
    }

    fn units_of(&self, incident: &IncidentId) -> Vec<&str> {
        self.incident(incident).units.iter().map(UnitId::as_str).collect()
    }

    fn assignment(&self, unit: &str) -> &Assignment {
        self.unit(unit).duty.assignment.as_ref().unwrap()
    }

    /// Attentions that nobody has looked at.
    fn waiting(&self, incident: &IncidentId) -> Vec<AttentionKind> {
        let all = &self.incident(incident).dispatch.attentions;
        all.iter().filter(|it| !it.acknowledged_at_ms.is_set()).map(|it| it.kind).collect()
    }

    fn send(&mut self, incident: &IncidentId, units: &[&str]) {
        let expected_version = self.incident(incident).version;
        let units = units.iter().map(|unit| id(unit)).collect();
        self.ok(AssignIncident { incident: incident.clone(), expected_version, units });
    }

    fn tapping(&self, unit: &str, status: UnitStatus) -> SetUnitStatus {
        SetUnitStatus {
            unit: id(unit),
            status,
            expected_status: self.unit(unit).status,
            tapped_at_ms: Millis(0),
            assignment: 0,
            reason: "xe hỏng".into(),
        }
    }

    fn tap(&mut self, unit: &str, status: UnitStatus) {
        let tap = self.tapping(unit, status);
        self.ok(tap);
    }

    fn merge(&mut self, incident: &IncidentId, into: &IncidentId) {
        let expected_version = self.incident(incident).version;
        self.ok(MergeIncident { incident: incident.clone(), expected_version, into: into.clone() });
    }

    /// The units that the answer says stay.
    fn unmerge(&mut self, incident: &IncidentId) -> Vec<String> {
        let expected_version = self.incident(incident).version;
        let accepted = self.ok(UnmergeIncident { incident: incident.clone(), expected_version });
        accepted.stayed.iter().map(ToString::to_string).collect()
    }

    fn escalate(&mut self, unit: &str, from_level: u32) -> Result<Accepted, Refusal> {
        let assignment = self.assignment(unit).number;
        self.apply(EscalateCheckIn { unit: id(unit), assignment, from_level })
    }

    fn says_it_is_well(&mut self, unit: &str) {
        let assignment = self.assignment(unit).number;
        self.ok(CheckInUnit { unit: id(unit), assignment, tapped_at_ms: Millis(0) });
    }
}

/// One unit, so far from an incident that it has set out to.
fn under_way(mut world: World, north_e7: i32) -> (World, IncidentId) {
    world.put("xe-1", north_e7);
    let incident = world.open();
    world.send(&incident, &["xe-1"]);
    world.tap("xe-1", UnitStatus::Accepted);
    world.tap("xe-1", UnitStatus::EnRoute);
    (world, incident)
}

#[test]
fn who_is_not_there_by_its_way_and_half_is_late_once_and_is_asked() {
    let (mut world, incident) = under_way(World::new(), FIVE_KM_E7);
    let set_out = world.now;
    let late_at = set_out.plus(FIVE_KM_LATE_MS);
    let step = world.assignment("xe-1").steps.last().unwrap();
    assert_eq!((step.distance_m, step.late_at_ms), (FIVE_KM_ROAD_M, late_at));
    // A word on the way does not make the way longer, nor does moving.
    world.pass(5 * MINUTE_MS);
    world.says_it_is_well("xe-1");
    let at_ms = world.now;
    world.ok(MoveUnit { unit: id("xe-1"), position: place(2 * FIVE_KM_E7), at_ms });
    assert_eq!(world.assignment("xe-1").check_in_due_at_ms, late_at);
    world.now = Millis(late_at.0 - 1);
    assert_eq!(world.escalate("xe-1", 0).unwrap_err().code, RefusalCode::NotDue);
    world.now = late_at;
    world.escalate("xe-1", 0).unwrap();
    assert_eq!(world.told, [EventKind::UnitCheckInEscalated, EventKind::IncidentAttentionRaised]);
    assert_eq!(world.waiting(&incident), [AttentionKind::ArrivalLate]);
    assert_eq!(world.assignment("xe-1").check_in_level, 1);
    // Another leader's timer says it again.
    world.escalate("xe-1", 0).unwrap();
    assert!(world.told.is_empty());
    // The crew answers, and is late all the same: it is asked as any crew on its way, and not called late again.
    world.pass(MINUTE_MS);
    world.says_it_is_well("xe-1");
    assert_eq!(world.assignment("xe-1").check_in_due_at_ms, world.now.plus(limits::CHECK_IN_EN_ROUTE_MS));
    for level in 0..limits::CHECK_IN_LEVEL_MAX {
        world.now = world.assignment("xe-1").check_in_due_at_ms;
        world.escalate("xe-1", level).unwrap();
    }
    assert_eq!(world.waiting(&incident), [AttentionKind::ArrivalLate, AttentionKind::CheckInOverdue]);
}

#[test]
fn who_is_there_in_time_is_not_late_nor_who_waits_at_the_staging_area() {
    for there in [UnitStatus::OnScene, UnitStatus::Staging] {
        let (mut world, incident) = under_way(World::new(), FIVE_KM_E7);
        world.pass(10 * MINUTE_MS);
        world.tap("xe-1", there);
        let within_ms =
            if there == UnitStatus::OnScene { limits::CHECK_IN_ON_SCENE_MS } else { limits::CHECK_IN_STAGING_MS };
        assert_eq!(world.assignment("xe-1").check_in_due_at_ms, world.now.plus(within_ms));
        world.now = world.assignment("xe-1").check_in_due_at_ms;
        world.escalate("xe-1", 0).unwrap();
        assert!(world.waiting(&incident).is_empty());
    }
}

#[test]
fn a_long_way_is_asked_about_in_between_and_late_at_its_own_time() {
    let (mut world, incident) = under_way(World::new(), 4 * FIVE_KM_E7);
    let late_at = world.assignment("xe-1").steps.last().unwrap().late_at_ms;
    assert!(late_at > world.now.plus(limits::CHECK_IN_EN_ROUTE_MS), "{late_at}");
    assert_eq!(world.assignment("xe-1").check_in_due_at_ms, world.now.plus(limits::CHECK_IN_EN_ROUTE_MS));
    world.pass(limits::CHECK_IN_EN_ROUTE_MS - 1);
    world.says_it_is_well("xe-1");
    assert_eq!(world.assignment("xe-1").check_in_due_at_ms, late_at);
    world.now = late_at;
    world.escalate("xe-1", 0).unwrap();
    assert_eq!(world.waiting(&incident), [AttentionKind::ArrivalLate]);
}

#[test]
fn nobody_is_late_at_once_and_nothing_is_asked_of_a_crew_in_danger() {
    let (mut world, incident) = under_way(World::new(), 0);
    let step = world.assignment("xe-1").steps.last().unwrap();
    assert_eq!((step.distance_m, step.late_at_ms), (0, world.now.plus(limits::LATE_AFTER_MS_MIN)));
    world.ok(RaiseMayday { unit: id("xe-1"), tapped_at_ms: Millis(0) });
    assert!(!world.assignment("xe-1").check_in_due_at_ms.is_set());
    world.pass(10 * MINUTE_MS);
    let received_at_ms = world.unit("xe-1").duty.mayday.as_ref().unwrap().received_at_ms;
    world.ok(ClearMayday { unit: id("xe-1"), received_at_ms, note: "đã an toàn".into() });
    // A person has just heard of it.
    assert_eq!(world.assignment("xe-1").check_in_due_at_ms, world.now.plus(limits::CHECK_IN_EN_ROUTE_MS));
    assert_eq!(world.waiting(&incident), [AttentionKind::Mayday]);
}

#[test]
fn before_the_switch_nothing_is_expected_and_no_merge_is_remembered() {
    let (mut world, first) = under_way(World::before_the_switch(), FIVE_KM_E7);
    let step = world.assignment("xe-1").steps.last().unwrap();
    assert_eq!((step.distance_m, step.late_at_ms), (0, Millis(0)));
    assert_eq!(world.assignment("xe-1").check_in_due_at_ms, world.now.plus(limits::CHECK_IN_EN_ROUTE_MS));
    let second = world.open();
    world.merge(&first, &second);
    // Switched on in between, what went over before stays.
    world.ok(SwitchFeature { feature: VOCABULARY_2 });
    assert_eq!(world.unmerge(&first), Vec::<String>::new());
    assert_eq!((world.units_of(&first), world.units_of(&second)), (vec![], vec!["xe-1"]));
    assert_eq!(world.incident(&first).status, IncidentStatus::Acknowledged);
}

/// Two incidents with a unit each, and one more that the first one has.
fn two() -> (World, IncidentId, IncidentId) {
    let mut world = World::new();
    for unit in ["xe-1", "xe-2", "xe-3"] {
        world.put(unit, 0);
    }
    let (first, second) = (world.open(), world.open());
    world.send(&first, &["xe-1", "xe-2"]);
    world.send(&second, &["xe-3"]);
    (world, first, second)
}

#[test]
fn taken_apart_each_has_its_units_and_tasks_again_and_who_moved_on_stays() {
    let (mut world, first, second) = two();
    let expected_version = world.incident(&first).version;
    let (agency, text) = ("Công an".to_owned(), "Chặn cầu".to_owned());
    world.ok(GiveTask { incident: first.clone(), expected_version, agency, text });
    world.tap("xe-1", UnitStatus::Accepted);
    world.merge(&first, &second);
    assert_eq!(world.units_of(&second), ["xe-3", "xe-1", "xe-2"]);
    // One is under way by now, the other one could not go, and the dispatcher who looks after both has been told.
    world.tap("xe-1", UnitStatus::EnRoute);
    world.tap("xe-2", UnitStatus::Available);
    assert_eq!(world.unmerge(&first), ["xe-2"]);
    assert_eq!((world.units_of(&first), world.units_of(&second)), (vec!["xe-1"], vec!["xe-3"]));
    assert_eq!(world.incident(&first).status, IncidentStatus::Assigned);
    assert_eq!(world.unit("xe-1").status, UnitStatus::EnRoute);
    assert_eq!((world.assignment("xe-1").number, world.assignment("xe-1").came_through.len()), (1, 0));
    assert_eq!((world.waiting(&first), world.waiting(&second)), (vec![], vec![AttentionKind::OfferRefused]));
    let answer = AnswerTask {
        incident: first.clone(),
        task: 1,
        status: TaskStatus::Done,
        expected_status: TaskStatus::Given,
        answer: "Đã chặn".into(),
    };
    world.ok(answer);
    // A second merge tells of its own units only.
    world.merge(&first, &second);
    assert!(world.unmerge(&first).is_empty());
    assert_eq!(world.units_of(&first), ["xe-1"]);
}

#[test]
fn a_crew_in_danger_is_looked_for_in_the_incident_that_has_it() {
    let (mut world, first, second) = two();
    world.merge(&first, &second);
    world.ok(RaiseMayday { unit: id("xe-1"), tapped_at_ms: Millis(0) });
    world.ok(RaiseMayday { unit: id("xe-3"), tapped_at_ms: Millis(0) });
    assert!(world.unmerge(&first).is_empty());
    assert_eq!(
        (world.waiting(&first), world.waiting(&second)),
        (vec![AttentionKind::Mayday], vec![AttentionKind::Mayday])
    );
    assert_eq!(world.incident(&first).dispatch.attentions.last().unwrap().unit.as_str(), "xe-1");
}

#[test]
fn merges_into_merges_are_taken_apart_in_any_order() {
    for inner_first in [true, false] {
        let (mut world, first, second) = two();
        let third = world.open();
        world.merge(&first, &second);
        world.merge(&second, &third);
        assert_eq!(world.units_of(&third), ["xe-3", "xe-1", "xe-2"]);
        if inner_first {
            assert!(world.unmerge(&first).is_empty());
            assert_eq!(world.units_of(&third), ["xe-3"]);
            // What it took to itself is no longer what the second one brought.
            assert_eq!(world.unmerge(&second), ["xe-1", "xe-2"]);
        } else {
            assert!(world.unmerge(&second).is_empty());
            assert_eq!(world.units_of(&second), ["xe-3", "xe-1", "xe-2"]);
            assert!(world.unmerge(&first).is_empty());
        }
        assert_eq!((world.units_of(&first), world.units_of(&second)), (vec!["xe-1", "xe-2"], vec!["xe-3"]));
        assert_eq!(world.incident(&third).status, IncidentStatus::Acknowledged);
    }
}

#[test]
fn what_was_done_with_meanwhile_is_not_sent_again() {
    let (mut world, first, second) = two();
    world.merge(&first, &second);
    let expected_version = world.incident(&second).version;
    world.ok(ResolveIncident { incident: second.clone(), expected_version, note: String::new() });
    world.send_free("xe-1");
    assert_eq!(world.unmerge(&first), ["xe-1", "xe-2"]);
    assert_eq!(world.incident(&first).status, IncidentStatus::Acknowledged);
    assert_eq!(
        (world.incident(&second).status, world.unit("xe-2").status),
        (IncidentStatus::Resolved, UnitStatus::Available)
    );
    assert!(world.unit("xe-1").incident.is_some(), "its next assignment goes on");
}

impl World {
    /// Sends it to an incident of its own.
    fn send_free(&mut self, unit: &str) {
        let incident = self.open();
        self.send(&incident, &[unit]);
    }

    /// The incident, or what it was merged into.
    fn incident_now<'a>(&'a self, incident: &'a IncidentId) -> &'a IncidentId {
        let mut at = incident;
        while let Some(into) = &self.incident(at).merged_into {
            at = into;
        }
        at
    }

    /// Each assignment that was ever made stands once, and one that goes on is where the incident is now to which it was sent.
    fn check_units(&self, sent: &BTreeMap<(UnitId, u64), IncidentId>) {
        let mut listed = BTreeSet::new();
        for incident in self.state.incidents().values() {
            for unit in &incident.units {
                assert!(listed.insert(unit), "{unit} is in two incidents");
            }
        }
        let past = self.state.incidents().values().flat_map(|incident| &incident.dispatch.past);
        let live = self.state.units().values().filter_map(|unit| unit.duty.assignment.as_ref());
        let all: Vec<_> = past.chain(live).map(|it| (it.unit.clone(), it.number)).collect();
        let distinct: BTreeSet<_> = all.iter().collect();
        assert_eq!((distinct.len(), all.len()), (sent.len(), sent.len()), "an assignment is lost, or there twice");
        for unit in self.state.units().values() {
            let Some(assignment) = &unit.duty.assignment else { continue };
            let to = &sent[&(unit.id.clone(), assignment.number)];
            assert_eq!(unit.incident.as_ref(), Some(self.incident_now(to)), "{} was sent to {to}", unit.id);
            assert!(listed.contains(&unit.id), "{} is on no list", unit.id);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    /// Whatever is sent, tapped, merged, taken apart, resolved and opened again: no unit is ever in two incidents, none is lost,
    /// and each is where the incident is now that it was sent to.
    #[test]
    fn no_unit_is_ever_lost_between_incidents(
        acts in prop::collection::vec((0u8..12, 0usize..6, 0usize..6, 0usize..4), 1..80),
    ) {
        let mut world = World::new();
        let names = ["xe-1", "xe-2", "xe-3", "xe-4"];
        for name in names {
            world.put(name, FIVE_KM_E7);
        }
        let opened: Vec<IncidentId> = (0..6).map(|_| world.open()).collect();
        let mut sent = BTreeMap::new();
        for (act, one, other, unit) in acts {
            world.pass(1_000);
            let (incident, into, unit) = (opened[one].clone(), opened[other].clone(), names[unit]);
            let expected_version = world.incident(&incident).version;
            let _ = match act {
                0..=2 => {
                    let mut units = world.incident(&incident).units.clone();
                    units.push(id(unit));
                    let number = world.unit(unit).duty.assignments_made + 1;
                    let assigned = world.apply(AssignIncident { incident: incident.clone(), expected_version, units });
                    if assigned.is_ok() {
                        sent.insert((id(unit), number), incident);
                    }
                    assigned
                }
                3 | 4 => {
                    let next = match world.unit(unit).status {
                        UnitStatus::Offered => UnitStatus::Accepted,
                        UnitStatus::Accepted => UnitStatus::EnRoute,
                        UnitStatus::EnRoute => UnitStatus::OnScene,
                        _ => UnitStatus::Available,
                    };
                    let tap = world.tapping(unit, next);
                    world.apply(tap)
                }
                5 => {
                    let tap = world.tapping(unit, UnitStatus::Available);
                    world.apply(tap)
                }
                6 | 7 => world.apply(MergeIncident { incident, expected_version, into }),
                8 | 9 => world.apply(UnmergeIncident { incident, expected_version }),
                10 => world.apply(ResolveIncident { incident, expected_version, note: String::new() }),
                _ => world.apply(ReopenIncident { incident, expected_version, reason: "chưa xong".into() }),
            };
            world.check_units(&sent);
        }
    }
}
