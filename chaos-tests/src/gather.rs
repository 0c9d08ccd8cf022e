//! Asks one node what it holds of everything that was sent.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::time::sleep;

use crate::{
    Failure,
    desk::{Desk, Outcome},
    judge::{Found, FoundIncident},
    load::MARK,
    oracle::Promises,
};

/// All nodes hold the same after the load has ended.
const EQUAL_WITHIN: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);
/// How long a node is asked whose disk may be damaged.
const SICK_WITHIN: Duration = Duration::from_secs(3);
/// What a node holds of each group: index, rows, their sum.
const DIGESTS: &str = "/api/cluster/digests";

/// What the nodes that `desk` asks hold.
///
/// # Errors
/// A question was refused or not answered, or an answer says that it is not the whole.
pub async fn gather(desk: &Desk, promises: &Promises) -> Result<Found, Failure> {
    let times = || promises.readings.keys().map(|(_, at_ms)| *at_ms);
    let (from_ms, to_ms) = (times().min().unwrap_or_default(), times().max().unwrap_or_default());
    let sensors: BTreeSet<&String> = promises.readings.keys().map(|(sensor, _)| sensor).collect();
    let mut readings = BTreeMap::new();
    for sensor in sensors {
        let path = format!("/api/sensors/{sensor}/readings?from_ms={from_ms}&to_ms={to_ms}");
        let chart = whole(desk, &path).await?;
        readings.insert(sensor.clone(), points(&chart).ok_or_else(|| format!("{path}: {chart}"))?);
    }
    let mut incidents = BTreeMap::new();
    let list = whole(desk, "/api/incidents").await?;
    for incident in list["items"].as_array().ok_or("/api/incidents: no items")? {
        let (id, summary) = (text(&incident["id"]), text(&incident["summary"]));
        if !summary.starts_with(MARK) {
            continue;
        }
        let path = format!("/api/incidents/{id}/timeline");
        let timeline = desk.get(&path).await.accepted(&path)?;
        let lines = timeline.as_array().ok_or_else(|| format!("{path}: {timeline}"))?;
        let timeline = lines.iter().map(|line| (text(&line["kind"]), text(&line["note"]))).collect();
        incidents.insert(id, FoundIncident { summary, timeline });
    }
    Ok(Found { readings, incidents })
}

async fn whole(desk: &Desk, path: &str) -> Result<Value, Failure> {
    let answer = desk.get(path).await.accepted(path)?;
    if answer["truncated"].as_bool() != Some(false) {
        return Err(format!("{path}: the answer is not the whole; make the drill shorter").into());
    }
    Ok(answer)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn points(chart: &Value) -> Option<Vec<(u64, i64)>> {
    chart["points"]
        .as_array()?
        .iter()
        .map(|point| {
            let value = point[1].as_f64()?;
            #[allow(clippy::cast_possible_truncation, reason = "the load's values are thousandths below a million")]
            let value_micro = (value * 1e6).round() as i64;
            Some((point[0].as_u64()?, value_micro))
        })
        .collect()
}

/// Waits until these nodes hold the same rows of every group.
///
/// # Errors
/// They do not in time, or one does not answer.
pub async fn equal(admin: &Desk, urls: &[String]) -> Result<(), Failure> {
    let until = Instant::now() + EQUAL_WITHIN;
    loop {
        let mut digests = Vec::new();
        for url in urls {
            digests.push(digests_of(admin, url).await?);
        }
        if digests.windows(2).all(|pair| pair[0] == pair[1]) {
            println!("equal on {} nodes: {}", urls.len(), digests[0]);
            return Ok(());
        }
        if Instant::now() > until {
            return Err(format!("state digests differ: {digests:?}").into());
        }
        sleep(LOOK).await;
    }
}

async fn digests_of(admin: &Desk, url: &str) -> Result<Value, Failure> {
    Ok(admin.at(&[url.to_owned()]).get(DIGESTS).await.accepted(DIGESTS)?["groups"].clone())
}

/// Waits until `whole`, of which there is one at least, hold the same rows, and `sick` holds them too or says nothing: what is damaged is not served.
///
/// # Errors
/// It holds other rows and says so for all that time, or the others do not hold the same.
pub async fn equal_or_silent(admin: &Desk, whole: &[String], sick: &str) -> Result<(), Failure> {
    let until = Instant::now() + EQUAL_WITHIN;
    loop {
        let mut digests = Vec::new();
        for url in whole {
            digests.push(digests_of(admin, url).await?);
        }
        let said = match admin.at(&[sick.to_owned()]).get_within(DIGESTS, SICK_WITHIN).await {
            Outcome::Accepted(body) => Some(body["groups"].clone()),
            Outcome::Refused { .. } | Outcome::Unknown(_) => None,
        };
        if is_sound(&digests, said.as_ref()) {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(format!("state digests differ: {digests:?}; with a damaged disk: {said:?}").into());
        }
        sleep(LOOK).await;
    }
}

fn is_sound(whole: &[Value], sick: Option<&Value>) -> bool {
    let Some(first) = whole.first() else { return false };
    whole.iter().chain(sick).all(|digests| digests == first)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn who_has_a_damaged_disk_holds_the_same_or_says_nothing() {
        let (held, other) = (json!([{ "group": 0, "crc32c": "a" }]), json!([{ "group": 0, "crc32c": "b" }]));
        let whole = [held.clone(), held.clone()];
        assert!(is_sound(&whole, Some(&held)) && is_sound(&whole, None));
        assert!(!is_sound(&whole, Some(&other)) && !is_sound(&[held, other], None) && !is_sound(&[], None));
    }

    #[test]
    fn a_chart_is_read_to_the_millionth() {
        let chart = json!({ "points": [[1, 0.001], [2, 12.345]] });
        assert_eq!(points(&chart), Some(vec![(1, 1_000), (2, 12_345_000)]));
        assert_eq!(points(&json!({ "points": [[1, "x"]] })), None);
    }
}
