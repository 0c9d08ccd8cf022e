//! Personal data go by rule. Whoever leads looks what is due, in state and in the sealed part of the record, and proposes to erase it; every
//! node then drops the part of its log that still holds it. What is due is `domain`'s to say.

use std::{collections::BTreeMap, io, time::Duration};

use bytes::Bytes;
use domain::{
    AuditLink, AuditPayload, AuditSealed, Command, ErasePersonal, Erasure, GroupId, IncidentId, Millis, PersonalKind,
    PersonalMatter, State, TimelineLine, limits, rows,
    wire::{Malformed, Record},
};
use raft::{Groups, Proposal};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often it is looked whether something is due.
const LOOK_TICK: Duration = Duration::from_secs(60);
/// Records read at a time.
const RECORDS_PER_READ: usize = 512;
/// Lines of timelines read at a time.
const LINES_PER_READ: usize = 256;
/// Reads of one look: a leader that comes new has read a year of a hundred records a minute within half a day.
const READS_PER_LOOK: usize = 128;
/// Records remembered that hold personal data of what somebody is still at work on. At the bound the newer ones wait.
const WAITING_MAX: usize = 65_536;
/// Erasures of one look; what is left is due at the next.
const ERASURES_PER_LOOK: usize = 16;
/// How long a proposal may take.
const PROPOSE_WITHIN: Duration = Duration::from_secs(5);
/// Between two times that a node drops its log because of what was erased: each costs a snapshot.
const DROP_PERIOD: Duration = Duration::from_secs(24 * 3_600);
/// The same after a time that failed.
const DROP_AGAIN: Duration = Duration::from_secs(3_600);

/// What a leader remembers between two looks.
#[derive(Debug, Default)]
struct Looked {
    /// By which rules: with others it is read anew.
    rule: u64,
    /// Records up to this number were read.
    through: u64,
    /// Of them those that hold personal data of a kind that has a rule: whose, and when they were recorded.
    waiting: BTreeMap<u64, (Vec<PersonalMatter>, Millis)>,
}

