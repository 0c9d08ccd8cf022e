//! Deadlines that are given to the cluster, and whether each was told once, not early and in time. The timeline of the incident that
//! they serve says what was told, and when.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{Failure, unix_ms, world::World};

/// So late a deadline may be told.
pub const LATE_MS_MAX: u64 = 10_000;
/// After the last one was told: until it would have been told twice.
const LISTEN: Duration = Duration::from_secs(2);
/// Times that a spread is given, each time with twice as long until its first deadline: a busy machine takes longer over the commands.
const GIVEN_TIMES_MAX: u32 = 4;
/// Between two looks.
pub(crate) const LOOK: Duration = Duration::from_millis(200);

/// How many deadlines, and when they are due.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// How many.
    pub count: u64,
    /// From the first command to the first deadline, milliseconds: all are given by then, or it is tried again with twice that.
    pub ahead_ms: u64,
    /// Between two deadlines, milliseconds.
    pub spacing_ms: u64,
}

/// What was given: the incident, and when each clock is due.
#[derive(Debug)]
pub struct Given {
    incident: String,
    due_at_ms: BTreeMap<String, u64>,
    first_at_ms: u64,
    spread: Spread,
}

impl Given {
    /// Gives instructions that are due one after the other, for one incident.
    ///
    /// # Errors
    /// One is refused, or giving them took until the first was due, each time.
    pub async fn to(world: &World, spread: Spread) -> Result<Self, Failure> {
        for time in 0..GIVEN_TIMES_MAX {
            // What was given too late serves another incident, at whose timeline nobody looks.
            let spread = Spread { ahead_ms: spread.ahead_ms << time, ..spread };
            if let Some(given) = Self::in_time(world, spread, time).await? {
                return Ok(given);
            }
        }
        Err("the machine is too slow for this drill: the first deadline was due before all were given".into())
    }

    /// One time; none: giving them took until the first was due.
    async fn in_time(world: &World, spread: Spread, time: u32) -> Result<Option<Self>, Failure> {
        let site = &world.sites[0];
        let report = json!({
            "reference": format!("served-{time}"), "kind": "other", "severity": "info", "place": site.place(),
            "summary": format!("Ngập hầm chui {time}"),
        });
        let incident = entity(&world.put("/api/reports", report).await?)?;
        let first_at_ms = unix_ms() + spread.ahead_ms;
        let mut due_at_ms = BTreeMap::new();
        for number in 0..spread.count {
            let due = first_at_ms + number * spread.spacing_ms;
            let instruction = json!({
                "title": format!("Việc {number}"), "incident": incident, "admin_unit": site.commune,
                "agency": "Sở Xây dựng", "due_at_ms": due,
            });
            let given = entity(&world.put("/api/instructions", instruction).await?)?;
            // Its only clock is its first.
            due_at_ms.insert(format!("{given}#1"), due);
        }
        let given = Self { incident, due_at_ms, first_at_ms, spread };
        Ok((unix_ms() < first_at_ms).then_some(given))
    }

    fn last_at_ms(&self) -> u64 {
        self.first_at_ms + self.spread.count * self.spread.spacing_ms
    }

    /// Sleeps until so long after the first one is due.
    pub async fn sleep_until(&self, after: Duration) {
        let since_ms = unix_ms().saturating_sub(self.first_at_ms);
        let early = Duration::from_millis(self.first_at_ms.saturating_sub(unix_ms()));
        sleep((early + after).saturating_sub(Duration::from_millis(since_ms))).await;
    }

