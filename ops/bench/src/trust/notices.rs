//! Notices: webhooks on loopback that are quick, slow, refuse now and then, or are away for a while. First how many a second the
//! quick ones get; then a steady flow while the leader is killed twice. Each receiver has to take each notice once, in order.

use std::{collections::BTreeMap, time::Duration};

use node::inbox::{Inbox, Judged, Manner, Post, judge};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::storm::kill_leader;
use crate::{
    Result,
    desk::Desk,
    parts::{Found, Setting},
    stage::{self, Stage},
    stats::{self, Samples},
};

/// Receivers that answer at once.
const QUICK: usize = 10;
/// Sessions that report as fast as they can.
const SESSIONS: usize = 16;
/// How long the first flood of reports may take.
const FLOOD_WITHIN: Duration = Duration::from_secs(60);
/// Between two reports of the steady flow.
const PERIOD: Duration = Duration::from_millis(50);
/// One report in so many is followed by a note.
const NOTED_ONE_IN: usize = 10;
/// In the steady flow: until the leader is killed first, and between the two kills.
const CALM: Duration = Duration::from_secs(6);
/// Kills in the steady flow.
const KILLS: u32 = 2;
/// How long what waits may take to arrive: the longest wait of the product after failures is far below it here.
const DRAIN_WITHIN: Duration = Duration::from_secs(120);
/// How long it is still listened for what nobody waits for: a notice that comes twice.
const LISTEN: Duration = Duration::from_secs(3);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// A receiver, and how many notices it has to get.
struct Told {
    sort: &'static str,
    inbox: Inbox,
    expected: u64,
}

/// Measures.
pub(crate) async fn measure(setting: &Setting) -> Result<Found> {
    let (flood, steady): (usize, usize) = setting.choose((1500, 600), (60, 200));
    let mut stage = Stage::start(&setting.program, "notices", setting.keep).await?;
    let gateways = stage.gateways()?;
    let mut desk = stage.admin(0).await?;
    let mut all = Vec::new();
    for _ in 0..QUICK {
        let told = open(&mut desk, all.len(), "quick", "incident_opened", Manner::default()).await?;
        all.push(told);
    }

    // As fast as they come.
    let bodies = (0..flood).map(|number| stage::report(&format!("flood-{number}"))).collect();
    let (filed, _) = stage::register(stage.admins(SESSIONS).await?, "/api/reports", bodies, FLOOD_WITHIN).await?;
    all.iter_mut().for_each(|told| told.expected = filed as u64);
    drain(&all).await?;
    let per_s = rate(&all);
    println!("  {} notices to {QUICK} receivers, {:.0} a second", filed * QUICK, per_s.unwrap_or_default());

    // While a leader is killed, and some receivers are not well.
    let failing = Manner { refuses_each: 30, ..Manner::default() };
    let away = Manner { refuses_for: Duration::from_secs(6), ..Manner::default() };
    let slow = Manner { delay: Duration::from_millis(250), ..Manner::default() };
    for (sort, kind, manner) in [
        ("refuses now and then", "incident_opened", failing),
        ("away at first", "incident_opened", away),
        ("slow", "incident_noted", slow),
        ("slow", "incident_noted", slow),
    ] {
        let told = open(&mut desk, all.len(), sort, kind, manner).await?;
        all.push(told);
    }
    let begun = Instant::now();
    let flowing = tokio::spawn(flow(stage.admin(1).await?, steady));
    let mut moved_s = Vec::new();
    for _ in 0..setting.choose(KILLS, 1) {
        sleep(CALM).await;
        let killed = kill_leader(&mut stage, &gateways).await?;
        println!("  node {} killed: another leads after {:.2} s", killed.node, killed.moved_s);
        moved_s.push(stats::rounded(killed.moved_s));
    }
    let (opened, noted) = flowing.await??;
    for told in &mut all {
        told.expected += if told.sort == "slow" { noted } else { opened };
    }
    drain(&all).await?;
    let steady_s = begun.elapsed().as_secs_f64();
    sleep(LISTEN).await;

    let mut found = Found::default();
    found.figure("notices_per_s", per_s);
    let (judged, lost) = judge_all(&all);
    let sum = |of: fn(&Judged) -> u64| judged.iter().map(|(_, judged)| of(judged)).sum::<u64>();
    for (name, number) in [
        ("doubled", sum(|it| it.doubled)),
        ("lost", lost),
        ("out_of_order", sum(|it| it.out_of_order)),
        ("brought_again", sum(|it| it.brought_again)),
        ("taken", sum(|it| it.taken)),
    ] {
        found.figures.insert(format!("notices_{name}"), number.into());
    }
    found.note("receivers", by_sort(&judged));
    found.note("quick_while_others_are_not_well", stats::curve(&quick_ms(&all, filed as u64)));
    found.note("another_leads_s", moved_s);
    found.note("steady_s", stats::rounded(steady_s));
    Ok(found)
}

