//! A small line plot as SVG: percentiles along the bottom, milliseconds on a logarithmic side.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 380.0;
/// Room around the plot: left, right, top, bottom.
const MARGIN: (f64, f64, f64, f64) = (64.0, 16.0, 40.0, 44.0);
/// Of lines, in turn: distinguishable without red and green.
const COLOURS: [&str; 4] = ["#0b6e99", "#d97706", "#0b6e99", "#d97706"];

/// One line: its name, whether it is dashed, and its points as (percentile, milliseconds).
pub(crate) struct Line {
    /// In the legend.
    pub(crate) name: String,
    /// Drawn dashed.
    pub(crate) dashed: bool,
    /// Ascending.
    pub(crate) points: Vec<(f64, f64)>,
}

/// Draws the lines. The bottom is spread by the logarithm of what is left above a percentile, so that the tail, which is what
/// one waits for, has the room.
pub(crate) fn percentiles(title: &str, lines: &[Line]) -> String {
    let points = || lines.iter().flat_map(|line| line.points.iter()).map(|point| point.1.max(1.0));
    let top = points().fold(10.0_f64, f64::max).log10().ceil();
    let (left, right, above, below) = MARGIN;
    let x = |percent: f64| {
        let nines = (-(1.0 - percent.min(99.95) / 100.0).log10()) / (-(0.0005_f64).log10());
        left + nines * (WIDTH - left - right)
    };
    let y = |ms: f64| HEIGHT - below - ms.max(1.0).log10() / top * (HEIGHT - above - below);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\" fill=\"#1f2937\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"{left}\" y=\"20\" font-size=\"14\">{title}</text>\n"
    );
    let mut ms = 1.0;
    while ms <= 10_f64.powf(top) {
        let at = y(ms);
        let _ = writeln!(
            svg,
            "<path d=\"M{left} {at:.1}H{:.1}\" stroke=\"#e5e7eb\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{ms} ms</text>",
            WIDTH - right,
            left - 8.0,
            at + 4.0
        );
        ms *= 10.0;
    }
    for (percent, label) in [(0.0, "0"), (50.0, "p50"), (90.0, "p90"), (99.0, "p99"), (99.9, "p99.9"), (100.0, "most")]
    {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
            x(percent),
            HEIGHT - below + 18.0
        );
    }
    for (at, line) in lines.iter().enumerate() {
        let colour = COLOURS.get(at % COLOURS.len()).unwrap_or(&"#000000");
        let dash = if line.dashed { " stroke-dasharray=\"6 4\"" } else { "" };
        let path: Vec<String> =
            line.points.iter().map(|(percent, ms)| format!("{:.1} {:.1}", x(*percent), y(*ms))).collect();
        let _ = writeln!(
            svg,
            "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dash}/>",
            path.join("L")
        );
        let legend = above + 14.0 + 18.0 * at as f64;
        let _ = writeln!(
            svg,
            "<path d=\"M{:.1} {:.1}h28\" stroke=\"{colour}\" stroke-width=\"2\"{dash}/><text x=\"{:.1}\" y=\"{legend:.1}\">{}</text>",
            left + 12.0,
            legend - 4.0,
            left + 46.0,
            line.name
        );
    }
    svg.push_str("</svg>\n");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slower_is_higher_and_rarer_is_further_right() {
        let line = Line { name: "a".into(), dashed: false, points: vec![(50.0, 1.0), (99.0, 100.0)] };
        let svg = percentiles("t", &[line]);
        let path = svg.lines().find(|line| line.contains("fill=\"none\"")).unwrap();
        let numbers: Vec<f64> =
            path.split('"').nth(1).unwrap()[1..].split(['L', ' ']).map(|number| number.parse().unwrap()).collect();
        assert!(numbers[2] > numbers[0] && numbers[3] < numbers[1], "{numbers:?}");
    }
}
