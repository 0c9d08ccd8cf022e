//! Any command about deadlines and instructions. Three policies, two posts, and a calendar that works from seven to midnight, as
//! sequences begin at seven.

use domain::*;
use proptest::{prelude::*, sample::select, strategy::BoxedStrategy};

use super::{area, incident_id, kind, make, person_id, text, time, version};

fn calendar_id() -> impl Strategy<Value = CalendarId> + Clone {
    select(&["late", "office"][..]).prop_map(|text| CalendarId::new(text).unwrap())
}

fn post_id() -> impl Strategy<Value = DutyPostId> + Clone {
    select(&["desk", "boss"][..]).prop_map(|text| DutyPostId::new(text).unwrap())
}

fn clock() -> impl Strategy<Value = ClockKey> + Clone {
    let instruction =
        select(&["T1", "T2", "T3"][..]).prop_map(|text| Measured::Instruction(InstructionId::new(text).unwrap()));
    let report = super::report::code().prop_map(Measured::Report);
    let of = prop_oneof![2 => incident_id().prop_map(Measured::Incident), 2 => instruction, 1 => report];
    (of, 1u32..4).prop_map(|(of, number)| ClockKey { of, number })
}

fn instruction_id() -> impl Strategy<Value = InstructionId> + Clone {
    select(&["T1", "T2", "T3"][..]).prop_map(|text| InstructionId::new(text).unwrap())
}