    /// Waits until all were told, and a little longer; each has to be told once, not early, and not late by more than
    /// [`LATE_MS_MAX`]. While not all was well nothing could be told: what was due by `back_at_ms` counts from then. Yields by how much
    /// the latest was late.
    ///
    /// # Errors
    /// One was told early, late, twice or never.
    pub async fn judge(&self, world: &World, back_at_ms: u64) -> Result<Duration, Failure> {
        let until_ms = self.last_at_ms().max(back_at_ms) + LATE_MS_MAX;
        while self.told(world).await?.len() < self.due_at_ms.len() && unix_ms() < until_ms {
            sleep(LOOK).await;
        }
        sleep(LISTEN).await;
        let worst_ms = judge(&self.due_at_ms, self.told(world).await?, back_at_ms)?;
        println!("{} deadlines, each told once, the latest {worst_ms} ms late", self.spread.count);
        Ok(Duration::from_millis(worst_ms))
    }

    /// Every line that tells that a clock is late: which, and when.
    async fn told(&self, world: &World) -> Result<Vec<(String, u64)>, Failure> {
        let path = format!("/api/incidents/{}/timeline", self.incident);
        let timeline = world.admin.read(&path).await.accepted(&path)?;
        let lines = timeline.as_array().ok_or("a timeline is no list")?;
        let late = lines.iter().filter(|line| line["kind"] == "deadline_late");
        let told = |line: &Value| {
            let clock = line["note"].as_str()?.split(' ').next()?.to_owned();
            Some((clock, line["at_ms"].as_u64()?))
        };
        Ok(late.filter_map(told).collect())
    }
}

/// Each was told once, not early, and not too late; yields by how much the latest was late, in milliseconds.
fn judge(due_at_ms: &BTreeMap<String, u64>, told: Vec<(String, u64)>, back_at_ms: u64) -> Result<u64, String> {
    let mut times: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (clock, at_ms) in told {
        times.entry(clock).or_default().push(at_ms);
    }
    let mut worst_ms = 0;
    for (clock, due) in due_at_ms {
        let times = times.remove(clock).unwrap_or_default();
        let [told] = times[..] else { return Err(format!("deadline {clock}, due at {due}, was told at {times:?}")) };
        if told < *due {
            return Err(format!("deadline {clock}, due at {due}, was told early, at {told}"));
        }
        if told > back_at_ms.max(*due) + LATE_MS_MAX {
            return Err(format!("deadline {clock}, due at {due}, was told late, at {told}"));
        }
        worst_ms = worst_ms.max(told - due);
    }
    if times.is_empty() { Ok(worst_ms) } else { Err(format!("deadlines that nobody gave were told: {times:?}")) }
}

/// What a command has made.
pub(crate) fn entity(done: &Value) -> Result<String, Failure> {
    Ok(done["entity"].as_str().ok_or("nothing was made")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_told_once_not_early_and_not_late() {
        let due = BTreeMap::from([("a#1".to_owned(), 1_000), ("b#1".to_owned(), 2_000)]);
        let told =
            |times: &[(&str, u64)]| times.iter().map(|(clock, at)| ((*clock).to_owned(), *at)).collect::<Vec<_>>();
        let both = |a: u64, b: u64, back: u64| judge(&due, told(&[("a#1", a), ("b#1", b)]), back);
        assert_eq!(both(1_000, 2_300, 0), Ok(300));
        assert_eq!(both(1_000, 2_000 + LATE_MS_MAX, 0), Ok(LATE_MS_MAX));
        assert!(both(1_000, 2_001 + LATE_MS_MAX, 0).is_err());
        assert_eq!(both(1_000, 60_000 + LATE_MS_MAX, 60_000), Ok(58_000 + LATE_MS_MAX), "nothing ran until then");
        assert!(both(999, 2_000, 0).is_err());
        assert!(judge(&due, told(&[("a#1", 1_000)]), 0).is_err(), "never");
        assert!(judge(&due, told(&[("a#1", 1_000), ("b#1", 2_000), ("b#1", 2_000)]), 0).is_err(), "twice");
        assert!(judge(&due, told(&[("a#1", 1_000), ("b#1", 2_000), ("c#1", 2_000)]), 0).is_err(), "one too many");
    }
}
