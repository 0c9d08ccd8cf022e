//! Sensitive looks and the record of them. What is sensitive is shown once a quorum holds who looked at it, when, from where and why;
//! the course of an incident, of which everybody who sees it was told line by line, is shown at once and recorded within
//! `UNRECORDED_MS_MAX`, and who has a look waiting for longer is shown nothing more until it is held.
//!
//! Reading cannot flood the log: of one person in one session one record is on its way at a time, at most every
//! `READ_RECORD_INTERVAL`, with as many looks as it holds; the same look within `READ_SAME_MS` is one; and a node has
//! `READ_RECORDS_MAX` records on their way. [`Book`] is pure; `App::look` and `App::glance` are its shell.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{
    Grant, GroupId, RecordRead,
    audit::{
        self,
        why::{asked, is_unsaid},
    },
    limits::NAME_BYTES_MAX,
};
use tokio::{
    sync::{Semaphore, oneshot, watch},
    time::{Instant, sleep},
};

use crate::{
    app::App,
    auth::Caller,
    cluster::read,
    error::ApiError,
    limits::{
        LOOK_BYTES_MAX, LOOKS_WAITING_MAX, READ_RECORD_INTERVAL, READ_RECORDS_MAX, READ_RETRY, READ_SAME_MS,
        READS_REMEMBERED_MAX, UNRECORDED_MS_MAX,
    },
};

/// Who looks, by what right and from where: looks of one of these wait in one queue, however many reasons they have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Looker {
    session: [u8; 32],
    from: String,
    acts_for: String,
    broken_glass: bool,
}

impl Looker {
    fn new(caller: &Caller) -> Self {
        let Grant { from, terms, .. } = &caller.grant;
        Self {
            session: caller.session.0,
            from: from.clone(),
            acts_for: terms.acts_for.as_ref().map(ToString::to_string).unwrap_or_default(),
            broken_glass: terms.broken_glass,
        }
    }
}

/// What is looked at and why: looks for one reason share a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Look {
    what: String,
    why: String,
}

impl Look {
    fn new(caller: &Caller, what: &str) -> Self {
        let said = &caller.grant.why;
        let why = match (said.trim(), caller.asked.as_str()) {
            ("", "") => asked("", ""),
            ("", how) => how.to_owned(),
            _ => said.clone(),
        };
        Self { what: bounded(what), why }
    }
}

/// A look that is not held yet.
#[derive(Debug)]
struct Waiting<T> {
    look: Look,
    since_ms: u64,
    /// It was shown already, and is to be recorded whoever waits.
    shown: bool,
    /// Who wait for it: as many as there are requests and screens of this session.
    tell: Vec<T>,
}

/// What a look comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    /// It is held already.
    Held,
    /// It is in the queue; `leads`: nobody empties that queue yet.
    Queued {
        /// See there.
        leads: bool,
    },
    /// An earlier look waits for too long: this one waits as well.
    Late,
    /// The queue is full.
    Full,
}

/// Which looks are held, and which wait. Pure.
#[derive(Debug)]
struct Book<T> {
    held: HashMap<(Looker, Look), u64>,
    /// The same, oldest first.
    order: VecDeque<(Looker, Look)>,
    waiting: HashMap<Looker, VecDeque<Waiting<T>>>,
}

impl<T> Default for Book<T> {
    fn default() -> Self {
        Self { held: HashMap::new(), order: VecDeque::new(), waiting: HashMap::new() }
    }
}

impl<T> Book<T> {
    /// Whether the same look is held and counts still.
    fn is_held(&self, looker: &Looker, look: &Look, now_ms: u64) -> bool {
        let key = (looker.clone(), look.clone());
        self.held.get(&key).is_some_and(|at_ms| now_ms.saturating_sub(*at_ms) < READ_SAME_MS)
    }

