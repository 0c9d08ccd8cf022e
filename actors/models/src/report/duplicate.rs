//! The report of a training of "the same incident?".

use super::about::{about, columns, epochs, number};
use super::page::{Page, Section};
use super::plot::reliability;
use crate::artifact::Artifact;
use crate::duplicate::DuplicateTrained;
use crate::duplicate::evaluate::SuggestionQuality;
use crate::triage::quality::Bin;

/// The page. `tested` is on reports that were neither learned from nor stopped by.
#[must_use]
pub fn duplicate_page(artifact: &Artifact, trained: &DuplicateTrained, tested: &SuggestionQuality) -> String {
    let mut page = Page::new("Tin báo trùng", "The same incident?");
    about(&mut page, artifact);
    epochs(&mut page, &trained.quality.epochs);
    let row = |name: &str, found: &SuggestionQuality| {
        let counts = [found.reports, found.with_earlier, found.shown, found.right].map(|count| count.to_string());
        let parts = [found.precision(), found.recall(), found.calibration_error].map(super::about::cell);
        [vec![name.to_owned()], counts.to_vec(), parts.to_vec()].concat()
    };
    page.push(Section::Table {
        title: format!("Gợi ý từ xác suất {:.2} · Suggestions from that probability on", tested.shown_from),
        columns: columns([
            "",
            "tin · reports",
            "có tin trước · with an earlier one",
            "đã gợi ý · shown",
            "đúng · right",
            "precision",
            "recall",
            "ECE",
        ]),
        rows: vec![row("dừng theo · stopped by", &trained.quality.stop), row("kiểm tra · tested on", tested)],
    });
    page.push(Section::Plot {
        title: "Xác suất nói và xảy ra · said and came".to_owned(),
        svg: reliability(&bins(tested)),
    });
    page.html()
}

/// The curve of an evaluation as bars of a reliability diagram.
#[must_use]
pub fn bins(found: &SuggestionQuality) -> Vec<Bin> {
    let bin = |(said, was, pairs): &(f32, f32, usize)| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count, rounded")]
        let came = (f64::from(*was) * number(*pairs)).round() as usize;
        Bin { count: *pairs, said: f64::from(*said) * number(*pairs), came }
    };
    found.reliability.iter().map(bin).collect()
}
