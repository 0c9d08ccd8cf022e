//! Photos belong to incidents, reports and answers: who may put one, who is told, and when it is forgotten.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]

use domain::*;

const DAY_MS: u64 = 86_400_000;

struct World {
    state: State,
    index: u64,
    at_ms: u64,
}

fn id<T: TryFrom<String>>(text: &str) -> T
where
    T::Error: std::fmt::Debug,
{
    T::try_from(text.to_owned()).unwrap()
}

fn place() -> Place {
    Place { latitude_e7: 1, longitude_e7: 2, admin_unit: id("hue"), address: String::new() }
}

fn photo(byte: u8) -> StoredFile {
    StoredFile { sha256: Digest([byte; 32]), kind: FileKind::Jpeg, bytes: 1000, width: 640, height: 480 }
}

fn attach(byte: u8, owner: FileOwner) -> AttachFile {
    AttachFile { file: photo(byte), owner, taken_at_ms: Millis(7), note: "Cầu sập".into() }
}

fn incident() -> FileOwner {
    FileOwner::Incident(id("I1"))
}

fn report() -> FileOwner {
    FileOwner::Report(id("7K3F"))
}

fn answer() -> FileOwner {
    FileOwner::Answer(id("7K3F"))
}

impl World {
    /// An incident, a report of it, and people.
    fn new() -> Self {
        let mut world = Self { state: State::new(GroupId::COMMAND), index: 0, at_ms: 1000 };
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
        for (name, role) in [("an", Role::Admin), ("lan", Role::Agent), ("xem", Role::Viewer)] {
            let person = Person {
                id: id(name),
                name: name.into(),
                role,
                districts: Vec::new(),
                everywhere: true,
                disabled: false,
                credential_sealed: bytes::Bytes::new(),
                unit: None,
            };
            world.ok(PutPerson { person });
        }
        world.ok(FileReport {
            code: id("7K3F"),
            channel: ReportChannel::Web,
            reference: String::new(),
            text: "Cầu sập".into(),
            place: place(),
            incident: None,
            kind: Some(IncidentKind::Infrastructure),
            severity: Some(Severity::High),
            told_kind: None,
            advice: None,
            contact: String::new(),
            language: "vi".into(),
            exercise: false,
        });
        world
    }

    fn apply(&mut self, by: Option<&str>, command: impl Into<Command>) -> (Result<Accepted, Refusal>, Vec<Event>) {
        self.index += 1;
        self.at_ms += 1;
        let grant = by.map(|by| Grant {
            person: id(by),
            role: Role::Viewer,
            everywhere: false,
            admin_units: Default::default(),
            index: 0,
            from: String::new(),
            why: String::new(),
            terms: Terms::default(),
        });
        let entry = Entry {
            at_ms: Millis(self.at_ms),
            request: None,
            grant,
            command: command.into(),
            salt: bytes::Bytes::new(),
        };
        let applied = self.state.apply(self.index, &entry);
        self.state.check().unwrap();
        assert_eq!(State::from_rows(GroupId::COMMAND, self.state.rows()).unwrap(), self.state, "rows give it back");
        let reply = match applied.reply {
            Reply::Accepted(accepted) => Ok(accepted),
            Reply::Refused(refusal) => Err(refusal),
        };
        (reply, applied.events)
    }

    fn ok(&mut self, command: impl Into<Command>) -> Vec<Event> {
        let (reply, events) = self.apply(None, command);
        reply.unwrap();
        events
    }

    fn refused(&mut self, by: Option<&str>, command: impl Into<Command>) -> (RefusalCode, String) {
        let refusal = self.apply(by, command).0.unwrap_err();
        (refusal.code, refusal.field)
    }

    fn held(&self) -> Vec<u8> {
        self.state.files().map(|file| file.sha256.0[0]).collect()
    }

    fn around(&self) -> Vec<u64> {
        let incident = &self.state.incidents()[&id::<IncidentId>("I1")];
        self.state.attachments_around(incident).iter().map(|it| it.number).collect()
    }
}

#[test]
fn a_photo_is_put_once_and_the_incident_is_told() {
    let mut world = World::new();
    let (reply, events) = world.apply(Some("lan"), attach(1, incident()));
    assert_eq!(reply.unwrap().entity, "1");
    assert_eq!((events[0].kind, &*events[0].note), (EventKind::FileAttached, "Cầu sập"));
    assert!(matches!(&events[0].subject, Some(Subject::Incident(it)) if it.id == id::<IncidentId>("I1")));
    let (reply, events) = world.apply(Some("lan"), attach(1, incident()));
    assert_eq!((reply.unwrap().entity, events.len()), ("1".into(), 0), "sent again it is put once");
    world.ok(attach(2, report()));
    world.ok(attach(1, report()));
    assert_eq!(world.around(), [1, 2], "each photo once, those of the report too");
    assert_eq!(world.state.files_bytes(), 2000, "bytes that are stored once count once");
    assert_eq!(world.state.attachments()[&1].by, Some(id("lan")));
    assert_eq!(world.state.attachments()[&2].by, None);
}

