//! What the public is told, in both languages, and what it wrote, as it is kept.

use domain::{IncidentKind, ReportStatus, ReportStepKind};
use serde::Serialize;
use utoipa::ToSchema;

/// A sentence in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Both {
    pub(crate) vi: &'static str,
    pub(crate) en: &'static str,
}

/// How far a report is.
pub(crate) fn status(status: ReportStatus) -> Both {
    match status {
        ReportStatus::Received => {
            Both { vi: "Đã tiếp nhận, đang chờ xử lý", en: "Received, waiting to be handled" }
        }
        ReportStatus::InHand => Both { vi: "Đang được xử lý", en: "Being handled" },
        ReportStatus::Answered => Both { vi: "Đã có trả lời", en: "Answered" },
    }
}

/// What happened to it.
pub(crate) fn step(kind: ReportStepKind) -> Both {
    match kind {
        ReportStepKind::Received => Both { vi: "Trung tâm đã tiếp nhận", en: "The centre received it" },
        ReportStepKind::InHand => Both { vi: "Đã chuyển xử lý", en: "It is being handled" },
        ReportStepKind::SetBack => Both { vi: "Đang xem xét lại", en: "It is being looked at again" },
        ReportStepKind::Answered => Both { vi: "Cơ quan đã trả lời", en: "The agency answered" },
        ReportStepKind::Reopened => {
            Both { vi: "Người gửi yêu cầu xử lý lại", en: "The sender opened it again" }
        }
    }
}

/// What can be reported, with its name. A device of ours is nobody else's to report.
pub(crate) const KINDS: [(IncidentKind, Both); 8] = [
    (IncidentKind::Flood, Both { vi: "Ngập lụt", en: "Flooding" }),
    (IncidentKind::Fire, Both { vi: "Cháy", en: "Fire" }),
    (IncidentKind::Medical, Both { vi: "Có người bị thương, bị ốm", en: "Somebody is hurt or ill" }),
    (IncidentKind::Traffic, Both { vi: "Giao thông", en: "Traffic" }),
    (IncidentKind::Pollution, Both { vi: "Môi trường, rác thải", en: "Environment, waste" }),
    (IncidentKind::PublicOrder, Both { vi: "An ninh trật tự", en: "Public order" }),
    (IncidentKind::Infrastructure, Both { vi: "Điện, đường, cầu, sạt lở", en: "Power, roads, bridges, landslides" }),
    (IncidentKind::Other, Both { vi: "Việc khác", en: "Something else" }),
];

/// The name of what was reported.
pub(crate) fn kind(kind: IncidentKind) -> Both {
    let found = KINDS.iter().find(|(known, _)| *known == kind);
    found.map_or(Both { vi: "Việc khác", en: "Something else" }, |(_, name)| *name)
}

/// A text as it is kept: ends of lines made one, what cannot be shown left out. Somebody in trouble is not refused for
/// a control character that a keyboard or a copy brought in.
pub(crate) fn tidy(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n").replace('\t', " ");
    let shown: String = text.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    shown.trim().to_owned()
}

/// The same in one line.
pub(crate) fn tidy_line(text: &str) -> String {
    tidy(text).replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_kind_has_a_name_but_our_own_devices() {
        for kind in IncidentKind::ALL.iter().filter(|kind| **kind != IncidentKind::Device) {
            assert!(KINDS.iter().any(|(known, _)| known == kind), "{kind}");
        }
    }

    proptest! {
        #[test]
        fn what_is_kept_is_never_refused_for_its_characters(text in any::<String>()) {
            let kept = tidy(&text);
            prop_assert!(kept.chars().all(|c| c == '\n' || !c.is_control()));
            prop_assert_eq!(tidy(&kept), kept.clone());
            prop_assert!(!tidy_line(&text).contains('\n'));
            prop_assert!(kept.len() <= text.len());
        }
    }
}
