//! Plots as inline SVG: lines, bars, and the reliability of probabilities.

use super::page::escape;
use crate::triage::quality::{Bin, ratio};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 44.0;

/// Colours that are told apart by eyes of every kind (Okabe and Ito).
const COLOURS: [&str; 8] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a6a00", "#000000"];

/// A named line of points (x, y).
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What it is called in the legend.
    pub name: String,
    /// Its points in the order of x; those that are not finite are left out.
    pub points: Vec<(f64, f64)>,
}

/// What is drawn on: the ranges of both axes.
struct Frame {
    x: (f64, f64),
    y: (f64, f64),
}

impl Frame {
    fn at(&self, x: f64, y: f64) -> (f64, f64) {
        let part = |v: f64, (low, high): (f64, f64)| if high > low { (v - low) / (high - low) } else { 0.5 };
        (LEFT + part(x, self.x) * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - part(y, self.y) * (HEIGHT - TOP - BOTTOM))
    }

    /// Opens the drawing: both axes with their names, five marks each.
    fn open(&self, x_name: &str, y_name: &str) -> String {
        let mut out = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" role=\"img\" font-size=\"12\" font-family=\"system-ui,sans-serif\">"
        );
        for step in 0..=4 {
            let part = f64::from(step) / 4.0;
            let (x, y) = (self.x.0 + part * (self.x.1 - self.x.0), self.y.0 + part * (self.y.1 - self.y.0));
            let ((px, py), (from, _), (to, _)) = (self.at(x, y), self.at(self.x.0, y), self.at(self.x.1, y));
            out.push_str(&format!("<path d=\"M{from:.1} {py:.1}H{to:.1}\" stroke=\"#e2e6ee\"/>"));
            out.push_str(&format!(
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 6.0,
                py + 4.0,
                short(y)
            ));
            let under = HEIGHT - BOTTOM + 16.0;
            out.push_str(&format!("<text x=\"{px:.1}\" y=\"{under:.1}\" text-anchor=\"middle\">{}</text>", short(x)));
        }
        let middle = LEFT + (WIDTH - LEFT - RIGHT) / 2.0;
        out.push_str(&format!(
            "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            HEIGHT - 8.0,
            escape(x_name)
        ));
        let up = TOP + (HEIGHT - TOP - BOTTOM) / 2.0;
        out.push_str(&format!(
            "<text x=\"14\" y=\"{up:.1}\" text-anchor=\"middle\" transform=\"rotate(-90 14 {up:.1})\">{}</text>",
            escape(y_name)
        ));
        out
    }
}

/// A drawing as a file of its own: with its name space, and a white ground under its dark letters.
#[must_use]
pub fn standalone(svg: &str) -> String {
    svg.replacen("<svg ", "<svg xmlns=\"http://www.w3.org/2000/svg\" style=\"background:#fff\" ", 1) + "\n"
}

/// A number with as many digits as a reader wants on an axis.
fn short(x: f64) -> String {
    if x.abs() >= 100.0 || (x.fract().abs() < 1e-9) { format!("{x:.0}") } else { format!("{x:.2}") }
}

fn path(frame: &Frame, points: &[(f64, f64)]) -> String {
    let points: Vec<String> = points
        .iter()
        .filter(|(x, y)| x.is_finite() && y.is_finite())
        .map(|(x, y)| {
            let (px, py) = frame.at(*x, *y);
            format!("{px:.1} {py:.1}")
        })
        .collect();
    format!("M{}", points.join("L"))
}

