//! Where the nodes play: one thread, virtual time, and tasks that take turns by chance.
//!
//! Which task goes next is drawn from the *set* of those that can go on, so neither the order in which a channel happens to
//! wake its waiters (tokio's `watch` draws it from chance of its own) nor that of a queue shows in a play. Time is tokio's, paused: when nobody can
//! go on, it jumps to the next timer. A node's tasks can be ended all at once between two turns, as a process is.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    future::{Future, poll_fn},
    rc::Rc,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use raft::{NodeId, disk::BoxFuture};
use tokio::time::Instant;

use crate::chance::Chance;

/// The node of tasks that belong to no node: the storm, the clients, the judges.
pub const WORLD: NodeId = 0;

/// Wall clocks begin here: 2026-01-01T00:00:00Z, in Unix milliseconds.
pub const WALL_BEGIN_MS: u64 = 1_767_225_600_000;

/// Turns at one moment. More is a play that runs in circles, and ends in a panic.
const TURNS_MAX: u64 = 2_000_000;

/// Longest that blocking work takes on a healthy machine, in ms.
const BLOCKING_MS_MAX: u64 = 3;

/// Who can go on.
#[derive(Default)]
struct Ready(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    ids: BTreeSet<u64>,
    /// Wakes the stage itself.
    stage: Option<Waker>,
}

impl Ready {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, id: u64) {
        let stage = {
            let mut waiting = self.lock();
            waiting.ids.insert(id);
            waiting.stage.take()
        };
        if let Some(stage) = stage {
            stage.wake();
        }
    }
}

struct Wakes {
    id: u64,
    ready: Arc<Ready>,
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.ready.add(self.id);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.add(self.id);
    }
}

struct Task {
    node: NodeId,
    /// Not here while it has its turn.
    future: Option<BoxFuture<()>>,
    waker: Waker,
}

/// A thread on which nodes play.
struct Stage {
    tasks: RefCell<BTreeMap<u64, Task>>,
    next: Cell<u64>,
    ready: Arc<Ready>,
    chance: RefCell<Chance>,
    /// Whose turn it is.
    turn_of: Cell<NodeId>,
    began: Instant,
    turns: Cell<(Instant, u64)>,
    /// How far each node's wall clock is ahead, in ms.
    skews_ms: RefCell<BTreeMap<NodeId, i64>>,
    /// Stopped nodes, with the tasks that would go on.
    frozen: RefCell<BTreeMap<NodeId, BTreeSet<u64>>>,
}

thread_local! {
    static HERE: RefCell<Option<Rc<Stage>>> = const { RefCell::new(None) };
}

fn here() -> Rc<Stage> {
    #[allow(clippy::expect_used, reason = "only what plays on a stage calls this")]
    HERE.with(|here| here.borrow().clone()).expect("this thread is on a stage")
}

impl raft::stage::Stage for Stage {
    fn spawn(&self, task: BoxFuture<()>) {
        self.spawn_on(self.turn_of.get(), task);
    }

    fn random(&self) -> u64 {
        self.chance.borrow_mut().bits()
    }

    fn now_ms(&self) -> u64 {
        self.wall_ms(self.turn_of.get())
    }

    fn blocking_time(&self) -> Duration {
        self.chance.borrow_mut().ms(0, BLOCKING_MS_MAX)
    }
}

impl Stage {
    fn new(chance: Chance) -> Self {
        let began = Instant::now();
        Self {
            tasks: RefCell::default(),
            next: Cell::new(1),
            ready: Arc::default(),
            chance: RefCell::new(chance),
            turn_of: Cell::new(WORLD),
            began,
            turns: Cell::new((began, 0)),
            skews_ms: RefCell::default(),
            frozen: RefCell::default(),
        }
    }

    fn spawn_on(&self, node: NodeId, future: BoxFuture<()>) {
        let id = self.next.replace(self.next.get() + 1);
        let waker = Waker::from(Arc::new(Wakes { id, ready: Arc::clone(&self.ready) }));
        self.tasks.borrow_mut().insert(id, Task { node, future: Some(future), waker });
        self.ready.add(id);
    }

    fn wall_ms(&self, node: NodeId) -> u64 {
        let passed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let skew = self.skews_ms.borrow().get(&node).copied().unwrap_or(0);
        WALL_BEGIN_MS.saturating_add(passed).saturating_add_signed(skew)
    }

