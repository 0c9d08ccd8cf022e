//! The report of a training: one HTML file with everything in it, tables and plots, to be opened anywhere.

mod about;
mod anomaly;
mod duplicate;
mod forecast;
pub mod page;
pub mod plot;

pub use self::anomaly::{FileFound, anomaly_page};
pub use self::duplicate::{bins, duplicate_page};
pub use self::forecast::{forecast_page, load_page};

use self::about::about;
use self::page::{Page, Section};
use self::plot::{Line, bars, lines, reliability};
use crate::artifact::Artifact;
use crate::triage::Evaluation;
use crate::triage::train::Trained;

/// The report of a classifier's training. The title is Vietnamese first, English second.
#[must_use]
pub fn training_page(title: &str, title_english: &str, artifact: &Artifact, trained: &Trained) -> String {
    let mut page = Page::new(title, title_english);
    about(&mut page, artifact);
    classifier(&mut page, trained);
    page.html()
}

/// The report of a training of triage: as [`training_page`], and what it makes of messages that people wrote and nobody learned from.
#[must_use]
pub fn triage_page(artifact: &Artifact, trained: &Trained, written: &Evaluation) -> String {
    let mut page = Page::new("Phân loại tin báo", "Triage");
    about(&mut page, artifact);
    page.push(Section::Text(format!(
        "Viết tay, chỉ để kiểm tra · Written by hand, for test only: {} tin · messages, {} khẩn cấp · emergencies; \
         bị xếp là không khẩn cấp · ranked as none: {}; đúng loại · kind right {:.3}; không khẩn cấp được nhận ra · others ranked as none {:.3}.",
        written.messages,
        written.emergencies,
        written.missed.len(),
        written.kind_accuracy,
        written.none_recall
    )));
    let recall: Vec<(String, f64)> =
        written.kind_recall.iter().map(|(kind, recall, n)| (format!("{} ({n})", kind.name()), *recall)).collect();
    page.push(Section::Plot {
        title: "Viết tay: độ phủ theo loại · By hand: recall by kind".to_owned(),
        svg: bars("recall", &recall),
    });
    for head in &written.quality.heads {
        let title = format!(
            "Viết tay, {} – xác suất nói và xảy ra · said and came (ECE {:.3})",
            head.name, head.calibration_error
        );
        page.push(Section::Plot { title, svg: reliability(&head.bins) });
    }
    classifier(&mut page, trained);
    page.html()
}

/// Losses by epoch, and every head by label.
fn classifier(page: &mut Page, trained: &Trained) {
    let runs = trained.curve.iter().map(|now| now.run).max().unwrap_or(0);
    let mut curves = Vec::new();
    for run in 0..=runs {
        let of = |value: fn(&crate::triage::train::Progress) -> Option<f64>| -> Vec<(f64, f64)> {
            let mine = trained.curve.iter().filter(|now| now.run == run);
            mine.filter_map(|now| Some((f64::from(u32::try_from(now.epoch).ok()?), value(now)?))).collect()
        };
        curves.push(Line { name: format!("học · learning {}", run + 1), points: of(|now| Some(now.loss)) });
        curves
            .push(Line { name: format!("giữ lại · held out {}", run + 1), points: of(|now| Some(now.held_loss)) });
    }
    page.push(Section::Plot {
        title: "Sai số theo vòng · Loss by epoch".to_owned(),
        svg: lines("vòng · epoch", "sai số · loss", &curves),
    });
    for head in &trained.quality.heads {
        page.push(Section::Table {
            title: format!("{} – độ chính xác, độ phủ, F1 · precision, recall, F1", head.name),
            columns: ["", "n", "precision", "recall", "F1", "ngưỡng · threshold"].map(str::to_owned).to_vec(),
            rows: head
                .labels
                .iter()
                .map(|label| {
                    let threshold = label.threshold.map_or(String::new(), |t| format!("{t:.3}"));
                    let number = |x: f64| format!("{x:.3}");
                    let figures = [number(label.precision()), number(label.recall()), number(label.f1())];
                    [vec![label.name.clone(), label.support.to_string()], figures.to_vec(), vec![threshold]].concat()
                })
                .collect(),
        });
        let f1: Vec<(String, f64)> = head.labels.iter().map(|label| (label.name.clone(), label.f1())).collect();
        page.push(Section::Plot { title: format!("{} – F1", head.name), svg: bars("F1", &f1) });
        let title =
            format!("{} – xác suất nói và xảy ra · said and came (ECE {:.3})", head.name, head.calibration_error);
        page.push(Section::Plot { title, svg: reliability(&head.bins) });
    }
}
