//! One group's screens on this node, by view: who is where, who waits for a picture, and what each is sent. Pure but for
//! the queues behind [`Sink`], so that every order of joins, events and losses can be tried with plain values.
//!
//! Invariant: a screen that is live in a crowd has been sent everything visible up to `Crowd::sent`, and nothing after it.

use std::{collections::BTreeMap, sync::Arc};

use domain::{EventBatch, GroupId, Millis, Position};

use super::{
    frames::{Stretch, frames, last_of},
    message::{Payload, ResetReason, ToScreen, payload_bytes},
    places::{Moves, Places},
    view::View,
};
use crate::{
    cluster::BelowFloor,
    limits::{BATCHES_MAX, RESUME_BATCHES_MAX, RESUME_BYTES_MAX, SNAPSHOT_SHARED_ENTRIES_MAX},
};

/// Names a socket on this node.
pub(crate) type SocketId = u64;

/// Where the messages of one screen go. Both yield `false` when it takes no more: it was too slow, or it is gone.
pub(crate) trait Sink {
    /// Queues a message.
    fn push(&self, payload: &Payload) -> bool;
    /// Queues all parts of a picture.
    fn push_picture(&self, picture: &Picture) -> bool;
}

/// The event tail of the group: batches after an index, ascending, at most `BATCHES_MAX`.
pub(crate) type Tail<'a> = &'a dyn Fn(u64) -> Result<Vec<Arc<EventBatch>>, BelowFloor>;

/// A group's visible records at a position, encoded.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    pub(crate) through: Position,
    pub(crate) parts: Arc<[Payload]>,
}

/// A screen that wants to follow the group.
pub(crate) struct Join<S> {
    pub(crate) socket: SocketId,
    pub(crate) view: Arc<View>,
    pub(crate) sink: S,
    /// Where it was; `None`: it has nothing and gets a picture.
    pub(crate) from: Option<Position>,
    /// Why what it has is void.
    pub(crate) reset: Option<ResetReason>,
}

/// Screens with one view.
struct Crowd<S> {
    sent: Position,
    live: Vec<(SocketId, S)>,
    /// They wait for `shared` to be built, or to be reached.
    waiting: Vec<(SocketId, S)>,
    shared: Option<Picture>,
    building: bool,
}

/// The screens of one group.
pub(crate) struct Hub<S> {
    at: Position,
    at_ms: Millis,
    places: Places,
    moves: Moves,
    /// In an order of their own, so that the same events are told in the same order each time.
    crowds: BTreeMap<Arc<View>, Crowd<S>>,
    /// They have seen more than this node has applied, and wait for it.
    ahead: Vec<Join<S>>,
}

/// Views of which a picture is wanted.
pub(crate) type Wanted = Vec<Arc<View>>;

impl<S: Sink> Hub<S> {
    /// A hub that has reached `at`, where records lie as `places` has it.
    pub(crate) fn new(at: Position, at_ms: Millis, places: Places) -> Self {
        let moves = Moves::known_after(at.index);
        Self { at, at_ms, places, moves, crowds: BTreeMap::new(), ahead: Vec::new() }
    }

    /// How far it is.
    pub(crate) fn at(&self) -> Position {
        self.at
    }

    /// Takes all batches up to `index` and sends them out; one encoding for each view.
    pub(crate) fn advance(&mut self, batches: &[Arc<EventBatch>], index: u64, at_ms: Millis, tail: Tail<'_>) -> Wanted {
        for batch in batches {
            let moved = self.places.take(batch);
            self.moves.put(batch.index, moved);
        }
        let last = batches.last().filter(|batch| batch.index == index);
        self.at = last.map_or(Position { index, ordinal: 0, ..self.at }, |batch| last_of(self.at, batch));
        self.at_ms = at_ms;

        let mut wanted = Wanted::new();
        for (view, crowd) in &mut self.crowds {
            if crowd.live.is_empty() {
                crowd.sent = self.at;
                continue;
            }
            let stretch = Stretch { from: crowd.sent, through: self.at, at_ms, batches };
            match frames(view, &stretch, &self.places, &self.moves, false) {
                Some(frames) if frames.is_empty() => {}
                Some(frames) => {
                    crowd.sent = self.at;
                    crowd.tell(&frames);
                }
                None => {
                    crowd.void(view, self.at, ResetReason::BelowFloor);
                    wanted.push(view.clone());
                }
            }
        }
        wanted.extend(self.take_reached(tail));
        let settling: Vec<_> =
            self.crowds.iter().filter(|(_, crowd)| crowd.is_settling()).map(|it| it.0.clone()).collect();
        for view in settling {
            wanted.extend(self.settle(&view, tail));
        }
        wanted
    }

