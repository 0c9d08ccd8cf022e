//! The state of one group, held in memory: what decisions need. History is rows.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    AdminUnit, AdminUnitCode, Alarm, AlarmKey, AuditHead, Calendar, CalendarId, Camera, CameraId, Clock, ClockKey,
    Condition, DeadlinePolicy, DeadlinePolicyId, District, DistrictId, Drill, DutyPost, DutyPostId, EntityId, Erasure,
    GroupId, Incident, IncidentId, IncidentKind, Instruction, InstructionId, LiveNodes, Measured, Millis, Model,
    ModelName, Notice, Person, PersonId, Receiver, ReceiverId, Report, ReportCode, Retention, RunCard, Sensor,
    SensorId, Session, SessionId, Severity, SilenceCause, Tally, Unit, UnitId, VersionName, WaitingReport, Warning,
    WarningId, access_book::AccessBook, call_book::CallBook, file_book::FileBook, room_book::RoomBook,
};

/// The state of one group. [`State::apply`] is the only way to change it; a copy that decides nothing is a
/// [`Replica`](crate::Replica).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub(crate) group: GroupId,
    /// Never goes back.
    pub(crate) clock: Millis,
    pub(crate) policy_floor: u64,
    pub(crate) features: BTreeSet<u32>,
    /// The number of the newest incident.
    pub(crate) incidents_opened: u64,
    /// The number of the newest instruction.
    pub(crate) instructions_given: u64,
    pub(crate) live_nodes: LiveNodes,
    /// How far the record is; before it is switched on: no record.
    pub(crate) audit: AuditHead,

    pub(crate) admin_units: BTreeMap<AdminUnitCode, AdminUnit>,
    pub(crate) districts: BTreeMap<DistrictId, District>,
    pub(crate) persons: BTreeMap<PersonId, Person>,
    pub(crate) placements: BTreeMap<EntityId, GroupId>,
    pub(crate) units: BTreeMap<UnitId, Unit>,
    pub(crate) incidents: BTreeMap<IncidentId, Incident>,
    /// What group 0 has heard of each alarm. By entity first, because the alarms of one entity feed one incident.
    pub(crate) heard: BTreeMap<EntityId, BTreeMap<Condition, Heard>>,
    /// Entries of all the maps in `heard`.
    pub(crate) heard_count: usize,
    pub(crate) models: BTreeMap<ModelName, Model>,
    /// Invariant: one for each registered version.
    pub(crate) tallies: BTreeMap<(ModelName, VersionName), Tally>,
    pub(crate) calendars: BTreeMap<CalendarId, Calendar>,
    pub(crate) deadline_policies: BTreeMap<DeadlinePolicyId, DeadlinePolicy>,
    pub(crate) duty_posts: BTreeMap<DutyPostId, DutyPost>,
    pub(crate) instructions: BTreeMap<InstructionId, Instruction>,
    pub(crate) receivers: BTreeMap<ReceiverId, Receiver>,
    /// Invariant: of each receiver exactly those that it has not confirmed.
    pub(crate) notices: BTreeMap<(ReceiverId, u64), Notice>,
    /// Invariant: exactly the next steps of the clocks of all incidents and instructions.
    pub(crate) clocks_due: BTreeSet<(Millis, ClockKey)>,
    /// Derived: reports of which a clock calls. Nothing of a report goes over a line, so screens ask for these.
    pub(crate) reports_calling: BTreeSet<ReportCode>,
    /// Bounded by the kinds and severities that there are.
    pub(crate) run_cards: BTreeMap<(IncidentKind, Severity), RunCard>,
    pub(crate) reports: BTreeMap<ReportCode, Report>,
    /// Invariant: exactly the reports that wait for a person, as `State::waiting_report` derives them.
    pub(crate) waiting: BTreeMap<ReportCode, WaitingReport>,
    /// Calls, and who takes them.
    pub(crate) book: CallBook,
    /// Rights beyond a role.
    pub(crate) access: AccessBook,
    /// The number of the newest message to the public.
    pub(crate) warnings_drafted: u64,
    pub(crate) warnings: BTreeMap<WarningId, Warning>,
    /// Exercises and rooms.
    pub(crate) board: RoomBook,
    /// By number.
    pub(crate) drills: BTreeMap<u64, Drill>,
    /// Which files there are, and what they belong to.
    pub(crate) files: FileBook,
    /// The rules by which personal data go.
    pub(crate) erasure: Erasure,

    pub(crate) sensors: BTreeMap<SensorId, Sensor>,
    /// Device times recorded of each sensor. Invariant: ascending, at most `limits::SENSOR_WINDOW`.
    pub(crate) windows: BTreeMap<SensorId, Vec<Millis>>,
    pub(crate) cameras: BTreeMap<CameraId, Camera>,
    /// The highest live-set epoch under which each camera's health was recorded.
    pub(crate) camera_epochs: BTreeMap<CameraId, u64>,
    /// How long readings are kept, and which of them count.
    pub(crate) retention: Retention,
    pub(crate) alarms: BTreeMap<AlarmKey, Alarm>,
    /// Invariant: exactly the keys of the alarms with `reported_version < version`.
    pub(crate) unreported: BTreeSet<AlarmKey>,

    pub(crate) sessions: BTreeMap<SessionId, Session>,
    /// Invariant: exactly the ends of the sessions.
    pub(crate) session_ends: BTreeSet<(Millis, SessionId)>,
}

