//! State as rows, and rows as state. A row is encoded in one place, so a change and a whole dump cannot differ.

mod own;

use bytes::Bytes;
use prost::Message;

use own::{read_answer, read_heard, read_text};

use crate::{
    AdminUnit, AdminUnitCode, Alarm, AlarmKey, Answered, AuditHead, Calendar, CalendarId, CallId, Camera, CameraId,
    DeadlinePolicy, DeadlinePolicyId, District, DistrictId, Drill, DutyPost, DutyPostId, EntityId, Erasure, GroupId,
    Incident, IncidentId, IncidentKind, Instruction, InstructionId, LiveNodes, Millis, Model, ModelName, Notice,
    Person, PersonId, Placement, Receiver, ReceiverId, Report, ReportCode, Retention, Row, RowChange, RunCard, Sensor,
    SensorId, SensorWindow, Session, SessionId, Severity, State, Tally, Unit, UnitId, VersionName, Warning, WarningId,
    access_book::{AccessBook, TouchedAccess},
    apply::adopt_unit,
    file_book::{FileBook, TouchedFile},
    room_book::{RoomBook, TouchedRoom},
    rows,
    state::Heard,
    wire::{Field, Malformed, Record, generated},
};

/// Names a state row that an entry touched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Touched {
    Meta,
    AdminUnit(AdminUnitCode),
    District(DistrictId),
    Person(PersonId),
    Placement(EntityId),
    Unit(UnitId),
    Incident(IncidentId),
    Heard(AlarmKey),
    Sensor(SensorId),
    Window(SensorId),
    Camera(CameraId),
    CameraEpoch(CameraId),
    Alarm(AlarmKey),
    Session(SessionId),
    Answer(SessionId, u64),
    Model(ModelName),
    Tally(ModelName, VersionName),
    Calendar(CalendarId),
    DeadlinePolicy(DeadlinePolicyId),
    DutyPost(DutyPostId),
    Instruction(InstructionId),
    Receiver(ReceiverId),
    Notice(ReceiverId, u64),
    RunCard(IncidentKind, Severity),
    Report(ReportCode),
    Call(CallId),
    Agent(PersonId),
    CallDesk,
    Caller(String),
    CallDraft(CallId),
    Retention,
    Erasure,
    Access(TouchedAccess),
    Warning(WarningId),
    Board(TouchedRoom),
    Drill(u64),
    File(TouchedFile),
}

pub(crate) fn row(key: Bytes, record: &impl Record) -> Row {
    Row { key, value: record.encode().into() }
}

fn placement_row(entity: &EntityId, group: GroupId) -> Row {
    row(rows::placement_key(entity), &Placement { entity: entity.clone(), group })
}

fn window_row(sensor: &SensorId, at_ms: &[Millis]) -> Row {
    row(rows::window_key(sensor), &SensorWindow { sensor: sensor.clone(), at_ms: at_ms.to_vec() })
}

fn camera_epoch_row(camera: &CameraId, epoch: u64) -> Row {
    Row { key: rows::camera_epoch_key(camera), value: Bytes::copy_from_slice(&epoch.to_be_bytes()) }
}

fn heard_row(key: &AlarmKey, heard: &Heard) -> Row {
    let mut value = Vec::new();
    value.extend_from_slice(&heard.version.to_be_bytes());
    value.extend_from_slice(&heard.episode.to_be_bytes());
    value.extend_from_slice(heard.incident.as_ref().map_or("", IncidentId::as_str).as_bytes());
    if let Some(report) = &heard.report {
        // No id holds a zero byte.
        value.push(0);
        value.extend_from_slice(report.as_str().as_bytes());
    }
    Row { key: rows::heard_key(key), value: value.into() }
}

/// The session without its answers, which are rows of their own: a request writes its answer, not the whole window.
fn session_row(session: &Session) -> Row {
    let bare = Session {
        id: session.id,
        person: session.person.clone(),
        opened_at_ms: session.opened_at_ms,
        expires_at_ms: session.expires_at_ms,
        seq_max: session.seq_max,
        answered: Vec::new(),
    };
    row(rows::session_key(&session.id), &bare)
}

