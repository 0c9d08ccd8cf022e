//! A province with a word in every record that holds any, of every field and in both districts, and who may meet each word.

use std::sync::Arc;

use domain::{
    AnswerReport, ApproveWarning, AttachFile, CallId, CloseIncident, Command, Digest, DraftWarning, FileKind,
    FileOwner, FileReport, GiveInstruction, GiveTask, Grant, GroupId, IncidentId, IncidentKind, LegId, LogDuty, Millis,
    NameCaller, NoteIncident, OfferCall, OfferHandover, OpenIncident, PersonId, PutCallDraft, PutPerson, PutRoom,
    PutUnit, RejectWarning, ReopenIncident, ReopenReport, Reply, ReportChannel, ReportCode, Role, Room, RoomId,
    StoredFile, SwitchFeature, Unit, VOCABULARY_2, WarningContent, WarningId, WarningMessage, WriteShiftNote, audit,
    policy,
    policy::{Action, Matter, Noun},
};
use serde_json::json;

use super::super::{
    double::{Cluster, Node},
    province::{accepted, code, incident, person, place, province, unit},
};
use crate::cluster::read;

/// Where incidents and rooms are: a commune of each district.
pub(super) const COMMUNES: [usize; 2] = [1, 3];
/// Agencies: of units, tasks and instructions.
pub(super) static AGENCIES: [&str; 3] = ["115", "114", "PCCC"];
/// What stands before and behind a marker's number: in words, and in numbers of telephones, of which the end is shown to others.
static FORMS: [(&str, &str); 2] = [("mk", "x"), ("0977", "000")];

/// By what right a word is seen.
#[derive(Clone, Debug)]
pub(super) enum Seen {
    /// Of who sees records of the noun in the commune, of the matter.
    Of(Noun, usize, Matter),
    /// Of who handles reports there, of the matter.
    Report(usize, Matter),
    /// Of those, who may see callers as well.
    Contact(usize, Matter),
    /// Of who may do this.
    By(Action),
    /// What was written in the room of this commune; none: in the province's.
    Room(Noun, Option<usize>),
    /// Everybody's, without an account.
    Public,
}

/// A word that stands in one record only.
pub(super) struct Marker {
    pub(super) what: String,
    seen: Seen,
}

impl Marker {
    /// Whether the policy shows the word to this right; none: to nobody in particular.
    pub(super) fn may(&self, grant: Option<&Grant>) -> bool {
        let Some(grant) = grant else { return matches!(self.seen, Seen::Public) };
        let handles = |at: usize, matter: &Matter| {
            policy::allows_of(grant, Action::HandleReport, Some(&code(at)), matter).is_ok()
        };
        match &self.seen {
            Seen::Of(noun, at, matter) => {
                policy::allows_of(grant, Action::See(*noun), Some(&code(*at)), matter).is_ok()
            }
            Seen::Report(at, matter) => handles(*at, matter),
            Seen::Contact(at, matter) => handles(*at, matter) && policy::allows(grant, Action::SeeCaller, None).is_ok(),
            Seen::By(action) => policy::allows(grant, *action, None).is_ok(),
            Seen::Room(noun, at) => {
                let place = at.map(code);
                policy::allows(grant, Action::See(*noun), place.as_ref()).is_ok() && (at.is_some() || grant.everywhere)
            }
            Seen::Public => true,
        }
    }

    /// Whether it is a caller's: an export of the record withholds it from who may not see callers.
    pub(super) fn is_callers(&self) -> bool {
        matches!(self.seen, Seen::Contact(..) | Seen::By(Action::SeeCaller | Action::HandleCall))
    }
}

/// What is about this field and these agencies.
pub(super) fn about(field: Option<IncidentKind>, agency: Option<&str>) -> Matter {
    let field = field.filter(|kind| *kind != IncidentKind::Other);
    Matter { field, agencies: agency.map(str::to_owned).into_iter().collect() }
}

/// The ids that paths take.
#[derive(Default)]
pub(super) struct Ids {
    pub(super) incidents: Vec<String>,
    pub(super) reports: Vec<String>,
    pub(super) instructions: Vec<String>,
    pub(super) warnings: Vec<String>,
    pub(super) shift_notes: Vec<String>,
    pub(super) rooms: Vec<String>,
}

