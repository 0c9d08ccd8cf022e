//! The record, for whoever reads it as a person: who did or looked at what, when, from where and why. Each look into it stands in it
//! as well. `audit.rs` gives out the same records for whoever verifies them.

use std::{collections::BTreeSet, sync::Arc};

use axum::{Json, extract::State};
use domain::{
    AuditPayload, AuditRecord, Command, GroupId, PersonId, RecordRead, audit::why::why, policy, policy::Action,
    wire::Record,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod about;
mod advised;
mod erased;
mod played;
mod unsaid;

use super::{
    audit::records,
    body::{Answer, Asked},
};
use crate::{
    app::App,
    cluster::read,
    error::{ApiError, ErrorBody},
    limits::{AUDIT_EXPORTED_MAX, AUDIT_LISTED_MAX, AUDIT_WINDOWS_MAX},
};
use about::{about, kind_of};
use advised::{Advised, advised};
use erased::{Erased, erased};
use unsaid::{Unsaid, split};

/// What kind of thing a line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Somebody looked at something sensitive.
    Read,
    /// Somebody's rights changed: people, keys, delegations, the broken glass.
    Right,
    /// Somebody came or went.
    SignIn,
    /// Somebody changed something else.
    Change,
    /// A device or the system did.
    System,
}

/// Which lines, newest first.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Search {
    /// 0 to 8.
    group: u32,
    /// The lines before this number; 0: from the newest.
    #[serde(default)]
    before: u64,
    /// Login name; empty: anybody's.
    #[serde(default)]
    by: String,
    /// Absent: all but what devices and the system did.
    kind: Option<Kind>,
    /// Stands in what, why, what stands in its place, or the command's name; empty: any.
    #[serde(default)]
    text: String,
    /// Commands whose words have the text in the reader's language, which a node does not know: lines of theirs are found as well.
    #[serde(default)]
    names: Vec<String>,
    /// From then on; 0: from the first.
    #[serde(default)]
    from_ms: u64,
    /// Before then; 0: to the newest.
    #[serde(default)]
    to_ms: u64,
    /// Why it is read; that it was read stands in the record of group 0.
    reason: String,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Line {
    number: u64,
    at_ms: u64,
    /// Absent: its payload was erased by rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    told: Option<Told>,
    /// By what it was erased; absent where it was not, or where no record near enough says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    erased: Option<Erased>,
    /// It tells of a caller, and whoever asks may not see callers: an export for them has the link alone.
    withheld: bool,
}

/// What a line tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Told {
    kind: Kind,
    /// The command, as in the schema.
    name: String,
    /// Login name; empty: a device or the system.
    by: String,
    /// From which address.
    from: String,
    /// About what, or whom.
    what: String,
    /// As they, or their program, said; empty: nobody did. Who works for some fields only is told their own, and why rights changed.
    why: String,
    /// What follows from the rest where nobody said why; absent: somebody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    unsaid: Option<Unsaid>,
    /// What the form's rules suggested; absent: nothing, or nothing was decided. Who works for some fields only is told their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    advised: Option<Advised>,
    /// Code of the refusal; empty: it was done.
    refused: String,
    /// By whose right, if not by their own.
    acts_for: String,
    /// By a broken glass.
    broken_glass: bool,
    /// By which service key; empty: none.
    key: String,
    /// It is of an exercise: the record says so, or, of what no record says it, as far as that is known still.
    exercise: bool,
}

/// Lines, and where to go on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Found {
    items: Vec<Line>,
    /// Ask for the lines before this number next; 0: there are no more.
    next_before: u64,
}

impl Told {
    /// What the payload says; none: it is not one that this version reads.
    fn read(payload: &AuditPayload) -> Option<Self> {
        let command = match payload.command.is_empty() {
            true => None,
            false => Some(Command::decode(&payload.command).ok()?),
        };
        let what = command.as_ref().map(about).unwrap_or_default();
        let (why, unsaid) = split(why(payload, command.as_ref()));
        let kind = command.as_ref().map_or(Kind::System, |command| kind_of(command, payload.by.is_empty()));
        let terms = &payload.terms;
        Some(Self {
            kind,
            name: payload.name.clone(),
            by: payload.by.clone(),
            from: payload.from.clone(),
            what,
            why,
            unsaid,
            advised: command.as_ref().and_then(advised),
            refused: payload.refused.clone(),
            acts_for: terms.acts_for.as_ref().map(ToString::to_string).unwrap_or_default(),
            broken_glass: terms.broken_glass,
            key: terms.key.as_ref().map(ToString::to_string).unwrap_or_default(),
            exercise: payload.exercise || command.as_ref().is_some_and(Command::says_exercise),
        })
    }
}

