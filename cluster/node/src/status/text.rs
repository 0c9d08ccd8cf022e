//! A cluster's status as an operator reads it at a terminal. Pure.

use super::{
    groups::{GroupLine, lines},
    judge::{Asked, Finding, Level},
    report::{NodeReport, RoomReport},
};

fn words(level: Level) -> &'static str {
    match level {
        Level::Well => "TỐT / WELL",
        Level::Degraded => "CẦN XỬ LÝ / DEGRADED",
        Level::Refusing => "KHÔNG NHẬN GHI / ACCEPTS NOTHING",
    }
}

fn room_words(room: RoomReport) -> &'static str {
    match room {
        RoomReport::Enough => "đủ chỗ / enough room",
        RoomReport::Low => "sắp đầy / low",
        RoomReport::None => "đầy / full",
    }
}

/// The whole answer: how it is, what is to be done, each group in a line, each node.
#[must_use]
pub fn text(asked: &[Asked], findings: &[Finding], level: Level) -> String {
    let mut out = vec![words(level).to_owned()];
    out.extend(findings.iter().map(|finding| format!("  - {}\n    {}", finding.vi, finding.en)));
    let reports: Vec<&NodeReport> = asked.iter().filter_map(|asked| asked.answer.as_ref().ok()).collect();
    let lines = lines(&reports);
    if !lines.is_empty() {
        out.push(format!(
            "\n{}\n{}",
            row(["nhóm", "điều khiển", "nhiệm kỳ", "đã áp dụng", "chậm nhất", "đĩa", "tình trạng"]),
            row(["group", "leader", "term", "applied", "most behind", "disk", "health"]),
        ));
        out.extend(lines.iter().map(group_text));
    }
    out.extend(asked.iter().map(|asked| node_text(asked, &lines)));
    out.join("\n")
}

/// One row of the table of groups.
fn row(cells: [&str; 7]) -> String {
    let [group, leader, term, applied, behind, disk, health] = cells;
    format!("  {group:<6} {leader:<11} {term:<9} {applied:<11} {behind:<22} {disk:<32} {health}")
}

fn group_text(line: &GroupLine) -> String {
    let leader = line.leader.map_or_else(|| "-".to_owned(), |leader| format!("nút {leader}"));
    let behind = match (line.behind, line.lag_entries) {
        (Some(node), Some(lag)) if lag > 0 => format!("nút {node}: {lag} mục"),
        (Some(_), Some(_)) => "không / none".to_owned(),
        _ => "?".to_owned(),
    };
    let disk = match line.fullest {
        Some(node) if line.room != RoomReport::Enough => format!("nút {node} {}", room_words(line.room)),
        _ => room_words(line.room).to_owned(),
    };
    let [group, term, applied] = [line.group.to_string(), line.term.to_string(), line.applied.to_string()];
    row([&group, &leader, &term, &applied, &behind, &disk, line.health.words()])
}

fn node_text(asked: &Asked, lines: &[GroupLine]) -> String {
    let name = asked.node.map_or_else(|| "?".to_owned(), |node| node.to_string());
    let Ok(report) = &asked.answer else {
        return format!("\nNút / node {name}  {}  không trả lời / no answer", asked.url);
    };
    let mib = |bytes: u64| bytes >> 20;
    let free = report.disk.free_bytes.map_or_else(|| "?".to_owned(), |free| mib(free).to_string());
    let clocks = report.clocks.iter().map(|clock| match clock.offset_ms {
        Some(offset) => format!("nút / node {}: {offset:+} ms", clock.node),
        None => format!("nút / node {}: ?", clock.node),
    });
    let leads = lines.iter().filter(|line| line.leader == Some(report.node)).map(|line| line.group.to_string());
    format!(
        "\nNút / node {name}  {}  {}\n  đĩa / disk: {}, {free} MiB trống / free, {} MiB dùng / used\n  đồng hồ / clocks: {}\n  \
         điều khiển nhóm / leads groups: {}",
        asked.url,
        report.version,
        room_words(report.disk.room),
        mib(report.disk.used_bytes),
        list(clocks),
        list(leads),
    )
}

/// Things one after the other, or that there are none.
fn list(things: impl Iterator<Item = String>) -> String {
    let things: Vec<String> = things.collect();
    if things.is_empty() { "không / none".to_owned() } else { things.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::{
        super::judge::{
            judge, level,
            tests::{asked, well},
        },
        *,
    };

    fn said(reports: [NodeReport; 3]) -> String {
        let asked = asked(reports);
        let findings = judge(&asked);
        text(&asked, &findings, level(&findings))
    }

    #[test]
    fn a_well_cluster_is_read_off_line_by_line() {
        let said = said([1, 2, 3].map(well));
        assert!(said.starts_with("TỐT / WELL\n"), "{said}");
        let line = said.lines().find(|line| line.trim_start().starts_with("0 ")).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        let expected = "0 nút 1 0 10 không / none đủ chỗ / enough room tốt / well";
        assert_eq!(words.join(" "), expected);
        assert!(said.contains("điều khiển nhóm / leads groups: 0, 1"), "{said}");
        assert!(said.contains("điều khiển nhóm / leads groups: không / none"), "{said}");
        assert!(said.contains("đĩa / disk: đủ chỗ / enough room, 102400 MiB trống / free"), "{said}");
    }

    #[test]
    fn a_full_disk_is_named_in_the_lines_of_its_groups_and_at_its_node() {
        let mut reports = [1, 2, 3].map(well);
        reports[2].disk.room = RoomReport::None;
        let said = said(reports);
        assert!(said.starts_with("CẦN XỬ LÝ / DEGRADED"), "{said}");
        assert_eq!(said.lines().filter(|line| line.contains("nút 3 đầy / full")).count(), 2, "{said}");
        assert!(said.contains("đĩa / disk: đầy / full"), "{said}");
    }

    #[test]
    fn a_node_that_is_silent_has_its_line_too() {
        let silent = [Asked { node: Some(3), url: "https://n3".to_owned(), answer: Err("refused".to_owned()) }];
        let said = text(&silent, &judge(&silent), Level::Refusing);
        assert!(said.starts_with("KHÔNG NHẬN GHI / ACCEPTS NOTHING"), "{said}");
        assert!(said.ends_with("Nút / node 3  https://n3  không trả lời / no answer"), "{said}");
    }
}
