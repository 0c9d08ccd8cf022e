use crate::{
    AdminUnitCode, Command, Entry, GiveInstruction, GroupId, Instruction, InstructionId, InstructionStatus, Millis,
    RefusalCode, Reply, State, limits,
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
