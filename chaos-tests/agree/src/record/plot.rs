//! How long each fault took to be got over, as a picture: what a table of numbers does not show is which of them are far from all others.

use std::{collections::BTreeMap, fmt::Write};

const WIDTH: f64 = 720.0;
/// Room for the names of the faults.
const LEFT: f64 = 150.0;
/// Room for the worst one's number.
const RIGHT: f64 = 60.0;
const TOP: f64 = 56.0;
const ROW: f64 = 20.0;
/// The scale begins here, in seconds; what was faster stands at its beginning.
const LEAST_S: f64 = 0.01;

/// The times of one fault, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Times {
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) worst: f64,
}

/// A line for each fault from its median to its worst time, on a logarithmic scale.
pub(super) fn recovery(by_fault: &BTreeMap<String, Times>) -> String {
    let worst = by_fault.values().map(|times| times.worst).fold(1.0, f64::max);
    let decades = (worst / LEAST_S).log10().ceil();
    let x = |seconds: f64| LEFT + (seconds.max(LEAST_S) / LEAST_S).log10() / decades * (WIDTH - LEFT - RIGHT);
    let rows = by_fault.values().map(|_| ROW).sum::<f64>();
    let height = TOP + rows + 16.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\" \
         fill=\"#1f2937\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n<text x=\"16\" y=\"20\" font-size=\"14\">Seconds \
         until a fault was got over: median (dot), p99 (stroke), worst (end of the line)</text>\n"
    );
    let mut seconds = LEAST_S;
    while x(seconds) <= WIDTH - RIGHT + 1.0 {
        let at = x(seconds);
        let _ = writeln!(
            svg,
            "<path d=\"M{at:.1} {:.1}V{:.1}\" stroke=\"#e5e7eb\"/><text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{} s</text>",
            TOP - 6.0,
            height - 8.0,
            TOP - 12.0,
            (seconds * 100.0).round() / 100.0
        );
        seconds *= 10.0;
    }
    let mut y = TOP + ROW / 2.0;
    for (fault, Times { p50, p99, worst }) in by_fault {
        let (from, mid, to) = (x(*p50), x(*p99), x(*worst));
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{fault}</text><path d=\"M{from:.1} {y:.1}H{to:.1}M{mid:.1} {:.1}v8\" \
             stroke=\"#0b6e99\" stroke-width=\"2\"/><circle cx=\"{from:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"#d97706\"/><text x=\"{:.1}\" \
             y=\"{:.1}\">{worst}</text>",
            LEFT - 8.0,
            y + 4.0,
            y - 4.0,
            to + 6.0,
            y + 4.0
        );
        y += ROW;
    }
    svg.push_str("</svg>\n");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_has_a_row_and_a_longer_time_ends_further_right() {
        let times = |p50, worst| Times { p50, p99: worst, worst };
        let faults = [("leader_killed".to_owned(), times(0.2, 0.4)), ("node_replaced".to_owned(), times(9.0, 61.5))];
        let svg = recovery(&BTreeMap::from(faults));
        let ends: Vec<f64> = svg
            .lines()
            .filter(|line| line.contains("<circle"))
            .filter_map(|line| line.split('H').nth(1)?.split('M').next()?.parse().ok())
            .collect();
        assert!(ends.len() == 2 && ends[0] < ends[1] && ends[1] <= WIDTH - RIGHT, "{ends:?}: {svg}");
        assert!(svg.contains(">leader_killed</text>") && svg.contains(">61.5</text>"), "{svg}");
        // From a hundredth of a second to a hundred seconds.
        for label in [">0.01 s<", ">1 s<", ">100 s<"] {
            assert!(svg.contains(label), "{label}: {svg}");
        }
    }
}
