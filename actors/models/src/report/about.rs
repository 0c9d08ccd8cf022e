//! What every report begins with.

use super::page::{Page, Section};
use super::plot::{Line, lines};
use crate::artifact::Artifact;
use crate::forecast::fit::Epoch;

/// The model, and its figures.
pub(super) fn about(page: &mut Page, artifact: &Artifact) {
    let header = &artifact.header;
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
}

/// The losses of every pass of a fit.
pub(super) fn epochs(page: &mut Page, epochs: &[Epoch]) {
    let line = |name: &str, loss: fn(&Epoch) -> f32| Line {
        name: name.to_owned(),
        points: epochs.iter().map(|epoch| (number(epoch.epoch), f64::from(loss(epoch)))).collect(),
    };
    page.push(Section::Plot {
        title: "Sai số theo vòng · Loss by epoch".to_owned(),
        svg: lines(
            "vòng · epoch",
            "sai số · loss",
            &[line("học · learning", |epoch| epoch.train_loss), line("giữ lại · held out", |epoch| epoch.stop_loss)],
        ),
    });
}

/// A count for a plot.
#[allow(clippy::cast_precision_loss, reason = "counts that are drawn are far below 2^52")]
pub(super) fn number(count: usize) -> f64 {
    count as f64
}

/// A cell with a figure.
pub(super) fn cell(value: f32) -> String {
    format!("{value:.3}")
}

/// Names of columns.
pub(super) fn columns<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}
