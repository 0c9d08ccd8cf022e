//! What people call in: made up from a few stories, each with its kind, and places of the province.

use domain::{IncidentKind, Place, Severity};
use serde::Serialize;

use crate::town::{
    random::Random,
    tables::{self, Commune},
};

/// A report, as the gateway takes it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Unique among the reporter's reports.
    pub reference: String,
    /// What is going on.
    pub kind: IncidentKind,
    /// How bad it sounds.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// One line for the queue.
    pub summary: String,
    /// Part of a drill.
    pub exercise: bool,
    /// The position was converted from another place's data.
    pub place_is_mapped: bool,
}

/// Kind, severity, weight, and ways to tell it. `{}` is where it happens.
type Story = (IncidentKind, Severity, usize, &'static [&'static str]);

const STORIES: [Story; 12] = [
    (
        IncidentKind::Traffic,
        Severity::Medium,
        8,
        &[
            "Va chạm giữa xe máy và ô tô tại {}, có người bị thương nhẹ",
            "Xe tải hỏng chắn nửa đường gần {}, ùn ứ kéo dài",
            "Hai xe máy va chạm tại {}, cần cảnh sát giao thông",
        ],
    ),
    (
        IncidentKind::Traffic,
        Severity::High,
        2,
        &["Tai nạn liên hoàn ba xe tại {}, có người mắc kẹt", "Xe khách lao xuống ruộng gần {}"],
    ),
    (
        IncidentKind::Medical,
        Severity::High,
        5,
        &[
            "Người đàn ông khoảng 60 tuổi đau ngực, khó thở tại {}",
            "Cháu bé sốt cao co giật tại {}, gia đình xin xe cứu thương",
            "Người đi đường ngất xỉu trước {}",
        ],
    ),
    (IncidentKind::Medical, Severity::Critical, 1, &["Người dân bị điện giật ngừng thở tại {}, đang ép tim"]),
    (
        IncidentKind::Fire,
        Severity::High,
        3,
        &["Thấy khói đen bốc lên từ mái nhà ở {}", "Cháy bãi rác cạnh {}, gió đang thổi vào khu dân cư"],
    ),
    (IncidentKind::Fire, Severity::Critical, 1, &["Cháy nhà hai tầng tại {}, nghe có người kêu trong nhà"]),
    (
        IncidentKind::Flood,
        Severity::Medium,
        4,
        &["Nước ngập qua mặt đường ở {}, xe máy không đi được", "Nước suối dâng nhanh gần {}, đã tràn vào sân"],
    ),
    (
        IncidentKind::Flood,
        Severity::Critical,
        1,
        &["Ba người mắc kẹt trên mái nhà do nước lên nhanh tại {}, xin xuồng", "Ngầm tràn {} có người bị cuốn trôi"],
    ),
    (
        IncidentKind::Infrastructure,
        Severity::Medium,
        4,
        &[
            "Cây đổ chắn ngang đường tại {}",
            "Sạt lở ta-luy dương gần {}, đất đá tràn một làn",
            "Mất điện cả xóm quanh {} từ sáng",
        ],
    ),
    (
        IncidentKind::Pollution,
        Severity::Low,
        2,
        &["Nước suối ở {} đổi màu, có mùi hóa chất", "Đốt rơm khói mù mịt quanh {}"],
    ),
    (
        IncidentKind::PublicOrder,
        Severity::Low,
        3,
        &["Nhóm thanh niên gây gổ trước {}", "Karaoke mở lớn suốt đêm cạnh {}, nhiều nhà phàn nàn"],
    ),
    (
        IncidentKind::Other,
        Severity::Info,
        2,
        &["Tổ ong lớn trên cây trước {}, nhờ hỗ trợ", "Trâu lạc đi trên đường gần {}"],
    ),
];

/// What people name when they say where they are.
const LANDMARKS: [&str; 10] = [
    "chợ",
    "trường tiểu học",
    "nhà văn hóa xóm",
    "trạm y tế",
    "ủy ban",
    "ngã ba",
    "cầu",
    "cây xăng",
    "quán phở đầu dốc",
    "bưu điện",
];

/// Makes reports, one after the other.
#[derive(Clone, Debug)]
pub struct Reporter {
    random: Random,
    name: String,
    made: u64,
    exercise: bool,
}

impl Reporter {
    /// Reports with references that begin with `name`.
    #[must_use]
    pub fn new(seed: u64, name: &str, exercise: bool) -> Self {
        Self { random: Random::new(seed, "report"), name: name.to_owned(), made: 0, exercise }
    }