    /// Draws whose turn it is, and puts aside who is stopped.
    fn draw(&self) -> Option<(u64, NodeId, BoxFuture<()>, Waker)> {
        loop {
            let id = {
                let mut waiting = self.ready.lock();
                let at = self.chance.borrow_mut().below(waiting.ids.len() as u64);
                let id = waiting.ids.iter().nth(usize::try_from(at).unwrap_or(0)).copied()?;
                waiting.ids.remove(&id);
                id
            };
            let mut tasks = self.tasks.borrow_mut();
            let Some(task) = tasks.get_mut(&id) else { continue };
            if let Some(waiting) = self.frozen.borrow_mut().get_mut(&task.node) {
                waiting.insert(id);
                continue;
            }
            if let Some(future) = task.future.take() {
                return Some((id, task.node, future, task.waker.clone()));
            }
        }
    }

    /// One turn. False: nobody can go on at this moment.
    fn turn(&self) -> bool {
        let Some((id, node, mut future, waker)) = self.draw() else { return false };
        self.count_turn();
        self.turn_of.set(node);
        let done = future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
        self.turn_of.set(WORLD);
        if done {
            self.tasks.borrow_mut().remove(&id);
        } else if let Some(task) = self.tasks.borrow_mut().get_mut(&id) {
            task.future = Some(future);
        }
        true
    }

    fn count_turn(&self) {
        let now = Instant::now();
        let (at, turns) = self.turns.get();
        let turns = if at == now { turns + 1 } else { 0 };
        assert!(turns < TURNS_MAX, "the play runs in circles: {turns} turns at one moment");
        self.turns.set((now, turns));
    }

    /// Ends the tasks for which this holds. What their destructors do happens now.
    fn end(&self, ends: impl Fn(&Task) -> bool) {
        let ended: Vec<Task> = {
            let mut tasks = self.tasks.borrow_mut();
            let ids: Vec<u64> = tasks.iter().filter(|(_, task)| ends(task)).map(|(id, _)| *id).collect();
            ids.iter().filter_map(|id| tasks.remove(id)).collect()
        };
        drop(ended);
    }
}

/// Takes this thread off the stage, however the play ends.
struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        if let Some(stage) = HERE.with(|here| here.borrow_mut().take()) {
            stage.end(|_| true);
        }
    }
}

/// Plays `main` from beginning to end on this thread. The same seed and the same `main` are the same play.
///
/// # Panics
/// When the play does, or runs in circles.
pub fn play<T: Send + 'static>(seed: u64, main: impl Future<Output = T> + Send + 'static) -> T {
    #[allow(clippy::expect_used, reason = "a runtime of one thread without IO needs nothing that could be missing")]
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without IO");
    runtime.block_on(async {
        let stage = Rc::new(Stage::new(Chance::new(seed)));
        HERE.with(|here| *here.borrow_mut() = Some(Rc::clone(&stage)));
        let _leave = Leave;
        let _on_stage = raft::stage::enter(Rc::clone(&stage) as Rc<dyn raft::stage::Stage>);
        let (tell, mut answer) = tokio::sync::oneshot::channel();
        stage.spawn_on(WORLD, Box::pin(async move { drop(tell.send(main.await)) }));
        let plays = poll_fn(|cx| {
            loop {
                if let Ok(told) = answer.try_recv() {
                    return Poll::Ready(told);
                }
                if !stage.turn() {
                    stage.ready.lock().stage = Some(cx.waker().clone());
                    return Poll::Pending;
                }
            }
        });
        // A budget of tokio's would make one turn's length show in the next.
        tokio::task::coop::unconstrained(plays).await
    })
}

/// Spawns a task of a node.
pub fn spawn_on(node: NodeId, task: impl Future<Output = ()> + Send + 'static) {
    here().spawn_on(node, Box::pin(task));
}

/// Ends all tasks of a node at once.
pub fn kill(node: NodeId) {
    let stage = here();
    stage.frozen.borrow_mut().remove(&node);
    stage.end(|task| task.node == node);
}

/// Stops a node where it stands.
pub fn freeze(node: NodeId) {
    here().frozen.borrow_mut().entry(node).or_default();
}

/// Lets a stopped node go on.
pub fn thaw(node: NodeId) {
    let stage = here();
    let waiting = stage.frozen.borrow_mut().remove(&node);
    for id in waiting.into_iter().flatten() {
        stage.ready.add(id);
    }
}

/// Virtual time since the play began.
#[must_use]
pub fn elapsed() -> Duration {
    here().began.elapsed()
}

/// What the node's wall clock says, in Unix milliseconds.
#[must_use]
pub fn wall_ms(node: NodeId) -> u64 {
    here().wall_ms(node)
}

/// How far the node's wall clock is ahead, in ms.
#[must_use]
pub fn skew_ms(node: NodeId) -> i64 {
    here().skews_ms.borrow().get(&node).copied().unwrap_or(0)
}

/// Sets a node's wall clock so far ahead.
pub fn set_skew_ms(node: NodeId, ms: i64) {
    here().skews_ms.borrow_mut().insert(node, ms);
}
