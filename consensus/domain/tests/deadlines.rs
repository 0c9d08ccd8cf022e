//! No step of a clock is taken twice, none is left out, and none comes early, however the commands of timers are doubled,
//! delayed and mixed up, and wherever the state is read back from its rows.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]

use std::collections::{BTreeMap, BTreeSet};

use domain::*;
use proptest::{prelude::*, sample::Index};

/// What may happen between two commands of timers.
#[derive(Clone, Debug)]
enum Doing {
    Open,
    Pause(Index),
    Resume(Index),
    Promise(Index, u64),
    Resolve(Index),
    Reopen(Index),
    Give,
    Finish(Index),
    /// From that minute of the day on somebody works.
    Calendar(u32),
    /// The process ends, and starts from what is on its disk.
    Restart,
    /// A timer's command arrives, perhaps again, perhaps after later ones.
    Fire(Index),
    /// So much time passes.
    Pass(u64),
}

fn doing() -> impl Strategy<Value = Doing> {
    let at = any::<Index>;
    prop_oneof![
        3 => Just(Doing::Open),
        2 => at().prop_map(Doing::Pause),
        2 => at().prop_map(Doing::Resume),
        2 => (at(), 1u64..3_600_000).prop_map(|(at, ms)| Doing::Promise(at, ms)),
        1 => at().prop_map(Doing::Resolve),
        1 => at().prop_map(Doing::Reopen),
        2 => Just(Doing::Give),
        1 => at().prop_map(Doing::Finish),
        1 => (0u32..1200).prop_map(Doing::Calendar),
        2 => Just(Doing::Restart),
        12 => at().prop_map(Doing::Fire),
        6 => prop_oneof![0u64..30_000, 0u64..7_200_000, 0u64..100_000_000].prop_map(Doing::Pass),
    ]
}

/// A step as it was taken: of which clock, counted from which setting of its due time, and which step.
type Taken = (ClockKey, u32, u32);

struct Run {
    state: State,
    index: u64,
    now: Millis,
    /// Every command that a timer ever had reason to send.
    sent: Vec<FireDeadline>,
    taken: BTreeSet<Taken>,
    /// How far each clock was seen since its due time was set.
    seen: BTreeMap<(ClockKey, u32), u32>,
}

fn office(from_min: u32) -> PutCalendar {
    PutCalendar {
        calendar: Calendar {
            id: CalendarId::new("office").unwrap(),
            name: "Giờ hành chính".into(),
            hours: (1..=6).map(|weekday| WorkingHours { weekday, from_min, until_min: 1260 }).collect(),
            national_holidays: true,
            days: Vec::new(),
            version: 0,
        },
    }
}

fn policy(id: &str, obligation: Obligation, calendar: Option<&str>, within_ms: u64) -> PutDeadlinePolicy {
    let step = |stage, offset_ms| Step { stage, offset_ms, post: None };
    PutDeadlinePolicy {
        policy: DeadlinePolicy {
            id: DeadlinePolicyId::new(id).unwrap(),
            name: id.into(),
            obligation,
            kinds: Vec::new(),
            agency: String::new(),
            admin_unit: None,
            calendar: calendar.map(|id| CalendarId::new(id).unwrap()),
            within_ms,
            steps: vec![
                step(ClockStage::NearlyLate, -10_000),
                step(ClockStage::Late, 0),
                step(ClockStage::Overdue, 60_000),
                step(ClockStage::Overdue, 7_200_000),
            ],
            disabled: false,
            version: 0,
        },
    }
}

impl Run {
    fn new() -> Self {
        // Thursday, February 12, 2026, 10:00 in Viet Nam: a day and a half before Tết.
        let now = Millis(1_770_865_200_000);
        let mut run = Self {
            state: State::new(GroupId::COMMAND),
            index: 0,
            now,
            sent: Vec::new(),
            taken: BTreeSet::new(),
            seen: BTreeMap::new(),
        };
        let unit = AdminUnit {
            code: AdminUnitCode::new("hue").unwrap(),
            name: "Huế".into(),
            name_en: String::new(),
            parent: None,
            aliases: Vec::new(),
            valid_from_ms: Millis(0),
            valid_until_ms: Millis(0),
        };
        run.apply(PutAdminUnits { admin_units: vec![unit] });
        run.apply(office(480));
        run.apply(policy("forward", Obligation::Forward, None, 300_000));
        run.apply(policy("answer", Obligation::Answer, Some("office"), 5 * 3_600_000));
        run.apply(policy("take", Obligation::TakeInstruction, None, 60_000));
        run.apply(policy("do", Obligation::DoInstruction, Some("office"), 3_600_000));
        run
    }

