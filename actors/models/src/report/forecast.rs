//! The reports of forecasters: of one series, and of incidents per district and hour.

use super::about::{about, cell, columns, epochs, number};
use super::page::{Page, Section};
use super::plot::{Line, lines};
use crate::artifact::Artifact;
use crate::forecast::evaluate::HorizonQuality;
use crate::forecast::load::LoadQuality;
use crate::forecast::load::evaluate::LoadHorizon;
use crate::forecast::{HOUR_MS, INTERVALS, Quality};

/// The page of a series' forecaster, by time ahead.
#[must_use]
pub fn forecast_page(artifact: &Artifact, quality: &Quality) -> String {
    let mut page = Page::new("Dự báo cảm biến", "Forecast of a sensor");
    about(&mut page, artifact);
    epochs(&mut page, &quality.epochs);
    let hours = |at: &HorizonQuality| at.ahead_ms as f64 / HOUR_MS as f64;
    let season = |at: &HorizonQuality| at.seasonal.iter().map(|(_, loss)| *loss).fold(f32::INFINITY, f32::min);
    page.push(Section::Table {
        title: "Theo giờ tới · By time ahead".to_owned(),
        columns: columns([
            "giờ · hours",
            "n",
            "pinball",
            "persistence",
            "seasonal",
            "tỉ lệ · ratio",
            "trong 90 % · inside",
            "trong 50 % · inside",
        ]),
        rows: quality
            .horizons
            .iter()
            .map(|at| {
                let losses = [at.pinball, at.persistence, season(at)].map(|loss| format!("{loss:.4}"));
                let parts = [at.ratio(), at.covered[0], at.covered[1]].map(cell);
                [vec![format!("{:.0}", hours(at)), at.count.to_string()], losses.to_vec(), parts.to_vec()].concat()
            })
            .collect(),
    });
    let line = |name: &str, of: &dyn Fn(&HorizonQuality) -> f32| Line {
        name: name.to_owned(),
        points: quality.horizons.iter().map(|at| (hours(at), f64::from(of(at)))).collect(),
    };
    let losses = [
        line("mô hình · model", &|at| at.pinball),
        line("persistence", &|at| at.persistence),
        line("seasonal", &season),
    ];
    page.push(Section::Plot {
        title: "Sai số pinball · Pinball loss".to_owned(),
        svg: lines("giờ tới · hours ahead", "pinball", &losses),
    });
    let covered = [
        line("trong khoảng 90 % · inside 90 %", &|at| at.covered[0]),
        line("trong khoảng 50 % · inside 50 %", &|at| at.covered[1]),
        line("90 %", &|_| INTERVALS[0].2),
        line("50 %", &|_| INTERVALS[1].2),
    ];
    page.push(Section::Plot {
        title: "Khoảng nói và thực tế · Intervals, claimed and covered".to_owned(),
        svg: lines("giờ tới · hours ahead", "phần · part", &covered),
    });
    page.html()
}

/// The page of the load forecaster, all districts together, by hours ahead.
#[must_use]
pub fn load_page(artifact: &Artifact, quality: &LoadQuality) -> String {
    let mut page = Page::new("Dự báo số sự cố", "Forecast of incidents");
    about(&mut page, artifact);
    epochs(&mut page, &quality.epochs);
    page.push(Section::Table {
        title: "Toàn tỉnh theo giờ tới · All districts by hours ahead".to_owned(),
        columns: columns([
            "giờ · hours",
            "n",
            "pinball",
            "persistence",
            "week before",
            "hour of week",
            "tỉ lệ · ratio",
            "trong 90 % · inside (exact)",
        ]),
        rows: quality
            .all
            .iter()
            .map(|at| {
                let losses = [at.pinball, at.persistence, at.seasonal, at.hour_of_week].map(|l| format!("{l:.4}"));
                let parts = [at.ratio(), at.covered_exactly].map(cell);
                [vec![at.ahead_h.to_string(), at.count.to_string()], losses.to_vec(), parts.to_vec()].concat()
            })
            .collect(),
    });
    let line = |name: &str, of: &dyn Fn(&LoadHorizon) -> f32| Line {
        name: name.to_owned(),
        points: quality.all.iter().map(|at| (number(at.ahead_h), f64::from(of(at)))).collect(),
    };
    let losses = [
        line("mô hình · model", &|at| at.pinball),
        line("persistence", &|at| at.persistence),
        line("week before", &|at| at.seasonal),
        line("hour of week", &|at| at.hour_of_week),
    ];
    page.push(Section::Plot {
        title: "Sai số pinball · Pinball loss".to_owned(),
        svg: lines("giờ tới · hours ahead", "pinball", &losses),
    });
    let covered = [line("trong khoảng · inside", &|at| at.covered_exactly), line("90 %", &|_| INTERVALS[0].2)];
    page.push(Section::Plot {
        title: "Khoảng nói và thực tế · Intervals, claimed and covered".to_owned(),
        svg: lines("giờ tới · hours ahead", "phần · part", &covered),
    });
    page.html()
}
