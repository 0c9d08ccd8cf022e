//! A drill's report: one page, to be read and printed, Vietnamese first. Pure: drawn from what the log holds, and from nothing else.

use std::fmt::Write;

use domain::{Drill, DrillEnd, DrillPromise, DrillSample, DrillScenario, Millis};

/// Width and height of a plot, in its own units.
const PLOT: (f64, f64) = (640.0, 90.0);

/// Past drills of the same scenario that the trend shows.
const TREND_MAX: usize = 12;

const STYLE: &str = "body{font:15px/1.5 'Be Vietnam Pro',system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;\
color:#1d2226}h1{font-size:1.6rem;margin:0}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}.band{border:2px dashed #7a4fbf;\
padding:.3rem .8rem;color:#7a4fbf;font-weight:700;display:inline-block}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;padding:.3rem .5rem;border-bottom:1px solid #ccd2d8}td.n,th.n{text-align:right;\
font-variant-numeric:tabular-nums}.kept{color:#1c6b3c}.broken{color:#b3261e;font-weight:700}.en{color:#5b6670;font-size:.9em}\
svg{width:100%;height:auto;display:block}figure{margin:.6rem 0}figcaption{color:#5b6670;font-size:.9em}\
@media print{body{margin:0;max-width:none}tr,figure{break-inside:avoid}}";

/// What may stand in HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// The scenario's name in both languages.
pub(crate) fn scenario(scenario: DrillScenario) -> (&'static str, &'static str) {
    match scenario {
        DrillScenario::NodeLost => ("Mất một nút", "A node is lost"),
        DrillScenario::LinkLost => ("Mất đường truyền giữa các nút", "The link between nodes is lost"),
        DrillScenario::SlowDisk => ("Đĩa chậm", "A slow disk"),
        DrillScenario::CameraStorm => ("Bão cảnh báo camera", "A storm of camera alarms"),
        DrillScenario::CallSurge => ("Cuộc gọi dồn dập", "A surge of calls"),
        DrillScenario::LeaderLost => ("Mất nút điều khiển khi đang điều phối", "The leader is lost at dispatch"),
    }
}

fn end(end: Option<DrillEnd>) -> (&'static str, &'static str) {
    match end {
        None => ("đang diễn ra", "going on"),
        Some(DrillEnd::Over) => ("hết giờ đã định", "its time was over"),
        Some(DrillEnd::Stopped) => ("có người dừng", "stopped by a person"),
        Some(DrillEnd::Unsafe) => ("tự dừng vì có hỏng hóc khác", "ended by itself: something else broke"),
        Some(DrillEnd::Lost) => ("tự dừng vì mất nút theo dõi", "ended by itself: the watching node was gone"),
    }
}

/// What a promise says, and its unit, in both languages.
fn promise(promise: DrillPromise) -> (&'static str, &'static str, &'static str) {
    match promise {
        DrillPromise::Serves => ("Chờ lâu nhất để ghi được", "Longest wait for a write", "ms"),
        DrillPromise::Elects => ("Lâu nhất không có nút điều khiển", "Longest time without a leader", "ms"),
        DrillPromise::Screens => ("Hình ảnh cũ nhất trên màn hình", "Oldest picture on a screen", "ms"),
        DrillPromise::Heals => ("Tới khi mọi thứ tốt trở lại", "Until all was well again", "ms"),
        DrillPromise::Keeps => ("Ghi nhận đã xác nhận mà mất", "Acknowledged writes that are lost", ""),
        DrillPromise::Bears => ("Lệnh diễn tập không được nhận", "Exercise commands not taken", "‰"),
    }
}

