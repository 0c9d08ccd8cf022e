//! Sessions of people at the province: shown to it whenever the line is back, so that a right that was taken away there ends
//! here.

use std::{sync::Arc, time::Duration};

use domain::GroupId;
use reqwest::Method;
use tokio::time::{sleep, timeout};

use crate::{
    limits::{SEND_DEADLINE, SESSIONS_CHECKED_EVERY},
    people::{Sitting, Who, id_of},
    province::{Asked, Province},
    shared::{Shared, unix_ms},
};

/// The province counts as able to answer while it has heard of a quorum within this.
const QUORUM_AGE_MAX: Duration = Duration::from_millis(5_000);
/// Time between two looks whether it is.
const PROBED_EVERY: Duration = Duration::from_millis(250);

/// Ends a session here: its screens are let go, and what was kept under it waits for the next one or is given up. `unsent` is
/// the kept command whose sending told so, if it had not been sent before.
pub(crate) async fn end(shared: &Shared, name: &str, unsent: Option<u64>) -> std::io::Result<()> {
    let now_ms = unix_ms();
    let ended = shared.people(|people| {
        let sitting = people.end(name)?;
        if sitting.at_province && sitting.expires_at_ms > now_ms && !sitting.left {
            // It did not run out: somebody ended it, perhaps because the person's right ended.
            people.forget(&sitting.person);
        }
        Some(sitting)
    });
    if let Some(id) = id_of(name) {
        shared.change(|copy| copy.dismiss(&id));
    }
    let changed = shared.outbox(|outbox| outbox.session_ended(name, unsent, now_ms));
    shared.write_entries(changed).await?;
    if ended.is_some() {
        shared.write_people().await?;
    }
    Ok(())
}

/// Shows all sessions to the province, whenever the line is back and then from time to time; until it is aborted.
pub(crate) async fn run(shared: Arc<Shared>, province: Arc<Province>) {
    let mut stands = shared.stands.subscribe();
    loop {
        // The sender lives as long as what is shared.
        if stands.wait_for(|stands| *stands).await.is_err() {
            return;
        }
        // A province without a quorum can neither let anybody in nor say who was shut out.
        if shared.age(GroupId::COMMAND) >= QUORUM_AGE_MAX {
            sleep(PROBED_EVERY).await;
            continue;
        }
        if let Err(error) = check(&shared, &province).await {
            tracing::error!(%error, "district: sessions could not be written down");
        }
        let _ = timeout(SESSIONS_CHECKED_EVERY, stands.wait_for(|stands| !*stands)).await;
    }
}

async fn check(shared: &Shared, province: &Province) -> std::io::Result<()> {
    let sittings: Vec<(String, Sitting)> =
        shared.people(|people| people.sittings().map(|(name, it)| (name.clone(), it.clone())).collect());
    for (name, sitting) in sittings {
        if !sitting.at_province {
            // It was given without asking the province, which can be asked now.
            end(shared, &name, None).await?;
            continue;
        }
        let is_done = !shared.outbox(|outbox| outbox.has_waiting(&name));
        let (method, path) = match (sitting.left, is_done) {
            (true, true) => (Method::POST, "/api/logout"),
            (true, false) => continue,
            (false, _) => (Method::GET, "/api/session"),
        };
        let asked = Asked { path: path.to_owned(), token: Some(sitting.token), ..Asked::default() };
        let Ok(answer) = province.ask(method, &asked, SEND_DEADLINE).await else { return Ok(()) };
        if answer.is_signed_out() || (sitting.left && answer.status == 204) {
            end(shared, &name, None).await?;
        } else if answer.status == 200
            && let Ok(who) = serde_json::from_slice::<Who>(&answer.body)
        {
            shared.change(|copy| copy.put_person(&who.record(), &who.remit));
            if shared.people(|people| people.amend(&who)) {
                shared.write_people().await?;
            }
        }
    }
    Ok(())
}
