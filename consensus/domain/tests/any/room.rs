//! Any command about exercises and rooms: two rooms, so that they follow each other.

use domain::*;
use proptest::{prelude::*, sample::select, strategy::BoxedStrategy};

use super::{area, camera_id, incident_id, make, place, text, version};

const ROOMS: [&str; 2] = ["tinh", "phu-binh"];

fn room_id() -> impl Strategy<Value = RoomId> + Clone {
    select(&ROOMS[..]).prop_map(|text| RoomId::new(text).unwrap())
}

fn exercise_id() -> impl Strategy<Value = ExerciseId> + Clone {
    select(&["E1", "E2"][..]).prop_map(|text| ExerciseId::new(text).unwrap())
}

fn shift_note_id() -> impl Strategy<Value = ShiftNoteId> + Clone {
    (1u32..30).prop_map(|index| ShiftNoteId::new(&format!("H{index}")).unwrap())
}

fn room() -> impl Strategy<Value = Room> {
    (room_id(), text(), prop::option::weighted(0.3, area())).prop_map(|(id, name, admin_unit)| Room {
        id,
        name,
        name_en: String::new(),
        admin_unit,
        post: None,
        scene: None,
        follows: None,
        followed_at_ms: Millis(0),
        followed_by: None,
        version: 0,
    })
}

fn scene() -> impl Strategy<Value = Scene> {
    let view = (any::<i32>(), 0u32..3000).prop_map(|(latitude_e7, zoom_centi)| MapView {
        latitude_e7,
        longitude_e7: 0,
        zoom_centi,
    });
    (
        text(),
        prop::collection::vec(incident_id(), 0..2),
        prop::collection::vec(camera_id(), 0..2),
        prop::option::of(place()),
        prop::option::of(view),
        any::<bool>(),
    )
        .prop_map(|(title, incidents, cameras, place, view, exercise)| Scene {
            title,
            layers: vec!["sensor".into()],
            incidents,
            cameras,
            place,
            view,
            pushed_at_ms: Millis(9),
            pushed_by: None,
            exercise,
        })
}

pub(super) fn command_of_room() -> BoxedStrategy<Command> {
    prop_oneof![
        2 => make!(StartExercise { name: text(), scenario: text() }),
        2 => make!(EndExercise { exercise: exercise_id(), note: text() }),
        1 => make!(PutRoom { room: room() }),
        3 => make!(PushScene { room: room_id(), scene: prop::option::weighted(0.8, scene()) }),
        3 => make!(FollowRoom { room: room_id(), leader: prop::option::of(room_id()) }),
        3 => make!(WriteShiftNote {
            room: room_id(), note: text(), incidents: Just(Vec::new()), within_ms: select(&[0u64, 60_000][..]),
            exercise: any::<bool>(),
        }),
        3 => make!(AcknowledgeShiftNote { shift_note: shift_note_id(), expected_version: version(), remark: text() }),
        2 => make!(FireShiftNote { shift_note: shift_note_id() }),
        2 => make!(LogDuty {
            room: room_id(), text: text(), incident: prop::option::weighted(0.2, incident_id()), corrects: 0u64..4,
            exercise: any::<bool>(),
        }),
    ]
    .boxed()
}

/// Two rooms before the first entry, and what a shift left that is nobody's of the test.
pub(super) fn in_use() -> Vec<Command> {
    let room = |id: &str| Room {
        id: RoomId::new(id).unwrap(),
        name: id.into(),
        name_en: String::new(),
        admin_unit: None,
        post: None,
        scene: None,
        follows: None,
        followed_at_ms: Millis(0),
        followed_by: None,
        version: 0,
    };
    let left = WriteShiftNote {
        room: RoomId::new("tinh").unwrap(),
        note: "Đập xả lũ".into(),
        incidents: Vec::new(),
        within_ms: 60_000,
        exercise: false,
    };
    vec![
        PutRoom { room: room("tinh") }.into(),
        PutRoom { room: room("phu-binh") }.into(),
        left.clone().into(),
        left.into(),
    ]
}

/// Names what is as far as the command needs it; whether the command is about exercises or rooms.
pub(super) fn aim(entry: &mut Entry, state: &State) -> bool {
    let some = || "Nước lên".to_owned();
    match &mut entry.command {
        Command::StartExercise(command) => (command.name, command.scenario) = (some(), some()),
        Command::EndExercise(command) => {
            if let Some(running) = state.exercise_running() {
                command.exercise = running.id.clone();
            }
            command.note = some();
        }
        Command::PutRoom(command) => command.room.name = some(),
        Command::PushScene(command) => {
            if let Some(scene) = &mut command.scene {
                (scene.title, scene.place, scene.view) = (some(), None, None);
            }
        }
        Command::WriteShiftNote(command) => (command.note, command.within_ms) = (some(), 60_000),
        Command::AcknowledgeShiftNote(command) => {
            let me = PersonId::new("an").unwrap();
            let waits = |it: &&ShiftNote| !it.acknowledged_at_ms.is_set() && it.written_by.as_ref() != Some(&me);
            let Some(waiting) = state.shift_notes().values().find(waits) else { return true };
            (command.shift_note, command.expected_version) = (waiting.id.clone(), waiting.version);
            command.remark = some();
            // By the one of whom it is not.
            entry.request = None;
        }
        Command::FireShiftNote(command) => {
            let Some((due, id)) = state.shift_notes_due().next() else { return true };
            command.shift_note = id.clone();
            entry.at_ms = entry.at_ms.max(due);
        }
        Command::LogDuty(command) => (command.text, command.incident) = (some(), None),
        Command::FollowRoom(_) => {}
        _ => return false,
    }
    true
}