impl Line {
    fn read(record: &AuditRecord) -> Self {
        let payload = record.sealed.as_ref().and_then(|sealed| AuditPayload::decode(&sealed.payload).ok());
        let told = payload.as_ref().and_then(Told::read);
        Self { number: record.link.number, at_ms: record.link.at_ms.0, told, erased: None, withheld: false }
    }

    /// Leaves only the reader's own words, and why rights changed: other reasons are about incidents of any field. Before anything is
    /// searched for in them.
    fn leave_words(&mut self, reader: &PersonId) {
        let is_others = |told: &&mut Told| told.by != reader.as_str() && told.kind != Kind::Right;
        let Some(told) = self.told.as_mut().filter(is_others) else { return };
        // It tells of which field something is.
        told.advised = None;
        if !told.why.is_empty() {
            told.why.clear();
            told.unsaid = Some(Unsaid::withheld());
        }
    }
}

impl Search {
    /// Whether the line is asked for. What was erased is, unless something is asked of what it told.
    fn wants(&self, line: &Line) -> bool {
        if line.at_ms < self.from_ms || (self.to_ms > 0 && line.at_ms >= self.to_ms) {
            return false;
        }
        let Some(told) = &line.told else {
            return self.by.is_empty() && self.text.is_empty() && self.kind.is_none();
        };
        let is_kind = self.kind.map_or(told.kind != Kind::System, |kind| told.kind == kind);
        let text = self.text.to_lowercase();
        let stands_in = |field: &str| field.to_lowercase().contains(&text);
        let is_said = text.is_empty()
            || [&told.name, &told.what, &told.why].into_iter().any(|it| stands_in(it))
            || self.names.contains(&told.name)
            || told.unsaid.as_ref().is_some_and(|unsaid| unsaid.says(&text));
        is_kind && is_said && (self.by.is_empty() || told.by == self.by)
    }

    /// What stands in the record of who looked.
    fn described(&self) -> String {
        let by = if self.by.is_empty() { String::new() } else { format!(" by {}", self.by) };
        let before = if self.before == 0 { "newest".to_owned() } else { format!("before {}", self.before) };
        format!("record/{} {before}{by}", self.group).chars().take(WHAT_CHARS_MAX).collect()
    }
}

/// Characters of what was looked at: whatever is searched for, it fits.
const WHAT_CHARS_MAX: usize = 60;

