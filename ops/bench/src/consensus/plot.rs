//! A line for each system over the number of clients, both on logarithmic axes, as SVG.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 340.0;
/// Room around the plot: left, right, top, bottom.
const MARGIN: (f64, f64, f64, f64) = (72.0, 120.0, 40.0, 44.0);
/// Of lines, in turn: told apart without red and green.
const COLOURS: [&str; 3] = ["#0b6e99", "#d97706", "#6b7280"];

/// One system: its name, and its points as (clients, value).
pub(crate) struct Line {
    /// At the line's end.
    pub(crate) name: &'static str,
    /// Ascending.
    pub(crate) points: Vec<(f64, f64)>,
}

/// Draws the lines; `unit` stands at the side.
pub(crate) fn by_clients(title: &str, unit: &str, lines: &[Line]) -> String {
    let points = || lines.iter().flat_map(|line| line.points.iter());
    let low = points().map(|point| point.1).fold(f64::MAX, f64::min).max(1e-3).log10().floor();
    let high = points().map(|point| point.1).fold(1e-3, f64::max).log10().ceil().max(low + 1.0);
    let right_most = points().map(|point| point.0).fold(10.0, f64::max).log10();
    let (left, right, above, below) = MARGIN;
    let x = |clients: f64| left + clients.max(1.0).log10() / right_most * (WIDTH - left - right);
    let y = |value: f64| {
        let share = (value.max(1e-3).log10() - low) / (high - low);
        HEIGHT - below - share * (HEIGHT - above - below)
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\" fill=\"#1f2937\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"{left}\" y=\"20\" font-size=\"14\">{title}</text>\n"
    );
    let mut exponent = low;
    while exponent <= high {
        let value = 10_f64.powf(exponent);
        let at = y(value);
        let _ = writeln!(
            svg,
            "<path d=\"M{left} {at:.1}H{:.1}\" stroke=\"#e5e7eb\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{value} {unit}</text>",
            WIDTH - right,
            left - 8.0,
            at + 4.0
        );
        exponent += 1.0;
    }
    let mut clients: Vec<_> = points().map(|point| point.0).collect();
    clients.sort_by(f64::total_cmp);
    clients.dedup();
    for count in clients {
        let bottom = HEIGHT - below + 18.0;
        let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{bottom:.1}\" text-anchor=\"middle\">{count}</text>", x(count));
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">clients</text>",
        (left + WIDTH - right) / 2.0,
        HEIGHT - 8.0
    );
    for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let Some(last) = line.points.last() else { continue };
        let path: Vec<_> = line.points.iter().map(|(at, value)| format!("{:.1} {:.1}", x(*at), y(*value))).collect();
        let _ = writeln!(
            svg,
            "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/><text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{}</text>",
            path.join("L"),
            x(last.0) + 8.0,
            y(last.1) + 4.0,
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
    fn more_is_higher_and_more_clients_are_further_right() {
        let line = Line { name: "a", points: vec![(1.0, 10.0), (1000.0, 5000.0)] };
        let svg = by_clients("t", "/s", &[line]);
        let path = svg.lines().find(|line| line.contains("fill=\"none\"")).unwrap();
        let numbers: Vec<f64> =
            path.split('"').nth(1).unwrap()[1..].split(['L', ' ']).map(|number| number.parse().unwrap()).collect();
        assert!(numbers[2] > numbers[0] && numbers[3] < numbers[1], "{numbers:?}");
    }
}
