//! Deadlines: what an agency has to do within which time, the clock that measures it, and whom it calls when it runs out.
//!
//! A clock is part of the incident or the instruction that it measures and goes with it everywhere. It counts working time by a
//! calendar, pauses with a reason, and takes its steps (nearly late, late, overdue, further up the ladder) one after the
//! other, each by one `FireDeadline` at its time. Here is the arithmetic of one clock; `apply/deadline.rs` has the commands.

use serde::{Deserialize, Serialize};

use crate::{
    AdminUnitCode, Calendar, CalendarId, DeadlinePolicyId, Digest, DutyPostId, IncidentId, IncidentKind, InstructionId,
    Millis, PersonId, ReportCode, calendar,
    wire::{Field, Malformed, Record, generated, message_field, record, wire_enum},
};

wire_enum! {
    /// What has to be done in time.
    Obligation {
        /// Send units to an incident, or give it to an agency as a task or an instruction.
        Forward = "forward",
        /// Answer it: resolve or close it.
        Answer = "answer",
        /// Say that the instruction was taken.
        TakeInstruction = "take_instruction",
        /// Do the instruction.
        DoInstruction = "do_instruction",
        /// Say whether an incident that was offered is taken over.
        AcknowledgeHandover = "acknowledge_handover",
        /// Tell a report's sender what became of it.
        AnswerReport = "answer_report",
        /// Do an agency's task of an incident.
        DoTask = "do_task",
    }
}

wire_enum! {
    /// How late it is. The order is that of time.
    ClockStage {
        /// There is time.
        OnTime = "on_time",
        /// There is little time left.
        NearlyLate = "nearly_late",
        /// The time is over.
        Late = "late",
        /// It has been over for long.
        Overdue = "overdue",
    }
}

wire_enum! {
    /// Whether a clock runs.
    ClockStatus {
        /// It runs.
        Running = "running",
        /// It stands still, for a reason.
        Paused = "paused",
        /// What it measured was done.
        Met = "met",
        /// What it measured need not be done any more.
        Void = "void",
    }
}

/// One step of a clock, and who is told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// How late it is from then on.
    pub stage: ClockStage,
    /// Working milliseconds from the due time; negative: before it.
    pub offset_ms: i64,
    /// Whose people on duty are told; none: only who has to do it.
    pub post: Option<DutyPostId>,
}

record!(Step { stage, offset_ms, post });

/// What has to be done within which time: for these kinds, this agency, this province or commune.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadlinePolicy {
    /// Its id.
    pub id: DeadlinePolicyId,
    /// What people call it.
    pub name: String,
    /// What has to be done.
    pub obligation: Obligation,
    /// Kinds of incident that it is for; none: all. An instruction without an incident is of no kind.
    pub kinds: Vec<IncidentKind>,
    /// The agency of the instruction; empty: any.
    pub agency: String,
    /// This administrative unit and what lies below it; none: everywhere.
    pub admin_unit: Option<AdminUnitCode>,
    /// Whose working time counts; none: around the clock.
    pub calendar: Option<CalendarId>,
    /// Working milliseconds until it is due.
    pub within_ms: u64,
    /// The ladder, by ascending offset and stage; exactly the step at offset 0 is the first that is late.
    pub steps: Vec<Step>,
    /// Chosen no more for new clocks; those that run go on.
    pub disabled: bool,
    /// In a command: the version that it was based on, 0: whichever there is. In state: it grows with every change.
    #[serde(default)]
    pub version: u64,
}

record!(DeadlinePolicy {
    id,
    name,
    obligation,
    kinds,
    agency,
    admin_unit,
    calendar,
    within_ms,
    steps,
    disabled,
    version
});

/// Somebody's time on duty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutyShift {
    /// Who.
    pub person: PersonId,
    /// From then.
    pub from_ms: Millis,
    /// Until before then.
    pub until_ms: Millis,
}

record!(DutyShift { person, from_ms, until_ms });

