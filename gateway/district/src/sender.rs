//! Sends what was kept, in the order of each session, one at a time, under one number until it is answered.

use std::{sync::Arc, time::Duration};

use reqwest::Method;
use tokio::time::{sleep, timeout};

use crate::{
    limits::{RESEND_MS, SEND_DEADLINE, SENT_PER_TURN},
    outbox::{Entry, Said},
    province::{Asked, Lost, Province},
    sessions,
    shared::{Counts, Shared, unix_ms},
    upstream::{chance, pause},
};

/// Time between two looks for what has waited too long.
const TIDIED_EVERY: Duration = Duration::from_secs(10);

/// What became of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// Answered.
    Done,
    /// Nothing more of this session.
    Empty,
    /// To be sent again in a while.
    Later,
}

/// Sends until it is aborted.
pub(crate) async fn run(shared: Arc<Shared>, province: Arc<Province>) {
    let mut attempt = 0;
    loop {
        if let Err(error) = tidy(&shared).await {
            tracing::error!(%error, "district: what was kept could not be written down");
        }
        let is_well = if shared.stands() { send_all(&shared, &province).await } else { true };
        if is_well {
            attempt = 0;
            let _ = timeout(TIDIED_EVERY, shared.to_send.notified()).await;
        } else {
            sleep(pause(attempt, chance(), RESEND_MS)).await;
            attempt = attempt.saturating_add(1).min(16);
        }
    }
}

async fn tidy(shared: &Shared) -> std::io::Result<()> {
    let now_ms = unix_ms();
    let (expired, gone) = shared.outbox(|outbox| (outbox.expire(now_ms), outbox.tidy(now_ms)));
    shared.write_entries(expired).await?;
    shared.remove_entries(gone).await
}

/// Sends all there is, the sessions in turn. False when something has to be sent again.
async fn send_all(shared: &Shared, province: &Province) -> bool {
    let mut is_well = true;
    loop {
        let mut has_more = false;
        for session in shared.outbox(|outbox| outbox.sessions()) {
            for turn in 1..=SENT_PER_TURN {
                match send_next(shared, province, &session).await {
                    Ok(Turn::Done) => has_more |= turn == SENT_PER_TURN,
                    Ok(Turn::Empty) => break,
                    Ok(Turn::Later) => {
                        is_well = false;
                        break;
                    }
                    Err(error) => {
                        tracing::error!(%error, "district: what was kept could not be written down");
                        return false;
                    }
                }
            }
            if !shared.stands() {
                return is_well;
            }
        }
        if !has_more || !is_well {
            return is_well;
        }
    }
}

async fn send_next(shared: &Shared, province: &Province, session: &str) -> std::io::Result<Turn> {
    let Some(entry) = shared.outbox(|outbox| outbox.next(session).cloned()) else { return Ok(Turn::Empty) };
    let token = shared.people(|people| people.sitting(session).map(|sitting| sitting.token.clone()));
    let (Some(token), Some(number)) = (token, entry.number.clone()) else {
        // The token is gone with the people's file.
        sessions::end(shared, session, None).await?;
        return Ok(Turn::Empty);
    };
    // From here on it may have been applied, also if this process ends before the answer.
    let begun = shared.outbox(|outbox| outbox.begin(entry.place));
    let is_first = begun.is_some();
    shared.write_entries(begun.into_iter().collect()).await?;
    let Entry { place, path, body, reason, from, .. } = entry;
    let asked = Asked {
        path,
        token: Some(token),
        seq: Some(number.seq),
        reason,
        from,
        body: Some(body.into_bytes()),
        ..Asked::default()
    };
    let answer = match province.ask(Method::POST, &asked, SEND_DEADLINE).await {
        Ok(answer) => answer,
        Err(Lost::NotSent(_)) => {
            if is_first {
                shared.outbox(|outbox| outbox.was_not_sent(place));
            }
            return Ok(Turn::Later);
        }
        Err(Lost::Unknown(_)) => return Ok(Turn::Later),
    };
    if answer.is_signed_out() {
        sessions::end(shared, session, is_first.then_some(place)).await?;
        return Ok(Turn::Empty);
    }
    if answer.asks_for_patience() {
        return Ok(Turn::Later);
    }
    let said =
        Said { status: answer.status, body: String::from_utf8_lossy(&answer.body).into_owned(), at_ms: unix_ms() };
    let answered = shared.outbox(|outbox| outbox.answered(place, said));
    shared.write_entries(answered.into_iter().collect()).await?;
    Counts::one(&shared.counts.sent);
    Ok(Turn::Done)
}
