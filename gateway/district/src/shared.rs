//! What the tasks of this node share: the copy, when the province was heard, people, and what is kept.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use domain::{
    DrillNow, GroupId,
    wire::{Record, generated::Heartbeat},
};
use edge::AppliedAt;
use tokio::{
    sync::{Notify, watch},
    task::spawn_blocking,
    time::Instant,
};

use crate::{copy::Copy, line::Traffic, outbox::Entry, outbox::Outbox, people::People, record, shelf::Shelf};

/// When the province was heard last, and what it said of its own age.
#[derive(Clone, Debug)]
struct LastHeard {
    at: Instant,
    /// How old that already was, for one that was heard before this process started.
    before: Duration,
    quorum_age: Duration,
    leader_ages: Vec<Duration>,
    /// The drill that was not closed.
    drill: Option<DrillNow>,
}

/// See the module.
pub(crate) struct Shared {
    /// Of this process: the room's screens of an earlier one get pictures.
    pub(crate) epoch: u64,
    copy: Mutex<Copy>,
    applied: Vec<watch::Sender<AppliedAt>>,
    heard: Mutex<LastHeard>,
    /// Whether the line to the province stands.
    pub(crate) stands: watch::Sender<bool>,
    people: Mutex<People>,
    outbox: Mutex<Outbox>,
    /// Places of kept commands whose files are damaged.
    pub(crate) damaged: Vec<u64>,
    shelf: Shelf,
    /// One write of people at a time, so that an older one never replaces a newer one.
    people_turn: tokio::sync::Mutex<()>,
    /// Something may be sent.
    pub(crate) to_send: Notify,
    pub(crate) counts: Counts,
}

/// Counts for `/metrics`.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) line: Arc<Traffic>,
    pub(crate) connects: AtomicU64,
    pub(crate) resets: AtomicU64,
    pub(crate) gaps: AtomicU64,
    pub(crate) forwarded: AtomicU64,
    pub(crate) forwarded_bytes: AtomicU64,
    pub(crate) kept: AtomicU64,
    pub(crate) sent: AtomicU64,
    pub(crate) damages: AtomicU64,
}

impl Counts {
    pub(crate) fn one(count: &AtomicU64) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Unix milliseconds by this machine's clock.
pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(
        epoch: u64,
        copy: Copy,
        heard: Option<record::Heard>,
        people: People,
        outbox: Outbox,
        damaged: Vec<u64>,
        shelf: Shelf,
    ) -> Self {
        let applied = GroupId::all().map(|group| watch::channel(copy.applied(group)).0).collect();
        let heard = heard.unwrap_or_default();
        let heard = LastHeard {
            at: Instant::now(),
            // A clock that went back makes nothing younger than it was said to be.
            before: Duration::from_millis(unix_ms().saturating_sub(heard.at_ms)),
            quorum_age: Duration::from_millis(heard.quorum_age_ms),
            leader_ages: Vec::new(),
            drill: None,
        };
        Self {
            epoch,
            copy: Mutex::new(copy),
            applied,
            heard: Mutex::new(heard),
            stands: watch::channel(false).0,
            people: Mutex::new(people),
            outbox: Mutex::new(outbox),
            damaged,
            shelf,
            people_turn: tokio::sync::Mutex::new(()),
            to_send: Notify::new(),
            counts: Counts::default(),
        }
    }

    /// Looks at the copy. Short, no waiting inside.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&Copy) -> R) -> R {
        look(&lock(&self.copy))
    }

    /// Changes the copy, and wakes whoever follows it.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut Copy) -> R) -> R {
        let mut copy = lock(&self.copy);
        let result = change(&mut copy);
        let now: Vec<AppliedAt> = GroupId::all().map(|group| copy.applied(group)).collect();
        drop(copy);
        for (applied, now) in self.applied.iter().zip(now) {
            applied.send_if_modified(|was| std::mem::replace(was, now) != now);
        }
        result
    }

    /// Follows how far a group is.
    pub(crate) fn applied(&self, group: GroupId) -> Option<watch::Receiver<AppliedAt>> {
        self.applied.get(usize::try_from(group.0).ok()?).map(watch::Sender::subscribe)
    }

    /// The province was heard.
    pub(crate) fn heard(&self, heartbeat: &Heartbeat) {
        let mut heard = lock(&self.heard);
        heard.at = Instant::now();
        heard.before = Duration::ZERO;
        heard.quorum_age = Duration::from_millis(heartbeat.quorum_age_ms);
        // One that this version cannot read is of a newer province: its own screens show it.
        heard.drill = heartbeat.drill.clone().and_then(|drill| DrillNow::from_wire(drill).ok());
        heard.leader_ages = heartbeat.groups.iter().map(|it| Duration::from_millis(it.leader_age_ms)).collect();
    }

    /// The drill that was not closed when the province was heard last.
    pub(crate) fn drill(&self) -> Option<DrillNow> {
        lock(&self.heard).drill.clone()
    }

    /// How long ago the province was heard.
    pub(crate) fn silence(&self) -> Duration {
        let heard = lock(&self.heard);
        heard.before + heard.at.elapsed()
    }

    /// How old what is shown of a group is: since the province's own nodes last heard of a quorum.
    pub(crate) fn age(&self, group: GroupId) -> Duration {
        let heard = lock(&self.heard);
        let index = usize::try_from(group.0).unwrap_or(usize::MAX);
        let leader_age = heard.leader_ages.get(index).copied().unwrap_or_default();
        let own = if group == GroupId::COMMAND { heard.quorum_age.max(leader_age) } else { leader_age };
        heard.before + heard.at.elapsed() + own
    }

    /// Whether the line to the province stands.
    pub(crate) fn stands(&self) -> bool {
        *self.stands.borrow()
    }

    /// Looks at people.
    pub(crate) fn people<R>(&self, look: impl FnOnce(&mut People) -> R) -> R {
        look(&mut lock(&self.people))
    }

    /// Writes the people down as they are.
    pub(crate) async fn write_people(&self) -> std::io::Result<()> {
        let _turn = self.people_turn.lock().await;
        let people = self.people(|people| people.clone());
        let shelf = self.shelf.clone();
        spawn_blocking(move || shelf.put_people(&people)).await.map_err(std::io::Error::other)?
    }

    /// Looks at what is kept.
    pub(crate) fn outbox<R>(&self, look: impl FnOnce(&mut Outbox) -> R) -> R {
        look(&mut lock(&self.outbox))
    }

    /// Writes entries down.
    pub(crate) async fn write_entries(&self, entries: Vec<Entry>) -> std::io::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let shelf = self.shelf.clone();
        let put = move || entries.iter().try_for_each(|entry| shelf.put(entry));
        spawn_blocking(put).await.map_err(std::io::Error::other)?
    }

    /// Removes entries.
    pub(crate) async fn remove_entries(&self, places: Vec<u64>) -> std::io::Result<()> {
        if places.is_empty() {
            return Ok(());
        }
        let shelf = self.shelf.clone();
        let remove = move || places.iter().try_for_each(|place| shelf.remove(*place));
        spawn_blocking(remove).await.map_err(std::io::Error::other)?
    }
}