/// A post that somebody is always to be on, with its roster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutyPost {
    /// Its id.
    pub id: DutyPostId,
    /// What people call it.
    pub name: String,
    /// Who is told when nobody is on duty here: the post above; none: nobody is above.
    pub above: Option<DutyPostId>,
    /// Ascending by begin, then by person.
    pub shifts: Vec<DutyShift>,
    /// In a command: the version that it was based on, 0: whichever there is. In state: it grows with every change.
    #[serde(default)]
    pub version: u64,
}

record!(DutyPost { id, name, above, shifts, version });

impl DutyPost {
    /// Who is on duty at that moment.
    pub fn on_duty(&self, at: Millis) -> impl Iterator<Item = &PersonId> {
        let shifts = self.shifts.iter().take_while(move |shift| shift.from_ms <= at);
        shifts.filter(move |shift| at < shift.until_ms).map(|shift| &shift.person)
    }
}

/// One clock of an incident, an instruction or a report. What the policy said when it started goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Counts from 1 within what it measures.
    pub number: u32,
    /// What has to be done.
    pub obligation: Obligation,
    /// By which policy; none: an instruction's own due time.
    pub policy: Option<DeadlinePolicyId>,
    /// How often what it measures had been opened again: 0 is the first clock, which stays visible.
    pub round: u32,
    /// Whose working time counts; none: around the clock.
    pub calendar: Option<CalendarId>,
    /// Working milliseconds until it is due.
    pub within_ms: u64,
    /// The ladder.
    pub steps: Vec<Step>,
    /// Whether it runs.
    pub status: ClockStatus,
    /// How late it is, or was when it ended.
    pub stage: ClockStage,
    /// When it started.
    pub started_at_ms: Millis,
    /// While it runs: since when.
    pub running_since_ms: Millis,
    /// Working milliseconds that had passed by then.
    pub spent_ms: u64,
    /// When it is due; unset while it is paused.
    pub due_at_ms: Millis,
    /// When it was due at first.
    pub first_due_at_ms: Millis,
    /// When its next step is; unset when there is none, or it does not run.
    pub next_at_ms: Millis,
    /// Steps taken since the due time was last set.
    pub fired: u32,
    /// What was promised last in a progress note.
    pub promised_at_ms: Millis,
    /// How often something was promised.
    pub promises: u32,
    /// Hash of the last progress note's photo.
    pub photo_sha256: Option<Digest>,
    /// How often it was paused.
    pub pauses: u32,
    /// While it is paused: since when.
    pub paused_at_ms: Millis,
    /// Why it was paused last.
    pub pause_reason: String,
    /// When it was met, or void.
    pub ended_at_ms: Millis,
    /// Who was told of the last step.
    pub told: Vec<PersonId>,
    /// Grows with every change of this clock.
    pub version: u64,
    /// Who has seen how late it is; the next step asks anew.
    #[serde(default)]
    pub acknowledged_by: Option<PersonId>,
    /// When.
    #[serde(default)]
    pub acknowledged_at_ms: Millis,
}

record!(Clock {
    number,
    obligation,
    policy,
    round,
    calendar,
    within_ms,
    steps,
    status,
    stage,
    started_at_ms,
    running_since_ms,
    spent_ms,
    due_at_ms,
    first_due_at_ms,
    next_at_ms,
    fired,
    promised_at_ms,
    promises,
    photo_sha256,
    pauses,
    paused_at_ms,
    pause_reason,
    ended_at_ms,
    told,
    version,
    acknowledged_by,
    acknowledged_at_ms,
});

/// What a clock measures.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measured {
    /// An incident.
    Incident(IncidentId),
    /// An instruction.
    Instruction(InstructionId),
    /// A report.
    Report(ReportCode),
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Incident(id) => id.fmt(f),
            Self::Instruction(id) => id.fmt(f),
            Self::Report(code) => code.fmt(f),
        }
    }
}

