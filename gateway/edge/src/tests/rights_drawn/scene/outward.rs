//! Warnings to the public, hand-overs, photos, and what is put down of calls.

use domain::{
    AnswerHandover, ApproveWarning, AttachFile, CallId, Command, Digest, DraftWarning, FileKind, FileOwner, FileReport,
    GroupId, HandoverStatus, IncidentId, Millis, OfferHandover, PutCallDraft, PutReceiver, ReceiveHandover, Receiver,
    ReceiverId, RejectWarning, ReportChannel, ReportCode, RoomId, Severity, StoredFile, WarningArea, WarningCertainty,
    WarningContent, WarningId, WarningMessage, WarningPurpose, WarningResponse, WarningText, WarningUrgency,
    WithdrawHandover, limits, policy::Noun,
};

use super::super::super::province::{code, place};
use super::{APPROVER, Doing, Ledger, ROOMS, Record, SERVICES, Seen, Step, Then, WRITER, incidents::file, nth, text};

impl Ledger {
    pub(super) fn of_others(&mut self, step: &Step, now: u64, version: &dyn Fn(&str) -> u64) -> Option<Doing> {
        match step {
            Step::Warn { incident } => self.warn(*incident, now),
            Step::Decide { warning, is_published } => self.decide(*warning, *is_published),
            Step::Offer { incident, room } => self.offer(*incident, *room, version),
            Step::Answer { incident, answer } => self.answer(*incident, *answer, version),
            Step::Photo { of, is_of_report } => self.photo(*of, *is_of_report),
            Step::CallReport { call, at } => self.call_report(*call, *at),
            Step::Draft { call } => self.call_draft(*call),
            Step::Receive { kind, at } => {
                let (kind, at, word) = (*kind, *at, self.word());
                let receive = ReceiveHandover {
                    from: ReceiverId::new(SERVICES[0].0).unwrap(),
                    reference: format!("x{word}"),
                    kind,
                    severity: Severity::High,
                    place: place(at),
                    summary: text(word),
                    lead: true,
                    exercise: false,
                };
                let then: Then = Box::new(move |ledger, id, _| {
                    ledger.offers.insert(id.to_owned(), (1, true));
                    let record = Record { kind: Some(kind), ..Record::new(Noun::Incident, Some(at), Some(word)) };
                    ledger.put(format!("incident/{id}"), record)
                });
                Some(doing(None, receive, then))
            }
            _ => None,
        }
    }

    /// Drafts a message to the public.
    fn warn(&mut self, n: usize, now: u64) -> Option<Doing> {
        let id = nth(&self.ids(Noun::Incident), n)?;
        let incident = IncidentId::new(&id).unwrap();
        let name = format!("incident/{id}");
        let at = self.records.get(&name)?.at?;
        let word = self.word();
        let (draft, message, of) = (None, WarningMessage::Alert, None);
        let content = content(at, &text(word), now);
        let draft = DraftWarning { draft, expected_version: 0, incident, message, of, content };
        let then: Then = Box::new(move |ledger, id, _| {
            let record = Record::new(Noun::Warning, Some(at), Some(word));
            let warning = format!("warning/{id}");
            ledger.put(warning.clone(), Record { part_of: Some(name), is_held: false, ..record });
            ledger.words[word] = Seen::Warning(warning);
            Some(word)
        });
        Some(doing(Some(WRITER), draft, then))
    }

    /// A second person publishes a draft, or says why it is not to be.
    fn decide(&mut self, n: usize, is_published: bool) -> Option<Doing> {
        let id = nth(&self.ids(Noun::Warning), n)?;
        let warning = WarningId::new(&id).unwrap();
        let name = format!("warning/{id}");
        // What was decided on already is at another version, and refused.
        let expected_version = 1;
        if is_published {
            let then: Then = Box::new(move |ledger, _, _| {
                let record = ledger.records.get_mut(&name)?;
                record.is_public = true;
                let word = record.word?;
                ledger.words[word] = Seen::Public;
                None
            });
            return Some(doing(Some(APPROVER), ApproveWarning { warning, expected_version }, then));
        }
        let word = self.word();
        let then: Then = Box::new(move |ledger, _, _| {
            ledger.words[word] = Seen::Warning(name);
            Some(word)
        });
        Some(doing(Some(APPROVER), RejectWarning { warning, expected_version, reason: text(word) }, then))
    }

    /// Offers an incident to one of the rooms, or to another service. A room that is not in charge there refuses it.
    fn offer(&mut self, n: usize, room: Option<usize>, version: &dyn Fn(&str) -> u64) -> Option<Doing> {
        let id = nth(&self.ids(Noun::Incident), n)?;
        let word = self.word();
        let offer = OfferHandover {
            incident: IncidentId::new(&id).unwrap(),
            expected_version: version(&id),
            to: room.is_none().then(|| ReceiverId::new(SERVICES[0].0).unwrap()),
            to_name: String::new(),
            contact: String::new(),
            second: None,
            second_contact: "trực ban".into(),
            lead: false,
            reason: text(word),
            room: room.map(|room| RoomId::new(ROOMS[room].0).unwrap()),
        };
        let then: Then = Box::new(move |ledger, _, _| {
            let (newest, is_waiting) = ledger.offers.entry(id.clone()).or_default();
            (*newest, *is_waiting) = (*newest + 1, true);
            ledger.words[word] = Seen::Record(format!("incident/{id}"));
            Some(word)
        });
        Some(doing(Some(WRITER), offer, then))
    }

