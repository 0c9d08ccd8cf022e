//! Messages that people labelled: corrections of operators, and the hand-written messages that are for test only.
//!
//! Either tab separated: a header line, columns `id kind severity needs people vulnerable text`; lists with commas, `-` for
//! none. Or one JSON object a line with those names, of which only `kind` and `text` are needed; lists are arrays there.

use serde::Deserialize;
use thiserror::Error;

use super::labels::{Kind, Need, Severity, Vulnerable};
use super::schema::{Example, Truth};
use crate::rng::mix;

/// The header line.
pub const COLUMNS: &str = "id\tkind\tseverity\tneeds\tpeople\tvulnerable\ttext";

/// Rows of one file at most.
pub const ROWS_MAX: usize = 1_000_000;

/// A message with what a person said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// Its name in the file.
    pub id: String,
    /// The kind; `None` for no emergency.
    pub kind: Kind,
    /// How bad; none where the person did not say.
    pub severity: Option<Severity>,
    /// What is needed.
    pub needs: Vec<Need>,
    /// People in danger, where the text says.
    pub people: Option<u32>,
    /// Who needs more care.
    pub vulnerable: Vec<Vulnerable>,
    /// The message.
    pub text: String,
}

/// A row that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LabelledError {
    /// Another header.
    #[error(
        "the first line is neither the header `id kind severity needs people vulnerable text` nor a JSON object; add it"
    )]
    Header,
    /// A JSON object that is not a message.
    #[error("line {line}: {what}; correct it")]
    Json {
        /// Line of the file, from 1.
        line: usize,
        /// What the reader says.
        what: String,
    },
    /// A column is missing or cannot be read.
    #[error("line {line}: {column} cannot be read ({got}); correct it")]
    Column {
        /// Line of the file, from 1.
        line: usize,
        /// Which column.
        column: &'static str,
        /// What stands there.
        got: String,
    },
    /// More rows than are read.
    #[error("the file has more than {ROWS_MAX} rows; split it")]
    TooMany,
}

/// A line of JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default)]
    id: String,
    kind: Kind,
    severity: Option<Severity>,
    #[serde(default)]
    needs: Vec<Need>,
    people: Option<u32>,
    #[serde(default)]
    vulnerable: Vec<Vulnerable>,
    text: String,
}

/// Reads a file: tab separated, or JSON lines when it begins with a brace.
///
/// # Errors
/// When the header or a row cannot be read; the error names line and column.
pub fn parse(file: &str) -> Result<Vec<Labelled>, LabelledError> {
    if file.trim_start_matches('\u{FEFF}').trim_start().starts_with('{') {
        return parse_json(file);
    }
    let mut lines = file.lines().enumerate();
    let header = lines.next().map_or("", |(_, line)| line.trim_start_matches('\u{FEFF}').trim_end());
    if header.split_whitespace().ne(COLUMNS.split_whitespace()) {
        return Err(LabelledError::Header);
    }
    let mut rows = Vec::new();
    for (at, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        if rows.len() >= ROWS_MAX {
            return Err(LabelledError::TooMany);
        }
        rows.push(row(line, at + 1)?);
    }
    Ok(rows)
}

fn parse_json(file: &str) -> Result<Vec<Labelled>, LabelledError> {
    let mut rows = Vec::new();
    for (at, line) in file.lines().enumerate() {
        let line = line.trim_start_matches('\u{FEFF}').trim();
        if line.is_empty() {
            continue;
        }
        if rows.len() >= ROWS_MAX {
            return Err(LabelledError::TooMany);
        }
        let wrong = |what: String| LabelledError::Json { line: at + 1, what };
        let Line { id, kind, severity, needs, people, vulnerable, text } =
            serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        if text.trim().is_empty() {
            return Err(wrong("the text is empty".to_owned()));
        }
        rows.push(Labelled { id, kind, severity, needs, people, vulnerable, text });
    }
    Ok(rows)
}