/// Names one clock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClockKey {
    /// What it measures.
    pub of: Measured,
    /// Its number there.
    pub number: u32,
}

impl Record for ClockKey {
    type Wire = generated::ClockKey;

    fn from_wire(wire: generated::ClockKey) -> Result<Self, Malformed> {
        use generated::clock_key::Of;
        let of = match wire.of.ok_or_else(|| Malformed::new("of", "is required"))? {
            Of::Incident(id) => Measured::Incident(Field::read("incident", id)?),
            Of::Instruction(id) => Measured::Instruction(Field::read("instruction", id)?),
            Of::Report(code) => Measured::Report(Field::read("report", code)?),
        };
        Ok(Self { of, number: wire.number })
    }

    fn to_wire(&self) -> generated::ClockKey {
        use generated::clock_key::Of;
        let of = match &self.of {
            Measured::Incident(id) => Of::Incident(id.to_string()),
            Measured::Instruction(id) => Of::Instruction(id.to_string()),
            Measured::Report(code) => Of::Report(code.to_string()),
        };
        generated::ClockKey { of: Some(of), number: self.number }
    }
}

message_field!(ClockKey);

impl std::fmt::Display for ClockKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{}", self.of, self.number)
    }
}

impl Clock {
    /// A clock that starts now; none: in its calendar it would be due never.
    pub(crate) fn start(terms: ClockTerms, now: Millis, calendar: Option<&Calendar>) -> Option<Self> {
        let ClockTerms { number, obligation, policy, round, calendar: id, within_ms, steps } = terms;
        let mut clock = Self {
            number,
            obligation,
            policy,
            round,
            calendar: id,
            within_ms,
            steps,
            status: ClockStatus::Running,
            stage: ClockStage::OnTime,
            started_at_ms: now,
            running_since_ms: now,
            spent_ms: 0,
            due_at_ms: Millis(0),
            first_due_at_ms: Millis(0),
            next_at_ms: Millis(0),
            fired: 0,
            promised_at_ms: Millis(0),
            promises: 0,
            photo_sha256: None,
            pauses: 0,
            paused_at_ms: Millis(0),
            pause_reason: String::new(),
            ended_at_ms: Millis(0),
            told: Vec::new(),
            version: 1,
            acknowledged_by: None,
            acknowledged_at_ms: Millis(0),
        };
        clock.time(calendar);
        clock.first_due_at_ms = clock.due_at_ms;
        clock.due_at_ms.is_set().then_some(clock)
    }