    /// Takes a look. Without `tell` it is shown at once, unless that comes to [`Begun::Late`] or [`Begun::Full`].
    fn begin(&mut self, looker: &Looker, look: &Look, now_ms: u64, tell: Option<T>) -> Begun {
        if self.is_held(looker, look, now_ms) {
            return Begun::Held;
        }
        let leads = !self.waiting.contains_key(looker);
        let queue = self.waiting.entry(looker.clone()).or_default();
        let is_late = |it: &Waiting<T>| it.shown && now_ms.saturating_sub(it.since_ms) >= UNRECORDED_MS_MAX;
        if tell.is_none() && queue.front().is_some_and(is_late) {
            return Begun::Late;
        }
        if let Some(it) = queue.iter_mut().find(|it| it.look == *look) {
            it.shown |= tell.is_none();
            it.tell.extend(tell);
            return Begun::Queued { leads };
        }
        if queue.len() >= LOOKS_WAITING_MAX {
            return Begun::Full;
        }
        let shown = tell.is_none();
        queue.push_back(Waiting { look: look.clone(), since_ms: now_ms, shown, tell: tell.into_iter().collect() });
        Begun::Queued { leads }
    }

    /// What goes into the next record: the oldest look, and those for the same reason, in order, as far as they fit. None: nothing
    /// waits, and the queue is gone.
    fn next(&mut self, looker: &Looker) -> Option<(Look, Vec<Waiting<T>>)> {
        let queue = self.waiting.get_mut(looker)?;
        let (mut record, mut taken) = (None::<Look>, Vec::<Waiting<T>>::new());
        let mut at = 0;
        while let Some(next) = queue.get(at) {
            match &mut record {
                None => record = Some(next.look.clone()),
                Some(Look { why, .. }) if *why != next.look.why => {
                    at += 1;
                    continue;
                }
                Some(Look { what, .. }) => {
                    if what.len() + 2 + next.look.what.len() > NAME_BYTES_MAX {
                        break;
                    }
                    what.push_str(", ");
                    what.push_str(&next.look.what);
                }
            }
            taken.extend(queue.remove(at));
        }
        if record.is_none() {
            self.waiting.remove(looker);
        }
        record.map(|record| (record, taken))
    }

    /// A quorum holds them. Who waited is given back, to be told: also who came for the same while it was on its way.
    fn hold(&mut self, looker: &Looker, taken: Vec<Waiting<T>>, now_ms: u64) -> Vec<T> {
        let mut tell = Vec::new();
        for mut it in taken {
            tell.append(&mut it.tell);
            if let Some(queue) = self.waiting.get_mut(looker)
                && let Some(mut same) =
                    queue.iter().position(|more| more.look == it.look).and_then(|at| queue.remove(at))
            {
                tell.append(&mut same.tell);
            }
            let key = (looker.clone(), it.look);
            if self.held.insert(key.clone(), now_ms).is_none() {
                self.order.push_back(key);
            }
            if self.order.len() > READS_REMEMBERED_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.held.remove(&oldest);
            }
        }
        tell
    }

    /// They could not be recorded. What was shown already waits on, in its place; who waited is given back, to be told.
    fn put_back(&mut self, looker: &Looker, taken: Vec<Waiting<T>>) -> Vec<T> {
        let queue = self.waiting.entry(looker.clone()).or_default();
        let mut tell = Vec::new();
        for mut it in taken.into_iter().rev() {
            tell.append(&mut it.tell);
            if it.shown {
                queue.push_front(it);
            }
        }
        tell
    }
}

type Tell = oneshot::Sender<Result<(), ApiError>>;

/// The looks of one node.
pub(crate) struct Reads {
    book: Mutex<Book<Tell>>,
    turns: Semaphore,
    begun: Instant,
}

impl Reads {
    /// None yet. Must be called within a tokio runtime.
    pub(crate) fn new() -> Self {
        Self { book: Mutex::default(), turns: Semaphore::new(READ_RECORDS_MAX), begun: Instant::now() }
    }

