//! What whoever has the code may know of a report. Made field by field, so that nothing that is added to the record gets
//! out by itself: no incident, nobody's name, no note of the room, no other report, not even how to reach the sender.

use domain::{
    AdminUnitCode, FileOwner, GroupId, IncidentKind, Millis, Report, ReportCode, ReportStatus, ReportStepKind, State,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    code,
    error::PublicError,
    file::{AnswerPhoto, answer_photos},
    guard::Kind,
    words::{self, Both},
};
use crate::{app::App, cluster::read, limits::BARRIER_DEADLINE};

/// A report, as its sender follows it. Times are Unix milliseconds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Followed {
    /// As it is shown and read out.
    pub(crate) code: String,
    /// `received`, `in_hand` or `answered`.
    #[schema(value_type = String)]
    pub(crate) status: ReportStatus,
    pub(crate) status_text: Both,
    /// What the sender took it for; `null`: nothing.
    #[schema(value_type = Option<String>)]
    pub(crate) kind: Option<IncidentKind>,
    pub(crate) kind_text: Option<Both>,
    /// The sender's own words.
    pub(crate) text: String,
    pub(crate) place: WhereTold,
    pub(crate) received_at_ms: u64,
    pub(crate) updated_at_ms: u64,
    /// Oldest first.
    pub(crate) history: Vec<Step>,
    /// The newest answer; `null`: there is none.
    pub(crate) answer: Option<String>,
    /// 1 to 5; `null`: not rated.
    pub(crate) rating: Option<u32>,
    /// Whether it can be rated or opened again now.
    pub(crate) can_respond: bool,
    /// What the call desk tells those who wait, while more come than it can take and this one has no answer; `null`: nothing.
    pub(crate) waiting_message: Option<Message>,
    /// How many photos its sender has sent. They are not shown here: whoever has the code need not be who took them.
    pub(crate) photos_sent: usize,
    /// What goes with the answer.
    pub(crate) answer_photos: Vec<AnswerPhoto>,
    /// The address of the first of them, for Open311; empty: there is none.
    #[serde(skip)]
    pub(crate) media_url: String,
}

/// What the centre says, as it was written there.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Message {
    pub(crate) vi: String,
    /// The Vietnamese words where there are no English ones.
    pub(crate) en: String,
}

/// Where the sender said that it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WhereTold {
    pub(crate) admin_unit: String,
    /// The commune's name.
    pub(crate) name: String,
    pub(crate) address: String,
    /// Degrees times 10^7; `null`: not told.
    pub(crate) latitude_e7: Option<i32>,
    pub(crate) longitude_e7: Option<i32>,
}

/// One step.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Step {
    /// `received`, `in_hand`, `set_back`, `answered` or `reopened`.
    #[schema(value_type = String)]
    pub(crate) kind: ReportStepKind,
    pub(crate) text: Both,
    pub(crate) at_ms: u64,
    /// The answer, or the sender's reason.
    pub(crate) note: String,
}

impl Followed {
    pub(crate) fn new(report: &Report, commune: String) -> Self {
        let history = history(report);
        let is_told = (report.place.latitude_e7, report.place.longitude_e7) != (0, 0);
        Self {
            code: code::shown(&report.code),
            status: report.status,
            status_text: words::status(report.status),
            kind: report.told_kind,
            kind_text: report.told_kind.map(words::kind),
            text: report.text.clone(),
            place: WhereTold {
                admin_unit: report.place.admin_unit.to_string(),
                name: commune,
                address: report.place.address.clone(),
                latitude_e7: is_told.then_some(report.place.latitude_e7),
                longitude_e7: is_told.then_some(report.place.longitude_e7),
            },
            received_at_ms: report.received_at_ms.0,
            updated_at_ms: history.last().map_or(report.received_at_ms.0, |step| step.at_ms),
            history,
            answer: (!report.answer.is_empty()).then(|| report.answer.clone()),
            rating: (report.rating > 0).then_some(report.rating),
            can_respond: report.status == ReportStatus::Answered,
            waiting_message: None,
            photos_sent: 0,
            answer_photos: Vec::new(),
            media_url: String::new(),
        }
    }
}