    fn apply(&mut self, command: impl Into<Command>) -> Reply {
        self.index += 1;
        let command = command.into();
        let entry =
            Entry { at_ms: self.now, request: None, grant: None, command: command.clone(), salt: bytes::Bytes::new() };
        let before = self.state.clone();
        let applied = self.state.apply(self.index, &entry);
        self.state.check().unwrap();
        let steps = applied.events.iter().filter(|event| is_step(event.kind)).count();
        if let Command::FireDeadline(fire) = &command {
            let was = before.clock_of(&fire.clock);
            assert!(steps <= 1);
            if steps == 1 {
                let was = was.unwrap();
                assert!(was.next_at_ms.is_set() && was.next_at_ms <= self.state.clock(), "early: {was:?}");
                assert!(self.taken.insert((fire.clock.clone(), was.promises, fire.step)), "twice: {fire:?}");
                let seen = self.seen.entry((fire.clock.clone(), was.promises)).or_default();
                assert_eq!(*seen, fire.step, "left out: {fire:?}");
                *seen += 1;
            }
        } else {
            assert_eq!(steps, 0, "{command:?}");
        }
        // What a timer that looks now would send.
        for (_, key) in self.state.clocks_due() {
            let clock = self.state.clock_of(key).unwrap();
            let fire = FireDeadline { clock: key.clone(), step: clock.fired, version: clock.version };
            if !self.sent.contains(&fire) {
                self.sent.push(fire);
            }
        }
        applied.reply
    }

    fn clock(&self, at: Index) -> Option<(ClockKey, Clock)> {
        let incidents = self.state.incidents().values().map(|it| (Measured::Incident(it.id.clone()), &it.clocks));
        let instructions =
            self.state.instructions().values().map(|it| (Measured::Instruction(it.id.clone()), &it.clocks));
        let all: Vec<_> = incidents
            .chain(instructions)
            .flat_map(|(of, clocks)| clocks.iter().map(move |it| (ClockKey { of: of.clone(), number: it.number }, it)))
            .collect();
        (!all.is_empty()).then(|| all[at.index(all.len())].clone()).map(|(key, clock)| (key, clock.clone()))
    }

    fn incident(&self, at: Index) -> Option<Incident> {
        let all: Vec<_> = self.state.incidents().values().collect();
        (!all.is_empty()).then(|| all[at.index(all.len())].clone())
    }

    fn instruction(&self, at: Index) -> Option<Instruction> {
        let all: Vec<_> = self.state.instructions().values().collect();
        (!all.is_empty()).then(|| all[at.index(all.len())].clone())
    }