#[test]
fn who_may_not_and_what_is_not_there_is_refused() {
    let mut world = World::new();
    assert_eq!(world.refused(Some("xem"), attach(1, incident())).0, RefusalCode::Forbidden);
    assert_eq!(
        world.refused(Some("lan"), DetachFile { number: 1, reason: "mặt người".into() }).0,
        RefusalCode::Forbidden
    );
    assert_eq!(world.refused(Some("an"), DropFiles { numbers: vec![1] }).0, RefusalCode::Forbidden, "the system's");
    assert_eq!(world.refused(None, attach(1, FileOwner::Incident(id("I9")))).0, RefusalCode::NotFound);
    assert_eq!(world.refused(None, attach(1, answer())).0, RefusalCode::WrongStatus, "it has no answer");
    let huge = StoredFile { width: 60_000, height: 60_000, ..photo(1) };
    assert_eq!(world.refused(None, AttachFile { file: huge, ..attach(1, incident()) }).1, "AttachFile.file.width");
    let empty = StoredFile { bytes: 0, ..photo(1) };
    assert_eq!(world.refused(None, AttachFile { file: empty, ..attach(1, incident()) }).1, "AttachFile.file.bytes");
    world.ok(attach(1, incident()));
    let other = StoredFile { bytes: 999, ..photo(1) };
    assert_eq!(world.refused(None, AttachFile { file: other, ..attach(1, report()) }).1, "AttachFile.file");
    assert_eq!(world.held(), [1]);
}

#[test]
fn a_clip_may_be_larger_than_a_photo_up_to_a_bound_of_its_own() {
    let mut world = World::new();
    let sized = |byte: u8, kind: FileKind, bytes: u32| AttachFile {
        file: StoredFile { kind, bytes, ..photo(byte) },
        ..attach(byte, incident())
    };
    world.ok(sized(1, FileKind::Mp4, limits::CLIP_BYTES_MAX));
    world.ok(sized(2, FileKind::Quicktime, limits::FILE_BYTES_MAX + 1));
    for (kind, bytes) in [
        (FileKind::Mp4, limits::CLIP_BYTES_MAX + 1),
        (FileKind::Quicktime, limits::CLIP_BYTES_MAX + 1),
        (FileKind::Webp, limits::FILE_BYTES_MAX + 1),
    ] {
        assert_eq!(world.refused(None, sized(3, kind, bytes)).1, "AttachFile.file.bytes", "{kind}");
    }
    assert_eq!(world.held(), [1, 2]);
}

#[test]
fn one_more_than_the_bound_is_refused_and_the_same_is_not() {
    let mut world = World::new();
    for byte in 0..limits::REPORT_FILES_MAX {
        world.ok(attach(u8::try_from(byte).unwrap(), report()));
    }
    assert_eq!(world.refused(None, attach(99, report())), (RefusalCode::Limit, "AttachFile.owner".into()));
    world.ok(attach(0, report()));
}

#[test]
fn a_photo_that_nothing_names_any_more_is_held_no_longer() {
    let mut world = World::new();
    world.ok(attach(1, incident()));
    world.ok(attach(1, report()));
    let gone = |number| DetachFile { number, reason: "nhầm vụ".into() };
    let events = world.ok(gone(1));
    assert_eq!((events[0].kind, &*events[0].note), (EventKind::FileDetached, "nhầm vụ"));
    assert_eq!(world.held(), [1], "the report has it still");
    world.ok(gone(2));
    assert!(world.held().is_empty() && world.state.files_bytes() == 0);
    assert!(world.ok(gone(2)).is_empty(), "sent again it does nothing");
    assert_eq!(world.refused(None, gone(3)).0, RefusalCode::NotFound);
}

#[test]
fn photos_of_what_is_done_go_when_their_days_are_over() {
    let mut world = World::new();
    world.ok(attach(1, incident()));
    world.ok(attach(2, report()));
    let due = |world: &World| world.state.files_due(Millis(world.at_ms));
    world.ok(AnswerReport { report: id("7K3F"), expected_version: 1, answer: "Đã rào".into() });
    world.ok(attach(3, answer()));
    world.at_ms += 400 * DAY_MS;
    assert!(due(&world).is_empty(), "nobody has said how long");
    world.ok(SetFileRetention { days: 365 });
    assert_eq!(due(&world), [2, 3], "the incident is open still");
    world.ok(DropFiles { numbers: vec![1, 2, 3, 9] });
    assert_eq!((world.held(), world.around()), (vec![1], vec![1]));
    assert!(world.ok(DropFiles { numbers: vec![1, 2] }).is_empty(), "sent again it does nothing");
    let incident = IncidentId::new("I1").unwrap();
    let expected_version = world.state.incidents()[&incident].version;
    world.ok(CloseIncident { incident, expected_version, note: String::new() });
    assert!(due(&world).is_empty());
    world.at_ms += 366 * DAY_MS;
    assert_eq!(due(&world), [1]);
}
