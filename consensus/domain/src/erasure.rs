//! Personal data that go by rule: which kinds there are, from when on they are due, and what of the log holds any. The rules are state;
//! what is erased is named in an entry, so all replicas forget it with the same entry, and the record says by which rule.

mod words;

use serde::{Deserialize, Serialize};

pub use words::TimelineLine;
pub(crate) use words::{forget_report, forget_words};

use crate::{
    Call, CallId, Command, IncidentId, LegId, Millis, Report, ReportCode, ReportStatus, State, limits,
    retention::DAY_MS,
    wire::{record, wire_enum},
};

wire_enum! {
    /// A kind of personal data.
    PersonalKind {
        /// Who called: number, name, where they were, what was put down of them. Counted from the end of the call.
        Caller = "caller",
        /// How the sender of a report can be reached. Counted from its answer.
        Contact = "contact",
        /// What a report says: its words, its place, and what the incident that it opened says of them. Counted from the end of its
        /// case.
        Report = "report",
    }
}

/// How long one kind is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureRule {
    /// Of which kind.
    pub kind: PersonalKind,
    /// At least 1.
    pub days: u32,
}

record!(ErasureRule { kind, days });

/// The rules as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Grows by one with each change of the rules; 0: none was ever set.
    pub number: u64,
    /// Each kind once. A kind without a rule is kept.
    pub rules: Vec<ErasureRule>,
    /// Log index of the newest erasure: a log that still reaches below it holds what was erased; 0: nothing was.
    pub erased_index: u64,
    /// Numbers of records of this group's chain that say what was erased, ascending: they are not to be erased. At most
    /// `limits::ERASING_RECORDS_MAX`, then the oldest leaves. Kept from `VOCABULARY_2` on.
    pub erasing: Vec<u64>,
}

record!(Erasure { number, rules, erased_index, erasing });

impl Erasure {
    /// Whether the record may say of others that they were erased, so that without it the chain verifies no more. Of a list that is
    /// full the oldest have left: what is before its first may have been one.
    #[must_use]
    pub fn may_explain(&self, number: u64) -> bool {
        let is_cut = self.erasing.len() >= limits::ERASING_RECORDS_MAX;
        (is_cut && self.erasing.first().is_some_and(|first| number < *first))
            || self.erasing.binary_search(&number).is_ok()
    }

    /// Milliseconds that this kind is kept; none: it is kept for as long as what it belongs to.
    #[must_use]
    pub fn kept_ms(&self, kind: PersonalKind) -> Option<u64> {
        self.rules.iter().find(|rule| rule.kind == kind).map(|rule| u64::from(rule.days).saturating_mul(DAY_MS))
    }
}

/// What personal data in a command belong to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PersonalMatter {
    /// The call of a telephone connection.
    Leg(LegId),
    /// A call.
    Call(CallId),
    /// How a report's sender is reached.
    Report(ReportCode),
    /// What a report says.
    Words(ReportCode),
    /// What an incident says.
    Case(IncidentId),
}

impl PersonalMatter {
    /// What the personal data of a command belong to; none: it holds none. Where they belong to several, the first that is due takes
    /// the whole record.
    #[must_use]
    pub fn of(command: &Command) -> Vec<Self> {
        let contact = match command {
            Command::FileReport(it) => (!it.contact.is_empty()).then(|| Self::Report(it.code.clone())),
            _ => None,
        };
        contact.into_iter().chain(Self::main_of(command)).collect()
    }

    fn main_of(command: &Command) -> Option<Self> {
        match command {
            Command::OfferCall(it) => {
                let is_bare = it.number.is_empty() && it.wanted.is_empty() && it.place.is_none();
                (!is_bare).then(|| Self::Leg(it.leg.clone()))
            }
            Command::TransferCall(it) => Some(Self::Call(it.call.clone())),
            Command::SettleCallback(it) => (!it.note.is_empty()).then(|| Self::Call(it.call.clone())),
            Command::PutCallDraft(it) => (!it.form.is_empty()).then(|| Self::Call(it.call.clone())),
            Command::NameCaller(it) => (!it.name.is_empty()).then(|| Self::Call(it.call.clone())),
            Command::FileReport(it) => Some(Self::Words(it.code.clone())),
            Command::LinkReport(it) => it.place.is_some().then(|| Self::Words(it.report.clone())),
            Command::RateReport(it) => (!it.note.is_empty()).then(|| Self::Words(it.report.clone())),
            Command::ReopenReport(it) => Some(Self::Words(it.report.clone())),
            Command::AmendIncident(it) => Some(Self::Case(it.incident.clone())),
            _ => None,
        }
    }

    /// Of which kind they are.
    #[must_use]
    pub fn kind(&self) -> PersonalKind {
        match self {
            Self::Leg(_) | Self::Call(_) => PersonalKind::Caller,
            Self::Report(_) => PersonalKind::Contact,
            Self::Words(_) | Self::Case(_) => PersonalKind::Report,
        }
    }
}

