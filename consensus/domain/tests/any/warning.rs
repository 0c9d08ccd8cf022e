//! Any command about warnings to the public and hand-overs.

use domain::*;
use proptest::{prelude::*, sample::select, strategy::BoxedStrategy};

use super::{area, incident_id, kind, make, place, severity, text, time, version};

fn warning_id() -> impl Strategy<Value = WarningId> + Clone {
    (1u32..6).prop_map(|number| WarningId::new(&format!("W{number}")).unwrap())
}

fn receiver_id() -> impl Strategy<Value = ReceiverId> + Clone {
    select(&["police", "province"][..]).prop_map(|id| ReceiverId::new(id).unwrap())
}

fn words(language: &str) -> WarningText {
    WarningText {
        language: language.into(),
        event: "Lũ".into(),
        headline: "Nước sông lên nhanh".into(),
        description: "Mực nước vượt báo động III".into(),
        instruction: "Rời khỏi bãi sông".into(),
    }
}

fn content() -> impl Strategy<Value = WarningContent> {
    let point = |latitude_e7| GeoPoint { latitude_e7, longitude_e7: 1_058_000_000 };
    let ring = [point(1), point(2), point(3), point(1)];
    let polygon = select(&[0usize, 3, 4][..]).prop_map(move |count| ring[..count].to_vec());
    (select(WarningPurpose::ALL), severity(), time(), prop::collection::vec(area(), 1..3), polygon).prop_map(
        |(purpose, severity, expires_at_ms, areas, polygon)| WarningContent {
            purpose,
            sender: "ioc.example.vn".into(),
            sender_name: "IOC".into(),
            severity,
            urgency: WarningUrgency::Immediate,
            certainty: WarningCertainty::Observed,
            response: WarningResponse::Evacuate,
            onset_at_ms: Millis(0),
            expires_at_ms,
            contact: String::new(),
            texts: ["vi", "en"].map(words).to_vec(),
            areas: areas
                .into_iter()
                .map(|admin_unit| WarningArea {
                    admin_unit,
                    name: "no name".into(),
                    name_en: String::new(),
                    polygon: polygon.clone(),
                    circle: None,
                })
                .collect(),
        },
    )
}

pub(super) fn command_of_warning() -> BoxedStrategy<Command> {
    let some = |words: &'static [&'static str]| select(words).prop_map(str::to_owned);
    prop_oneof![
        4 => make!(DraftWarning {
            draft: prop::option::weighted(0.2, warning_id()), expected_version: version(), incident: incident_id(),
            message: select(WarningMessage::ALL), of: prop::option::of(warning_id()), content: content(),
        }),
        4 => make!(ApproveWarning { warning: warning_id(), expected_version: version() }),
        1 => make!(RejectWarning { warning: warning_id(), expected_version: version(), reason: text() }),
        4 => make!(OfferHandover {
            incident: incident_id(), expected_version: version(), to: prop::option::weighted(0.7, receiver_id()),
            to_name: some(&["115", ""]), contact: some(&["0234 115", ""]),
            second: prop::option::of(receiver_id()), second_contact: some(&["0234 113", ""]),
            lead: any::<bool>(), reason: text(),
        }),
        4 => make!(AnswerHandover {
            incident: incident_id(), handover: 1u32..4, accept: any::<bool>(), answer: text(),
            answered_for: some(&["ông Minh", ""]), reference: some(&["X7", ""]),
            from: prop::option::weighted(0.2, receiver_id()),
        }),
        1 => make!(WithdrawHandover {
            incident: incident_id(), expected_version: version(), handover: 1u32..4, reason: text(),
        }),
        2 => make!(ReceiveHandover {
            from: receiver_id(), reference: some(&["A1", "A2", ""]), kind: kind(), severity: severity(),
            place: place(), summary: text(), lead: any::<bool>(), exercise: any::<bool>(),
        }),
    ]
    .boxed()
}

/// Makes a command fit the state that it meets; whether it is about warnings or hand-overs.
pub(super) fn aim(entry: &mut Entry, state: &State) -> bool {
    let now = entry.at_ms;
    let draft = || state.warnings().values().find(|it| it.status == WarningStatus::Draft);
    let incident = |id: &IncidentId| state.incidents().get(id).map_or(1, |incident| incident.version);
    let waiting = || {
        let all = state.incidents().values().flat_map(|it| it.dispatch.handovers.iter().map(move |of| (it, of)));
        all.into_iter().find(|(_, handover)| handover.status.is_waiting())
    };
    match &mut entry.command {
        Command::DraftWarning(command) => {
            command.draft = None;
            command.content.expires_at_ms = now.plus(60_000);
            command.content.purpose = WarningPurpose::Test;
            command.content.areas.truncate(1);
            let standing = state.warnings().values().find(|it| it.is_in_force(now));
            match standing.filter(|_| command.message != WarningMessage::Alert) {
                Some(standing) => {
                    command.of = Some(standing.id.clone());
                    command.incident = standing.incident.clone();
                }
                None => (command.message, command.of) = (WarningMessage::Alert, None),
            }
        }
        Command::ApproveWarning(command) => {
            let Some(draft) = draft() else { return true };
            (command.warning, command.expected_version) = (draft.id.clone(), draft.version);
        }
        Command::RejectWarning(command) => {
            let Some(draft) = draft() else { return true };
            (command.warning, command.expected_version) = (draft.id.clone(), draft.version);
            command.reason = "sai".into();
        }
        Command::OfferHandover(command) => {
            command.expected_version = incident(&command.incident);
            command.reason = "ngoài địa bàn".into();
            command.second_contact = "0234 113".into();
            command.second = None;
        }
        Command::AnswerHandover(command) => {
            let Some((incident, handover)) = waiting() else { return true };
            (command.incident, command.handover) = (incident.id.clone(), handover.number);
            (command.answer, command.from) = ("đã nhận".into(), None);
        }
        Command::WithdrawHandover(command) => {
            let Some((incident, handover)) = waiting() else { return true };
            (command.incident, command.handover) = (incident.id.clone(), handover.number);
            (command.expected_version, command.reason) = (incident.version, "tự xử lý".into());
        }
        Command::ReceiveHandover(_) => {}
        _ => return false,
    }
    true
}