/// The newest that group 0 has heard of an alarm, kept when its incident is closed: a straggler must not open another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Version of the alarm.
    pub(crate) version: u64,
    /// Its episode.
    pub(crate) episode: u32,
    /// The incident that it fed, before merges; none: it was over before anybody heard of it, or a person took it out.
    pub(crate) incident: Option<IncidentId>,
    /// The report of its newest occurrence; none: it has none.
    pub(crate) report: Option<ReportCode>,
}

impl State {
    /// An empty group.
    #[must_use]
    pub fn new(group: GroupId) -> Self {
        Self {
            group,
            clock: Millis(0),
            policy_floor: 0,
            features: BTreeSet::new(),
            incidents_opened: 0,
            instructions_given: 0,
            live_nodes: LiveNodes::default(),
            audit: AuditHead::default(),
            admin_units: BTreeMap::new(),
            districts: BTreeMap::new(),
            persons: BTreeMap::new(),
            placements: BTreeMap::new(),
            units: BTreeMap::new(),
            incidents: BTreeMap::new(),
            heard: BTreeMap::new(),
            heard_count: 0,
            models: BTreeMap::new(),
            tallies: BTreeMap::new(),
            calendars: BTreeMap::new(),
            deadline_policies: BTreeMap::new(),
            duty_posts: BTreeMap::new(),
            instructions: BTreeMap::new(),
            receivers: BTreeMap::new(),
            notices: BTreeMap::new(),
            clocks_due: BTreeSet::new(),
            reports_calling: BTreeSet::new(),
            run_cards: BTreeMap::new(),
            reports: BTreeMap::new(),
            waiting: BTreeMap::new(),
            book: CallBook::default(),
            access: AccessBook::default(),
            warnings_drafted: 0,
            warnings: BTreeMap::new(),
            board: RoomBook::default(),
            drills: BTreeMap::new(),
            files: FileBook::default(),
            erasure: Erasure::default(),
            sensors: BTreeMap::new(),
            windows: BTreeMap::new(),
            cameras: BTreeMap::new(),
            camera_epochs: BTreeMap::new(),
            retention: Retention::default(),
            alarms: BTreeMap::new(),
            unreported: BTreeSet::new(),
            sessions: BTreeMap::new(),
            session_ends: BTreeSet::new(),
        }
    }

    /// Which group.
    #[must_use]
    pub fn group(&self) -> GroupId {
        self.group
    }

    /// The newest time that an entry brought. Never goes back.
    #[must_use]
    pub fn clock(&self) -> Millis {
        self.clock
    }