    fn act(&mut self, doing: &Doing) {
        let reason = || "why".to_owned();
        match doing {
            Doing::Open => {
                let source = Source {
                    origin: Origin::Report("1022".into()),
                    episode: 0,
                    version: 0,
                    active: false,
                    at_ms: Millis(0),
                    alarm_report: None,
                };
                let place = Place {
                    latitude_e7: 0,
                    longitude_e7: 0,
                    admin_unit: AdminUnitCode::new("hue").unwrap(),
                    address: String::new(),
                };
                self.apply(OpenIncident {
                    kind: IncidentKind::Flood,
                    severity: Severity::Low,
                    place,
                    summary: "nước".into(),
                    source,
                    exercise: false,
                    place_is_mapped: false,
                    advice: None,
                });
            }
            Doing::Pause(at) => {
                if let Some((clock, it)) = self.clock(*at) {
                    self.apply(PauseClock { clock, expected_version: it.version, reason: reason() });
                }
            }
            Doing::Resume(at) => {
                if let Some((clock, it)) = self.clock(*at) {
                    self.apply(ResumeClock { clock, expected_version: it.version });
                }
            }
            Doing::Promise(at, ms) => {
                if let Some((clock, it)) = self.clock(*at) {
                    self.apply(ReportProgress {
                        clock,
                        expected_version: it.version,
                        note: reason(),
                        photo_sha256: Some(Digest([1; 32])),
                        promised_at_ms: self.now.plus(*ms),
                    });
                }
            }
            Doing::Resolve(at) => {
                if let Some(it) = self.incident(*at) {
                    self.apply(ResolveIncident { incident: it.id, expected_version: it.version, note: reason() });
                }
            }
            Doing::Reopen(at) => {
                if let Some(it) = self.incident(*at) {
                    self.apply(ReopenIncident { incident: it.id, expected_version: it.version, reason: reason() });
                }
            }
            Doing::Give => {
                self.apply(GiveInstruction {
                    title: "look".into(),
                    about: String::new(),
                    incident: None,
                    admin_unit: AdminUnitCode::new("hue").unwrap(),
                    agency: "Power".into(),
                    owner: None,
                    due_at_ms: Millis(0),
                    exercise: false,
                });
            }
            Doing::Finish(at) => {
                if let Some(it) = self.instruction(*at) {
                    self.apply(FinishInstruction { instruction: it.id, expected_version: it.version, note: reason() });
                }
            }
            Doing::Calendar(from_min) => {
                self.apply(office(*from_min));
            }
            Doing::Restart => {
                let rows = self.state.rows();
                assert_eq!(State::from_rows(GroupId::COMMAND, rows.into_iter().rev()).unwrap(), self.state);
            }
            Doing::Fire(at) => {
                if !self.sent.is_empty() {
                    let fire = self.sent[at.index(self.sent.len())].clone();
                    self.apply(fire);
                }
            }
            Doing::Pass(ms) => self.now = self.now.plus(*ms),
        }
    }

    /// A leader's timer at last does its work: at each time it fires what is due, and looks again.
    fn fire_all_due(&mut self) {
        loop {
            let due = self.state.clocks_due().next().map(|(at, key)| (at, key.clone()));
            let Some((at, key)) = due else { return };
            if at > self.now {
                return;
            }
            let clock = self.state.clock_of(&key).unwrap();
            let fire = FireDeadline { clock: key.clone(), step: clock.fired, version: clock.version };
            let reply = self.apply(fire);
            assert!(matches!(reply, Reply::Accepted(_)), "{reply:?}");
        }
    }
}

fn is_step(kind: EventKind) -> bool {
    matches!(kind, EventKind::DeadlineNearlyLate | EventKind::DeadlineLate | EventKind::DeadlineOverdue)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn each_step_is_taken_once_and_none_is_left_out(doings in prop::collection::vec(doing(), 1..80)) {
        let mut run = Run::new();
        for doing in &doings {
            run.act(doing);
        }
        run.fire_all_due();
        // A month later everything that runs has taken every step of its ladder.
        run.now = run.now.plus(60 * 86_400_000);
        run.fire_all_due();
        prop_assert_eq!(run.state.clocks_due().count(), 0);
        let incidents = run.state.incidents().values().flat_map(|it| &it.clocks);
        for clock in incidents.chain(run.state.instructions().values().flat_map(|it| &it.clocks)) {
            if clock.status == ClockStatus::Running {
                prop_assert_eq!(usize::try_from(clock.fired).unwrap(), clock.steps.len());
                prop_assert_eq!(clock.stage, ClockStage::Overdue);
            }
        }
        // And every command that was ever sent, sent once more, changes nothing.
        let before = run.state.clone();
        for fire in run.sent.clone() {
            run.apply(fire);
        }
        prop_assert_eq!((run.state.incidents(), run.state.instructions()), (before.incidents(), before.instructions()));
    }
}

/// The case that a transcript cannot show: thousands of clocks, and the calendar moves under them.
#[test]
fn a_calendar_that_changes_moves_every_clock_that_runs_by_it() {
    let mut run = Run::new();
    for _ in 0..500 {
        run.act(&Doing::Open);
    }
    let before: Vec<_> = run.state.clocks_due().map(|(at, key)| (at, key.clone())).collect();
    // Nobody works before 11:00 any more: what counts working time is an hour later, what does not stays.
    run.apply(office(660));
    for (at, key) in before {
        let clock = run.state.clock_of(&key).unwrap();
        let moved_ms = if clock.obligation == Obligation::Answer { 3_600_000 } else { 0 };
        assert_eq!(clock.next_at_ms, at.plus(moved_ms), "{key}");
    }
}
