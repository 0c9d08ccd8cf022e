//! Models on threads of their own: a bounded queue, a deadline for each question, small batches.
//!
//! A model is never in the way. Who asks gets an answer or a reason why there is none, in time: the queue is full, the
//! deadline passed, the model is switched off, or it failed. Rules carry on in each of these.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use thiserror::Error;

/// Questions that wait at most. One more is refused as `Full`, after those that are already late were thrown out.
pub const QUEUE_MAX: usize = 1024;

/// Questions that are answered in one go.
pub const BATCH_MAX: usize = 32;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoAnswer {
    /// The deadline passed before the model had answered.
    #[error("the model was too late; rules decide")]
    Late,
    /// Too many questions wait.
    #[error("the model's queue is full; rules decide")]
    Full,
    /// Somebody switched the model off, or it has been stopped.
    #[error("the model is switched off; rules decide")]
    Off,
    /// The model answered nonsense or broke down.
    #[error("the model failed ({0}); rules decide")]
    Failed(String),
}

/// A model as the threads see it.
pub trait Worker: Send + 'static {
    /// What it is asked.
    type Item: Send + 'static;
    /// What it answers.
    type Answer: Send + 'static;

    /// Answers some questions, each in its place. A missing answer counts as failed.
    fn answer(&mut self, items: &[Self::Item]) -> Vec<Result<Self::Answer, String>>;
}

/// What happened so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Questions with an answer in time.
    pub answered: u64,
    /// Questions whose deadline passed.
    pub late: u64,
    /// Questions refused because too many waited.
    pub full: u64,
    /// Questions refused because the model was off.
    pub off: u64,
    /// Questions on which the model failed.
    pub failed: u64,
    /// Batches run.
    pub batches: u64,
}

#[derive(Debug, Default)]
struct Counters {
    answered: AtomicU64,
    late: AtomicU64,
    full: AtomicU64,
    off: AtomicU64,
    failed: AtomicU64,
    batches: AtomicU64,
}

type Reply<A> = Box<dyn FnOnce(Result<A, NoAnswer>) + Send>;

struct Question<W: Worker> {
    item: W::Item,
    deadline: Instant,
    reply: Reply<W::Answer>,
}

struct Shared<W: Worker> {
    queue: Mutex<VecDeque<Question<W>>>,
    woken: Condvar,
    stopped: AtomicBool,
    on: AtomicBool,
    counters: Counters,
}

impl<W: Worker> Shared<W> {
    fn queue(&self) -> MutexGuard<'_, VecDeque<Question<W>>> {
        // Nothing panics while the queue is held: a poisoned lock would still guard a whole queue.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, question: Question<W>, answer: Result<W::Answer, NoAnswer>) {
        let counter = match &answer {
            Ok(_) => &self.counters.answered,
            Err(NoAnswer::Late) => &self.counters.late,
            Err(NoAnswer::Full) => &self.counters.full,
            Err(NoAnswer::Off) => &self.counters.off,
            Err(NoAnswer::Failed(_)) => &self.counters.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        (question.reply)(answer);
    }
}

/// Threads that answer questions with one model.
pub struct Server<W: Worker> {
    shared: Arc<Shared<W>>,
    threads: Vec<JoinHandle<()>>,
}

impl<W: Worker> std::fmt::Debug for Server<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("threads", &self.threads.len())
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

/// An answer that is on its way.
#[derive(Debug)]
pub struct Pending<A> {
    receiver: Receiver<Result<A, NoAnswer>>,
    deadline: Instant,
}

impl<A> Pending<A> {
    /// Waits until the answer is there or the deadline has passed.
    ///
    /// # Errors
    /// When there is no answer; the error says why.
    pub fn wait(self) -> Result<A, NoAnswer> {
        match self.receiver.recv_timeout(self.deadline.saturating_duration_since(Instant::now())) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => Err(NoAnswer::Late),
            Err(RecvTimeoutError::Disconnected) => Err(NoAnswer::Off),
        }
    }
}