impl State {
    /// Every state row: what a snapshot holds beside history. In order of table, then of key.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let mut out = vec![self.meta_row()];
        out.extend(self.admin_units.iter().map(|(id, record)| row(rows::admin_unit_key(id), record)));
        out.extend(self.districts.iter().map(|(id, record)| row(rows::district_key(id), record)));
        out.extend(self.persons.iter().map(|(id, record)| row(rows::person_key(id), record)));
        out.extend(self.placements.iter().map(|(entity, group)| placement_row(entity, *group)));
        out.extend(self.units.iter().map(|(id, record)| row(rows::unit_key(id), record)));
        out.extend(self.incidents.iter().map(|(id, record)| row(rows::incident_key(id), record)));
        out.extend(self.sensors.iter().map(|(id, record)| row(rows::sensor_key(id), record)));
        out.extend(self.windows.iter().map(|(id, at_ms)| window_row(id, at_ms)));
        out.extend(self.cameras.iter().map(|(id, record)| row(rows::camera_key(id), record)));
        out.extend(self.camera_epochs.iter().map(|(id, epoch)| camera_epoch_row(id, *epoch)));
        out.extend(self.alarms.iter().map(|(key, record)| row(rows::alarm_key(key), record)));
        for (entity, conditions) in &self.heard {
            for (condition, heard) in conditions {
                out.push(heard_row(&AlarmKey { entity: entity.clone(), condition: condition.clone() }, heard));
            }
        }
        out.extend(self.sessions.values().map(session_row));
        for session in self.sessions.values() {
            out.extend(
                session.answered.iter().map(|answered| row(rows::answer_key(&session.id, answered.seq), answered)),
            );
        }
        out.extend(self.models.iter().map(|(name, record)| row(rows::model_key(name), record)));
        out.extend(self.tallies.values().map(|tally| row(rows::tally_key(&tally.model, &tally.version), tally)));
        out.extend(self.calendars.iter().map(|(id, record)| row(rows::calendar_key(id), record)));
        out.extend(self.deadline_policies.iter().map(|(id, record)| row(rows::deadline_policy_key(id), record)));
        out.extend(self.duty_posts.iter().map(|(id, record)| row(rows::duty_post_key(id), record)));
        out.extend(self.instructions.iter().map(|(id, record)| row(rows::instruction_key(id), record)));
        out.extend(self.receivers.iter().map(|(id, record)| row(rows::receiver_key(id), record)));
        out.extend(self.notices.values().map(|record| row(rows::notice_key(&record.receiver, record.number), record)));
        out.extend(self.board.rows().chain(self.files.rows()).chain(self.access.rows()));
        out.extend(self.run_cards.values().map(|card| row(rows::run_card_key(card.kind, card.severity), card)));
        out.extend(self.reports.iter().map(|(code, record)| row(rows::report_key(code), record)));
        out.extend(self.book.calls.iter().map(|(id, record)| row(rows::call_key(id), record)));
        out.extend(self.book.agents.iter().map(|(id, record)| row(rows::agent_key(id), record)));
        out.extend(self.book.desk.iter().map(|record| row(rows::call_desk_key(), record)));
        out.extend(self.book.callers.iter().map(|(number, record)| row(rows::caller_key(number), record)));
        out.extend(self.book.drafts.iter().map(|(id, record)| row(rows::call_draft_key(id), record)));
        out.extend(self.warnings.iter().map(|(id, record)| row(rows::warning_key(id), record)));
        out.extend(self.drills.iter().map(|(number, record)| row(rows::drill_key(*number), record)));
        out.extend(self.stored_retention().map(|record| row(rows::retention_key(), record)));
        out.extend(self.stored_erasure().map(|record| row(rows::erasure_key(), record)));
        out
    }

    /// The state that these rows are, in any order; history rows are passed over. No rows: an empty group.
    ///
    /// # Errors
    /// A row that cannot be read, stands under another key than its record's, or belongs to another group.
    pub fn from_rows(group: GroupId, rows: impl IntoIterator<Item = Row>) -> Result<Self, Malformed> {
        let mut state = Self::new(group);
        let mut has_meta = false;
        let mut is_empty = true;
        // Answers may come before their session.
        let mut answers: Vec<(SessionId, Answered)> = Vec::new();
        for Row { key, value } in rows {
            if !rows::is_state(&key) {
                continue;
            }
            is_empty = false;
            match key.first() {
                Some(&rows::META) => {
                    state.read_meta(&key, &value)?;
                    has_meta = true;
                }
                Some(&rows::ANSWERS) => answers.push(read_answer(&key, &value)?),
                _ => state.read_row(&key, &value)?,
            }
        }
        if !has_meta && !is_empty {
            return Err(Malformed::new("rows.meta", "is required: restore the group from a whole snapshot"));
        }
        for (session, answered) in answers {
            let Some(session) = state.sessions.get_mut(&session) else {
                return Err(Malformed::new(
                    "rows.answers",
                    format!("session {session} is not there: restore the group"),
                ));
            };
            session.answered.push(answered);
        }
        for session in state.sessions.values_mut() {
            session.answered.sort_by_key(|answered| answered.seq);
        }
        Ok(state.with_waiting())
    }

    /// What `rows` gives for what `from_rows` makes of this row of state: the same row, but for a record of an older program
    /// that is brought up to date when it is read.
    ///
    /// # Errors
    /// It is such a row of an older program and cannot be read.
    pub fn row_as_read(row: Row) -> Result<Row, Malformed> {
        if row.key.first() != Some(&rows::UNITS) {
            return Ok(row);
        }
        let stored = Unit::decode(&row.value)?;
        let mut unit = stored.clone();
        adopt_unit(&mut unit);
        Ok(if unit == stored { row } else { Row { value: unit.encode().into(), ..row } })
    }

    /// The row as it stands after the entry: put, or gone.
    pub(crate) fn row_change(&self, touched: &Touched) -> RowChange {
        let (key, found) = match touched {
            Touched::Board(touched) => return self.board.row_change(touched),
            Touched::File(touched) => return self.files.row_change(touched),
            Touched::Access(touched) => return self.access.row_change(touched),
            Touched::Meta => (rows::meta_key(), Some(self.meta_row())),
            Touched::AdminUnit(id) => found(rows::admin_unit_key(id), self.admin_units.get(id)),
            Touched::District(id) => found(rows::district_key(id), self.districts.get(id)),
            Touched::Person(id) => found(rows::person_key(id), self.persons.get(id)),
            Touched::Placement(entity) => {
                (rows::placement_key(entity), self.placements.get(entity).map(|group| placement_row(entity, *group)))
            }
            Touched::Unit(id) => found(rows::unit_key(id), self.units.get(id)),
            Touched::Incident(id) => found(rows::incident_key(id), self.incidents.get(id)),
            Touched::Heard(key) => (rows::heard_key(key), self.heard_of(key).map(|heard| heard_row(key, heard))),
            Touched::Sensor(id) => found(rows::sensor_key(id), self.sensors.get(id)),
            Touched::Window(id) => (rows::window_key(id), self.windows.get(id).map(|at_ms| window_row(id, at_ms))),
            Touched::Camera(id) => found(rows::camera_key(id), self.cameras.get(id)),
            Touched::CameraEpoch(id) => {
                (rows::camera_epoch_key(id), self.camera_epochs.get(id).map(|epoch| camera_epoch_row(id, *epoch)))
            }
            Touched::Alarm(key) => found(rows::alarm_key(key), self.alarms.get(key)),
            Touched::Session(id) => (rows::session_key(id), self.sessions.get(id).map(session_row)),
            Touched::Answer(id, seq) => {
                let session = self.sessions.get(id);
                let answered =
                    session.and_then(|session| session.answered.iter().find(|answered| answered.seq == *seq));
                found(rows::answer_key(id, *seq), answered)
            }
            Touched::Model(name) => found(rows::model_key(name), self.models.get(name)),
            Touched::Tally(model, version) => {
                found(rows::tally_key(model, version), self.tallies.get(&(model.clone(), version.clone())))
            }
            Touched::Calendar(id) => found(rows::calendar_key(id), self.calendars.get(id)),
            Touched::DeadlinePolicy(id) => found(rows::deadline_policy_key(id), self.deadline_policies.get(id)),
            Touched::DutyPost(id) => found(rows::duty_post_key(id), self.duty_posts.get(id)),
            Touched::Instruction(id) => found(rows::instruction_key(id), self.instructions.get(id)),
            Touched::Receiver(id) => found(rows::receiver_key(id), self.receivers.get(id)),
            Touched::Notice(id, number) => {
                found(rows::notice_key(id, *number), self.notices.get(&(id.clone(), *number)))
            }
            Touched::Warning(id) => found(rows::warning_key(id), self.warnings.get(id)),
            Touched::Retention => found(rows::retention_key(), self.stored_retention()),
            Touched::Erasure => found(rows::erasure_key(), self.stored_erasure()),
            Touched::Drill(number) => found(rows::drill_key(*number), self.drills.get(number)),
            Touched::Report(code) => found(rows::report_key(code), self.reports.get(code)),
            Touched::Call(id) => found(rows::call_key(id), self.book.calls.get(id)),
            Touched::Agent(id) => found(rows::agent_key(id), self.book.agents.get(id)),
            Touched::CallDesk => found(rows::call_desk_key(), self.book.desk.as_ref()),
            Touched::Caller(number) => found(rows::caller_key(number), self.book.callers.get(number)),
            Touched::CallDraft(id) => found(rows::call_draft_key(id), self.book.drafts.get(id)),
            Touched::RunCard(kind, severity) => {
                found(rows::run_card_key(*kind, *severity), self.run_cards.get(&(*kind, *severity)))
            }
        };
        match found {
            Some(row) => RowChange::Put(row),
            None => RowChange::Delete(key),
        }
    }

    fn meta_row(&self) -> Row {
        let meta = generated::Meta {
            group: self.group.0,
            clock_ms: self.clock.0,
            policy_floor: self.policy_floor,
            features: self.features.iter().copied().collect(),
            incidents_opened: self.incidents_opened,
            live_nodes: Some(self.live_nodes.to_wire()),
            instructions_given: self.instructions_given,
            audit_number: self.audit.number,
            audit_link: (self.audit.number > 0).then(|| self.audit.link.write()),
            calls_offered: self.book.offered,
            warnings_drafted: self.warnings_drafted,
        };
        Row { key: rows::meta_key(), value: meta.encode_to_vec().into() }
    }

    fn read_meta(&mut self, key: &Bytes, value: &Bytes) -> Result<(), Malformed> {
        same_key(key, &rows::meta_key())?;
        let meta = generated::Meta::decode(value.as_ref())
            .map_err(|e| Malformed::new("rows.meta", format!("is not readable ({e}): restore the group")))?;
        if meta.group != self.group.0 {
            return Err(Malformed::new(
                "rows.meta.group",
                format!("is {}: read the rows of group {}", meta.group, self.group),
            ));
        }
        self.clock = Millis(meta.clock_ms);
        self.policy_floor = meta.policy_floor;
        self.features = meta.features.into_iter().collect();
        self.incidents_opened = meta.incidents_opened;
        self.instructions_given = meta.instructions_given;
        self.book.offered = meta.calls_offered;
        self.warnings_drafted = meta.warnings_drafted;
        let link = meta.audit_link.map(|link| Field::read("audit_link", link)).transpose()?;
        self.audit = AuditHead { number: meta.audit_number, link: link.unwrap_or_default() };
        self.live_nodes = LiveNodes::from_wire(meta.live_nodes.unwrap_or_default())?;
        Ok(())
    }

    fn read_row(&mut self, key: &Bytes, value: &Bytes) -> Result<(), Malformed> {
        match key.first().copied() {
            Some(rows::ADMIN_UNITS) => {
                let record = AdminUnit::decode(value)?;
                same_key(key, &rows::admin_unit_key(&record.code))?;
                self.admin_units.insert(record.code.clone(), record);
            }
            Some(rows::DISTRICTS) => {
                let record = District::decode(value)?;
                same_key(key, &rows::district_key(&record.id))?;
                self.districts.insert(record.id.clone(), record);
            }
            Some(rows::PERSONS) => {
                let record = Person::decode(value)?;
                same_key(key, &rows::person_key(&record.id))?;
                self.persons.insert(record.id.clone(), record);
            }
            Some(rows::PLACEMENTS) => {
                let record = Placement::decode(value)?;
                same_key(key, &rows::placement_key(&record.entity))?;
                self.placements.insert(record.entity, record.group);
            }
            Some(rows::UNITS) => {
                let mut record = Unit::decode(value)?;
                same_key(key, &rows::unit_key(&record.id))?;
                adopt_unit(&mut record);
                #[cfg(feature = "seeded-bugs")]
                if crate::bugs::is_made(crate::bugs::Bug::OfferDeadlineForgotten)
                    && let Some(assignment) = &mut record.duty.assignment
                {
                    assignment.offer_due_at_ms = Millis(0);
                }
                self.units.insert(record.id.clone(), record);
            }
            Some(rows::INCIDENTS) => {
                let record = Incident::decode(value)?;
                same_key(key, &rows::incident_key(&record.id))?;
                self.keep_incident(record);
            }
            Some(rows::SENSORS) => {
                let record = Sensor::decode(value)?;
                same_key(key, &rows::sensor_key(&record.id))?;
                self.sensors.insert(record.id.clone(), record);
            }
            Some(rows::WINDOWS) => {
                let record = SensorWindow::decode(value)?;
                same_key(key, &rows::window_key(&record.sensor))?;
                self.windows.insert(record.sensor, record.at_ms);
            }
            Some(rows::CAMERAS) => {
                let record = Camera::decode(value)?;
                same_key(key, &rows::camera_key(&record.id))?;
                self.cameras.insert(record.id.clone(), record);
            }
            Some(rows::CAMERA_EPOCHS) => {
                let camera = Field::read("camera", read_text("rows.camera_epochs", &key[1..])?)?;
                let epoch =
                    value.as_ref().try_into().map_err(|_| Malformed::new("rows.camera_epochs", "has 8 bytes"))?;
                self.camera_epochs.insert(camera, u64::from_be_bytes(epoch));
            }
            Some(rows::ALARMS) => {
                let record = Alarm::decode(value)?;
                same_key(key, &rows::alarm_key(&record.key))?;
                self.keep_alarm(record);
            }
            Some(rows::HEARD) => {
                let (alarm, heard) = read_heard(&key[1..], value)?;
                self.keep_heard(&alarm, heard);
            }
            Some(rows::SESSIONS) => {
                let record = Session::decode(value)?;
                same_key(key, &rows::session_key(&record.id))?;
                self.keep_session(record);
            }
            Some(rows::MODELS) => {
                let record = Model::decode(value)?;
                same_key(key, &rows::model_key(&record.name))?;
                self.models.insert(record.name.clone(), record);
            }
            Some(rows::TALLIES) => {
                let record = Tally::decode(value)?;
                same_key(key, &rows::tally_key(&record.model, &record.version))?;
                self.tallies.insert((record.model.clone(), record.version.clone()), record);
            }
            Some(rows::CALENDARS) => {
                let record = Calendar::decode(value)?;
                same_key(key, &rows::calendar_key(&record.id))?;
                self.calendars.insert(record.id.clone(), record);
            }
            Some(rows::DEADLINE_POLICIES) => {
                let record = DeadlinePolicy::decode(value)?;
                same_key(key, &rows::deadline_policy_key(&record.id))?;
                self.deadline_policies.insert(record.id.clone(), record);
            }
            Some(rows::DUTY_POSTS) => {
                let record = DutyPost::decode(value)?;
                same_key(key, &rows::duty_post_key(&record.id))?;
                self.duty_posts.insert(record.id.clone(), record);
            }
            Some(rows::INSTRUCTIONS) => {
                let record = Instruction::decode(value)?;
                same_key(key, &rows::instruction_key(&record.id))?;
                self.keep_instruction(record);
            }
            Some(rows::RECEIVERS) => {
                let record = Receiver::decode(value)?;
                same_key(key, &rows::receiver_key(&record.id))?;
                self.receivers.insert(record.id.clone(), record);
            }
            Some(rows::NOTICES) => {
                let record = Notice::decode(value)?;
                same_key(key, &rows::notice_key(&record.receiver, record.number))?;
                self.notices.insert((record.receiver.clone(), record.number), record);
            }
            Some(rows::RUN_CARDS) => {
                let record = RunCard::decode(value)?;
                same_key(key, &rows::run_card_key(record.kind, record.severity))?;
                self.run_cards.insert((record.kind, record.severity), record);
            }
            Some(rows::REPORTS) => {
                let record = Report::decode(value)?;
                same_key(key, &rows::report_key(&record.code))?;
                self.keep_report(record);
            }
            Some(table) if self.book.reads(table) => self.book.read_row(key, value)?,
            Some(table) if AccessBook::reads(table) => self.access.read_row(key, value)?,
            Some(rows::WARNINGS) => {
                let record = Warning::decode(value)?;
                same_key(key, &rows::warning_key(&record.id))?;
                self.warnings.insert(record.id.clone(), record);
            }
            Some(table) if RoomBook::reads(table) => self.board.read_row(key, value)?,
            Some(table) if FileBook::reads(table) => self.files.read_row(key, value)?,
            Some(rows::DRILLS) => {
                let record = Drill::decode(value)?;
                same_key(key, &rows::drill_key(record.number))?;
                self.drills.insert(record.number, record);
            }
            Some(rows::RETENTION) => {
                same_key(key, &rows::retention_key())?;
                self.retention = Retention::decode(value)?;
            }
            Some(rows::ERASURE) => {
                same_key(key, &rows::erasure_key())?;
                self.erasure = Erasure::decode(value)?;
            }
            _ => return Err(Malformed::new("rows.key", "is of no table of this version: run the newer program")),
        }
        Ok(())
    }
}

fn found(key: Bytes, record: Option<&impl Record>) -> (Bytes, Option<Row>) {
    let found = record.map(|record| row(key.clone(), record));
    (key, found)
}

pub(crate) fn same_key(found: &Bytes, right: &Bytes) -> Result<(), Malformed> {
    if found == right {
        return Ok(());
    }
    Err(Malformed::new("rows.key", "is not that of its record: restore the group"))
}