/// The time of day in Việt Nam (UTC+7, no summer time), with the day.
fn at(at: Millis) -> String {
    let seconds = at.0 / 1000 + 7 * 3600;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // From days since 1970 to the calendar (Howard Hinnant, "chrono-compatible low-level date algorithms").
    let z = days + 719_468;
    let (era, day_of_era) = (z / 146_097, z % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let (day, month) =
        (day_of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{day:02}/{month:02}/{year} {:02}:{:02}:{:02}", rest / 3600, rest % 3600 / 60, rest % 60)
}

/// A report: this drill, and those before it, in any order.
pub(crate) fn page<'a>(drill: &Drill, all: impl IntoIterator<Item = &'a Drill>) -> String {
    let (vi, en) = scenario(drill.scenario);
    let mut out = String::new();
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"vi\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>Diễn tập {n}: {vi}</title><style>{STYLE}</style></head><body>\
         <p class=\"band\">DIỄN TẬP / EXERCISE {n}</p><h1>{vi}</h1><p class=\"en\">{en}</p>",
        n = drill.number,
    );
    out.push_str(&summary(drill));
    out.push_str(&facts(drill));
    out.push_str(&verdicts(drill));
    type Measure = fn(&DrillSample) -> u64;
    let plots: [(&str, &str, Measure); 4] = [
        ("Chờ ghi (ms)", "wait for a write", |it| u64::from(it.commit_ms)),
        ("Không có nút điều khiển (ms)", "without a leader", |it| u64::from(it.leaderless_ms)),
        ("Độ trễ hình ảnh (ms)", "age of pictures", |it| u64::from(it.screens_age_ms)),
        ("Mục còn thiếu ở nút chậm nhất", "entries that the slowest node lacks", |it| it.lag_entries),
    ];
    out.push_str("<h2>Diễn biến <span class=\"en\">/ Course</span></h2>");
    for (vi, en, of) in plots {
        out.push_str(&plot(drill, vi, en, of));
    }
    let mut past: Vec<&Drill> = all.into_iter().filter(|it| it.scenario == drill.scenario && it.is_closed()).collect();
    past.sort_by_key(|it| std::cmp::Reverse(it.number));
    past.truncate(TREND_MAX);
    out.push_str(&trend(&past));
    out.push_str("</body></html>\n");
    out
}

fn summary(drill: &Drill) -> String {
    let (class, vi, en) = if !drill.is_closed() {
        ("broken", "CHƯA XONG", "NOT FINISHED")
    } else if drill.verdicts.is_empty() {
        ("broken", "KHÔNG ĐO ĐƯỢC", "NOT MEASURED")
    } else if drill.is_passed() {
        ("kept", "ĐẠT", "PASSED")
    } else {
        ("broken", "KHÔNG ĐẠT", "FAILED")
    };
    format!("<p><strong class=\"{class}\">{vi}</strong> <span class=\"en\">/ {en}</span></p>")
}

fn facts(drill: &Drill) -> String {
    let nodes: Vec<String> = drill.nodes.iter().map(u64::to_string).collect();
    let nodes = match drill.scenario {
        _ if nodes.is_empty() => "—".to_owned(),
        // Whoever that was by then: who armed it may have read another name.
        DrillScenario::LeaderLost => format!("{} (điều khiển lúc bắt đầu / led when it began)", nodes.join(", ")),
        _ => nodes.join(", "),
    };
    let strength = match drill.scenario {
        DrillScenario::SlowDisk => format!("+{} ms / lần ghi đĩa", drill.strength),
        DrillScenario::NodeLost | DrillScenario::LinkLost => "—".to_owned(),
        _ => format!("{} lệnh / phút", drill.strength),
    };
    let (vi, en) = end(drill.ended);
    let name = |who: &Option<domain::PersonId>| who.as_ref().map_or("—".to_owned(), |it| escaped(it.as_str()));
    let asked_s = drill.until_ms.since(drill.started_at_ms) / 1000;
    let lasted = match drill.ended {
        Some(_) => format!("{} s", drill.ended_at_ms.since(drill.started_at_ms) / 1000),
        None => "…".to_owned(),
    };
    let commands = |it: &DrillSample| format!("{} (không nhận / not taken {})", it.sent, it.refused);
    let commands = drill.samples.last().map_or("—".to_owned(), commands);
    let frames = |it: &DrillSample| format!("{} / {}", it.screen_gaps, it.screen_doubles);
    let frames = drill.samples.last().map_or("—".to_owned(), frames);
    let rows = [
        ("Mục đích / Purpose", escaped(&drill.purpose)),
        ("Người bắt đầu / Started by", name(&drill.by)),
        ("Bắt đầu / Began", at(drill.started_at_ms)),
        ("Nút chịu lỗi / Nodes that suffered", nodes),
        ("Nút theo dõi / Watched by", drill.observer.to_string()),
        ("Mức độ / Strength", strength),
        ("Thời gian / Lasted", format!("{lasted} (định / planned {asked_s} s)")),
        ("Kết thúc / Ended", format!("{vi} / {en}")),
        ("Người dừng / Stopped by", name(&drill.ended_by)),
        ("Số lần bầu / Elections", elections(drill).to_string()),
        ("Lệnh diễn tập / Exercise commands", commands),
        ("Khung thiếu, khung lặp ở mọi màn hình / Frames missing, doubled at all screens", frames),
    ];
    let rows = rows
        .iter()
        .fold(String::new(), |rows, (name, value)| rows + &format!("<tr><th>{name}</th><td>{value}</td></tr>"));
    format!("<table>{rows}</table>")
}