fn row(line: &str, at: usize) -> Result<Labelled, LabelledError> {
    let wrong = |column, got: &str| LabelledError::Column { line: at, column, got: got.chars().take(40).collect() };
    let mut cells = line.splitn(7, '\t').map(str::trim);
    let mut next = |column| cells.next().ok_or_else(|| wrong(column, "nothing"));
    let (id, kind, severity, needs, people, vulnerable, text) = (
        next("id")?,
        next("kind")?,
        next("severity")?,
        next("needs")?,
        next("people")?,
        next("vulnerable")?,
        next("text")?,
    );
    Ok(Labelled {
        id: id.to_owned(),
        kind: Kind::named(kind).ok_or_else(|| wrong("kind", kind))?,
        severity: match severity {
            "-" | "" => None,
            name => Some(Severity::named(name).ok_or_else(|| wrong("severity", name))?),
        },
        needs: list(needs, Need::named).ok_or_else(|| wrong("needs", needs))?,
        people: match people {
            "-" | "" => None,
            n => Some(n.parse().map_err(|_| wrong("people", n))?),
        },
        vulnerable: list(vulnerable, Vulnerable::named).ok_or_else(|| wrong("vulnerable", vulnerable))?,
        text: if text.is_empty() { return Err(wrong("text", "nothing")) } else { text.to_owned() },
    })
}

fn list<T>(cell: &str, named: fn(&str) -> Option<T>) -> Option<Vec<T>> {
    if matches!(cell, "-" | "") {
        return Some(Vec::new());
    }
    cell.split(',').map(|name| named(name.trim())).collect()
}

impl Labelled {
    /// The truths of the heads of triage, in the schema's order.
    #[must_use]
    pub fn truths(&self) -> Vec<Truth> {
        let emergency = self.kind != Kind::None;
        let any = |places: &mut dyn Iterator<Item = usize>| {
            if emergency { Truth::Any(places.fold(0, |bits, at| bits | (1_u64 << at))) } else { Truth::Unknown }
        };
        vec![
            Truth::One(self.kind.index()),
            self.severity.filter(|_| emergency).map_or(Truth::Unknown, |severity| Truth::One(severity.index())),
            any(&mut self.needs.iter().map(|need| need.index())),
            any(&mut self.vulnerable.iter().map(|group| group.index())),
        ]
    }

    /// As an example to learn from. Corrections are few and of one piece each, so each is a group of its own.
    #[must_use]
    pub fn example(&self) -> Example {
        let group = self.text.bytes().fold(0, |state, byte| mix(state ^ u64::from(byte)));
        Example { text: self.text.clone(), truths: self.truths(), group }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_is_read_and_what_is_wrong_in_it_is_named() {
        let file = format!(
            "{COLUMNS}\ne1\tflood\tcritical\trescue,food_water\t5\tchildren\tnước lên\nn1\tnone\t-\t-\t-\t-\tchào\n"
        );
        let rows = parse(&file).unwrap();
        assert_eq!(rows[0].truths(), [Truth::One(1), Truth::One(4), Truth::Any(0b101), Truth::Any(1)]);
        assert_eq!(rows[1].truths(), [Truth::One(0), Truth::Unknown, Truth::Unknown, Truth::Unknown]);
        assert_eq!(parse("x"), Err(LabelledError::Header));
        let wrong = parse(&format!("{COLUMNS}\ne1\tflod\t-\t-\t-\t-\tx"));
        assert_eq!(wrong, Err(LabelledError::Column { line: 2, column: "kind", got: "flod".into() }));
    }

    #[test]
    fn lines_of_json_say_the_same_as_rows_with_tabs() {
        let tabs = format!("{COLUMNS}\ne1\tflood\tcritical\trescue\t5\tchildren\tnước lên\n");
        let json = r#"
            {"id": "e1", "kind": "flood", "severity": "critical", "needs": ["rescue"], "people": 5, "vulnerable": ["children"], "text": "nước lên"}
        "#;
        assert_eq!(parse(json), parse(&tabs));
        let short = parse("{\"kind\": \"none\", \"text\": \"chào\"}\n\n").unwrap();
        assert_eq!((short[0].kind, short[0].severity, short[0].text.as_str()), (Kind::None, None, "chào"));
        for wrong in ["{\"kind\": \"flod\", \"text\": \"x\"}", "{\"kind\": \"fire\", \"text\": \" \"}", "{"] {
            assert!(matches!(parse(wrong), Err(LabelledError::Json { line: 1, .. })), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_file_brings_the_reader_down(rows in "[a-z\t\n,0-9-]{0,200}") {
            let _ = parse(&format!("{COLUMNS}\n{rows}"));
            let _ = parse(&rows);
            let _ = parse(&format!("{{{rows}"));
        }
    }
}
