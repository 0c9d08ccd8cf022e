use super::by_the_hour;
use crate::{
    AdminUnitCode, ClockStage, Command, Entry, GiveInstruction, GroupId, Instruction, InstructionId, InstructionStatus,
    Millis, Obligation, RefusalCode, Reply, State, Step, deadline::ClockTerms, limits,
};

fn give(at: u64) -> Entry {
    let command = Command::from(GiveInstruction {
        title: "look".into(),
        about: String::new(),
        incident: None,
        admin_unit: AdminUnitCode::new("hue").unwrap(),
        agency: "Power".into(),
        owner: None,
        due_at_ms: Millis(at + 1000),
        exercise: false,
    });
    Entry { at_ms: Millis(at), request: None, grant: None, command, salt: bytes::Bytes::new() }
}

/// A state at its bound of instructions, of which so many are done, the first the longest ago.
fn full(done: usize) -> State {
    let mut state = State::new(GroupId::COMMAND);
    let unit = crate::AdminUnit {
        code: AdminUnitCode::new("hue").unwrap(),
        name: "Huế".into(),
        name_en: String::new(),
        parent: None,
        aliases: Vec::new(),
        valid_from_ms: Millis(0),
        valid_until_ms: Millis(0),
    };
    state.admin_units.insert(unit.code.clone(), unit);
    state.apply(1, &give(1));
    let pattern = state.instructions.values().next().unwrap().clone();
    state.drop_instruction(&pattern.id);
    for number in 1..=limits::INSTRUCTIONS_MAX {
        let is_done = number <= done;
        state.keep_instruction(Instruction {
            id: InstructionId::new(&format!("T{number}")).unwrap(),
            status: if is_done { InstructionStatus::Done } else { InstructionStatus::Given },
            ended_at_ms: Millis(if is_done { u64::try_from(number).unwrap() } else { 0 }),
            clocks: Vec::new(),
            ..pattern.clone()
        });
    }
    state.instructions_given = u64::try_from(limits::INSTRUCTIONS_MAX).unwrap();
    state
}

#[test]
fn those_done_the_longest_leave_for_a_new_one() {
    let mut state = full(limits::INSTRUCTIONS_DROPPED_AT_ONCE + 2);
    let applied = state.apply(2, &give(2));
    assert!(matches!(applied.reply, Reply::Accepted(_)), "{:?}", applied.reply);
    assert_eq!(state.instructions.len(), limits::INSTRUCTIONS_MAX - limits::INSTRUCTIONS_DROPPED_AT_ONCE + 1);
    let left: Vec<_> = state
        .instructions
        .values()
        .filter(|instruction| instruction.ended_at_ms.is_set())
        .map(|instruction| &instruction.id)
        .collect();
    assert_eq!(left.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["T257", "T258"]);
    state.check().unwrap();
}

#[test]
fn a_state_full_of_open_instructions_refuses() {
    let Reply::Refused(refusal) = full(0).apply(2, &give(2)).reply else { panic!("accepted") };
    assert_eq!(refusal.code, RefusalCode::Limit);
}

/// Stage and offset in minutes of each step of an instruction due in so many minutes, under a policy with these warnings.
fn ladder(within_min: u64, warnings_min: &[i64]) -> Vec<(ClockStage, i64)> {
    let step = |stage, min: i64| Step { stage, offset_ms: min * 60_000, post: None };
    let warnings = warnings_min.iter().map(|min| step(ClockStage::NearlyLate, *min));
    let steps = warnings.chain([step(ClockStage::Late, 0), step(ClockStage::Overdue, 30)]).collect();
    let (obligation, within_ms) = (Obligation::DoInstruction, 5 * 86_400_000);
    let terms = ClockTerms { number: 1, obligation, policy: None, round: 0, calendar: None, within_ms, steps };
    let steps = by_the_hour(Some(terms), 1, 0, within_min * 60_000).steps;
    steps.into_iter().map(|step| (step.stage, step.offset_ms / 60_000)).collect()
}

#[test]
fn an_instruction_for_this_afternoon_warns_though_its_policy_counts_in_days() {
    let late = [(ClockStage::Late, 0), (ClockStage::Overdue, 30)];
    let warned = |at: &[i64]| -> Vec<_> { at.iter().map(|min| (ClockStage::NearlyLate, *min)).chain(late).collect() };
    assert_eq!(ladder(60, &[-2_880, -1_440]), warned(&[-15]), "the last of them, and once");
    assert_eq!(ladder(60, &[-1_440, -30]), warned(&[-30]), "one that fits stays where the policy has it");
    assert_eq!(ladder(2_000, &[-1_440, -30]), warned(&[-1_440, -30]));
    assert_eq!(ladder(15, &[-1_440]), warned(&[]), "a warning that would come before the instruction is none");
    assert_eq!(ladder(60, &[]), warned(&[]), "a policy without a warning has none");
}