    /// Answers the newest offer of an incident, or takes it back.
    fn answer(&mut self, n: usize, answer: HandoverStatus, version: &dyn Fn(&str) -> u64) -> Option<Doing> {
        let waiting = self.offers.iter().filter(|(_, (_, is_waiting))| *is_waiting);
        let waiting: Vec<(String, u32)> = waiting.map(|(id, (newest, _))| (id.clone(), *newest)).collect();
        let (id, handover) = nth(&waiting, n)?;
        let incident = IncidentId::new(&id).unwrap();
        let word = self.word();
        let said = text(word);
        let command: Command = if answer == HandoverStatus::Withdrawn {
            WithdrawHandover { incident, expected_version: version(&id), handover, reason: said }.into()
        } else {
            let (accept, answered_for, reference) = (answer == HandoverStatus::Accepted, String::new(), String::new());
            AnswerHandover { incident, handover, accept, answer: said, answered_for, reference, from: None }.into()
        };
        let then: Then = Box::new(move |ledger, _, _| {
            ledger.offers.insert(id.clone(), (handover, false));
            ledger.words[word] = Seen::Record(format!("incident/{id}"));
            Some(word)
        });
        Some(doing(Some(APPROVER), command, then))
    }

    /// Puts a photo with an incident or a report. A report's is told to no screen while that belongs to no incident.
    fn photo(&mut self, n: usize, is_of_report: bool) -> Option<Doing> {
        let id = nth(&self.ids(if is_of_report { Noun::Report } else { Noun::Incident }), n)?;
        let (owner, name) = if is_of_report {
            (FileOwner::Report(ReportCode::new(&id).unwrap()), format!("report/{id}"))
        } else {
            (FileOwner::Incident(IncidentId::new(&id).unwrap()), format!("incident/{id}"))
        };
        let word = self.word();
        let mut sha256 = [0xee; 32];
        sha256[..8].copy_from_slice(&u64::try_from(word).unwrap().to_be_bytes());
        let file = StoredFile { sha256: Digest(sha256), kind: FileKind::Jpeg, bytes: 1, width: 1, height: 1 };
        let attach = AttachFile { file, owner, taken_at_ms: Millis(0), note: text(word) };
        let then: Then = Box::new(move |ledger, _, _| {
            let is_told = !is_of_report || ledger.records.get(&name)?.part_of.is_some();
            ledger.words[word] = Seen::Photo(name);
            is_told.then_some(word)
        });
        Some(doing(None, attach, then))
    }

    /// Saves a call as a report, with which the draft of it goes.
    fn call_report(&mut self, n: usize, at: usize) -> Option<Doing> {
        let id = nth(&self.ids(Noun::Call), n)?;
        let contact = self.numbers.get(&id)?.clone();
        let word = self.word();
        let (channel, reference) = (ReportChannel::Call, id.clone());
        let report = file(&format!("R{word}"), text(word), at, None, None);
        let then: Then = Box::new(move |ledger, code, _| {
            ledger.drafts.remove(&id);
            ledger.put(format!("report/{code}"), Record::new(Noun::Report, Some(at), Some(word)))
        });
        Some(doing(None, FileReport { channel, reference, contact, ..report }, then))
    }

    /// Puts down something of a call and saves no report.
    fn call_draft(&mut self, n: usize) -> Option<Doing> {
        let id = nth(&self.ids(Noun::Call), n)?;
        let word = self.word();
        let (call, seq) = (CallId::new(&id).unwrap(), u64::try_from(word).unwrap() + 1);
        let form = format!("{{\"text\":\"{}\"}}", text(word));
        let then: Then = Box::new(move |ledger, _, _| {
            ledger.words[word] = Seen::Draft;
            ledger.drafts.insert(id, word);
            Some(word)
        });
        Some(doing(Some(WRITER), PutCallDraft { call, seq, form }, then))
    }
}

fn doing(by: Option<&str>, command: impl Into<Command>, then: Then) -> Doing {
    Doing { group: GroupId(0), by: by.map(str::to_owned), command: command.into(), then }
}

/// Another system, which asks to be told of everything.
pub(in crate::tests::rights_drawn) fn put_service(id: &str, at: Option<usize>) -> PutReceiver {
    let receiver = Receiver {
        id: ReceiverId::new(id).unwrap(),
        name: id.into(),
        url: format!("https://{id}.example/"),
        secret_sealed: bytes::Bytes::new(),
        kinds: domain::EventKind::ALL.to_vec(),
        admin_unit: at.map(code),
        disabled: false,
        newest: 0,
        confirmed: 0,
        missed: 0,
        given_up: None,
        unit: None,
        version: 0,
        parked: 0,
    };
    PutReceiver { receiver }
}

/// A message that fits a drill and the real thing alike.
fn content(at: usize, said: &str, now: u64) -> WarningContent {
    let text = |language: &str| WarningText {
        language: language.into(),
        event: "Lũ".into(),
        headline: said.into(),
        description: said.into(),
        instruction: "Rời bãi sông".into(),
    };
    let (name, name_en, polygon, circle) = (String::new(), String::new(), Vec::new(), None);
    WarningContent {
        purpose: WarningPurpose::Test,
        sender: "ioc.example.vn".into(),
        sender_name: "Trung tâm".into(),
        severity: Severity::High,
        urgency: WarningUrgency::Immediate,
        certainty: WarningCertainty::Observed,
        response: WarningResponse::Evacuate,
        onset_at_ms: Millis(0),
        expires_at_ms: Millis(now + limits::WARNING_MS_MAX / 2),
        contact: String::new(),
        texts: vec![text("vi"), text("en")],
        areas: vec![WarningArea { admin_unit: code(at), name, name_en, polygon, circle }],
    }
}