/// The province, its words and its ids.
pub(super) struct Furnished {
    pub(super) cluster: Arc<Cluster>,
    pub(super) markers: Vec<Marker>,
    pub(super) ids: Ids,
    node: Arc<Node>,
}

impl Furnished {
    /// Every field in both districts, with every kind of record that holds words.
    pub(super) fn new() -> Self {
        let cluster = province();
        for feature in [audit::FEATURE, VOCABULARY_2] {
            accepted(cluster.commit(GroupId(0), SwitchFeature { feature }));
        }
        Self::over(cluster)
    }

    /// The same where nothing is recorded, so that looks cost nothing.
    pub(super) fn unrecorded() -> Self {
        let cluster = province();
        accepted(cluster.commit(GroupId(0), SwitchFeature { feature: VOCABULARY_2 }));
        Self::over(cluster)
    }

    fn over(cluster: Arc<Cluster>) -> Self {
        let node = cluster.node(9);
        let mut new = Self { cluster, markers: Vec::new(), ids: Ids::default(), node };
        for id in ["soan", "duyet"] {
            new.done(PutPerson { person: person(id, Role::Operator, &[]) });
        }
        for (field, kind) in IncidentKind::ALL.iter().enumerate() {
            for at in COMMUNES {
                new.put_incident(*kind, at, field);
            }
        }
        new.put_units();
        new.put_rooms();
        new.put_call();
        new.reopen();
        new
    }

    /// The markers that stand in a text.
    pub(super) fn found<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a Marker> {
        FORMS.iter().flat_map(move |(before, after)| {
            text.match_indices(before).filter_map(move |(at, _)| {
                let rest = &text[at + before.len()..];
                let number: usize = rest.get(..4)?.parse().ok()?;
                if rest[4..].starts_with(after) { self.markers.get(number) } else { None }
            })
        })
    }

    /// The version that an incident is at.
    fn version(&self, incident: &str) -> u64 {
        read(&*self.node, GroupId(0), |state0| state0.incidents()[incident].version)
    }

    fn marked(&mut self, what: &str, seen: Seen) -> usize {
        let number = self.markers.len();
        self.markers.push(Marker { what: format!("{what} ({number})"), seen });
        number
    }

    fn word(&mut self, what: &str, of: &str, seen: Seen) -> String {
        format!("mk{:04}x", self.marked(&format!("{what} of {of}"), seen))
    }

    fn number(&mut self, what: &str, of: &str, seen: Seen) -> String {
        format!("0977{:04}000", self.marked(&format!("{what} of {of}"), seen))
    }

    fn done(&self, command: impl Into<Command>) -> String {
        entity(self.cluster.commit(GroupId(0), command))
    }

    fn done_by(&self, who: &str, command: impl Into<Command>) -> String {
        entity(self.cluster.commit_by(who, command))
    }

    /// An incident, and whatever is written about one.
    fn put_incident(&mut self, kind: IncidentKind, at: usize, field: usize) {
        // Every other field has a task of an agency, which sees the incident by it. What is in every field is seen by all before
        // it has one, and by that agency afterwards: what was told before is told.
        let has_task = field.is_multiple_of(2) && kind != IncidentKind::Other;
        let agency = has_task.then(|| AGENCIES[field / 2 % 2]);
        let matter = about(Some(kind), agency);
        let of = format!("{kind} in u{at}");
        let shown = || Seen::Of(Noun::Incident, at, matter.clone());
        let summary = self.word("summary", &of, shown());
        let id = self.done(OpenIncident { kind, ..incident(at, &summary) });
        let named = IncidentId::new(&id).unwrap();
        let note = self.word("note", &of, shown());
        self.done(NoteIncident { incident: named.clone(), note });
        let note = self.word("photo", &of, shown());
        let byte = u8::try_from(self.ids.incidents.len() + 1).unwrap();
        self.done(AttachFile {
            file: StoredFile { sha256: Digest([byte; 32]), kind: FileKind::Jpeg, bytes: 1, width: 1, height: 1 },
            owner: FileOwner::Incident(named.clone()),
            taken_at_ms: Millis(0),
            note,
        });
        if let Some(agency) = agency {
            let (agency, text) = (agency.to_owned(), self.word("task", &of, shown()));
            self.done(GiveTask { incident: named.clone(), expected_version: self.version(&id), agency, text });
        }
        let reason = self.word("hand-over", &of, shown());
        self.done(OfferHandover {
            incident: named.clone(),
            expected_version: self.version(&id),
            to: None,
            to_name: "Bên kia".into(),
            contact: "0208 3 000".into(),
            second: None,
            second_contact: "0208 3 001".into(),
            lead: false,
            reason,
            room: None,
        });
        self.put_reports(&of, kind, at, &named, &matter);
        self.put_warnings(&of, at, &named, &matter);
        self.put_instructions(&of, at, &named, AGENCIES[field % 3]);
        self.ids.incidents.push(id);
    }