/// How often a term grew, over all groups, between the first sample and the last.
fn elections(drill: &Drill) -> u64 {
    let terms = |sample: Option<&DrillSample>| sample.map_or(0, |sample| sample.terms);
    terms(drill.samples.last()).saturating_sub(terms(drill.samples.first()))
}

fn verdicts(drill: &Drill) -> String {
    let mut out = "<h2>Cam kết <span class=\"en\">/ Promises</span></h2><table><tr><th></th><th class=\"n\">Đo được / \
                   Measured</th><th class=\"n\">Tối đa / At most</th><th></th></tr>"
        .to_owned();
    for verdict in &drill.verdicts {
        let (vi, en, unit) = promise(verdict.promise);
        let (class, said) =
            if verdict.kept { ("kept", "✓ đạt / kept") } else { ("broken", "✗ không đạt / broken") };
        let _ = write!(
            out,
            "<tr><td>{vi}<br><span class=\"en\">{en}</span></td><td class=\"n\">{} {unit}</td><td class=\"n\">{} {unit}</td>\
             <td class=\"{class}\">{said}</td></tr>",
            verdict.measured, verdict.target
        );
    }
    out + "</table>"
}

#[allow(clippy::cast_precision_loss, reason = "a plot is a few hundred units wide")]
fn plot(drill: &Drill, vi: &str, en: &str, of: fn(&DrillSample) -> u64) -> String {
    let (width, height) = PLOT;
    let (Some(first), Some(last)) = (drill.samples.first(), drill.samples.last()) else { return String::new() };
    let span = last.at_ms.since(first.at_ms).max(1) as f64;
    let most = drill.samples.iter().map(of).max().unwrap_or(0);
    let x = |at: Millis| at.since(first.at_ms) as f64 / span * width;
    let y = |value: u64| height - value as f64 / most.max(1) as f64 * (height - 6.0);
    let points: Vec<String> = drill.samples.iter().map(|it| format!("{:.1},{:.1}", x(it.at_ms), y(of(it)))).collect();
    let over = if drill.ended.is_some() { x(drill.ended_at_ms).min(width) } else { width };
    format!(
        "<figure><svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{vi}: tối đa {most}\">\
         <rect x=\"0\" y=\"0\" width=\"{over:.1}\" height=\"{height}\" fill=\"#7a4fbf\" fill-opacity=\".08\"/>\
         <polyline points=\"{}\" fill=\"none\" stroke=\"#1d2226\" stroke-width=\"1.5\"/></svg>\
         <figcaption>{vi}, tối đa {most} <span class=\"en\">/ {en}, at most {most}</span></figcaption></figure>",
        points.join(" ")
    )
}