    /// Takes a screen in: from where it was if the tail reaches back so far, else with a picture.
    pub(crate) fn join(&mut self, mut join: Join<S>, tail: Tail<'_>) -> Wanted {
        if join.reset.is_none()
            && let Some(from) = join.from
        {
            if from.epoch == self.at.epoch && from.index > self.at.index {
                self.ahead.push(join);
                return Wanted::new();
            }
            match self.way_back(&join.view, from, tail) {
                Ok(frames) => {
                    self.align(&join.view);
                    let crowd = crowd(&mut self.crowds, &join.view, self.at);
                    if frames.iter().all(|frame| join.sink.push(frame)) {
                        crowd.live.push((join.socket, join.sink));
                    }
                    return Wanted::new();
                }
                Err(reason) => join.reset = Some(reason),
            }
        }
        if let Some(reason) = join.reset
            && !join.sink.push(&reset(&join.view, self.at.group, reason))
        {
            return Wanted::new();
        }
        let view = join.view.clone();
        let crowd = crowd(&mut self.crowds, &view, self.at);
        // What has left the view since the shared picture was taken never was this screen's.
        crowd.shared.take_if(|picture| self.moves.may_have_left(&view, picture.through.index));
        crowd.waiting.push((join.socket, join.sink));
        self.settle(&view, tail)
    }

    /// Takes a picture that was wanted.
    pub(crate) fn built(&mut self, view: &Arc<View>, picture: Picture, tail: Tail<'_>) -> Wanted {
        let Some(crowd) = self.crowds.get_mut(view) else { return Wanted::new() };
        crowd.building = false;
        crowd.shared = Some(picture);
        self.settle(view, tail)
    }

    /// Lets a screen go.
    pub(crate) fn leave(&mut self, socket: SocketId, view: &View) {
        if let Some(crowd) = self.crowds.get_mut(view) {
            crowd.live.retain(|(id, _)| *id != socket);
            crowd.waiting.retain(|(id, _)| *id != socket);
        }
        self.ahead.retain(|join| join.socket != socket);
    }

    /// The heartbeat: positions move on for those to whom nothing was visible, and what nobody needs is dropped.
    pub(crate) fn beat(&mut self) {
        let views: Vec<_> = self.crowds.keys().cloned().collect();
        for view in views {
            self.align(&view);
        }
        let at = self.at;
        self.crowds.retain(|_, crowd| {
            crowd.shared.take_if(|picture| !is_fresh(picture, at) && crowd.waiting.is_empty());
            !crowd.live.is_empty() || !crowd.waiting.is_empty() || crowd.building || crowd.shared.is_some()
        });
    }

    /// The tail has passed this hub by (a snapshot was installed): every picture is void.
    pub(crate) fn restart(&mut self, at: Position, at_ms: Millis, places: Places, tail: Tail<'_>) -> Wanted {
        self.at = at;
        self.at_ms = at_ms;
        self.places = places;
        self.moves = Moves::known_after(at.index);
        let mut wanted = Wanted::new();
        for (view, crowd) in &mut self.crowds {
            crowd.void(view, at, ResetReason::BelowFloor);
            if !crowd.waiting.is_empty() {
                wanted.push(view.clone());
            }
        }
        wanted.extend(self.take_reached(tail));
        wanted
    }

    /// Takes in the screens that were ahead and are not any more.
    fn take_reached(&mut self, tail: Tail<'_>) -> Wanted {
        let reached: Vec<_> = self.ahead.extract_if(.., |join| is_reached(join, self.at)).collect();
        reached.into_iter().flat_map(|join| self.join(join, tail)).collect()
    }

    /// Sends a view's live screens to where the hub is, so that one that joins may share what comes next.
    fn align(&mut self, view: &Arc<View>) {
        let Some(crowd) = self.crowds.get_mut(view) else { return };
        if crowd.sent != self.at {
            // Whatever was visible has been sent when it came, so that only the position moves.
            let stretch = Stretch { from: crowd.sent, through: self.at, at_ms: self.at_ms, batches: &[] };
            let frames = frames(view, &stretch, &self.places, &self.moves, true).unwrap_or_default();
            crowd.sent = self.at;
            crowd.tell(&frames);
        }
    }

