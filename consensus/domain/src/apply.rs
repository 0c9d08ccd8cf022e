//! The one way to change state. The same on every node: time and identity come in the entry, a refusal is a reply.
//!
//! The order of judgement, so that the first refusal that holds is given: the kind of group; the session and its window;
//! the right and the policy; then the noun. A noun's function decides on copies of single records and keeps them only when
//! nothing can refuse any more, so a refused command leaves no trace but its remembered answer.

mod access;
mod admin_unit;
mod alarm;
mod audit;
mod call;
mod camera;
mod deadline;
mod district;
mod drill;
mod erasure;
mod exercise;
mod file;
mod finding;
mod incident;
mod instruction;
mod model;
mod notice;
mod person;
mod placement;
mod remit;
mod report;
mod retention;
mod room;
mod run_card;
mod second_factor;
mod sensor;
mod service;
mod session;
mod unit;
mod valid;
mod warning;

pub(crate) use alarm::place_of as alarm_place_of;
pub(crate) use session::is_outside as is_outside_window;
pub(crate) use unit::{adopt as adopt_unit, check_in_within_ms};

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::{
    Accepted, Command, Decided, Entry, Event, EventKind, Grant, GroupId, Incident, IncidentId, Instruction, Millis,
    PersonId, Refusal, RefusalCode, Reply, Row, State, Subject, Unwritten, VOCABULARY_2, exercise::names_exercise,
    policy, rows, stored::Touched, wire::Record,
};

/// What a noun's function comes to.
type Outcome = Result<Accepted, Refusal>;

/// One entry in the making: the state, who and when, and what has come of it.
struct Work<'a> {
    state: &'a mut State,
    index: u64,
    /// The entry as the proposer encoded it; empty: it is not at hand.
    proposal: &'a Bytes,
    /// State's clock with this entry.
    now: Millis,
    /// By what right; none: the system.
    grant: Option<Grant>,
    /// It was applied before: the reply is the one that was remembered.
    again: bool,
    events: Vec<Event>,
    /// Events as timelines have them, by ordinal.
    encoded: Vec<(u32, Bytes)>,
    touched: &'a mut BTreeSet<Touched>,
    history: Vec<Row>,
    /// Keys of history rows that go.
    deleted: Vec<Bytes>,
}

impl State {
    /// [`State::apply`] for who writes later: the rows of state that change are named in `unwritten`, to be written as they
    /// stand then, together with how far is applied then. `proposal` is the entry as it stands in the log: what is kept of it as
    /// it is (readings) is taken out of it; of an empty one it is encoded anew, to the same bytes.
    pub fn apply_unwritten(
        &mut self,
        index: u64,
        entry: &Entry,
        proposal: &Bytes,
        unwritten: &mut Unwritten,
    ) -> Decided {
        // 0 means unset everywhere, so the clock leaves it with the first entry.
        self.clock = self.clock.max(entry.at_ms).max(Millis(1));
        #[cfg(feature = "seeded-bugs")]
        if crate::bugs::is_made(crate::bugs::Bug::ClockGoesBack) {
            self.clock = entry.at_ms.max(Millis(1));
        }
        let now = self.clock;
        // The clock is in it.
        unwritten.0.insert(Touched::Meta);
        let mut work = Work {
            state: self,
            index,
            proposal,
            now,
            grant: None,
            again: false,
            events: Vec::new(),
            encoded: Vec::new(),
            touched: &mut unwritten.0,
            history: Vec::new(),
            deleted: Vec::new(),
        };
        retention::advance(&mut work);
        let reply = work.judge(entry);
        notice::post(&mut work);
        work.record(entry, &reply);
        let Work { again, events, encoded, history, deleted: erased, .. } = work;
        Decided { reply, again, events, history, erased, encoded }
    }
}