    /// Whether it still measures something.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.status, ClockStatus::Running | ClockStatus::Paused)
    }

    /// Whether it has taken a step that nobody has acknowledged, of what is still to be done.
    #[must_use]
    pub fn is_alarming(&self) -> bool {
        self.is_open() && self.stage != ClockStage::OnTime && !self.acknowledged_at_ms.is_set()
    }

    /// The step that comes next.
    #[must_use]
    pub fn next_step(&self) -> Option<&Step> {
        self.steps.get(usize::try_from(self.fired).ok()?)
    }

    /// When the step is to be taken, while the clock runs; none: never.
    fn moment_of(&self, step: &Step, calendar: Option<&Calendar>) -> Option<Millis> {
        let budget_ms = self.within_ms.saturating_add_signed(step.offset_ms);
        calendar::after(calendar, self.running_since_ms, budget_ms.saturating_sub(self.spent_ms))
    }

    /// Sets the times that follow from all the rest: when it is due, and when its next step is. Whether one changed.
    pub(crate) fn time(&mut self, calendar: Option<&Calendar>) -> bool {
        let runs = self.status == ClockStatus::Running;
        let left_ms = self.within_ms.saturating_sub(self.spent_ms);
        let due = calendar::after(calendar, self.running_since_ms, left_ms).filter(|_| runs).unwrap_or_default();
        let step = self.next_step().filter(|_| runs);
        let next = step.and_then(|step| self.moment_of(step, calendar)).unwrap_or_default();
        let is_changed = (due, next) != (self.due_at_ms, self.next_at_ms);
        (self.due_at_ms, self.next_at_ms) = (due, next);
        is_changed
    }

    /// Takes the next step.
    pub(crate) fn fire(&mut self, told: Vec<PersonId>, calendar: Option<&Calendar>) {
        if let Some(step) = self.next_step() {
            self.stage = self.stage.max(step.stage);
        }
        self.fired += 1;
        self.told = told;
        self.forget_acknowledgement();
        self.version += 1;
        self.time(calendar);
    }

    pub(crate) fn pause(&mut self, now: Millis, reason: &str, calendar: Option<&Calendar>) {
        self.spent_ms = self.spent_ms.saturating_add(calendar::between(calendar, self.running_since_ms, now));
        self.status = ClockStatus::Paused;
        self.running_since_ms = Millis(0);
        self.pauses = self.pauses.saturating_add(1);
        self.paused_at_ms = now;
        reason.clone_into(&mut self.pause_reason);
        self.version += 1;
        self.time(calendar);
    }

    pub(crate) fn resume(&mut self, now: Millis, calendar: Option<&Calendar>) {
        self.status = ClockStatus::Running;
        self.running_since_ms = now;
        self.paused_at_ms = Millis(0);
        self.version += 1;
        self.time(calendar);
    }

    /// Is due at what was promised, to be exact at the last working moment until then; the ladder begins anew. The first
    /// due time stays visible.
    pub(crate) fn promise(&mut self, promised: Millis, photo: Option<Digest>, calendar: Option<&Calendar>) {
        let more_ms = calendar::between(calendar, self.running_since_ms, promised);
        self.within_ms = self.spent_ms.saturating_add(more_ms);
        self.promised_at_ms = promised;
        self.promises = self.promises.saturating_add(1);
        self.photo_sha256 = photo;
        self.fired = 0;
        self.stage = ClockStage::OnTime;
        self.told.clear();
        self.forget_acknowledgement();
        self.version += 1;
        self.time(calendar);
    }

    /// Somebody has seen how late it is. When it is due and what comes next stay as they are.
    pub(crate) fn acknowledge(&mut self, now: Millis, by: PersonId) {
        (self.acknowledged_by, self.acknowledged_at_ms) = (Some(by), now);
        self.version += 1;
    }

    fn forget_acknowledgement(&mut self) {
        (self.acknowledged_by, self.acknowledged_at_ms) = (None, Millis(0));
    }

    /// Met or void: it says how late it was, also when no timer has said so yet, and stands still.
    pub(crate) fn end(&mut self, status: ClockStatus, now: Millis, calendar: Option<&Calendar>) {
        if self.status == ClockStatus::Running {
            let waiting = self.steps.iter().skip(usize::try_from(self.fired).unwrap_or(usize::MAX));
            let passed = waiting.take_while(|step| self.moment_of(step, calendar).is_some_and(|at| at <= now));
            self.stage = passed.map(|step| step.stage).last().map_or(self.stage, |stage| self.stage.max(stage));
            self.spent_ms = self.spent_ms.saturating_add(calendar::between(calendar, self.running_since_ms, now));
        }
        let due = self.due_at_ms;
        self.status = status;
        self.running_since_ms = Millis(0);
        self.paused_at_ms = Millis(0);
        self.ended_at_ms = now;
        self.version += 1;
        self.time(calendar);
        // When it was due stays visible.
        self.due_at_ms = due;
    }
}

/// What a clock starts with.
pub(crate) struct ClockTerms {
    pub(crate) number: u32,
    pub(crate) obligation: Obligation,
    pub(crate) policy: Option<DeadlinePolicyId>,
    pub(crate) round: u32,
    pub(crate) calendar: Option<CalendarId>,
    pub(crate) within_ms: u64,
    pub(crate) steps: Vec<Step>,
}

#[cfg(test)]
mod tests;
