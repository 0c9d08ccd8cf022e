use crate::{
    AdminUnitCode, Command, Entry, GiveTask, GroupId, Millis, RefusalCode, Reply, State, Task, TaskId, TaskStatus,
    limits,
};

fn give(at: u64) -> Entry {
    let command = Command::from(GiveTask {
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

/// A state at its bound of tasks, of which so many are done, the first the longest ago.
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
    let pattern = state.tasks.values().next().unwrap().clone();
    state.drop_task(&pattern.id);
    for number in 1..=limits::TASKS_MAX {
        let is_done = number <= done;
        state.keep_task(Task {
            id: TaskId::new(&format!("T{number}")).unwrap(),
            status: if is_done { TaskStatus::Done } else { TaskStatus::Given },
            ended_at_ms: Millis(if is_done { u64::try_from(number).unwrap() } else { 0 }),
            clocks: Vec::new(),
            ..pattern.clone()
        });
    }
    state.tasks_given = u64::try_from(limits::TASKS_MAX).unwrap();
    state
}

#[test]
fn those_done_the_longest_leave_for_a_new_one() {
    let mut state = full(limits::TASKS_DROPPED_AT_ONCE + 2);
    let applied = state.apply(2, &give(2));
    assert!(matches!(applied.reply, Reply::Accepted(_)), "{:?}", applied.reply);
    assert_eq!(state.tasks.len(), limits::TASKS_MAX - limits::TASKS_DROPPED_AT_ONCE + 1);
    let left: Vec<_> = state.tasks.values().filter(|task| task.ended_at_ms.is_set()).map(|task| &task.id).collect();
    assert_eq!(left.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["T257", "T258"]);
    state.check().unwrap();
}

#[test]
fn a_state_full_of_open_tasks_refuses() {
    let Reply::Refused(refusal) = full(0).apply(2, &give(2)).reply else { panic!("accepted") };
    assert_eq!(refusal.code, RefusalCode::Limit);
}
