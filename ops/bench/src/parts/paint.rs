//! From commit to paint: the leader's stamp on an incident to the frame of a browser that shows its row in the queue. The
//! browser runs on the same machine, without a graphics processor and without the map.

use std::{process::Stdio, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{ChildStdout, Command},
    time::{sleep, timeout},
};

use super::{Found, Setting};
use crate::{Result, stage::Stage, stats::Samples};

/// How long the browser may take to show the wall.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long one row may take; a row that is not there by then fails the measurement.
const PAINTED_WITHIN: Duration = Duration::from_secs(10);
/// First incidents that do not count.
const WARM_UP: usize = 10;

/// Measures.
pub(crate) async fn measure(setting: &Setting) -> Result<Found> {
    let samples = setting.choose(150, 20);
    let stage = Stage::start(&setting.program, "paint", setting.keep).await?;
    let mut desk = stage.admin(0).await?;
    let watched = stage.cluster.urls().into_iter().nth(1).ok_or("the cluster has one node only")?;
    let script = setting.root.join("ops/bench/paint/paint.mjs");
    let mut browser = Command::new("node")
        .arg(&script)
        .args([&watched, desk.token()])
        // Held open; the script ends with it.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("node ({error}): install Node 20 and `npm ci` in web"))?;
    let input = browser.stdin.take();
    let output = browser.stdout.take().ok_or("the browser's script has no output")?;
    let mut lines = BufReader::new(output).lines();
    wait_for(&mut lines, READY_WITHIN, |line| (line == "ready").then_some(())).await?;

    let mut from_stamp = Samples::default();
    for number in 0..samples + WARM_UP {
        let done = desk.command("/api/reports", &crate::stage::report(&format!("paint-{number}"))).await?;
        let painted_ms = wait_for(&mut lines, PAINTED_WITHIN, |line| {
            let (id, at_ms) = line.strip_prefix("painted ")?.split_once(' ')?;
            if id == done.entity { at_ms.parse::<f64>().ok() } else { None }
        })
        .await
        .map_err(|error| format!("incident {}: {error}", done.entity))?;
        if number >= WARM_UP {
            let opened_at_ms = opened_at(&desk.get("/api/incidents").await?, &done.entity);
            from_stamp.put(painted_ms - opened_at_ms.ok_or("the incident is not in the list")?);
        }
        // One row at a time, so that it always fits the panel.
        let close = json!({ "expected_version": done.version, "note": "" });
        desk.command(&format!("/api/incidents/{}/close", done.entity), &close).await?;
        // Not in step with the screen's frames.
        sleep(Duration::from_millis(150 + 7 * (number as u64 % 13))).await;
    }
    drop(input);
    let _ = timeout(Duration::from_secs(5), browser.wait()).await;
    let mut found = Found::default();
    found.percentiles("commit_to_paint", &from_stamp.sorted());
    Ok(found)
}

/// The first line that `take` takes.
async fn wait_for<T>(
    lines: &mut Lines<BufReader<ChildStdout>>,
    within: Duration,
    take: impl Fn(&str) -> Option<T>,
) -> Result<T> {
    timeout(within, async {
        while let Some(line) = lines.next_line().await? {
            if let Some(taken) = take(&line) {
                return Ok(taken);
            }
        }
        Err("the browser's script has ended".into())
    })
    .await
    .map_err(|_| format!("the browser did not say it within {within:?}"))?
}

fn opened_at(list: &Value, id: &str) -> Option<f64> {
    let items = match list {
        Value::Object(object) => object.values().find_map(Value::as_array)?,
        list => list.as_array()?,
    };
    items.iter().find(|incident| incident.get("id").and_then(Value::as_str) == Some(id))?.get("opened_at_ms")?.as_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_is_found_in_a_list() {
        let list = json!({ "truncated": false, "items": [{ "id": "I1", "opened_at_ms": 5 }] });
        assert_eq!(opened_at(&list, "I1"), Some(5.0));
        assert_eq!(opened_at(&list, "I2"), None);
    }
}
