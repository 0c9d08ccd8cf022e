//! Command rooms: what one shows to those who follow it, what a shift leaves to the next, and its log.

use serde::{Deserialize, Serialize};

use crate::{
    AdminUnitCode, CameraId, DutyPostId, IncidentId, Millis, PersonId, Place, RoomId, ShiftNoteId, wire::record,
};

/// Where the map looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapView {
    /// Degrees times 10^7.
    pub latitude_e7: i32,
    /// Degrees times 10^7.
    pub longitude_e7: i32,
    /// Hundredths of a zoom level, at most `limits::ZOOM_CENTI_MAX`.
    pub zoom_centi: u32,
}

record!(MapView { latitude_e7, longitude_e7, zoom_centi });

/// What a room shows to those who follow it. It names records and holds none: each screen shows what its person may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scene {
    /// What it is about; may be empty.
    #[serde(default)]
    pub title: String,
    /// Layers of the map that are on, at most `limits::SCENE_LAYERS_MAX`.
    #[serde(default)]
    pub layers: Vec<String>,
    /// The first one is open, at most `limits::SCENE_INCIDENTS_MAX`.
    #[serde(default)]
    pub incidents: Vec<IncidentId>,
    /// At most `limits::SCENE_CAMERAS_MAX`.
    #[serde(default)]
    pub cameras: Vec<CameraId>,
    /// A place that is pointed at.
    #[serde(default)]
    pub place: Option<Place>,
    /// Where the map looks; none: where it looked.
    #[serde(default)]
    pub view: Option<MapView>,
    /// When it was pushed.
    #[serde(default)]
    pub pushed_at_ms: Millis,
    /// Who leads.
    #[serde(default)]
    pub pushed_by: Option<PersonId>,
    /// Part of a drill.
    #[serde(default)]
    pub exercise: bool,
}

record!(Scene { title, layers, incidents, cameras, place, view, pushed_at_ms, pushed_by, exercise });

/// A command room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Its id.
    pub id: RoomId,
    /// What people call it.
    pub name: String,
    /// The same in English; may be empty.
    #[serde(default)]
    pub name_en: String,
    /// Whose it is; none: the province's. It decides who may lead it, and who reads its notes.
    #[serde(default)]
    pub admin_unit: Option<AdminUnitCode>,
    /// Whose roster says who is on duty in it.
    #[serde(default)]
    pub post: Option<DutyPostId>,
    /// What it shows to those who follow it.
    #[serde(default)]
    pub scene: Option<Scene>,
    /// The room whose scene it shows.
    #[serde(default)]
    pub follows: Option<RoomId>,
    /// Since when.
    #[serde(default)]
    pub followed_at_ms: Millis,
    /// Who chose to.
    #[serde(default)]
    pub followed_by: Option<PersonId>,
    /// Grows with every change.
    #[serde(default)]
    pub version: u64,
}

record!(Room { id, name, name_en, admin_unit, post, scene, follows, followed_at_ms, followed_by, version });

/// What one shift leaves to the next. Somebody of the next acknowledges it, or it is late.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftNote {
    /// "H" and a number that grows.
    pub id: ShiftNoteId,
    /// Of which room.
    pub room: RoomId,
    /// Whose the room was when it was written.
    pub admin_unit: Option<AdminUnitCode>,
    /// What the next ones have to know.
    pub note: String,
    /// What they have to watch, at most `limits::SHIFT_NOTE_INCIDENTS_MAX`.
    pub incidents: Vec<IncidentId>,
    /// When it was written.
    pub written_at_ms: Millis,
    /// By whom.
    pub written_by: Option<PersonId>,
    /// By when somebody has to acknowledge it.
    pub due_at_ms: Millis,
    /// When that was over; unset: nobody let it wait for too long.
    pub late_at_ms: Millis,
    /// Who was on duty then, at most `limits::TOLD_MAX`.
    pub told: Vec<PersonId>,
    /// When somebody did.
    pub acknowledged_at_ms: Millis,
    /// Who.
    pub acknowledged_by: Option<PersonId>,
    /// What they said to it; may be empty.
    pub remark: String,
    /// Part of a drill.
    pub exercise: bool,
    /// Grows with every change.
    pub version: u64,
}

record!(ShiftNote {
    id,
    room,
    admin_unit,
    note,
    incidents,
    written_at_ms,
    written_by,
    due_at_ms,
    late_at_ms,
    told,
    acknowledged_at_ms,
    acknowledged_by,
    remark,
    exercise,
    version,
});

/// One entry of a room's log. Nothing changes or removes it; what was wrong is corrected by another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutyEntry {
    /// Of which room.
    pub room: RoomId,
    /// Whose the room was when it was written.
    pub admin_unit: Option<AdminUnitCode>,
    /// The log index: with the room its identity.
    pub number: u64,
    /// What happened.
    pub text: String,
    /// What it is about.
    pub incident: Option<IncidentId>,
    /// The number of the entry that it corrects; 0: none.
    pub corrects: u64,
    /// When it was written.
    pub at_ms: Millis,
    /// By whom.
    pub by: Option<PersonId>,
    /// Part of a drill.
    pub exercise: bool,
}

record!(DutyEntry { room, admin_unit, number, text, incident, corrects, at_ms, by, exercise });