    /// Gives those who wait the shared picture and what came since, if it is there and not too old; else wants one.
    fn settle(&mut self, view: &Arc<View>, tail: Tail<'_>) -> Wanted {
        let at = self.at;
        let crowd = crowd(&mut self.crowds, view, at);
        if crowd.building || crowd.waiting.is_empty() {
            return Wanted::new();
        }
        if let Some(picture) = crowd.shared.clone().filter(|picture| is_fresh(picture, at)) {
            if picture.through.index > at.index {
                // It was taken from state that this hub has yet to hear of; `advance` comes back here.
                return Wanted::new();
            }
            if let Ok(frames) = self.way_back(view, picture.through, tail) {
                self.align(view);
                let Some(crowd) = self.crowds.get_mut(view) else { return Wanted::new() };
                for (socket, sink) in std::mem::take(&mut crowd.waiting) {
                    if sink.push_picture(&picture) && frames.iter().all(|frame| sink.push(frame)) {
                        crowd.live.push((socket, sink));
                    }
                }
                return Wanted::new();
            }
        }
        if let Some(crowd) = self.crowds.get_mut(view) {
            crowd.building = true;
            crowd.shared = None;
        }
        vec![view.clone()]
    }

    /// The frames from a position to where the hub is, or why there are none.
    fn way_back(&self, view: &View, from: Position, tail: Tail<'_>) -> Result<Vec<Payload>, ResetReason> {
        if from.epoch != self.at.epoch || from.group != self.at.group {
            return Err(ResetReason::Restored);
        }
        if from.index == self.at.index && from.ordinal != self.at.ordinal {
            // This node started right here, without the entry's events: it cannot tell whether the screen has them all.
            return Err(ResetReason::BelowFloor);
        }
        let mut batches = Vec::new();
        let mut reached = from.index;
        while reached < self.at.index {
            let more = tail(reached).map_err(|BelowFloor { .. }| ResetReason::BelowFloor)?;
            let count = more.len();
            batches.extend(more.into_iter().filter(|batch| batch.index <= self.at.index));
            reached = batches.last().map_or(self.at.index, |batch| batch.index);
            if count < BATCHES_MAX {
                break;
            }
            if batches.len() > RESUME_BATCHES_MAX {
                return Err(ResetReason::Overflow);
            }
        }
        let stretch = Stretch { from, through: self.at, at_ms: self.at_ms, batches: &batches };
        let frames = frames(view, &stretch, &self.places, &self.moves, true).ok_or(ResetReason::BelowFloor)?;
        if frames.iter().map(payload_bytes).sum::<usize>() > RESUME_BYTES_MAX {
            return Err(ResetReason::Overflow);
        }
        Ok(frames)
    }
}

impl<S: Sink> Crowd<S> {
    /// Pushes the same bytes to all; who takes no more is let go.
    fn tell(&mut self, frames: &[Payload]) {
        self.live.retain(|(_, sink)| frames.iter().all(|frame| sink.push(frame)));
    }

    /// Takes the picture away from all, and lets them wait for another.
    fn void(&mut self, view: &View, at: Position, reason: ResetReason) {
        let reset = reset(view, at.group, reason);
        self.tell(&[reset]);
        self.waiting.append(&mut self.live);
        self.shared = None;
        self.building = !self.waiting.is_empty();
        self.sent = at;
    }

    fn is_settling(&self) -> bool {
        !self.waiting.is_empty() && !self.building
    }
}

fn crowd<'a, S>(crowds: &'a mut BTreeMap<Arc<View>, Crowd<S>>, view: &Arc<View>, at: Position) -> &'a mut Crowd<S> {
    crowds.entry(view.clone()).or_insert_with(|| Crowd {
        sent: at,
        live: Vec::new(),
        waiting: Vec::new(),
        shared: None,
        building: false,
    })
}

fn is_reached<S>(join: &Join<S>, at: Position) -> bool {
    join.from.is_none_or(|from| from.index <= at.index)
}

/// Whether the tail behind the picture is short enough to share it.
fn is_fresh(picture: &Picture, at: Position) -> bool {
    at.index.saturating_sub(picture.through.index) <= SNAPSHOT_SHARED_ENTRIES_MAX
}

fn reset(view: &View, group: GroupId, reason: ResetReason) -> Payload {
    ToScreen::Reset { group, reason }.encode(view.encoding)
}