/// Since when nobody needs them.
enum Done {
    /// Somebody still does.
    Open,
    Since(Millis),
}

impl State {
    /// The rules by which personal data go (group 0).
    #[must_use]
    pub fn erasure(&self) -> &Erasure {
        &self.erasure
    }

    /// Whether what was recorded at that time about the matter is to go: its days are over since it was done, or, where nobody remembers
    /// it any more, since it was recorded (group 0).
    #[must_use]
    pub fn is_erasure_due(&self, matter: &PersonalMatter, recorded_at: Millis, now: Millis) -> bool {
        let done = match matter {
            PersonalMatter::Leg(leg) => done_of(self.call_of_leg(leg).map(done_of_call), recorded_at),
            PersonalMatter::Call(id) => done_of(self.book.calls.get(id).map(done_of_call), recorded_at),
            PersonalMatter::Report(code) => done_of(self.reports.get(code).map(done_of_report), recorded_at),
            PersonalMatter::Words(code) => {
                done_of(self.reports.get(code).map(|it| self.done_of_words(it)), recorded_at)
            }
            PersonalMatter::Case(id) => done_of(self.incidents.get(id).map(|it| self.done_of_case(it)), recorded_at),
        };
        self.is_over(matter.kind(), &done, now)
    }

    /// Calls whose callers are to be forgotten, those that have been over the longest first, at most
    /// `limits::ERASED_AT_ONCE` (group 0).
    #[must_use]
    pub fn calls_to_erase(&self, now: Millis) -> Vec<CallId> {
        let is_past = |(at_ms, _): &&(Millis, CallId)| self.is_over(PersonalKind::Caller, &Done::Since(*at_ms), now);
        let over = self.book.over.iter().take_while(is_past).map(|(_, id)| id);
        over.filter(|id| self.is_call_to_erase(id, now)).take(limits::ERASED_AT_ONCE).cloned().collect()
    }

    /// Reports whose senders cannot be reached any more from then on, at most `limits::ERASED_AT_ONCE` (group 0).
    #[must_use]
    pub fn reports_to_erase(&self, now: Millis) -> Vec<ReportCode> {
        let codes = self.reports.keys().filter(|code| self.is_report_to_erase(code, now));
        codes.take(limits::ERASED_AT_ONCE).cloned().collect()
    }

    /// Whether numbers are remembered that are to be forgotten: the entry that erases finds them itself, because no log names them
    /// once more (group 0).
    #[must_use]
    pub fn has_callers_to_erase(&self, now: Millis) -> bool {
        self.caller_to_erase(now).is_some()
    }

    /// The number that was not heard of for the longest, if its days are over.
    pub(crate) fn caller_to_erase(&self, now: Millis) -> Option<&String> {
        let (last_at_ms, number) = self.book.by_last.first()?;
        self.is_over(PersonalKind::Caller, &Done::Since(*last_at_ms), now).then_some(number)
    }

    pub(crate) fn is_call_to_erase(&self, id: &CallId, now: Millis) -> bool {
        let Some(call) = self.book.calls.get(id) else { return false };
        let has_draft = self.book.drafts.contains_key(id);
        (has_draft || says_who(call)) && self.is_over(PersonalKind::Caller, &done_of_call(call), now)
    }

    pub(crate) fn is_report_to_erase(&self, code: &ReportCode, now: Millis) -> bool {
        let Some(report) = self.reports.get(code) else { return false };
        !report.contact.is_empty() && self.is_over(PersonalKind::Contact, &done_of_report(report), now)
    }

    fn is_over(&self, kind: PersonalKind, done: &Done, now: Millis) -> bool {
        let (Some(kept_ms), Done::Since(since)) = (self.erasure.kept_ms(kind), done) else { return false };
        now.since(*since) >= kept_ms
    }

    /// What stands in a row: nothing was ever set in a group of an older release, and it has none.
    pub(crate) fn stored_erasure(&self) -> Option<&Erasure> {
        (self.erasure != Erasure::default()).then_some(&self.erasure)
    }
}

/// What was recorded after a matter was done counts from then.
fn done_of(done: Option<Done>, recorded_at: Millis) -> Done {
    match done {
        Some(Done::Open) => Done::Open,
        Some(Done::Since(since)) => Done::Since(since.max(recorded_at)),
        None => Done::Since(recorded_at),
    }
}

fn done_of_call(call: &Call) -> Done {
    if call.status.is_open() { Done::Open } else { Done::Since(call.status_at_ms) }
}

fn done_of_report(report: &Report) -> Done {
    if report.status == ReportStatus::Answered { Done::Since(report.answered_at_ms) } else { Done::Open }
}

/// Whether a call still says who called.
fn says_who(call: &Call) -> bool {
    let texts = [&call.number, &call.wanted, &call.transferred_to];
    let mut all = texts.into_iter().chain(call.steps.iter().map(|step| &step.note));
    call.place.is_some() || all.any(|text| !text.is_empty())
}