    fn book(&self) -> MutexGuard<'_, Book<Tell>> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl App {
    /// Whether there is a record at all: group 0 keeps one, and this is a node of the cluster. A district centre's node has
    /// nothing sensitive of its own; what is, it asks of the province, which records it.
    fn keeps_record(&self) -> bool {
        self.source.line().is_none()
            && read(&*self.source, GroupId::COMMAND, |state0| state0.has_feature(audit::FEATURE))
    }

    /// Has a sensitive look recorded. Done when a quorum holds it; what is looked at is not to be shown before.
    ///
    /// # Errors
    /// It cannot be recorded now.
    pub(crate) async fn look(self: &Arc<Self>, caller: &Caller, what: &str) -> Result<(), ApiError> {
        if !self.keeps_record() {
            return Ok(());
        }
        let looker = Looker::new(caller);
        let (tell, told) = oneshot::channel();
        let begun = self.reads.book().begin(&looker, &Look::new(caller, what), self.reads.now_ms(), Some(tell));
        self.go_on(begun, looker, caller)?;
        if begun == Begun::Held {
            return Ok(());
        }
        told.await.unwrap_or_else(|_| Err(ApiError::unavailable("this node is stopping; use another one")))
    }

    /// Has a look recorded that may be shown at once.
    ///
    /// # Errors
    /// Earlier looks of the same person wait for too long to be recorded.
    pub(crate) fn glance(self: &Arc<Self>, caller: &Caller, what: &str) -> Result<(), ApiError> {
        if !self.keeps_record() {
            return Ok(());
        }
        let looker = Looker::new(caller);
        let begun = self.reads.book().begin(&looker, &Look::new(caller, what), self.reads.now_ms(), None);
        self.go_on(begun, looker, caller)
    }

    fn go_on(self: &Arc<Self>, begun: Begun, looker: Looker, caller: &Caller) -> Result<(), ApiError> {
        match begun {
            Begun::Queued { leads: true } => {
                raft::stage::spawn(empty(self.clone(), looker, caller.grant.clone()));
                Ok(())
            }
            Begun::Held | Begun::Queued { leads: false } => Ok(()),
            Begun::Late | Begun::Full => Err(ApiError::unavailable(
                "what you looked at before is not recorded yet, and nothing more is shown until it is: try again in a moment",
            )),
        }
    }

    /// Records a look, again and again until it is held; then the receiver turns true. Ends when nobody listens.
    pub(crate) fn look_until_held(self: &Arc<Self>, caller: Caller, what: &'static str) -> watch::Receiver<bool> {
        let (held, listener) = watch::channel(false);
        if !self.keeps_record() {
            held.send_replace(true);
            return listener;
        }
        let app = self.clone();
        raft::stage::spawn(async move {
            while !held.is_closed() && !*app.stopping.borrow() {
                if app.look(&caller, what).await.is_ok() {
                    held.send_replace(true);
                    return;
                }
                sleep(READ_RETRY).await;
            }
        });
        listener
    }
}

/// What was looked at, short enough for a record.
fn bounded(what: &str) -> String {
    what[..what.floor_char_boundary(LOOK_BYTES_MAX)].to_owned()
}

/// Whether the same would be refused again: the person may sign in no more, or has no such right.
fn is_judged(error: &ApiError) -> bool {
    matches!(error.status().as_u16(), 401 | 403 | 404 | 409 | 422)
}

