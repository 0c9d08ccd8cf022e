//! Commands about exercises and rooms. `proto/trongdong/v1/room.proto` tells what each is for.

use super::vocabulary::body;
use crate::{ExerciseId, IncidentId, Room, RoomId, Scene, ShiftNoteId, wire::record};

body! {
    /// Begins a drill.
    StartExercise {
        /// What people call it.
        name: String,
        /// What is played; may be empty.
        scenario: String,
    }
}

body! {
    /// Ends it, and closes what bears the mark and is open, so many at a time; sent again, the rest.
    EndExercise {
        /// Which.
        exercise: ExerciseId,
        /// How it went.
        note: String,
    }
}

body! {
    /// Puts a room. Its scene and whom it follows stay.
    PutRoom {
        /// As it shall be.
        room: Room,
    }
}

body! {
    /// Shows something to those who follow the room.
    PushScene {
        /// Which leads.
        room: RoomId,
        /// What; none: there is nothing to follow any more.
        scene: Option<Scene>,
    }
}

body! {
    /// A room chooses whom it follows.
    FollowRoom {
        /// Which.
        room: RoomId,
        /// Whom; none: it leaves.
        leader: Option<RoomId>,
    }
}

body! {
    /// Leaves something to the next shift.
    WriteShiftNote {
        /// Of which room.
        room: RoomId,
        /// What the next ones have to know.
        note: String,
        /// What they have to watch.
        incidents: Vec<IncidentId>,
        /// Somebody has so long to acknowledge it.
        within_ms: u64,
        /// Part of a drill.
        exercise: bool,
    }
}

body! {
    /// Somebody of the next shift has read it.
    AcknowledgeShiftNote {
        /// Which.
        shift_note: ShiftNoteId,
        /// The version seen.
        expected_version: u64,
        /// May be empty.
        remark: String,
    }
}

body! {
    /// Nobody acknowledged it in time. Takes effect once.
    FireShiftNote {
        /// Which.
        shift_note: ShiftNoteId,
    }
}

body! {
    /// Writes into a room's log.
    LogDuty {
        /// Which.
        room: RoomId,
        /// What happened.
        text: String,
        /// What it is about.
        incident: Option<IncidentId>,
        /// The number of the entry that it corrects; 0: none.
        corrects: u64,
        /// Part of a drill.
        exercise: bool,
    }
}