impl Work<'_> {
    fn judge(&mut self, entry: &Entry) -> Reply {
        if !belongs(&entry.command, self.state.group) {
            let message = format!("group {} does not keep this: send it to the group that does", self.state.group);
            return Reply::Refused(Refusal::new(RefusalCode::WrongGroup, "", message));
        }
        let Some(request) = entry.request else {
            return reply(entry, self.decide(entry, None));
        };
        match session::admit(self.state, request, self.now) {
            Err(refusal) => Reply::Refused(refusal),
            Ok(session::Admitted::Again(reply)) => {
                self.again = true;
                reply
            }
            Ok(session::Admitted::New(person)) => {
                let reply = reply(entry, self.decide(entry, Some(&person)));
                session::remember(self, request, &reply);
                reply
            }
        }
    }

    fn decide(&mut self, entry: &Entry, person: Option<&PersonId>) -> Outcome {
        self.grant = policy::right(self.state, self.index, entry.grant.as_ref(), person)?;
        if let Some(grant) = &self.grant {
            policy::authorize(self.state, grant, &entry.command)?;
        }
        match &entry.command {
            Command::OpenSession(command) => session::open(self, command),
            Command::CloseSession(command) => Ok(session::close(self, command)),
            Command::RaisePolicyFloor(command) => session::raise_policy_floor(self, command),
            Command::SwitchFeature(command) => session::switch_feature(self, command),
            Command::PutAdminUnits(command) => admin_unit::put(self, command),
            Command::PutDistrict(command) => district::put(self, command),
            Command::PutPerson(command) => person::put(self, command),
            Command::PlaceEntities(command) => placement::place(self, command),
            Command::SetLiveNodes(command) => placement::set_live_nodes(self, command),
            Command::PutUnit(command) => unit::put(self, command),
            Command::SetUnitStatus(command) => unit::set_status(self, command),
            Command::MoveUnit(command) => unit::move_to(self, command),
            Command::OpenIncident(command) => incident::open(self, command),
            Command::FeedIncident(command) => incident::feed(self, command),
            Command::AmendIncident(command) => incident::amend(self, command),
            Command::NoteIncident(command) => incident::note(self, command),
            Command::AcknowledgeIncident(command) => incident::acknowledge(self, command),
            Command::AssignIncident(command) => incident::assign(self, command),
            Command::ResolveIncident(command) => incident::resolve(self, command),
            Command::CloseIncident(command) => incident::close(self, command),
            Command::ReopenIncident(command) => incident::reopen(self, command),
            Command::MergeIncident(command) => incident::merge(self, command),
            Command::UnmergeIncident(command) => incident::unmerge(self, command),
            Command::EscalateIncident(command) => incident::escalate(self, command),
            Command::Suggest(command) => incident::suggest(self, command),
            Command::DecideSuggestion(command) => incident::decide(self, command),
            Command::RegisterModel(command) => model::register(self, command),
            Command::RollOutModel(command) => model::roll_out(self, command),
            Command::RollBackModel(command) => model::roll_back(self, command),
            Command::SwitchModel(command) => model::switch(self, command),
            Command::ReportSilence(command) => model::report_silence(self, command),
            Command::ReportLoad(command) => district::report_load(self, command),
            Command::PutRunCard(command) => run_card::put(self, command),
            Command::SetUnitShift(command) => unit::set_shift(self, command),
            Command::CheckInUnit(command) => unit::check_in(self, command),
            Command::RaiseMayday(command) => unit::raise_mayday(self, command),
            Command::ClearMayday(command) => unit::clear_mayday(self, command),
            Command::EscalateCheckIn(command) => unit::escalate_check_in(self, command),
            Command::ExpireOffer(command) => incident::expire_offer(self, command),
            Command::RemindOffer(command) => incident::remind_offer(self, command),
            Command::AcknowledgeAttention(command) => incident::acknowledge_attention(self, command),
            Command::GiveTask(command) => incident::give_task(self, command),
            Command::AnswerTask(command) => incident::answer_task(self, command),
            Command::CombineAnswer(command) => incident::combine_answer(self, command),
            Command::FileReport(command) => report::file(self, command),
            Command::LinkReport(command) => report::link(self, command),
            Command::UnlinkReport(command) => report::unlink(self, command),
            Command::AnswerReport(command) => report::answer(self, command),
            Command::TakeReport(command) => report::take(self, command),
            Command::SetReportAside(command) => report::set_aside(self, command),
            Command::RateReport(command) => report::rate(self, command),
            Command::ReopenReport(command) => report::reopen(self, command),
            Command::PutCalendar(command) => deadline::put_calendar(self, command),
            Command::PutDeadlinePolicy(command) => deadline::put_policy(self, command),
            Command::PutDutyPost(command) => deadline::put_post(self, command),
            Command::PauseClock(command) => deadline::pause(self, command),
            Command::ResumeClock(command) => deadline::resume(self, command),
            Command::ReportProgress(command) => deadline::report_progress(self, command),
            Command::FireDeadline(command) => deadline::fire(self, command),
            Command::GiveInstruction(command) => instruction::give(self, command),
            Command::TakeInstruction(command) => instruction::take(self, command),
            Command::FinishInstruction(command) => instruction::finish(self, command),
            Command::CancelInstruction(command) => instruction::cancel(self, command),
            Command::ReopenInstruction(command) => instruction::reopen(self, command),
            Command::RecordRead(command) => audit::record_read(self, command),
            Command::EraseAudit(command) => audit::erase(self, command),
            Command::AnchorAudit(command) => audit::anchor(self, command),
            Command::PutReceiver(command) => notice::put(self, command),
            Command::ConfirmNotices(command) => notice::confirm(self, command),
            Command::PutCallDesk(command) => call::put_desk(self, command),
            Command::PutAgent(command) => call::put_agent(self, command),
            Command::SetAgentStatus(command) => call::set_agent_status(self, command),
            Command::OfferCall(command) => call::offer(self, command),
            Command::AnswerCall(command) => call::answer(self, command),
            Command::HoldCall(command) => call::hold(self, command),
            Command::TransferCall(command) => call::transfer(self, command),
            Command::EndLeg(command) => call::end_leg(self, command),
            Command::EndCall(command) => call::end(self, command),
            Command::ReturnCall(command) => call::give_back(self, command),
            Command::TakeCallback(command) => call::take_callback(self, command),
            Command::SettleCallback(command) => call::settle_callback(self, command),
            Command::PutCallDraft(command) => call::put_draft(self, command),
            Command::NameCaller(command) => call::name(self, command),
            Command::EraseCall(command) => call::erase(self, command),
            Command::ExpireRing(command) => call::expire_ring(self, command),
            Command::ExpireWrapUp(command) => call::expire_wrap_up(self, command),
            Command::CheckQueue(command) => call::check_queue(self, command),
            Command::PutSecondFactor(command) => second_factor::put(self, command),
            Command::SpendCode(command) => second_factor::spend(self, command),
            Command::DropSecondFactor(command) => second_factor::drop(self, command),
            Command::PutServiceKey(command) => access::put_key(self, command),
            Command::RevokeServiceKey(command) => access::revoke_key(self, command),
            Command::PutDelegation(command) => access::put_delegation(self, command),
            Command::RevokeDelegation(command) => access::revoke_delegation(self, command),
            Command::TakeDelegation(command) => access::take_delegation(self, command),
            Command::BreakGlass(command) => access::break_glass(self, command),
            Command::EndGlass(command) => access::end_glass(self, command),
            Command::PutRemit(command) => remit::put(self, command),
            Command::SetRetention(command) => retention::set(self, command),
            Command::DraftWarning(command) => warning::draft(self, command),
            Command::ApproveWarning(command) => warning::approve(self, command),
            Command::RejectWarning(command) => warning::reject(self, command),
            Command::OfferHandover(command) => incident::offer_handover(self, command),
            Command::AnswerHandover(command) => incident::answer_handover(self, command),
            Command::WithdrawHandover(command) => incident::withdraw_handover(self, command),
            Command::ReceiveHandover(command) => incident::receive_handover(self, command),
            Command::RetractHandover(command) => incident::retract_handover(self, command),
            Command::GiveUpNotice(command) => notice::give_up(self, command),
            Command::StartExercise(command) => exercise::start(self, command),
            Command::EndExercise(command) => exercise::end(self, command),
            Command::PutRoom(command) => room::put(self, command),
            Command::PushScene(command) => room::push(self, command),
            Command::FollowRoom(command) => room::follow(self, command),
            Command::WriteShiftNote(command) => room::write_shift_note(self, command),
            Command::AcknowledgeShiftNote(command) => room::acknowledge_shift_note(self, command),
            Command::FireShiftNote(command) => room::fire_shift_note(self, command),
            Command::LogDuty(command) => room::log(self, command),
            Command::StartDrill(command) => drill::start(self, command),
            Command::StopDrill(command) => drill::stop(self, command),
            Command::EndDrill(command) => drill::end(self, command),
            Command::MeasureDrill(command) => drill::measure(self, command),
            Command::CloseDrill(command) => drill::close(self, command),
            Command::AttachFile(command) => file::attach(self, command),
            Command::DetachFile(command) => file::detach(self, command),
            Command::SetFileRetention(command) => file::set_retention(self, command),
            Command::DropFiles(command) => file::drop_due(self, command),
            Command::SetErasure(command) => erasure::set(self, command),
            Command::ErasePersonal(command) => erasure::erase(self, command),
            Command::AcknowledgeClock(command) => deadline::acknowledge(self, command),
            Command::ConfirmInstruction(command) => instruction::confirm(self, command),
            Command::RegisterSensor(command) => sensor::register(self, command),
            Command::SetDeviceStatus(command) => sensor::set_status(self, command),
            Command::RecordReadings(command) => sensor::record(self, command),
            Command::RegisterCamera(command) => camera::register(self, command),
            Command::RecordCameraHealth(command) => camera::record_health(self, command),
            Command::RaiseAlarm(command) => alarm::raise(self, command),
            Command::ClearAlarm(command) => alarm::clear(self, command),
            Command::AcknowledgeAlarm(command) => alarm::acknowledge(self, command),
            Command::ShelveAlarm(command) => alarm::shelve(self, command),
            Command::UnshelveAlarm(command) => alarm::unshelve(self, command),
            Command::ConfirmAlarmReport(command) => alarm::confirm_report(self, command),
            Command::TakeOutOfService(command) => service::take_out(self, command),
            Command::ReturnToService(command) => service::give_back(self, command),
        }
    }

    /// Puts the entry into the record, once that is switched on: accepted or refused, it was asked for.
    fn record(&mut self, entry: &Entry, reply: &Reply) {
        if !self.state.has_feature(crate::audit::FEATURE) {
            return;
        }
        let session = entry.request.and_then(|request| self.state.sessions.get(&request.session));
        let claimed = entry.grant.as_ref().map(|grant| &grant.person);
        let by = claimed.or(session.map(|session| &session.person)).map(PersonId::as_str);
        let at = (self.state.group, self.index, self.now);
        // What state said of the right, or, where it said nothing, what the entry claims.
        let terms = self.grant.as_ref().or(entry.grant.as_ref()).map(|grant| &grant.terms);
        // A chain that is older holds payloads without the mark.
        let exercise = self.state.has_feature(VOCABULARY_2) && self.is_exercise(&entry.command);
        let (head, rows) =
            crate::audit::append(&self.state.audit, at, (entry, self.proposal), (by, terms), reply, exercise);
        self.state.audit = head;
        self.history.extend(rows);
    }

    /// Whether the entry is of a drill: its command says so, what came of it is, or, where nothing did, what it names.
    fn is_exercise(&self, command: &Command) -> bool {
        let came_of_it = self.events.iter().any(Event::is_exercise);
        came_of_it || command.says_exercise() || names_exercise(self.state, command)
    }

    /// Who acts; none: the system.
    fn by(&self) -> Option<PersonId> {
        self.grant.as_ref().map(|grant| grant.person.clone())
    }

    /// Who acts, for what only a person can do.
    fn by_person(&self) -> Result<PersonId, Refusal> {
        let message = "only a person can do this: send the grant of one";
        self.by().ok_or_else(|| Refusal::new(RefusalCode::Forbidden, "", message))
    }

    fn touch(&mut self, touched: Touched) {
        self.touched.insert(touched);
    }

    fn emit(&mut self, kind: EventKind, note: &str, subject: Option<Subject>) {
        let ordinal = u32::try_from(self.events.len()).unwrap_or(u32::MAX);
        self.events.push(Event { kind, by: self.by(), note: note.to_owned(), at_ms: self.now, ordinal, subject });
    }

    /// Emits an event about an incident and writes it into the incident's timeline.
    fn emit_incident(&mut self, kind: EventKind, note: &str, incident: &Incident) {
        self.emit(kind, note, Some(incident.clone().into()));
        self.write_timeline(&incident.id);
    }

    /// Writes the newest event into the timeline of the incident. The incident in it is what a line shows: with all that it
    /// has gathered, each note would be as long as the whole file.
    fn write_timeline(&mut self, incident: &IncidentId) {
        let Some(event) = self.events.last() else { return };
        let key = rows::timeline_key(incident, self.index, event.ordinal);
        let value = match &event.subject {
            Some(Subject::Incident(incident)) if self.state.has_feature(VOCABULARY_2) => {
                let (by, note, subject) = (event.by.clone(), event.note.clone(), Some(incident.line().into()));
                let line = Event { kind: event.kind, by, note, at_ms: event.at_ms, ordinal: event.ordinal, subject };
                Bytes::from(line.encode())
            }
            _ => {
                let whole = Bytes::from(event.encode());
                self.encoded.push((event.ordinal, whole.clone()));
                whole
            }
        };
        self.history.push(Row { key, value });
    }
}