/// Puts what waits of one person into records until nothing waits.
async fn empty(app: Arc<App>, looker: Looker, grant: Grant) {
    loop {
        let next = app.reads.book().next(&looker);
        let Some((Look { what, why }, taken)) = next else { return };
        let recorded = {
            let Ok(_turn) = app.reads.turns.acquire().await else { return };
            // Who leads the queue may have come for another reason than this record's. What nobody said is no word of theirs.
            let said = if is_unsaid(&why) { String::new() } else { why.clone() };
            let grant = Grant { why: said, ..grant.clone() };
            app.run_as(&grant, RecordRead { what, why }.into()).await
        };
        match recorded {
            Ok(_) => {
                let told = app.reads.book().hold(&looker, taken, app.reads.now_ms());
                for tell in told {
                    // Who gave up in the meantime has looked at nothing.
                    let _ = tell.send(Ok(()));
                }
                sleep(READ_RECORD_INTERVAL).await;
            }
            // The log has judged it: the refused entry stands in the record, with what was looked at, and another would be as well.
            Err(error) if is_judged(&error) => {
                tracing::warn!(code = error.code(), "reads: a look is refused");
                for tell in taken.into_iter().flat_map(|it| it.tell) {
                    let _ = tell.send(Err(error.clone()));
                }
                sleep(READ_RECORD_INTERVAL).await;
            }
            Err(error) => {
                tracing::warn!(code = error.code(), "reads: looks cannot be recorded now");
                let told = app.reads.book().put_back(&looker, taken);
                for tell in told {
                    let _ = tell.send(Err(error.clone()));
                }
                if *app.stopping.borrow() {
                    return;
                }
                sleep(READ_RETRY).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looker(session: u8) -> Looker {
        let text = String::new;
        Looker { session: [session; 32], from: text(), acts_for: text(), broken_glass: false }
    }

    fn look(what: &str) -> Look {
        Look { what: what.into(), why: "path/api/calls".into() }
    }

    #[test]
    fn the_same_look_is_one_for_a_while_and_another_persons_is_not() {
        let mut book = Book::<u8>::default();
        let lan = looker(1);
        assert_eq!(book.begin(&lan, &look("call/C1"), 0, Some(1)), Begun::Queued { leads: true });
        assert_eq!(book.begin(&lan, &look("call/C1"), 0, Some(2)), Begun::Queued { leads: false });
        let (what, taken) = book.next(&lan).unwrap();
        assert_eq!((what, taken.len()), (look("call/C1"), 1));
        assert_eq!(
            book.begin(&lan, &look("call/C1"), 1, Some(3)),
            Begun::Queued { leads: false },
            "while it is on its way"
        );
        assert_eq!(book.hold(&lan, taken, 5), [1, 2, 3], "one record tells all");
        assert!(book.next(&lan).is_none());
        assert_eq!(book.begin(&lan, &look("call/C1"), READ_SAME_MS, Some(3)), Begun::Held);
        assert_eq!(book.begin(&looker(2), &look("call/C1"), 6, Some(4)), Begun::Queued { leads: true });
        assert_eq!(book.begin(&lan, &look("call/C1"), READ_SAME_MS + 5, Some(5)), Begun::Queued { leads: true });
    }

    #[test]
    fn many_looks_share_records_and_each_is_in_one() {
        let mut book = Book::<usize>::default();
        let lan = looker(1);
        let all: Vec<String> = (0..LOOKS_WAITING_MAX).map(|n| format!("photo/{n:012}")).collect();
        for (n, what) in all.iter().enumerate() {
            assert_eq!(book.begin(&lan, &look(what), 0, Some(n)), Begun::Queued { leads: n == 0 });
        }
        assert_eq!(book.begin(&lan, &look("one more"), 0, Some(0)), Begun::Full);
        assert_eq!(
            book.begin(&lan, &look(&all[7]), 0, Some(7)),
            Begun::Queued { leads: false },
            "the same takes no more room"
        );
        let (mut records, mut seen) = (0, Vec::new());
        while let Some((what, taken)) = book.next(&lan) {
            assert!(what.what.len() <= NAME_BYTES_MAX);
            assert_eq!(what.what.split(", ").count(), taken.len());
            records += 1;
            seen.extend(taken.into_iter().map(|it| it.look.what));
        }
        assert_eq!(seen, all);
        assert!(records * 10 < all.len(), "{records} records");
    }

    #[test]
    fn looks_for_two_reasons_are_two_records_out_of_one_queue() {
        let mut book = Book::<u8>::default();
        let lan = looker(1);
        let why = |what: &str, why: &str| Look { what: what.into(), why: why.into() };
        let begun = [why("photo/a", "incident/I1"), why("photo/b", "incident/I1"), why("photo/b", "incident/I2")]
            .map(|it| book.begin(&lan, &it, 0, Some(1)));
        let follows = Begun::Queued { leads: false };
        assert_eq!(begun, [Begun::Queued { leads: true }, follows, follows], "however many reasons, one queue");
        let (record, taken) = book.next(&lan).unwrap();
        assert_eq!((&record, taken.len()), (&why("photo/a, photo/b", "incident/I1"), 2));
        book.hold(&lan, taken, 1);
        assert!(!book.is_held(&lan, &why("photo/b", "incident/I2"), 1), "another reason is another look");
        assert_eq!(book.next(&lan).unwrap().0, why("photo/b", "incident/I2"));
        assert!(book.next(&lan).is_none());
        // In turns for two reasons: still a record for each, and the oldest goes first.
        for n in 0..4 {
            book.begin(&lan, &why(&format!("photo/{n}"), &format!("incident/I{}", n % 2)), 0, Some(n));
        }
        let (record, taken) = book.next(&lan).unwrap();
        assert_eq!((&record, taken.len()), (&why("photo/0, photo/2", "incident/I0"), 2));
        assert_eq!(book.hold(&lan, taken, 1), [0, 2]);
        assert_eq!(book.next(&lan).unwrap().0, why("photo/1, photo/3", "incident/I1"));
        for n in 0..=LOOKS_WAITING_MAX {
            let begun = book.begin(&lan, &why("course/I1", &format!("{n}")), 0, None);
            assert_eq!(begun == Begun::Full, n == LOOKS_WAITING_MAX, "and one bound: {n}");
        }
    }

    #[test]
    fn what_was_shown_waits_for_its_record_and_holds_up_the_next_when_it_waits_for_too_long() {
        let mut book = Book::<u8>::default();
        let lan = looker(1);
        assert_eq!(book.begin(&lan, &look("course/I1"), 0, None), Begun::Queued { leads: true });
        assert_eq!(book.begin(&lan, &look("call/C1"), 1, Some(7)), Begun::Queued { leads: false });
        let (_, taken) = book.next(&lan).unwrap();
        assert_eq!(book.put_back(&lan, taken), [7], "who waited is told, and was shown nothing");
        assert_eq!(book.begin(&lan, &look("course/I2"), UNRECORDED_MS_MAX - 1, None), Begun::Queued { leads: false });
        assert_eq!(book.begin(&lan, &look("course/I3"), UNRECORDED_MS_MAX, None), Begun::Late);
        let (what, taken) = book.next(&lan).unwrap();
        assert_eq!(what, look("course/I1, course/I2"));
        assert!(book.hold(&lan, taken, UNRECORDED_MS_MAX).is_empty());
        assert_eq!(book.begin(&lan, &look("course/I3"), UNRECORDED_MS_MAX, None), Begun::Queued { leads: false });
    }

    #[test]
    fn the_oldest_is_forgotten_at_the_bound_and_then_recorded_again() {
        let mut book = Book::<u8>::default();
        let lan = looker(1);
        for n in 0..=READS_REMEMBERED_MAX {
            let shown = Waiting { look: look(&format!("photo/{n}")), since_ms: 0, shown: true, tell: Vec::new() };
            book.hold(&lan, vec![shown], 0);
        }
        assert_eq!((book.held.len(), book.order.len()), (READS_REMEMBERED_MAX, READS_REMEMBERED_MAX));
        assert!(!book.is_held(&lan, &look("photo/0"), 0) && book.is_held(&lan, &look("photo/1"), 0));
    }

    #[test]
    fn what_was_looked_at_is_cut_between_letters() {
        let long = "ả".repeat(LOOK_BYTES_MAX);
        assert!(bounded(&long).len() <= LOOK_BYTES_MAX && long.starts_with(&bounded(&long)));
    }
}