impl<W: Worker> Server<W> {
    /// Starts a thread for each worker.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(name: &str, workers: Vec<W>) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            queue: Mutex::new(VecDeque::new()),
            woken: Condvar::new(),
            stopped: AtomicBool::new(false),
            on: AtomicBool::new(true),
            counters: Counters::default(),
        });
        let mut threads = Vec::with_capacity(workers.len());
        for worker in workers {
            let shared = Arc::clone(&shared);
            threads
                .push(std::thread::Builder::new().name(format!("model-{name}")).spawn(move || run(&shared, worker))?);
        }
        Ok(Self { shared, threads })
    }

    /// Asks; `reply` is called once, on a thread of the model or on this one. It has to be quick.
    ///
    /// A model that hangs answers nobody, so who asks this way keeps a timer of their own for the deadline.
    pub fn ask_with(
        &self,
        item: W::Item,
        deadline: Instant,
        reply: impl FnOnce(Result<W::Answer, NoAnswer>) + Send + 'static,
    ) {
        let question = Question { item, deadline, reply: Box::new(reply) };
        if !self.shared.on.load(Ordering::Acquire) || self.shared.stopped.load(Ordering::Acquire) {
            return self.shared.end(question, Err(NoAnswer::Off));
        }
        let mut thrown_out = Vec::new();
        let mut queue = self.shared.queue();
        if queue.len() >= QUEUE_MAX {
            let now = Instant::now();
            let (late, waiting): (Vec<_>, Vec<_>) = queue.drain(..).partition(|question| question.deadline <= now);
            queue.extend(waiting);
            thrown_out = late;
        }
        let refused = if queue.len() < QUEUE_MAX {
            queue.push_back(question);
            None
        } else {
            Some(question)
        };
        drop(queue);
        self.shared.woken.notify_one();
        for question in thrown_out {
            self.shared.end(question, Err(NoAnswer::Late));
        }
        if let Some(question) = refused {
            self.shared.end(question, Err(NoAnswer::Full));
        }
    }

    /// Asks, for who can wait.
    #[must_use]
    pub fn ask(&self, item: W::Item, deadline: Instant) -> Pending<W::Answer> {
        let (sender, receiver): (SyncSender<_>, _) = sync_channel(1);
        self.ask_with(item, deadline, move |answer| {
            // Who stopped waiting does not read its answer.
            let _ = sender.send(answer);
        });
        Pending { receiver, deadline }
    }

    /// Switches the model on or off. What waits when it is switched off is answered `Off`.
    pub fn switch(&self, on: bool) {
        self.shared.on.store(on, Ordering::Release);
        if !on {
            let waiting: Vec<_> = self.shared.queue().drain(..).collect();
            for question in waiting {
                self.shared.end(question, Err(NoAnswer::Off));
            }
        }
    }

    /// What happened so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.shared.counters;
        Counts {
            answered: read(&counters.answered),
            late: read(&counters.late),
            full: read(&counters.full),
            off: read(&counters.off),
            failed: read(&counters.failed),
            batches: read(&counters.batches),
        }
    }
}

impl<W: Worker> Drop for Server<W> {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Release);
        self.shared.woken.notify_all();
        let waiting: Vec<_> = self.shared.queue().drain(..).collect();
        for question in waiting {
            self.shared.end(question, Err(NoAnswer::Off));
        }
        // A thread ends after its batch. One that hangs is left behind: waiting for it would hang the node.
        for thread in self.threads.drain(..).filter(JoinHandle::is_finished) {
            let _ = thread.join();
        }
    }
}

fn run<W: Worker>(shared: &Shared<W>, mut worker: W) {
    while let Some(batch) = next_batch(shared) {
        let now = Instant::now();
        let (items, waiting): (Vec<_>, Vec<_>) = {
            let (late, timely): (Vec<_>, Vec<_>) = batch.into_iter().partition(|question| question.deadline <= now);
            for question in late {
                shared.end(question, Err(NoAnswer::Late));
            }
            timely.into_iter().map(|question| (question.item, (question.deadline, question.reply))).unzip()
        };
        if items.is_empty() {
            continue;
        }
        shared.counters.batches.fetch_add(1, Ordering::Relaxed);
        let answers = catch_unwind(AssertUnwindSafe(|| worker.answer(&items)));
        let mut answers = answers.unwrap_or_else(|_| Vec::new()).into_iter();
        let done = Instant::now();
        for (item, (deadline, reply)) in items.into_iter().zip(waiting) {
            let answer = match answers.next() {
                Some(Ok(_)) if deadline <= done => Err(NoAnswer::Late),
                Some(Ok(answer)) => Ok(answer),
                Some(Err(what)) => Err(NoAnswer::Failed(what)),
                None => Err(NoAnswer::Failed("no answer came".to_owned())),
            };
            shared.end(Question { item, deadline, reply }, answer);
        }
    }
}

/// The next questions, at most `BATCH_MAX`, as soon as there is one; `None` when the server stops. Nobody waits for company: what
/// comes while a batch is being answered is the next batch, so batches grow with the load and a lone question is never held up.
fn next_batch<W: Worker>(shared: &Shared<W>) -> Option<Vec<Question<W>>> {
    let mut queue = shared.queue();
    while queue.is_empty() {
        if shared.stopped.load(Ordering::Acquire) {
            return None;
        }
        // The timeout only guards against a wake-up that came between the look and the wait.
        queue = shared.woken.wait_timeout(queue, Duration::from_millis(100)).unwrap_or_else(PoisonError::into_inner).0;
    }
    let n = queue.len().min(BATCH_MAX);
    Some(queue.drain(..n).collect())
}

#[cfg(test)]
mod tests;