impl Work<'_> {
    /// Emits an event about an instruction and writes it into its timeline, and into that of the incident that it serves.
    fn emit_instruction(&mut self, kind: EventKind, note: &str, instruction: &Instruction) {
        self.emit(kind, note, Some(instruction.clone().into()));
        if let Some(event) = self.events.last() {
            let value = Bytes::from(event.encode());
            let of_instruction = rows::instruction_timeline_key(&instruction.id, self.index, event.ordinal);
            let of_incident = instruction.incident.as_ref().map(|id| rows::timeline_key(id, self.index, event.ordinal));
            let keys = std::iter::once(of_instruction).chain(of_incident);
            self.encoded.push((event.ordinal, value.clone()));
            self.history.extend(keys.map(|key| Row { key, value: value.clone() }));
        }
    }
}

/// The reply of an outcome; a field that was wrong is named with its command.
fn reply(entry: &Entry, outcome: Outcome) -> Reply {
    match outcome {
        Ok(accepted) => Reply::Accepted(accepted),
        Err(mut refusal) => {
            if !refusal.field.is_empty() {
                refusal.field = format!("{}.{}", entry.command.name(), refusal.field);
            }
            Reply::Refused(refusal)
        }
    }
}

/// Accepted, with the entity and its version.
fn accepted(entity: impl ToString, version: u64) -> Accepted {
    Accepted { entity: entity.to_string(), version, ..Accepted::default() }
}

/// Whether the group keeps what the command is about.
fn belongs(command: &Command, group: GroupId) -> bool {
    match command {
        Command::OpenSession(_)
        | Command::CloseSession(_)
        | Command::RaisePolicyFloor(_)
        | Command::SwitchFeature(_)
        | Command::RecordRead(_)
        | Command::EraseAudit(_)
        | Command::AnchorAudit(_) => true,
        Command::SetRetention(_)
        | Command::RegisterSensor(_)
        | Command::SetDeviceStatus(_)
        | Command::RecordReadings(_)
        | Command::RegisterCamera(_)
        | Command::RecordCameraHealth(_)
        | Command::RaiseAlarm(_)
        | Command::ClearAlarm(_)
        | Command::AcknowledgeAlarm(_)
        | Command::ShelveAlarm(_)
        | Command::UnshelveAlarm(_)
        | Command::ConfirmAlarmReport(_)
        | Command::TakeOutOfService(_)
        | Command::ReturnToService(_) => group.is_field(),
        _ => group == GroupId::COMMAND,
    }
}