/// Lines over common axes, with a legend at the right. The vertical axis begins at 0 or below.
#[must_use]
pub fn lines(x_name: &str, y_name: &str, all: &[Line]) -> String {
    let points = || all.iter().flat_map(|line| line.points.iter()).filter(|(x, y)| x.is_finite() && y.is_finite());
    let range =
        |of: fn(&(f64, f64)) -> f64, low: f64| points().map(of).fold((low, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
    if points().next().is_none() {
        return "<p>–</p>".to_owned();
    }
    let frame = Frame { x: range(|p| p.0, f64::MAX), y: range(|p| p.1, 0.0) };
    let mut out = frame.open(x_name, y_name);
    let mut legend = TOP + 8.0;
    for (line, colour) in all.iter().filter(|line| !line.points.is_empty()).zip(COLOURS.iter().cycle()) {
        out.push_str(&format!(
            "<path d=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\"/>",
            path(&frame, &line.points)
        ));
        let (from, to) = (WIDTH - RIGHT + 12.0, WIDTH - RIGHT + 30.0);
        out.push_str(&format!("<path d=\"M{from} {legend:.1}H{to}\" stroke=\"{colour}\" stroke-width=\"3\"/>"));
        out.push_str(&format!("<text x=\"{}\" y=\"{:.1}\">{}</text>", to + 6.0, legend + 4.0, escape(&line.name)));
        legend += 17.0;
    }
    out.push_str("</svg>");
    out
}

/// Bars from 0 to 1 (or to the longest), named at the left, the number at the end.
#[must_use]
pub fn bars(name: &str, all: &[(String, f64)]) -> String {
    let most = all.iter().map(|(_, value)| *value).filter(|v| v.is_finite()).fold(1.0, f64::max);
    let mut y = 24.0;
    let mut body = format!("<text x=\"170\" y=\"14\">{}</text>", escape(name));
    for (label, value) in all.iter().filter(|(_, value)| value.is_finite()) {
        let length = value.max(0.0) / most * 460.0;
        body.push_str(&format!("<text x=\"160\" y=\"{:.0}\" text-anchor=\"end\">{}</text>", y + 12.0, escape(label)));
        body.push_str(&format!(
            "<rect x=\"170\" y=\"{y:.0}\" width=\"{length:.1}\" height=\"14\" fill=\"{}\"/>",
            COLOURS[0]
        ));
        body.push_str(&format!("<text x=\"{:.1}\" y=\"{:.0}\">{value:.3}</text>", 176.0 + length, y + 12.0));
        y += 20.0;
    }
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {y}\" width=\"{WIDTH}\" role=\"img\" font-size=\"12\" font-family=\"system-ui,sans-serif\">{body}</svg>"
    )
}

/// What probabilities said against what came, with the diagonal on which both are equal.
#[must_use]
pub fn reliability(bins: &[Bin]) -> String {
    let frame = Frame { x: (0.0, 1.0), y: (0.0, 1.0) };
    let mut out = frame.open("đã nói · said", "đã xảy ra · came");
    out.push_str(&format!(
        "<path d=\"{}\" stroke=\"#8a93a5\" stroke-dasharray=\"4 4\"/>",
        path(&frame, &[(0.0, 0.0), (1.0, 1.0)])
    ));
    let full: Vec<&Bin> = bins.iter().filter(|bin| bin.count > 0).collect();
    let points: Vec<(f64, f64)> =
        full.iter().map(|bin| (bin.said * ratio(1, bin.count), ratio(bin.came, bin.count))).collect();
    if !points.is_empty() {
        out.push_str(&format!(
            "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.8\"/>",
            path(&frame, &points),
            COLOURS[0]
        ));
    }
    for (bin, (x, y)) in full.iter().zip(&points) {
        let (px, py) = frame.at(*x, *y);
        out.push_str(&format!(
            "<circle cx=\"{px:.1}\" cy=\"{py:.1}\" r=\"3.5\" fill=\"{}\"><title>n = {}</title></circle>",
            COLOURS[0], bin.count
        ));
    }
    out.push_str("</svg>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plots_are_whole_and_keep_out_what_is_not_finite() {
        let line = Line { name: "a<b".into(), points: vec![(1.0, 2.0), (2.0, f64::NAN), (3.0, 1.0)] };
        let svg = lines("x", "y", &[line]);
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>") && svg.contains("a&lt;b") && !svg.contains("NaN"));
        assert_eq!(lines("x", "y", &[]), "<p>–</p>");
        assert!(bars("F1", &[("x".into(), 0.5)]).contains("0.500"));
        let bin = Bin { count: 4, said: 2.0, came: 1 };
        assert!(standalone(&svg).starts_with("<svg xmlns=") && standalone(&svg).ends_with("</svg>\n"));
        assert_eq!(reliability(&[bin, Bin::default()]).matches("<circle").count(), 1);
    }
}
