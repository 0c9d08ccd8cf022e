//! The report of a choice of the anomaly detector's settings.

use super::about::{about, columns};
use super::page::{Page, Section};
use super::plot::bars;
use crate::anomaly::choose::Chosen;
use crate::artifact::Artifact;

/// How a file went at the threshold that its half was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFound {
    /// Its name.
    pub name: String,
    /// Whether settings were chosen on it.
    pub chosen: bool,
    /// Windows in which a person saw an anomaly.
    pub windows: usize,
    /// Those with a finding in them.
    pub found: usize,
    /// Findings outside every window.
    pub outside: usize,
}

/// The page: scores of both halves, what was changed, every file. A score is a rank and no probability, so there is no calibration.
#[must_use]
pub fn anomaly_page(artifact: &Artifact, chosen: &Chosen, files: &[FileFound]) -> String {
    let mut page = Page::new("Phát hiện bất thường", "Anomaly detector");
    about(&mut page, artifact);
    let scores: Vec<(String, f64)> = artifact
        .header
        .quality
        .iter()
        .filter(|(name, _)| name.starts_with("nab_"))
        .map(|(n, v)| (n.clone(), *v))
        .collect();
    page.push(Section::Plot {
        title: "Điểm theo thang NAB: 0 là im lặng, 100 là hoàn hảo · Scores: 0 is silence, 100 is perfect".to_owned(),
        svg: bars("NAB", &scores),
    });
    page.push(Section::Text(format!(
        "Thiết đặt được chọn chỉ trên nửa đầu; nửa kia chỉ để kiểm tra. Settings were chosen on one half alone, from a worth of {:.2} to {:.2}; \
         the other half only judges.",
        chosen.worth_before, chosen.worth
    )));
    page.push(Section::Table {
        title: "Thay đổi · Changes".to_owned(),
        columns: columns(["thiết đặt · setting", "giá trị · value", "giá trị chọn · worth"]),
        rows: chosen
            .changes
            .iter()
            .map(|step| vec![step.setting.clone(), format!("{:.4}", step.value), format!("{:.2}", step.worth)])
            .collect(),
    });
    let fields = serde_json::to_value(&chosen.settings).unwrap_or_default();
    page.push(Section::Table {
        title: "Thiết đặt · Settings".to_owned(),
        columns: columns(["", ""]),
        rows: fields
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| vec![name.clone(), value.to_string()])
            .collect(),
    });
    page.push(Section::Table {
        title: "Theo tệp · By file".to_owned(),
        columns: columns([
            "tệp · file",
            "nửa · half",
            "khoảng · windows",
            "tìm thấy · found",
            "ngoài khoảng · findings outside",
        ]),
        rows: files
            .iter()
            .map(|file| {
                let half = if file.chosen { "chọn · chosen on" } else { "kiểm tra · held out" };
                let counts = [file.windows, file.found, file.outside].map(|count| count.to_string());
                [vec![file.name.clone(), half.to_owned()], counts.to_vec()].concat()
            })
            .collect(),
    });
    page.html()
}