    /// The next report.
    #[allow(clippy::should_implement_trait, reason = "a sequence without an end is no iterator to collect")]
    pub fn next(&mut self) -> Report {
        self.made += 1;
        let (kind, severity, text) = self.story();
        let commune = self.commune();
        let landmark = self.random.pick(&LANDMARKS).unwrap_or_default();
        let place = commune.map(|commune| {
            let address = format!("{landmark} {}", commune.name);
            let mut place = commune.place(self.random.below(commune.points.len()), &address);
            // Within 200 m of a point of the commune.
            place.latitude_e7 += crate::town::measure::e7(self.random.between(-0.0018, 0.0018));
            place.longitude_e7 += crate::town::measure::e7(self.random.between(-0.0018, 0.0018));
            place
        });
        let place = place.unwrap_or_else(|| nowhere().clone());
        Report {
            reference: format!("{}-{}", self.name, self.made),
            kind,
            severity,
            summary: text.replace("{}", &place.address),
            place,
            exercise: self.exercise,
            place_is_mapped: false,
        }
    }

    /// How long until the next.
    pub fn waiting_ms(&mut self, mean_ms: u64) -> u64 {
        let mean = std::time::Duration::from_millis(mean_ms).as_secs_f64();
        // Neither a burst nor an hour of silence: a demonstration has to go on.
        let wait = self.random.waiting(mean).clamp(mean / 5.0, mean * 4.0);
        u64::try_from(std::time::Duration::from_secs_f64(wait).as_millis()).unwrap_or(mean_ms)
    }

    fn story(&mut self) -> (IncidentKind, Severity, &'static str) {
        let total = STORIES.iter().map(|(_, _, weight, _)| weight).sum();
        let mut at = self.random.below(total);
        for (kind, severity, weight, texts) in &STORIES {
            if at < *weight {
                return (*kind, *severity, self.random.pick(texts).unwrap_or_default());
            }
            at -= weight;
        }
        (IncidentKind::Other, Severity::Info, "Cuộc gọi từ {}")
    }

    /// A ward as likely as three communes: more people live there.
    fn commune(&mut self) -> Option<&'static Commune> {
        let communes = tables::communes();
        for _ in 0..3 {
            let commune = communes.get(self.random.below(communes.len()))?;
            if commune.is_ward {
                return Some(commune);
            }
        }
        communes.get(self.random.below(communes.len()))
    }
}

/// Stands for a place when there is no commune at all, which the tables rule out.
fn nowhere() -> &'static Place {
    static NOWHERE: std::sync::LazyLock<Place> = std::sync::LazyLock::new(|| Place {
        latitude_e7: 215_940_000,
        longitude_e7: 1_058_480_000,
        #[allow(clippy::expect_used, reason = "a constant of two digits is an id")]
        admin_unit: domain::AdminUnitCode::new("19").expect("two digits are an id"),
        address: "Thái Nguyên".to_owned(),
    });
    &NOWHERE
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn reports(seed: u64, count: usize) -> Vec<Report> {
        let mut reporter = Reporter::new(seed, "t", false);
        (0..count).map(|_| reporter.next()).collect()
    }

    #[test]
    fn reports_vary_and_repeat_with_the_seed() {
        assert_eq!(reports(1, 20), reports(1, 20));
        let many = reports(2, 400);
        let count = |of: &dyn Fn(&Report) -> String| many.iter().map(of).collect::<BTreeSet<_>>().len();
        assert_eq!(count(&|report| report.reference.clone()), 400);
        assert!(count(&|report| report.summary.clone()) > 350);
        assert!(count(&|report| report.kind.to_string()) >= 8);
        assert!(count(&|report| report.place.admin_unit.to_string()) > 60);
    }

    #[test]
    fn every_report_says_where_and_stands_in_a_commune() {
        for report in reports(3, 300) {
            assert!(report.summary.contains(&report.place.address), "{}", report.summary);
            assert!(!report.summary.contains('{'));
            assert!(tables::commune(report.place.admin_unit.as_str()).is_some());
            let json = serde_json::to_value(&report).unwrap();
            assert!(json["kind"].is_string() && json["place"]["latitude_e7"].is_i64());
        }
    }

    #[test]
    fn people_call_at_human_rate() {
        let mut reporter = Reporter::new(4, "t", true);
        let waits: Vec<_> = (0..1000).map(|_| reporter.waiting_ms(100_000)).collect();
        assert!(waits.iter().all(|wait| (20_000..=400_000).contains(wait)));
        let mean = waits.iter().sum::<u64>() / 1000;
        assert!((85_000..115_000).contains(&mean), "{mean}");
    }
}