/// Its steps; of one that was filed for somebody who does not follow it, what can be told from the record.
fn history(report: &Report) -> Vec<Step> {
    let step =
        |kind, at_ms: Millis, note: &str| Step { kind, text: words::step(kind), at_ms: at_ms.0, note: note.to_owned() };
    if !report.steps.is_empty() {
        return report.steps.iter().map(|known| step(known.kind, known.at_ms, &known.note)).collect();
    }
    let mut steps = vec![step(ReportStepKind::Received, report.received_at_ms, "")];
    if report.answered_at_ms.is_set() {
        steps.push(step(ReportStepKind::Answered, report.answered_at_ms, &report.answer));
    }
    steps
}

impl App {
    /// The report of a code that somebody typed. One that this node has not heard of is asked of a quorum, for it may have
    /// come through another node a moment ago; what nobody has costs the address more than a look.
    pub(crate) async fn followed(&self, text: &str, ip: std::net::IpAddr) -> Result<Followed, PublicError> {
        let code = typed(text)?;
        if let Some(found) = self.look_up(&code) {
            return Ok(found);
        }
        self.charge(Kind::Miss, ip)?;
        {
            let _turn = self.public.turn()?;
            let barrier = self.source.read_barrier(GroupId::COMMAND, BARRIER_DEADLINE).await;
            barrier.map_err(|_| PublicError::from(crate::cluster::RoadError::NoLeader))?;
        }
        self.look_up(&code).ok_or_else(PublicError::no_report)
    }

    fn look_up(&self, code: &ReportCode) -> Option<Followed> {
        read(&*self.source, GroupId::COMMAND, |state| {
            // What was told in a drill is no citizen's.
            let report = state.reports().get(code).filter(|report| !report.exercise)?;
            let followed = Followed::new(report, commune_name(state, &report.place.admin_unit));
            let photos_sent = state.attachments_of(&FileOwner::Report(code.clone())).count();
            let answer_photos = answer_photos(state, code, &followed.code);
            let here = self.config.public_url.trim_end_matches('/');
            let media_url = answer_photos.first().map(|photo| format!("{here}{}", photo.url)).unwrap_or_default();
            let waiting_message = waiting_message(state).filter(|_| report.status != ReportStatus::Answered);
            Some(Followed { photos_sent, answer_photos, media_url, waiting_message, ..followed })
        })
    }
}

/// What those who wait are told now.
fn waiting_message(state: &State) -> Option<Message> {
    let desk = state.call_desk();
    if !desk.overloaded_since_ms.is_set() || desk.waiting_message.is_empty() {
        return None;
    }
    let en = if desk.waiting_message_en.is_empty() { &desk.waiting_message } else { &desk.waiting_message_en };
    Some(Message { vi: desk.waiting_message.clone(), en: en.clone() })
}

/// The code that somebody typed, or what is wrong with it: a slip costs nothing, because it tells nothing.
pub(crate) fn typed(text: &str) -> Result<ReportCode, PublicError> {
    code::parse(text).map_err(|wrong| match wrong {
        code::NoCode::Shape => PublicError::invalid(
            "code",
            "Mã phản ánh gồm 15 chữ và số, ví dụ 7K3FQ-9XM2A-BCDEH. Hãy nhập đủ.",
            "A report's code has 15 letters and digits, such as 7K3FQ-9XM2A-BCDEH. Enter all of it.",
        ),
        code::NoCode::Slip => PublicError::invalid(
            "code",
            "Mã có một ký tự bị nhầm. Hãy so lại với mã đã nhận.",
            "One symbol of the code is wrong. Compare it with the code that you were given.",
        ),
    })
}

/// Its Vietnamese name, or its code where it is not known.
fn commune_name(state: &State, code: &AdminUnitCode) -> String {
    state.admin_units().get(code).map_or_else(|| code.to_string(), |unit| unit.name.clone())
}
