//! The postman of the command group's leader. Of each receiver one notice is under way, the oldest that it has not
//! confirmed, so its notices come in order; each receiver has its own wait after a failure, so a slow one or one that is
//! gone holds up nobody else. What was taken is confirmed in state, and then leaves the outbox. A notice that is parked, for state has
//! no room for it, is read out of history in its turn.
//!
//! What a receiver refuses for good is given up in state, so that it does not stand before the others for ever. A receiver that
//! connects to us (NENA-STA-024) fetches its notices itself, at the gateway of any node.
//!
//! Whoever leads next begins with the oldest unconfirmed ones: what was taken and not yet confirmed is brought again under
//! the same number, by which a receiver knows it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use domain::{
    Channel, Command, ConfirmNotices, GiveUpNotice, Notice, Receiver, ReceiverId, Reply, State, limits::TEXT_BYTES_MAX,
    rows, wire::Record,
};
use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::time::{Instant, sleep_until, timeout};

use crate::{
    config::{DELIVER_AGAIN_WAIT_MAX, DELIVER_AGAIN_WAIT_MIN, RESCAN_PERIOD},
    counters::count,
    host::reign::Reign,
    notice::Undelivered,
};

/// A receiver that has failed, and when it is tried again.
#[derive(Clone, Copy, Debug)]
struct Failed {
    times: u32,
    again_at: Instant,
}

/// How long a receiver is left alone after so many failures in a row: twice as long each time, up to a bound.
fn wait_after(failures: u32) -> Duration {
    let doubled = DELIVER_AGAIN_WAIT_MIN.saturating_mul(2u32.saturating_pow(failures.saturating_sub(1)));
    doubled.min(DELIVER_AGAIN_WAIT_MAX)
}

/// What is next for a receiver.
enum Next {
    Waiting(Notice),
    /// It is in history, under this number.
    Parked(u64),
}

/// The oldest notice of each receiver that is told of something and not in `but`.
fn oldest(state: &State, but: &BTreeSet<ReceiverId>) -> Vec<(Receiver, Next)> {
    let is_carried = |it: &Receiver| !it.disabled && !matches!(it.channel(), None | Some(Channel::Conveyance(_)));
    let receivers = state.receivers().values().filter(|it| is_carried(it) && !but.contains(&it.id));
    let oldest = |it: &Receiver| {
        let next = match state.notices_for(&it.id).next() {
            Some(notice) => Next::Waiting(notice.clone()),
            None => Next::Parked(it.parked_after(it.confirmed)?),
        };
        Some((it.clone(), next))
    };
    receivers.filter_map(oldest).collect()
}

/// Runs until the reign ends.
pub(crate) async fn run(reign: Arc<Reign>) {
    let cluster = reign.ctx.cluster.clone();
    let mut applied = cluster.applied_watch(reign.group);
    let mut failed: BTreeMap<ReceiverId, Failed> = BTreeMap::new();
    // At most one for each receiver, of which there are `limits::RECEIVERS_MAX`.
    let mut under_way: FuturesUnordered<BoxFuture<'static, (ReceiverId, bool)>> = FuturesUnordered::new();
    let mut busy: BTreeSet<ReceiverId> = BTreeSet::new();
    loop {
        applied.borrow_and_update();
        let now = Instant::now();
        let waiting = failed.iter().filter(|(_, failed)| failed.again_at > now).map(|(id, _)| id.clone());
        let but: BTreeSet<_> = waiting.chain(busy.iter().cloned()).collect();
        for (receiver, next) in cluster.read(reign.group, |state| oldest(state, &but)) {
            busy.insert(receiver.id.clone());
            under_way.push(Box::pin(carry(reign.clone(), receiver, next)));
        }
        let again_at = failed.values().map(|failed| failed.again_at).filter(|at| *at > now).min();
        tokio::select! {
            biased;
            Some((id, is_taken)) = under_way.next(), if !under_way.is_empty() => {
                busy.remove(&id);
                if is_taken {
                    failed.remove(&id);
                } else {
                    let times = failed.get(&id).map_or(0, |failed| failed.times).saturating_add(1);
                    failed.insert(id, Failed { times, again_at: Instant::now() + wait_after(times) });
                }
            }
            changed = applied.changed() => if changed.is_err() { return },
            () = sleep_until(again_at.unwrap_or(now + RESCAN_PERIOD)) => {}
        }
    }
}

/// What a receiver said, as far as a record holds it.
fn cut(mut reason: String) -> String {
    reason.truncate(reason.floor_char_boundary(TEXT_BYTES_MAX));
    if reason.trim().is_empty() { "refused".to_owned() } else { reason }
}

/// The parked notice of that number; none: it cannot be read now.
async fn parked(reign: &Reign, receiver: &ReceiverId, number: u64) -> Option<Notice> {
    let (from, to) = rows::parked_notices_range(receiver, number);
    let found = match reign.ctx.cluster.scan(reign.group, from, to, 1).await {
        Ok(found) => found,
        Err(error) => {
            tracing::error!(%receiver, number, %error, "a parked notice cannot be read and is tried again");
            return None;
        }
    };
    let notice = found.first().and_then(|(_, row)| Notice::decode(row).ok()).filter(|it| it.number == number);
    if notice.is_none() {
        tracing::error!(%receiver, number, "a parked notice is not there and is looked for again");
    }
    notice
}

/// Brings one notice, and has state confirm it, or give it up. Whether both were done.
async fn carry(reign: Arc<Reign>, receiver: Receiver, next: Next) -> (ReceiverId, bool) {
    let id = receiver.id.clone();
    let Some(courier) = reign.ctx.courier.get().cloned() else { return (id, false) };
    let notice = match next {
        Next::Waiting(notice) => Some(notice),
        Next::Parked(number) => parked(&reign, &id, number).await,
    };
    let Some(notice) = notice else { return (id, false) };
    count(&reign.ctx.counters.notices_sent);
    let number = notice.number;
    let delivered = timeout(courier.within(&receiver), courier.deliver(receiver, notice)).await;
    let outcome: Command = match delivered.unwrap_or_else(|_| Err(Undelivered::Again("no answer in time".to_owned()))) {
        Ok(()) => ConfirmNotices { receiver: id.clone(), through: number }.into(),
        Err(Undelivered::Again(reason)) => {
            count(&reign.ctx.counters.notices_failed);
            tracing::warn!(receiver = %id, number, reason, "a notice did not get there and is sent again");
            return (id, false);
        }
        Err(Undelivered::Never(reason)) => {
            count(&reign.ctx.counters.notices_failed);
            tracing::warn!(receiver = %id, number, reason, "a notice was refused for good and is given up");
            GiveUpNotice { receiver: id.clone(), number, reason: cut(reason) }.into()
        }
    };
    let is_settled = matches!(reign.propose(outcome).await, Ok(Reply::Accepted(_)));
    (id, is_settled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_bound() {
        assert_eq!(wait_after(1), DELIVER_AGAIN_WAIT_MIN);
        assert_eq!(wait_after(3), 4 * DELIVER_AGAIN_WAIT_MIN);
        assert_eq!(wait_after(u32::MAX), DELIVER_AGAIN_WAIT_MAX);
    }
}