    /// Grants older than this index of group 0 do not count here.
    #[must_use]
    pub fn policy_floor(&self) -> u64 {
        self.policy_floor
    }

    /// Whether a behaviour is switched on.
    #[must_use]
    pub fn has_feature(&self, feature: u32) -> bool {
        self.features.contains(&feature)
    }

    /// Behaviours that are switched on, ascending.
    pub fn features(&self) -> impl Iterator<Item = u32> {
        self.features.iter().copied()
    }

    /// How many incidents were ever opened; the newest has this number.
    #[must_use]
    pub fn incidents_opened(&self) -> u64 {
        self.incidents_opened
    }

    /// How far the group's record is.
    #[must_use]
    pub fn audit_head(&self) -> AuditHead {
        self.audit
    }

    /// The nodes that are up.
    #[must_use]
    pub fn live_nodes(&self) -> &LiveNodes {
        &self.live_nodes
    }

    /// Administrative units (group 0).
    #[must_use]
    pub fn admin_units(&self) -> &BTreeMap<AdminUnitCode, AdminUnit> {
        &self.admin_units
    }

    /// District rooms (group 0).
    #[must_use]
    pub fn districts(&self) -> &BTreeMap<DistrictId, District> {
        &self.districts
    }

    /// The districts that watch an administrative unit (group 0).
    pub fn districts_of(&self, admin_unit: &AdminUnitCode) -> impl Iterator<Item = &District> {
        self.districts.values().filter(move |district| district.admin_units.contains(admin_unit))
    }

    /// People, with their sealed credentials (group 0).
    #[must_use]
    pub fn persons(&self) -> &BTreeMap<PersonId, Person> {
        &self.persons
    }

    /// The field group of each device (group 0).
    #[must_use]
    pub fn placements(&self) -> &BTreeMap<EntityId, GroupId> {
        &self.placements
    }

    /// Response units (group 0).
    #[must_use]
    pub fn units(&self) -> &BTreeMap<UnitId, Unit> {
        &self.units
    }

    /// Incidents, closed ones included (group 0).
    #[must_use]
    pub fn incidents(&self) -> &BTreeMap<IncidentId, Incident> {
        &self.incidents
    }

    /// Models, with their versions (group 0).
    #[must_use]
    pub fn models(&self) -> &BTreeMap<ModelName, Model> {
        &self.models
    }

    /// What became of what each version said (group 0).
    #[must_use]
    pub fn tallies(&self) -> &BTreeMap<(ModelName, VersionName), Tally> {
        &self.tallies
    }

    /// What to send, by what goes on and how bad it is (group 0).
    #[must_use]
    pub fn run_cards(&self) -> &BTreeMap<(IncidentKind, Severity), RunCard> {
        &self.run_cards
    }

    /// Calls, reports and messages, by the code that their senders follow (group 0).
    #[must_use]
    pub fn reports(&self) -> &BTreeMap<ReportCode, Report> {
        &self.reports
    }

    /// Models in use that give no advice now, and why (group 0). One that was never rolled out is not in use.
    pub fn silent_models(&self) -> impl Iterator<Item = (&Model, SilenceCause)> {
        self.models.values().filter_map(|model| {
            let active = model.active.as_ref()?;
            if !model.on {
                return Some((model, SilenceCause::Off));
            }
            let tally = self.tallies.get(&(model.name.clone(), active.clone()))?;
            tally.silent.then_some((model, SilenceCause::Silent))
        })
    }

    /// Calendars of working time (group 0).
    #[must_use]
    pub fn calendars(&self) -> &BTreeMap<CalendarId, Calendar> {
        &self.calendars
    }

    /// Policies of deadlines (group 0).
    #[must_use]
    pub fn deadline_policies(&self) -> &BTreeMap<DeadlinePolicyId, DeadlinePolicy> {
        &self.deadline_policies
    }

    /// Duty posts with their rosters (group 0).
    #[must_use]
    pub fn duty_posts(&self) -> &BTreeMap<DutyPostId, DutyPost> {
        &self.duty_posts
    }

