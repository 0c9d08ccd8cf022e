//! The report of a training: one HTML file with everything in it, tables and plots, to be opened anywhere.

pub mod page;
pub mod plot;

use self::page::{Page, Section};
use self::plot::{Line, bars, lines, reliability};
use crate::artifact::Artifact;
use crate::triage::train::Trained;

/// The report of a classifier's training. The title is Vietnamese first, English second.
#[must_use]
pub fn training_page(title: &str, title_english: &str, artifact: &Artifact, trained: &Trained) -> String {
    let header = &artifact.header;
    let mut page = Page::new(title, title_english);
    page.push(Section::Table {
        title: "Mô hình · Model".to_owned(),
        columns: vec![String::new(), String::new()],
        rows: vec![
            vec!["Tên · Name".to_owned(), format!("{} {}", header.name, header.version)],
            vec!["SHA-256".to_owned(), artifact.hash()],
            vec!["Dữ liệu · Data".to_owned(), header.data.clone()],
            vec!["Hạt giống · Seed".to_owned(), header.seed.to_string()],
            vec!["Byte · Bytes".to_owned(), artifact.encode().len().to_string()],
        ],
    });
    page.push(Section::Table {
        title: "Số đo · Figures".to_owned(),
        columns: vec!["Tên · Name".to_owned(), "Giá trị · Value".to_owned()],
        rows: header.quality.iter().map(|(name, value)| vec![name.clone(), format!("{value:.4}")]).collect(),
    });
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
    page.html()
}