/// Lists the record of a group, newest first, at most `AUDIT_LISTED_MAX` lines at a time. For administrators and auditors of
/// everywhere; who works for some fields or agencies only is told no reasons but their own, and why rights changed.
#[utoipa::path(post, path = "/api/audit/records", request_body = Search, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Found), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Asked(ask, search): Asked<Search>) -> Answer<Found> {
    policy::allows(&ask.caller.grant, Action::ReadRecord, None)?;
    let group = GroupId::all().find(|group| group.0 == search.group);
    let group = group.ok_or_else(|| ApiError::not_found("group", &search.group.to_string()))?;
    let reading = RecordRead { what: search.described(), why: search.reason.clone() };
    app.run(&ask, reading).await?;
    let newest = read(&*app.source, group, |state| state.audit_head().number);
    // Numbers of records begin with 1. `end` is the one after the newest that was not looked at.
    let mut end = newest.saturating_add(1);
    if search.before > 0 {
        end = end.min(search.before);
    }
    let hides_callers = policy::allows(&ask.caller.grant, Action::SeeCaller, None).is_err();
    let hides_words = policy::allows_every_field(&ask.caller.grant, Action::ReadRecord).is_err();
    let mut items = Vec::new();
    let window = u64::try_from(AUDIT_EXPORTED_MAX).unwrap_or(u64::MAX);
    'windows: for _ in 0..AUDIT_WINDOWS_MAX {
        if end <= 1 || items.len() >= AUDIT_LISTED_MAX {
            break;
        }
        let after = end.saturating_sub(window.saturating_add(1));
        let mut found = records(&app, group, after).await?;
        found.retain(|record| record.link.number < end);
        end = after + 1;
        for record in found.iter().rev() {
            let mut line = Line::read(record);
            if hides_words {
                line.leave_words(&ask.caller.person.id);
            }
            if search.from_ms > 0 && line.at_ms < search.from_ms {
                // State's clock never goes back: nothing before this is asked for.
                end = 0;
                break 'windows;
            }
            if search.wants(&line) {
                line.withheld = hides_callers && record.tells_of_callers();
                items.push(line);
            }
            if items.len() >= AUDIT_LISTED_MAX {
                end = record.link.number;
                break;
            }
        }
    }
    let gone: BTreeSet<u64> = items.iter().filter(|line| line.told.is_none()).map(|line| line.number).collect();
    let mut by = erased(&app, group, &gone).await?;
    for line in &mut items {
        line.erased = by.remove(&line.number);
    }
    read(&*app.source, GroupId::COMMAND, |state0| {
        for told in items.iter_mut().filter_map(|line| line.told.as_mut()) {
            told.exercise |= played::is_of_one(state0, &told.what);
            told.unsaid = told.unsaid.take().map(|unsaid| unsaid.named(state0, &told.by));
        }
    });
    let next_before = if end <= 1 { 0 } else { end };
    Ok(Json(Found { items, next_before }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: Kind, by: &str, what: &str, why: &str) -> Line {
        let told = Told {
            kind,
            name: "BreakGlass".into(),
            by: by.into(),
            from: "10.0.0.1".into(),
            what: what.into(),
            why: why.into(),
            unsaid: None,
            advised: None,
            refused: String::new(),
            acts_for: String::new(),
            broken_glass: false,
            key: String::new(),
            exercise: false,
        };
        Line { number: 7, at_ms: 1_000, told: Some(told), erased: None, withheld: false }
    }

    fn search(body: &str) -> Search {
        serde_json::from_str(&format!("{{\"group\":0,\"reason\":\"x\"{body}}}")).unwrap()
    }

    #[test]
    fn lines_are_found_by_who_what_when_and_why() {
        let glass = line(Kind::Right, "lan", "lan", "Lũ quét");
        for (body, wanted) in [
            ("", true),
            (",\"by\":\"lan\"", true),
            (",\"by\":\"la\"", false),
            (",\"text\":\"LŨ\"", true),
            (",\"text\":\"breakglass\"", true),
            (",\"text\":\"cháy\"", false),
            (",\"text\":\"quyền khẩn\",\"names\":[\"BreakGlass\"]", true),
            (",\"text\":\"quyền khẩn\",\"names\":[\"EndGlass\"]", false),
            (",\"text\":\"quyền khẩn\",\"names\":[\"BreakGlass\"],\"by\":\"hoa\"", false),
            (",\"kind\":\"right\"", true),
            (",\"kind\":\"read\"", false),
            (",\"from_ms\":1000,\"to_ms\":1001", true),
            (",\"to_ms\":1000", false),
            (",\"from_ms\":1001", false),
        ] {
            assert_eq!(search(body).wants(&glass), wanted, "{body}");
        }
        assert!(!search("").wants(&line(Kind::System, "", "", "")), "unless it is asked for");
        assert!(search(",\"kind\":\"system\"").wants(&line(Kind::System, "", "", "")));
    }

    #[test]
    fn what_was_erased_stands_there_and_answers_no_question_about_what_it_told() {
        let erased = Line { told: None, ..line(Kind::Read, "lan", "x", "y") };
        assert!(search("").wants(&erased) && search(",\"from_ms\":1").wants(&erased));
        assert!(!search(",\"by\":\"lan\"").wants(&erased) && !search(",\"kind\":\"read\"").wants(&erased));
    }
}