fn trend(past: &[&Drill]) -> String {
    let mut out = "<h2>So với các lần trước <span class=\"en\">/ Against past drills</span></h2><table><tr><th>№</th>\
                   <th>Ngày / Day</th>"
        .to_owned();
    for it in DrillPromise::ALL {
        let (vi, _, unit) = promise(*it);
        let _ = write!(out, "<th class=\"n\">{vi} {unit}</th>");
    }
    out.push_str("</tr>");
    for drill in past {
        let _ = write!(out, "<tr><td>{}</td><td>{}</td>", drill.number, at(drill.started_at_ms));
        for it in DrillPromise::ALL {
            match drill.verdicts.iter().find(|verdict| verdict.promise == *it) {
                Some(verdict) => {
                    let (class, mark) = if verdict.kept { ("kept", "✓") } else { ("broken", "✗") };
                    let _ = write!(out, "<td class=\"n {class}\">{} {mark}</td>", verdict.measured);
                }
                None => out.push_str("<td class=\"n\">—</td>"),
            }
        }
        out.push_str("</tr>");
    }
    out + "</table>"
}

#[cfg(test)]
mod tests {
    use super::{super::verdict, *};
    use crate::drill::verdict::tests::drill;

    fn closed(scenario: DrillScenario) -> Drill {
        let mut drill = drill(scenario);
        drill.verdicts = verdict::verdicts(&drill);
        drill
    }

    #[test]
    fn a_report_says_what_was_promised_measured_and_kept() {
        let drill = closed(DrillScenario::LeaderLost);
        let older = Drill { number: 5, ..drill.clone() };
        let other = Drill { number: 6, ..closed(DrillScenario::SlowDisk) };
        let page = page(&drill, [&older, &other, &drill]);
        assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
        assert!(page.contains("DIỄN TẬP / EXERCISE 7") && page.contains("Mất nút điều khiển khi đang điều phối"));
        assert!(page.contains("<strong class=\"kept\">ĐẠT</strong>"));
        assert!(page.contains("<td>130 (không nhận / not taken 0)</td>"), "of the last sample");
        assert!(page.contains("<td>2 (điều khiển lúc bắt đầu / led when it began)</td>"), "which node it was");
        assert!(page.contains("at all screens</th><td>3 / 0</td>"), "of the last sample");
        assert!(page.contains("1200 ms") && page.contains("5000 ms"), "time against target");
        assert_eq!(page.matches("<figure>").count(), 4);
        assert_eq!(page.matches("<tr><td>5</td>").count(), 1);
        assert_eq!(page.matches("<tr><td>6</td>").count(), 0, "another scenario is no trend");
        let tags = |tag: &str| (page.matches(&format!("<{tag}")).count(), page.matches(&format!("</{tag}>")).count());
        for tag in ["table", "tr", "td", "figure", "svg", "h2", "span"] {
            let (opened, closed) = tags(tag);
            assert_eq!(opened, closed, "{tag}");
        }
    }

    #[test]
    fn what_failed_or_was_not_measured_is_not_called_passed() {
        let mut drill = closed(DrillScenario::NodeLost);
        drill.verdicts[0].kept = false;
        assert!(page(&drill, []).contains("KHÔNG ĐẠT"));
        drill.verdicts.clear();
        assert!(page(&drill, []).contains("KHÔNG ĐO ĐƯỢC"));
        drill.closed_at_ms = Millis(0);
        drill.samples.clear();
        assert!(page(&drill, []).contains("CHƯA XONG"));
    }

    #[test]
    fn what_a_person_wrote_is_text() {
        let mut drill = closed(DrillScenario::NodeLost);
        drill.purpose = "<script>alert(\"1\")</script> & co".into();
        let page = page(&drill, []);
        assert!(
            page.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; co") && !page.contains("<script")
        );
    }

    #[test]
    fn times_are_those_of_viet_nam() {
        assert_eq!(at(Millis(0)), "01/01/1970 07:00:00");
        assert_eq!(at(Millis(1_709_218_800_000)), "29/02/2024 22:00:00");
        assert_eq!(at(Millis(1_735_664_399_000)), "31/12/2024 23:59:59");
        assert_eq!(at(Millis(1_735_664_400_000)), "01/01/2025 00:00:00");
    }
}