/// Registers a receiver of that kind of event.
async fn open(desk: &mut Desk, at: usize, sort: &'static str, kind: &str, manner: Manner) -> Result<Told> {
    let inbox = Inbox::open(manner).await?;
    let receiver = json!({ "id": format!("noi-nhan-{at}"), "name": sort, "url": inbox.url(), "kinds": [kind] });
    desk.command("/api/receivers", &receiver).await?;
    Ok(Told { sort, inbox, expected: 0 })
}

/// Reports at a steady pace, some with a note; how many of each were accepted.
async fn flow(mut desk: Desk, count: usize) -> std::result::Result<(u64, u64), String> {
    let (mut opened, mut noted) = (0, 0);
    let mut tick = tokio::time::interval(PERIOD);
    for number in 0..count {
        tick.tick().await;
        let report = stage::report(&format!("steady-{number}"));
        let done = desk.command("/api/reports", &report).await.map_err(|error| error.to_string())?;
        opened += 1;
        if number % NOTED_ONE_IN == 0 {
            let path = format!("/api/incidents/{}/note", done.entity);
            desk.command(&path, &json!({ "note": "đã gọi lại" })).await.map_err(|error| error.to_string())?;
            noted += 1;
        }
    }
    Ok((opened, noted))
}

/// Waits until every receiver has taken as many as it has to get.
async fn drain(all: &[Told]) -> Result<()> {
    let until = Instant::now() + DRAIN_WITHIN;
    // What is brought again is counted as well, so a look at the posts has the last word.
    let waits = |told: &Told| told.inbox.taken() < told.expected || judge(&told.inbox.posts()).taken < told.expected;
    while all.iter().any(waits) {
        if Instant::now() > until {
            let missing = all.iter().map(|told| told.expected.saturating_sub(told.inbox.taken()));
            eprintln!("  not there after {DRAIN_WITHIN:?}: {:?}", missing.collect::<Vec<_>>());
            // What is missing is lost, and the figures say so.
            return Ok(());
        }
        sleep(LOOK).await;
    }
    Ok(())
}

/// Notices a second over all receivers, from the first that was taken to the last.
fn rate(all: &[Told]) -> Option<f64> {
    let posts: Vec<Post> = all.iter().flat_map(|told| told.inbox.posts()).filter(|post| post.is_taken).collect();
    let first = posts.iter().map(|post| post.answered_at_ms).min()?;
    let last = posts.iter().map(|post| post.answered_at_ms).max()?;
    Some(posts.len() as f64 * 1000.0 / last.checked_sub(first).filter(|ms| *ms > 0)? as f64)
}

/// What each got, and how many notices never came to whom they were for.
fn judge_all(all: &[Told]) -> (Vec<(&'static str, Judged)>, u64) {
    let judged: Vec<_> = all.iter().map(|told| (told.sort, judge(&told.inbox.posts()))).collect();
    let lost = all.iter().zip(&judged).map(|(told, (_, judged))| {
        let once = judged.taken.saturating_sub(judged.doubled);
        told.expected.saturating_sub(once)
    });
    let lost = lost.sum();
    (judged, lost)
}

/// Sums by sort of receiver, for the report.
fn by_sort(judged: &[(&'static str, Judged)]) -> Value {
    let mut sorts: BTreeMap<&str, (u64, Judged)> = BTreeMap::new();
    for (sort, one) in judged {
        let (receivers, sum) = sorts.entry(*sort).or_default();
        *receivers += 1;
        sum.taken += one.taken;
        sum.doubled += one.doubled;
        sum.out_of_order += one.out_of_order;
        sum.brought_again += one.brought_again;
        sum.refused += one.refused;
    }
    let row = |(sort, (receivers, sum)): (&str, (u64, Judged))| {
        let row = json!({
            "receivers": receivers, "taken": sum.taken, "doubled": sum.doubled, "out_of_order": sum.out_of_order,
            "brought_again": sum.brought_again, "refused": sum.refused,
        });
        (sort.to_owned(), row)
    };
    Value::Object(sorts.into_iter().map(row).collect())
}

/// Sorted milliseconds from an event's time to the answer of a quick receiver, of notices after the first `flood`.
fn quick_ms(all: &[Told], flood: u64) -> Vec<f64> {
    let mut samples = Samples::default();
    for told in all.iter().filter(|told| told.sort == "quick") {
        let steady = told.inbox.posts().into_iter().filter(|post| post.is_taken && post.number > flood);
        steady.for_each(|post| samples.put(post.answered_at_ms as f64 - post.at_ms as f64));
    }
    samples.sorted()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receivers_of_one_sort_are_one_row() {
        let one = Judged { taken: 3, brought_again: 1, ..Judged::default() };
        let rows = by_sort(&[("slow", one), ("quick", one), ("slow", one)]);
        assert_eq!(rows["slow"]["receivers"], 2);
        assert_eq!(rows["slow"]["taken"], 6);
        assert_eq!(rows["quick"]["brought_again"], 1);
    }
}
