//! Where consensus runs, and what stands on it: tasks, blocking work, chance and the wall clock. Those are tokio's and the machine's, but
//! on a thread that a simulator has put on a [`Stage`] they are the simulator's, who takes all four from one seed.
//!
//! Timers are tokio's in both: a simulator pauses tokio's clock.

use std::{
    cell::RefCell,
    future::Future,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use domain::Millis;
use futures::{
    channel::oneshot,
    future::{AbortHandle, abortable},
};
use openraft::{AsyncRuntime, OptionalSend};
use openraft_rt_tokio::TokioRuntime;
use rand::{SeedableRng, rngs::SmallRng};

use crate::disk::BoxFuture;

/// What a simulator decides for all consensus on its thread.
pub trait Stage {
    /// Takes a task on. It belongs to the node whose task spawns it.
    fn spawn(&self, task: BoxFuture<()>);
    /// 64 random bits.
    fn random(&self) -> u64;
    /// Unix milliseconds of the clock of the node whose task asks.
    fn now_ms(&self) -> u64;
    /// How long blocking work takes that is about to begin.
    fn blocking_time(&self) -> Duration;
}

thread_local! {
    static STAGE: RefCell<Option<Rc<dyn Stage>>> = const { RefCell::new(None) };
}

/// Puts this thread on a stage until what it gives is dropped.
#[must_use]
pub fn enter(stage: Rc<dyn Stage>) -> OnStage {
    STAGE.with(|here| *here.borrow_mut() = Some(stage));
    OnStage(())
}

/// This thread is on a stage.
pub struct OnStage(());

impl Drop for OnStage {
    fn drop(&mut self) {
        STAGE.with(|here| *here.borrow_mut() = None);
    }
}

fn stage() -> Option<Rc<dyn Stage>> {
    STAGE.with(|here| here.borrow().clone())
}

/// Unix milliseconds of this node's clock.
#[must_use]
pub fn now_ms() -> Millis {
    if let Some(stage) = stage() {
        return Millis(stage.now_ms());
    }
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Fills `bytes` with chance that nobody can guess.
pub(crate) fn fill(bytes: &mut [u8]) -> io::Result<()> {
    let Some(stage) = stage() else {
        return getrandom::fill(bytes).map_err(|e| io::Error::other(format!("the machine has no chance to give: {e}")));
    };
    for part in bytes.chunks_mut(8) {
        part.copy_from_slice(&stage.random().to_be_bytes()[..part.len()]);
    }
    Ok(())
}

/// How many of something may wait: `most`, and on a stage any few, so that a short night sees the bound often.
pub(crate) fn at_most(most: usize) -> usize {
    const STAGED_MAX: u64 = 16;
    stage().map_or(most, |stage| usize::try_from(1 + stage.random() % STAGED_MAX).unwrap_or(most))
}

/// Runs `work` on a thread that may block: never on the async core.
///
/// # Errors
/// Those of `work`, and that it ended without an answer.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    if let Some(takes) = stage().map(|stage| stage.blocking_time()) {
        tokio::time::sleep(takes).await;
        return work();
    }
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime
            .spawn_blocking(work)
            .await
            .map_err(|e| io::Error::other(format!("blocking work ended without an answer: {e}")))?,
        Err(_) => work(),
    }
}

/// Runs a task of its own. It goes on when nobody keeps the handle.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let Some(stage) = stage() else { return JoinHandle::Tokio(tokio::spawn(future)) };
    let (tell, answer) = oneshot::channel();
    let (task, abort) = abortable(future);
    stage.spawn(Box::pin(async move {
        if let Ok(output) = task.await {
            // Nobody may wait for it any more.
            let _ = tell.send(output);
        }
    }));
    JoinHandle::Staged(answer, abort)
}

/// What a spawned task comes to.
#[derive(Debug)]
pub enum JoinHandle<T> {
    /// On tokio.
    Tokio(tokio::task::JoinHandle<T>),
    /// On a stage.
    Staged(oneshot::Receiver<T>, AbortHandle),
}

impl<T> JoinHandle<T> {
    /// Ends the task where it waits next.
    pub fn abort(&self) {
        match self {
            Self::Tokio(handle) => handle.abort(),
            Self::Staged(_, handle) => handle.abort(),
        }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Tokio(handle) => Pin::new(handle).poll(cx).map_err(JoinError::Tokio),
            Self::Staged(answer, _) => Pin::new(answer).poll(cx).map_err(|_| JoinError::Staged),
        }
    }
}

/// Why a task gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// On tokio.
    #[error(transparent)]
    Tokio(tokio::task::JoinError),
    /// On a stage, where a panic ends the whole play.
    #[error("the task was ended")]
    Staged,
}

/// openraft's runtime: tokio, but for tasks, blocking work and chance, which a stage may take over.
#[derive(Debug)]
pub struct Runtime(TokioRuntime);

impl AsyncRuntime for Runtime {
    type JoinError = JoinError;
    type JoinHandle<T: OptionalSend + 'static> = JoinHandle<T>;
    type Sleep = <TokioRuntime as AsyncRuntime>::Sleep;
    type Instant = <TokioRuntime as AsyncRuntime>::Instant;
    type TimeoutError = <TokioRuntime as AsyncRuntime>::TimeoutError;
    type Timeout<R, T: Future<Output = R> + OptionalSend> = <TokioRuntime as AsyncRuntime>::Timeout<R, T>;
    type ThreadLocalRng = SmallRng;
    type Mpsc = <TokioRuntime as AsyncRuntime>::Mpsc;
    type Watch = <TokioRuntime as AsyncRuntime>::Watch;
    type Oneshot = <TokioRuntime as AsyncRuntime>::Oneshot;
    type Mutex<T: OptionalSend + 'static> = <TokioRuntime as AsyncRuntime>::Mutex<T>;

    fn spawn<T>(future: T) -> Self::JoinHandle<T::Output>
    where
        T: Future + OptionalSend + 'static,
        T::Output: OptionalSend + 'static,
    {
        spawn(future)
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        TokioRuntime::sleep(duration)
    }

    fn sleep_until(deadline: Self::Instant) -> Self::Sleep {
        TokioRuntime::sleep_until(deadline)
    }

    fn timeout<R, F: Future<Output = R> + OptionalSend>(duration: Duration, future: F) -> Self::Timeout<R, F> {
        TokioRuntime::timeout(duration, future)
    }

    fn timeout_at<R, F: Future<Output = R> + OptionalSend>(deadline: Self::Instant, future: F) -> Self::Timeout<R, F> {
        TokioRuntime::timeout_at(deadline, future)
    }

    fn is_panic(error: &Self::JoinError) -> bool {
        matches!(error, JoinError::Tokio(error) if error.is_panic())
    }

    fn thread_rng() -> Self::ThreadLocalRng {
        match stage() {
            Some(stage) => SmallRng::seed_from_u64(stage.random()),
            None => SmallRng::from_rng(&mut TokioRuntime::thread_rng()),
        }
    }

    fn new(threads: usize) -> Self {
        Self(TokioRuntime::new(threads))
    }

    fn block_on<F, T>(&mut self, future: F) -> T
    where
        F: Future<Output = T>,
    {
        self.0.block_on(future)
    }

    async fn spawn_blocking<F, T>(work: F) -> Result<T, io::Error>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        blocking(move || Ok(work())).await
    }
}