    /// One that belongs to the incident, was answered and is opened again; and one that belongs to none. Both wait for somebody.
    fn put_reports(&mut self, of: &str, kind: IncidentKind, at: usize, incident: &IncidentId, matter: &Matter) {
        let told = about(Some(kind), None);
        for (letter, incident, told_kind, matter) in
            [("R", Some(incident), None, matter), ("W", None, Some(kind), &told)]
        {
            let text = self.word("report", of, Seen::Report(at, matter.clone()));
            let contact = self.number("contact", of, Seen::Contact(at, matter.clone()));
            let code = format!("{letter}{}", self.ids.reports.len());
            self.done(FileReport {
                code: ReportCode::new(&code).unwrap(),
                channel: ReportChannel::App,
                reference: String::new(),
                text,
                place: place(at),
                incident: incident.cloned(),
                kind: None,
                severity: None,
                told_kind,
                advice: None,
                contact,
                language: "vi".into(),
                exercise: false,
            });
            if told_kind.is_none() {
                let report = || ReportCode::new(&code).unwrap();
                let expected_version = read(&*self.node, GroupId(0), |state0| state0.reports()[code.as_str()].version);
                let answer = self.word("answer", of, Seen::Report(at, matter.clone()));
                self.done_by("soan", AnswerReport { report: report(), expected_version, answer });
                let reason = self.word("why a report was opened again", of, Seen::Report(at, matter.clone()));
                self.done(ReopenReport { report: report(), reason });
            }
            self.ids.reports.push(code);
        }
    }

    /// A draft, a draft that was rejected, and one that was published.
    fn put_warnings(&mut self, of: &str, at: usize, incident: &IncidentId, matter: &Matter) {
        let shown = || Seen::Of(Noun::Warning, at, matter.clone());
        for (what, seen) in [("draft", shown()), ("rejected draft", shown()), ("warning", Seen::Public)] {
            let headline = self.word(what, of, seen);
            let draft = DraftWarning {
                draft: None,
                expected_version: 0,
                incident: incident.clone(),
                message: WarningMessage::Alert,
                of: None,
                content: self.content(at, &headline),
            };
            let id = self.done_by("soan", draft);
            let warning = WarningId::new(&id).unwrap();
            match what {
                "rejected draft" => {
                    let reason = self.word("why a draft was rejected", of, shown());
                    self.done_by("duyet", RejectWarning { warning, expected_version: 1, reason });
                }
                "warning" => {
                    self.done_by("duyet", ApproveWarning { warning, expected_version: 1 });
                }
                _ => {}
            }
            self.ids.warnings.push(id);
        }
    }

    fn content(&self, at: usize, headline: &str) -> WarningContent {
        let now = read(&*self.node, GroupId(0), |state0| state0.clock().0);
        let text = |language: &str| {
            json!({"language": language, "event": "Lũ", "headline": headline, "description": "Vượt báo động III",
                "instruction": "Rời bãi sông"})
        };
        let content = json!({
            "purpose": "actual", "sender": "ioc.example.vn", "sender_name": "Trung tâm", "severity": "critical",
            "urgency": "immediate", "certainty": "observed", "response": "evacuate", "expires_at_ms": now + 86_400_000,
            "texts": [text("vi"), text("en")], "areas": [{"admin_unit": code(at)}],
        });
        serde_json::from_value(content).unwrap()
    }