    /// Instructions, ended ones included (group 0).
    #[must_use]
    pub fn instructions(&self) -> &BTreeMap<InstructionId, Instruction> {
        &self.instructions
    }

    /// Systems that are told of what happens, with their sealed secrets (group 0).
    #[must_use]
    pub fn receivers(&self) -> &BTreeMap<ReceiverId, Receiver> {
        &self.receivers
    }

    /// Messages to the public, drafts and ended ones included (group 0).
    #[must_use]
    pub fn warnings(&self) -> &BTreeMap<WarningId, Warning> {
        &self.warnings
    }

    /// What waits for a receiver, the oldest first (group 0).
    pub fn notices_for(&self, receiver: &ReceiverId) -> impl Iterator<Item = &Notice> {
        let range = (receiver.clone(), 0)..=(receiver.clone(), u64::MAX);
        self.notices.range(range).map(|(_, notice)| notice)
    }

    /// The next steps of all clocks that run, the soonest first (group 0).
    pub fn clocks_due(&self) -> impl Iterator<Item = (Millis, &ClockKey)> {
        self.clocks_due.iter().map(|(at, key)| (*at, key))
    }

    /// One clock (group 0).
    #[must_use]
    pub fn clock_of(&self, key: &ClockKey) -> Option<&Clock> {
        let clocks = match &key.of {
            Measured::Incident(id) => &self.incidents.get(id)?.clocks,
            Measured::Instruction(id) => &self.instructions.get(id)?.clocks,
            Measured::Report(code) => &self.reports.get(code)?.clocks,
        };
        clocks.iter().find(|clock| clock.number == key.number)
    }

    /// Reports of which a clock calls for somebody (group 0).
    pub fn reports_calling(&self) -> impl Iterator<Item = &Report> {
        self.reports_calling.iter().filter_map(|code| self.reports.get(code))
    }

    /// Sensors (field groups).
    #[must_use]
    pub fn sensors(&self) -> &BTreeMap<SensorId, Sensor> {
        &self.sensors
    }

    /// Cameras, with their sealed credentials (field groups).
    #[must_use]
    pub fn cameras(&self) -> &BTreeMap<CameraId, Camera> {
        &self.cameras
    }

    /// Alarms, those that are back to normal included: their episodes count on (field groups).
    #[must_use]
    pub fn alarms(&self) -> &BTreeMap<AlarmKey, Alarm> {
        &self.alarms
    }

    /// Alarms whose newest version group 0 has yet to hear (field groups).
    pub fn unreported_alarms(&self) -> impl Iterator<Item = &Alarm> {
        self.unreported.iter().filter_map(|key| self.alarms.get(key))
    }

    /// Sessions and the answers that they keep.
    #[must_use]
    pub fn sessions(&self) -> &BTreeMap<SessionId, Session> {
        &self.sessions
    }

    /// Keeps an incident, and `clocks_due` right.
    pub(crate) fn keep_incident(&mut self, incident: Incident) {
        let of = Measured::Incident(incident.id.clone());
        self.note_clocks(&of, &incident.clocks);
        if let Some(former) = self.incidents.insert(incident.id.clone(), incident) {
            self.forget_clocks(&of, &former.clocks);
        }
    }

    /// Forgets an incident, and keeps `clocks_due` right.
    pub(crate) fn drop_incident(&mut self, id: &IncidentId) -> Option<Incident> {
        let incident = self.incidents.remove(id)?;
        self.forget_clocks(&Measured::Incident(id.clone()), &incident.clocks);
        Some(incident)
    }

    /// Keeps an instruction, and `clocks_due` right.
    pub(crate) fn keep_instruction(&mut self, instruction: Instruction) {
        let of = Measured::Instruction(instruction.id.clone());
        self.note_clocks(&of, &instruction.clocks);
        if let Some(former) = self.instructions.insert(instruction.id.clone(), instruction) {
            self.forget_clocks(&of, &former.clocks);
        }
    }

