//! What a district centre's node reads: its line to the province, its own file, the paths of its room.

use domain::wire::generated::{
    AdminUnit, District, Event, EventKind, Frame, Position, Reset, Snapshot, ToScreen, event::Subject, to_screen::Body,
};
use prost::Message;

/// Pieces of records.
pub(crate) const WORDS: &[&str] =
    &["TDCOPY1\n", "unit/u1", "incident/I1", "alarm/s1/threshold", "rights-changed", "05443"];
/// Pieces of paths.
pub(crate) const PATHS: &[&str] =
    &["GET ", "POST ", "/api/", "incidents", "/note", "units/", "public", "..", "//", "%2f"];

fn place(index: u64) -> Position {
    Position { epoch: 7, group: 0, index, ordinal: 0 }
}

fn bodies() -> Vec<Body> {
    let commune = AdminUnit { code: "05443".into(), name: "Phú Bình".into(), ..AdminUnit::default() };
    let district = District {
        id: "d1".into(),
        name: "d1".into(),
        admin_units: vec!["05443".into()],
        group: 1,
        ..District::default()
    };
    let event = Event {
        kind: EventKind::AdminUnitPut.into(),
        at_ms: 6,
        subject: Some(Subject::AdminUnit(commune.clone())),
        ..Event::default()
    };
    vec![
        Body::Snapshot(Snapshot {
            through: Some(place(5)),
            last: true,
            admin_units: vec![commune],
            districts: vec![district],
            at_ms: 5,
            ..Snapshot::default()
        }),
        Body::Frame(Frame {
            from: Some(place(5)),
            through: Some(place(6)),
            events: vec![event],
            withdrawn: vec!["unit/u1".into()],
            at_ms: 6,
        }),
        Body::Reset(Reset { group: 0, reason: "below-floor".into() }),
    ]
}

fn said() -> Vec<ToScreen> {
    bodies().into_iter().map(|body| ToScreen { body: Some(body) }).collect()
}

/// Messages of the line.
pub(crate) fn messages() -> Vec<Vec<u8>> {
    said().iter().map(Message::encode_to_vec).collect()
}

/// Files of the copy.
pub(crate) fn files() -> Vec<Vec<u8>> {
    vec![district::fuzzing::copy_file(&[]), district::fuzzing::copy_file(&said())]
}

/// Requests of the room.
pub(crate) fn routes() -> Vec<Vec<u8>> {
    ["GET /api/incidents", "POST /api/incidents/I7/note", "GET /ws", "POST /api/units/u1/mayday/clear"]
        .map(|text| text.as_bytes().to_vec())
        .to_vec()
}