    /// One for an agency, and one for a person of whichever agency.
    fn put_instructions(&mut self, of: &str, at: usize, incident: &IncidentId, agency: &str) {
        let owner = PersonId::new("duyet").unwrap();
        for (owner, matter) in [(None, about(None, Some(agency))), (Some(owner), about(None, None))] {
            let title = self.word("instruction", of, Seen::Of(Noun::Instruction, at, matter));
            let give = GiveInstruction {
                title,
                about: String::new(),
                incident: Some(incident.clone()),
                admin_unit: code(at),
                agency: agency.to_owned(),
                owner,
                due_at_ms: Millis(0),
                exercise: false,
            };
            let id = self.done_by("soan", give);
            self.ids.instructions.push(id);
        }
    }

    fn put_units(&mut self) {
        for (n, agency) in AGENCIES.iter().enumerate() {
            for at in COMMUNES {
                let seen = Seen::Of(Noun::Unit, at, about(None, Some(agency)));
                let name = self.word("name", &format!("unit of {agency} in u{at}"), seen);
                let unit = Unit { name, agency: (*agency).into(), ..unit(&format!("x{n}{at}"), at) };
                self.done(PutUnit { unit });
            }
        }
    }

    /// A room of each commune and the province's, with what shifts write in them.
    fn put_rooms(&mut self) {
        for at in [Some(1), Some(3), None] {
            let id = format!("r{}", at.unwrap_or(0));
            let named = RoomId::new(&id).unwrap();
            let room = Room {
                id: named.clone(),
                name: id.clone(),
                name_en: String::new(),
                admin_unit: at.map(code),
                post: None,
                scene: None,
                follows: None,
                followed_at_ms: Millis(0),
                followed_by: None,
                version: 0,
            };
            self.done(PutRoom { room });
            let note = self.word("shift note", &id, Seen::Room(Noun::ShiftNote, at));
            let (incidents, within_ms) = (Vec::new(), 3_600_000);
            let write = WriteShiftNote { room: named.clone(), note, incidents, within_ms, exercise: false };
            let shift_note = self.done_by("soan", write);
            self.ids.shift_notes.push(shift_note);
            let text = self.word("log", &id, Seen::Room(Noun::DutyEntry, at));
            self.done_by("soan", LogDuty { room: named, text, incident: None, corrects: 0, exercise: false });
            self.ids.rooms.push(id);
        }
    }

    /// A call, C1, with a number, a name, words and a form that is not saved.
    fn put_call(&mut self) {
        let number = self.number("number", "a caller", Seen::By(Action::SeeCaller));
        let wanted = self.word("wish", "a caller", Seen::By(Action::SeeCaller));
        self.done(OfferCall {
            leg: LegId::new("l1").unwrap(),
            door: "113".into(),
            line: "1022".into(),
            number,
            wanted,
            place: None,
            language: String::new(),
            exercise: false,
        });
        let text = self.word("form", "a call", Seen::By(Action::HandleCall));
        let form = json!({"text": text}).to_string();
        self.done_by("soan", PutCallDraft { call: CallId::new("C1").unwrap(), seq: 1, form });
        let name = self.word("name", "a caller", Seen::By(Action::SeeCaller));
        self.done_by("soan", NameCaller { call: CallId::new("C1").unwrap(), name });
    }

    /// The province's own flood was closed, and opened again for a reason.
    fn reopen(&mut self) {
        let incident = || IncidentId::new("I1").unwrap();
        let shown = || Seen::Of(Noun::Incident, 1, about(Some(IncidentKind::Flood), None));
        let note = self.word("end", "I1", shown());
        let expected_version = self.version("I1");
        self.done_by("soan", CloseIncident { incident: incident(), expected_version, note });
        let reason = self.word("why it was opened again", "I1", shown());
        let expected_version = self.version("I1");
        self.done_by("duyet", ReopenIncident { incident: incident(), expected_version, reason });
        self.ids.incidents.push("I1".to_owned());
    }
}

fn entity(reply: Reply) -> String {
    match reply {
        Reply::Accepted(accepted) => accepted.entity,
        Reply::Refused(refusal) => panic!("{refusal:?}"),
    }
}