fn calendar() -> impl Strategy<Value = Calendar> + Clone {
    let days = prop::collection::vec((select(&[19_700_101u32, 19_700_102, 19_709_999][..]), 0u32..9), 0..2);
    (calendar_id(), 0u32..500, any::<bool>(), days).prop_map(|(id, from_min, national_holidays, days)| Calendar {
        id,
        name: "Ca".into(),
        hours: (1..=7).map(|weekday| WorkingHours { weekday, from_min, until_min: 1440 }).collect(),
        national_holidays,
        days: days.into_iter().map(|(date, as_weekday)| SpecialDay { date, as_weekday, name: "L".into() }).collect(),
        version: 0,
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> + Clone {
    let post = prop::option::of(post_id());
    (post.clone(), post, any::<bool>(), -70_000i64..10_000).prop_map(|(one, two, is_overdue, before)| {
        let mut steps = vec![
            Step { stage: ClockStage::NearlyLate, offset_ms: before, post: one.clone() },
            Step { stage: ClockStage::Late, offset_ms: 0, post: one },
        ];
        if is_overdue {
            steps.push(Step { stage: ClockStage::Overdue, offset_ms: 30_000, post: two });
        }
        steps
    })
}

fn policy() -> impl Strategy<Value = DeadlinePolicy> + Clone {
    let of = (select(Obligation::ALL), prop::collection::vec(kind(), 0..2), prop::option::of(area()));
    let how = (prop::option::of(calendar_id()), 0u64..120_000, steps(), prop::bool::weighted(0.1));
    (select(&["p1", "p2", "p3"][..]), of, how).prop_map(
        |(id, (obligation, kinds, admin_unit), (calendar, within_ms, steps, disabled))| DeadlinePolicy {
            id: DeadlinePolicyId::new(id).unwrap(),
            name: "Hạn".into(),
            obligation,
            kinds,
            agency: String::new(),
            admin_unit,
            calendar,
            within_ms,
            steps,
            disabled,
            version: 0,
        },
    )
}

fn post() -> impl Strategy<Value = DutyPost> + Clone {
    let shift = (person_id(), 0u64..400_000).prop_map(|(person, from)| DutyShift {
        person,
        from_ms: Millis(from),
        until_ms: Millis(from + 100_000),
    });
    (post_id(), prop::option::of(post_id()), prop::collection::vec(shift, 0..2))
        .prop_map(|(id, above, shifts)| DutyPost { id, name: "Trực".into(), above, shifts, version: 0 })
}

/// A policy of each obligation, with a post that is always somebody's.
pub(super) fn in_use() -> Vec<Command> {
    let an = PersonId::new("an").unwrap();
    let shifts = vec![DutyShift { person: an, from_ms: Millis(0), until_ms: Millis(u64::MAX) }];
    let desk = DutyPostId::new("desk").unwrap();
    let post = DutyPost { id: desk.clone(), name: "Trực".into(), above: None, shifts, version: 0 };
    let mut commands: Vec<Command> = vec![PutDutyPost { post }.into()];
    for (at, obligation) in Obligation::ALL.iter().enumerate() {
        let policy = DeadlinePolicy {
            id: DeadlinePolicyId::new(&format!("of-{at}")).unwrap(),
            name: "Hạn".into(),
            obligation: *obligation,
            kinds: Vec::new(),
            agency: String::new(),
            admin_unit: None,
            calendar: None,
            within_ms: 60_000,
            steps: vec![
                Step { stage: ClockStage::NearlyLate, offset_ms: -20_000, post: None },
                Step { stage: ClockStage::Late, offset_ms: 0, post: Some(desk.clone()) },
                Step { stage: ClockStage::Overdue, offset_ms: 60_000, post: Some(desk.clone()) },
            ],
            disabled: false,
            version: 0,
        };
        commands.push(PutDeadlinePolicy { policy }.into());
    }
    commands
}

pub(super) fn command_of_deadline() -> BoxedStrategy<Command> {
    let give = make!(GiveInstruction {
        title: text(),
        about: text(),
        incident: prop::option::of(incident_id()),
        admin_unit: area(),
        agency: select(&["", "Power"][..]).prop_map(str::to_owned),
        owner: prop::option::of(person_id()),
        due_at_ms: time(),
        exercise: prop::bool::weighted(0.3),
    });
    let photo = prop::option::of((0u8..4).prop_map(|byte| Digest([byte; 32])));
    let receiver = (select(&["police", "province"][..]), text(), prop::option::of(area()), any::<bool>());
    let receiver = receiver.prop_map(|(id, name, admin_unit, is_all)| Receiver {
        id: ReceiverId::new(id).unwrap(),
        name,
        url: "https://113.example/notices".into(),
        secret_sealed: "sealed".into(),
        kinds: if is_all { EventKind::ALL.to_vec() } else { vec![EventKind::DeadlineLate] },
        admin_unit,
        disabled: false,
        newest: 9,
        confirmed: 9,
        missed: 9,
        given_up: None,
        unit: None,
        version: 0,
        parked: 0,
    });
    let to = select(&["police", "province"][..]).prop_map(|id| ReceiverId::new(id).unwrap());
    prop_oneof![
        2 => make!(PutReceiver { receiver: receiver }),
        2 => make!(ConfirmNotices { receiver: to, through: version() }),
        2 => make!(PutCalendar { calendar: calendar() }),
        2 => make!(PutDeadlinePolicy { policy: policy() }),
        1 => make!(PutDutyPost { post: post() }),
        3 => make!(PauseClock { clock: clock(), expected_version: version(), reason: text() }),
        3 => make!(ResumeClock { clock: clock(), expected_version: version() }),
        3 => make!(AcknowledgeClock { clock: clock(), expected_version: version() }),
        3 => make!(ReportProgress {
            clock: clock(), expected_version: version(), note: text(), photo_sha256: photo, promised_at_ms: time(),
        }),
        6 => make!(FireDeadline { clock: clock(), step: 0u32..3, version: version() }),
        5 => give,
        3 => make!(TakeInstruction { instruction: instruction_id(), expected_version: version() }),
        2 => make!(FinishInstruction { instruction: instruction_id(), expected_version: version(), note: text() }),
        2 => make!(ConfirmInstruction { instruction: instruction_id(), expected_version: version() }),
        1 => make!(CancelInstruction { instruction: instruction_id(), expected_version: version(), reason: text() }),
        2 => make!(ReopenInstruction { instruction: instruction_id(), expected_version: version(), reason: text(), due_at_ms: time() }),
    ]
    .boxed()
}

/// The last instruction that somebody still has to do.
fn open_instruction(state: &State) -> Option<InstructionId> {
    let instructions = state.instructions().values();
    instructions
        .rev()
        .find(|instruction| matches!(instruction.status, InstructionStatus::Given | InstructionStatus::Taken))
        .map(|instruction| instruction.id.clone())
}

/// The first clock that calls for somebody.
fn alarming(state: &State) -> Option<ClockKey> {
    let incidents = state.incidents().values().map(|it| (Measured::Incident(it.id.clone()), &it.clocks));
    let instructions = state.instructions().values().map(|it| (Measured::Instruction(it.id.clone()), &it.clocks));
    let reports = state.reports().values().map(|it| (Measured::Report(it.code.clone()), &it.clocks));
    incidents.chain(instructions).chain(reports).find_map(|(of, clocks)| {
        let clock = clocks.iter().find(|clock| clock.is_alarming())?;
        Some(ClockKey { of, number: clock.number })
    })
}

/// Makes a command about deadlines fit the state that it meets.
pub(super) fn aim(entry: &mut Entry, state: &State) -> bool {
    let now = entry.at_ms;
    let clock = |key: &ClockKey| state.clock_of(key).map_or(1, |clock| clock.version);
    let instruction = |id: &InstructionId| state.instructions().get(id).map_or(1, |instruction| instruction.version);
    match &mut entry.command {
        Command::PauseClock(command) => {
            if let Some((_, key)) = state.clocks_due().next() {
                command.clock = key.clone();
            }
            command.reason = "đợi".into();
            command.expected_version = clock(&command.clock);
        }
        Command::ResumeClock(command) => {
            let clocks = state.incidents().values().flat_map(|it| it.clocks.iter().map(move |clock| (&it.id, clock)));
            let paused = clocks.into_iter().find(|(_, clock)| clock.status == ClockStatus::Paused);
            if let Some((id, clock)) = paused {
                command.clock = ClockKey { of: Measured::Incident(id.clone()), number: clock.number };
            }
            command.expected_version = clock(&command.clock);
        }
        Command::AcknowledgeClock(command) => {
            if let Some(key) = alarming(state) {
                command.clock = key;
            }
            command.expected_version = clock(&command.clock);
        }
        Command::ReportProgress(command) => {
            command.expected_version = clock(&command.clock);
            command.promised_at_ms = now.plus(90_000);
        }
        Command::FireDeadline(command) => {
            if let Some((at, key)) = state.clocks_due().next() {
                command.clock = key.clone();
                command.version = clock(key);
                command.step = state.clock_of(key).map_or(0, |clock| clock.fired);
                entry.at_ms = now.max(at);
            }
        }
        Command::GiveInstruction(command) => {
            command.title = "Dọn".into();
            command.about.clear();
            command.owner = Some(PersonId::new("an").unwrap());
            command.due_at_ms = if command.due_at_ms.0 % 2 == 0 { Millis(0) } else { now.plus(50_000) };
        }
        Command::ReopenInstruction(command) => {
            let ended = state.instructions().values().find(|instruction| instruction.ended_at_ms.is_set());
            command.instruction =
                ended.map_or_else(|| command.instruction.clone(), |instruction| instruction.id.clone());
            command.reason = "chưa xong".into();
            command.expected_version = instruction(&command.instruction);
            command.due_at_ms = Millis(0);
        }
        Command::PutReceiver(command) => command.receiver.name = "113".into(),
        Command::ConfirmNotices(command) => {
            let newest = state.receivers().get(&command.receiver).map_or(0, |receiver| receiver.newest);
            command.through = command.through.min(newest);
        }
        Command::TakeInstruction(command) => command.expected_version = instruction(&command.instruction),
        Command::FinishInstruction(command) => {
            command.instruction = open_instruction(state).unwrap_or_else(|| command.instruction.clone());
            command.expected_version = instruction(&command.instruction);
        }
        Command::ConfirmInstruction(command) => {
            let mut all = state.instructions().values();
            let done = all.find(|it| it.status == InstructionStatus::Done && it.confirmed_by.is_none());
            command.instruction = done.map_or_else(|| command.instruction.clone(), |done| done.id.clone());
            command.expected_version = instruction(&command.instruction);
        }
        Command::CancelInstruction(command) => {
            command.instruction = open_instruction(state).unwrap_or_else(|| command.instruction.clone());
            command.expected_version = instruction(&command.instruction);
        }
        _ => return false,
    }
    true
}