/// Runs for as long as the node does.
pub(crate) async fn keep(groups: Groups) {
    let mut tick = interval(LOOK_TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looked = Looked::default();
    let mut may_drop_at = Instant::now();
    loop {
        tick.tick().await;
        if groups.lead_watch(GroupId::COMMAND).borrow().is_self_ready {
            let now = groups.read(GroupId::COMMAND, State::clock);
            if let Err(error) = look(&groups, &mut looked, now).await {
                tracing::warn!(%error, "personal data that are due could not be erased: trying again");
            }
        } else {
            // Who leads meanwhile erases what is remembered here.
            looked = Looked::default();
        }
        if Instant::now() >= may_drop_at {
            match drop_log(&groups).await {
                Ok(false) => {}
                Ok(true) => may_drop_at = Instant::now() + DROP_PERIOD,
                Err(error) => {
                    tracing::warn!(%error, "the log still holds what was erased: trying again");
                    may_drop_at = Instant::now() + DROP_AGAIN;
                }
            }
        }
    }
}

/// Proposes to erase what is due at this time.
async fn look(groups: &Groups, looked: &mut Looked, now: Millis) -> io::Result<()> {
    let rules = groups.read(GroupId::COMMAND, |state| state.erasure().clone());
    if rules.rules.is_empty() {
        return Ok(());
    }
    if looked.rule != rules.number {
        *looked = Looked { rule: rules.number, ..Looked::default() };
    }
    read_on(groups, looked, now, &rules).await?;
    for _ in 0..ERASURES_PER_LOOK {
        let cases = cases(groups, now).await?;
        let (command, is_more) = groups.read(GroupId::COMMAND, |state| due(state, looked, cases, now));
        let Some(command) = command else { return Ok(()) };
        let erased = command.records.clone();
        let (calls, reports, records) = (command.calls.len(), command.reports.len(), erased.len());
        let (words, cases) = (command.words.len(), command.cases.len());
        let proposal = Proposal::system(Command::from(command));
        let committed = groups.propose(GroupId::COMMAND, proposal, PROPOSE_WITHIN).await.map_err(io::Error::other)?;
        if let domain::Reply::Refused(refusal) = committed.reply {
            return Err(io::Error::other(refusal.message));
        }
        for number in erased {
            looked.waiting.remove(&number);
        }
        tracing::info!(calls, reports, words, cases, records, "personal data were erased by rule");
        if !is_more {
            return Ok(());
        }
    }
    Ok(())
}

/// Incidents that are to forget what was reported.
#[derive(Debug, Default)]
struct Cases {
    /// Those whose lines are all among `lines`.
    ids: Vec<IncidentId>,
    /// At most `limits::LINES_ERASED_AT_ONCE`.
    lines: Vec<TimelineLine>,
    /// Others wait for the next entry.
    is_more: bool,
}

/// What is due of incidents. One forgets when no line repeats it any more: with its last lines, so that none is left behind.
async fn cases(groups: &Groups, now: Millis) -> io::Result<Cases> {
    let due = groups.read(GroupId::COMMAND, |state| state.cases_to_erase(now));
    let mut cases = Cases { is_more: due.len() == limits::ERASED_AT_ONCE, ..Cases::default() };
    for case in due {
        for timeline in groups.read(GroupId::COMMAND, |state| state.timelines_of(&case)) {
            if !read_lines(groups, &case, &timeline, &mut cases.lines).await? {
                cases.is_more = true;
                return Ok(cases);
            }
        }
        cases.ids.push(case);
    }
    Ok(cases)
}

/// Adds the lines of a timeline that repeat what the incident says. Whether there was room for all of them.
async fn read_lines(
    groups: &Groups,
    case: &IncidentId,
    timeline: &IncidentId,
    lines: &mut Vec<TimelineLine>,
) -> io::Result<bool> {
    let (mut from, to) = rows::timeline_range(timeline);
    loop {
        let read = groups.scan(GroupId::COMMAND, from.clone(), to.clone(), LINES_PER_READ).await?;
        for (key, value) in &read {
            let found = TimelineLine::without(case, timeline, (&key[..], &value[..]));
            let Some(line) = found.map_err(|error| io::Error::other(error.to_string()))? else { continue };
            if lines.len() >= limits::LINES_ERASED_AT_ONCE {
                return Ok(false);
            }
            lines.push(line);
        }
        let Some((last, _)) = read.last().filter(|_| read.len() == LINES_PER_READ) else { return Ok(true) };
        from = Bytes::from([&last[..], &[0]].concat());
    }
}

/// What is due, as one command, and whether there may be more; none: nothing is.
fn due(state: &State, looked: &Looked, cases: Cases, now: Millis) -> (Option<ErasePersonal>, bool) {
    let is_due = |(_, (matters, at)): &(&u64, &(Vec<PersonalMatter>, Millis))| {
        matters.iter().any(|matter| state.is_erasure_due(matter, *at, now))
    };
    let records = looked.waiting.iter().filter(is_due).map(|(number, _)| *number);
    let records: Vec<u64> = records.take(limits::ERASED_PER_COMMAND_MAX).collect();
    let (calls, reports) = (state.calls_to_erase(now), state.reports_to_erase(now));
    let words = state.words_to_erase(now);
    let is_nothing = records.is_empty()
        && calls.is_empty()
        && reports.is_empty()
        && words.is_empty()
        && cases.ids.is_empty()
        && cases.lines.is_empty()
        && !state.has_callers_to_erase(now);
    let is_more = records.len() == limits::ERASED_PER_COMMAND_MAX
        || calls.len() == limits::ERASED_AT_ONCE
        || reports.len() == limits::ERASED_AT_ONCE
        || words.len() == limits::ERASED_AT_ONCE
        || cases.is_more
        || state.has_callers_to_erase(now);
    let Cases { ids: cases, lines, .. } = cases;
    let command = ErasePersonal { rule: state.erasure().number, calls, reports, records, words, cases, lines };
    ((!is_nothing).then_some(command), is_more)
}

/// Reads on in the record, as far as something of it can be due.
async fn read_on(groups: &Groups, looked: &mut Looked, now: Millis, rules: &Erasure) -> io::Result<()> {
    let Some(kept_ms) = PersonalKind::ALL.iter().filter_map(|kind| rules.kept_ms(*kind)).min() else { return Ok(()) };
    for _ in 0..READS_PER_LOOK {
        if looked.waiting.len() >= WAITING_MAX {
            return Ok(());
        }
        let first = looked.through.saturating_add(1);
        let end = first.saturating_add(u64::try_from(RECORDS_PER_READ).unwrap_or(u64::MAX));
        let scan = |key: fn(u64) -> Bytes| groups.scan(GroupId::COMMAND, key(first), key(end), RECORDS_PER_READ);
        let (links, sealed) = (scan(rows::audit_link_key).await?, scan(rows::audit_sealed_key).await?);
        let found = matters(&links, &sealed).map_err(|error| io::Error::other(error.to_string()))?;
        if found.is_empty() {
            return Ok(());
        }
        for (number, at, mut matters) in found {
            if now.since(at) < kept_ms {
                return Ok(());
            }
            looked.through = number;
            // What no rule speaks of would take the place of what one does.
            matters.retain(|matter| rules.kept_ms(matter.kind()).is_some());
            if !matters.is_empty() {
                groups.read(GroupId::COMMAND, |state| matters.retain(|matter| state.is_personal(matter)));
            }
            if !matters.is_empty() {
                looked.waiting.insert(number, (matters, at));
            }
        }
    }
    Ok(())
}

/// Number and time of each of these records, and whose personal data it holds.
fn matters(
    links: &[(Bytes, Bytes)],
    sealed: &[(Bytes, Bytes)],
) -> Result<Vec<(u64, Millis, Vec<PersonalMatter>)>, Malformed> {
    let sealed: BTreeMap<&[u8], &Bytes> = sealed.iter().map(|(key, value)| (&key[1..], value)).collect();
    let matters = |key: &Bytes| -> Result<Vec<PersonalMatter>, Malformed> {
        // A payload that is gone holds nothing any more.
        let Some(row) = sealed.get(&key[1..]) else { return Ok(Vec::new()) };
        let payload = AuditPayload::decode(&AuditSealed::decode(row)?.payload)?;
        if payload.command.is_empty() {
            return Ok(Vec::new());
        }
        Ok(PersonalMatter::of(&Command::decode(&payload.command)?))
    };
    let read = |(key, value): &(Bytes, Bytes)| -> Result<_, Malformed> {
        let link = AuditLink::decode(value)?;
        Ok((link.number, link.at_ms, matters(key)?))
    };
    links.iter().map(read).collect()
}

/// Drops the log of this node as far as what was erased stood in it. Whether there was anything to drop.
async fn drop_log(groups: &Groups) -> io::Result<bool> {
    let erased = groups.read(GroupId::COMMAND, |state| state.erasure().erased_index);
    if erased == 0 || groups.purged(GroupId::COMMAND) >= erased {
        return Ok(false);
    }
    groups.compact_through(GroupId::COMMAND, erased).await?;
    tracing::info!(erased, "the log is dropped through what was erased by rule");
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::{
        AdminUnitCode, AnswerReport, CallDesk, CloseIncident, ErasureRule, FileReport, IncidentKind, LegId, OfferCall,
        Place, PutCallDesk, Reply, ReportChannel, ReportCode, SetErasure, Severity,
    };

    use super::*;
    use crate::feature::{
        found,
        tests::{WITHIN, cluster, end},
    };

    const DAY_MS: u64 = 86_400_000;

    async fn propose(groups: &Groups, command: impl Into<Command>) {
        let committed = groups.propose(GroupId::COMMAND, Proposal::system(command), PROPOSE_WITHIN).await;
        let reply = committed.unwrap().reply;
        assert!(matches!(reply, Reply::Accepted(_)), "{reply:?}");
    }

    /// Numbers of records that somebody can still read, of those that hold personal data.
    async fn readable(groups: &Groups) -> BTreeSet<u64> {
        let mut looked = Looked::default();
        let rules = vec![ErasureRule { kind: PersonalKind::Caller, days: 1 }];
        let rules = Erasure { number: 1, rules, ..Erasure::default() };
        read_on(groups, &mut looked, Millis(u64::MAX), &rules).await.unwrap();
        looked.waiting.into_keys().collect()
    }

    #[tokio::test]
    async fn what_is_due_leaves_the_record_and_the_log() {
        let (groups, peers, router) = cluster("erasure").await;
        tokio::time::timeout(WITHIN, found(&groups)).await.unwrap();
        // Who gives up is owed nothing here: the call is over.
        let desk = CallDesk { callback_always: false, ..CallDesk::default() };
        propose(&groups, PutCallDesk { desk }).await;
        let offer = OfferCall {
            leg: LegId::new("l-1").unwrap(),
            door: "pbx".into(),
            line: "1022".into(),
            number: "0912345678".into(),
            wanted: String::new(),
            place: None,
            language: String::new(),
            exercise: false,
        };
        propose(&groups, offer).await;
        let rules = vec![ErasureRule { kind: PersonalKind::Caller, days: 2 }];
        propose(&groups, SetErasure { number: 1, rules }).await;
        assert_eq!(readable(&groups).await.len(), 1);
        let (mut of_others, rule) = (Looked::default(), ErasureRule { kind: PersonalKind::Contact, days: 1 });
        let others = Erasure { number: 1, rules: vec![rule], ..Erasure::default() };
        read_on(&groups, &mut of_others, Millis(u64::MAX), &others).await.unwrap();
        assert!(of_others.through > 0 && of_others.waiting.is_empty(), "no rule speaks of it");
        let (clock, mut looked) = (groups.read(GroupId::COMMAND, State::clock), Looked::default());

        // The caller waits: whatever the time, nothing goes.
        look(&groups, &mut looked, clock.plus(9 * DAY_MS)).await.unwrap();
        assert_eq!((readable(&groups).await.len(), looked.waiting.len()), (1, 1));
        let leg = LegId::new("l-1").unwrap();
        propose(&groups, domain::EndLeg { leg, cause: domain::LegEnd::HungUp }).await;
        look(&groups, &mut looked, clock.plus(DAY_MS)).await.unwrap();
        assert_eq!(readable(&groups).await.len(), 1, "a day too early");
        assert!(!drop_log(&groups).await.unwrap(), "nothing was erased");

        look(&groups, &mut looked, clock.plus(9 * DAY_MS)).await.unwrap();
        assert_eq!((readable(&groups).await, looked.waiting.len()), (BTreeSet::new(), 0));
        let erased = groups.read(GroupId::COMMAND, |state| state.erasure().erased_index);
        assert!(drop_log(&groups).await.unwrap() && groups.purged(GroupId::COMMAND) >= erased);
        assert!(!drop_log(&groups).await.unwrap(), "once");
        end(groups, peers, router).await;
    }

    /// Whether a line of the incident's timeline says it.
    async fn is_told(groups: &Groups, incident: &IncidentId, text: &str) -> bool {
        let (from, to) = rows::timeline_range(incident);
        let lines = groups.scan(GroupId::COMMAND, from, to, 64).await.unwrap();
        assert!(!lines.is_empty());
        lines.iter().any(|(_, value)| value.windows(text.len()).any(|part| part == text.as_bytes()))
    }

    #[tokio::test]
    async fn lines_are_to_forget_what_a_report_said_once_its_incident_is_closed() {
        let (groups, peers, router) = cluster("words").await;
        tokio::time::timeout(WITHIN, found(&groups)).await.unwrap();
        let (text, report) = ("Cầu sập", ReportCode::new("7K3F").unwrap());
        let admin_unit = AdminUnitCode::new("hue").unwrap();
        let place = Place { latitude_e7: 164_637_891, longitude_e7: 1_075_909_123, admin_unit, address: String::new() };
        let filing = FileReport {
            code: report.clone(),
            channel: ReportChannel::Web,
            reference: String::new(),
            text: text.into(),
            place,
            incident: None,
            kind: Some(IncidentKind::Infrastructure),
            severity: Some(Severity::High),
            told_kind: None,
            advice: None,
            contact: String::new(),
            language: String::new(),
            exercise: false,
        };
        propose(&groups, filing).await;
        let rules = vec![ErasureRule { kind: PersonalKind::Report, days: 2 }];
        propose(&groups, SetErasure { number: 1, rules }).await;
        let expected_version = groups.read(GroupId::COMMAND, |state| state.reports()[&report].version);
        propose(&groups, AnswerReport { report: report.clone(), expected_version, answer: "Đã sửa".into() }).await;
        let found = groups.read(GroupId::COMMAND, |state| state.reports()[&report].incident.clone());
        let incident = found.unwrap();
        let (clock, mut looked) = (groups.read(GroupId::COMMAND, State::clock), Looked::default());
        look(&groups, &mut looked, clock.plus(9 * DAY_MS)).await.unwrap();
        assert!(is_told(&groups, &incident, text).await, "its incident is open");

        // Days are the log's: the entry that erases holds what is due against its own time, which is this machine's.
        let expected_version = groups.read(GroupId::COMMAND, |state| state.incidents()[&incident].version);
        propose(&groups, CloseIncident { incident: incident.clone(), expected_version, note: String::new() }).await;
        let cases = cases(&groups, clock.plus(9 * DAY_MS)).await.unwrap();
        assert_eq!((cases.ids.as_slice(), cases.is_more), ([incident.clone()].as_slice(), false));
        assert!(cases.lines.len() >= 2, "opened, closed: {cases:?}");
        let (command, is_more) =
            groups.read(GroupId::COMMAND, |state| due(state, &looked, cases, clock.plus(9 * DAY_MS)));
        let command = command.unwrap();
        assert_eq!((command.words, command.cases, is_more), (vec![report], vec![incident], false));
        end(groups, peers, router).await;
    }
}