    /// Forgets an instruction, and keeps `clocks_due` right.
    pub(crate) fn drop_instruction(&mut self, id: &InstructionId) {
        if let Some(instruction) = self.instructions.remove(id) {
            self.forget_clocks(&Measured::Instruction(id.clone()), &instruction.clocks);
        }
    }

    /// Keeps a report, and `clocks_due` and `reports_calling` right.
    pub(crate) fn keep_report(&mut self, report: Report) {
        let of = Measured::Report(report.code.clone());
        self.note_clocks(&of, &report.clocks);
        if report.clocks.iter().any(Clock::is_alarming) {
            self.reports_calling.insert(report.code.clone());
        } else {
            self.reports_calling.remove(&report.code);
        }
        if let Some(former) = self.reports.insert(report.code.clone(), report) {
            self.forget_clocks(&of, &former.clocks);
        }
    }

    /// Forgets a report, and keeps `clocks_due` right.
    pub(crate) fn drop_report(&mut self, code: &ReportCode) {
        self.reports_calling.remove(code);
        if let Some(report) = self.reports.remove(code) {
            self.forget_clocks(&Measured::Report(code.clone()), &report.clocks);
        }
    }

    fn note_clocks(&mut self, of: &Measured, clocks: &[Clock]) {
        let due = clocks.iter().filter(|clock| clock.next_at_ms.is_set());
        self.clocks_due.extend(due.map(|clock| (clock.next_at_ms, ClockKey { of: of.clone(), number: clock.number })));
    }

    /// Takes the former clocks out, but for those that stand as they stood.
    fn forget_clocks(&mut self, of: &Measured, former: &[Clock]) {
        for clock in former.iter().filter(|clock| clock.next_at_ms.is_set()) {
            let key = ClockKey { of: of.clone(), number: clock.number };
            if self.clock_of(&key).is_none_or(|now| now.next_at_ms != clock.next_at_ms) {
                self.clocks_due.remove(&(clock.next_at_ms, key));
            }
        }
    }

    /// Keeps an alarm, and `unreported` right.
    pub(crate) fn keep_alarm(&mut self, alarm: Alarm) {
        if alarm.is_unreported() {
            self.unreported.insert(alarm.key.clone());
        } else {
            self.unreported.remove(&alarm.key);
        }
        self.alarms.insert(alarm.key.clone(), alarm);
    }

    /// Keeps a session, and `session_ends` right.
    pub(crate) fn keep_session(&mut self, session: Session) {
        let end = (session.expires_at_ms, session.id);
        if let Some(former) = self.sessions.insert(session.id, session) {
            self.session_ends.remove(&(former.expires_at_ms, former.id));
        }
        self.session_ends.insert(end);
    }

    /// Forgets a session, and keeps `session_ends` right.
    pub(crate) fn drop_session(&mut self, id: &SessionId) -> Option<Session> {
        let session = self.sessions.remove(id)?;
        self.session_ends.remove(&(session.expires_at_ms, session.id));
        Some(session)
    }

    /// What group 0 has heard of an alarm.
    pub(crate) fn heard_of(&self, key: &AlarmKey) -> Option<&Heard> {
        self.heard.get(&key.entity)?.get(&key.condition)
    }

    /// Keeps what group 0 has heard of an alarm, and the count right.
    pub(crate) fn keep_heard(&mut self, key: &AlarmKey, heard: Heard) {
        let former = self.heard.entry(key.entity.clone()).or_default().insert(key.condition.clone(), heard);
        if former.is_none() {
            self.heard_count += 1;
        }
    }

    /// The incident that this one is now: itself, or what it was merged into, however often.
    pub(crate) fn incident_now(&self, id: &IncidentId) -> Option<&Incident> {
        let mut incident = self.incidents.get(id)?;
        // Ends, because merges make no circle: only an incident that is not merged can be merged into.
        while let Some(into) = &incident.merged_into {
            incident = self.incidents.get(into)?;
        }
        Some(incident)
    }
}
