//! Any order of losses, restarts, ended sessions and impatient screens: what was kept is done once, and answered once.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// The province: it answers a number with its first reply, and under no session that has ended.
#[derive(Default)]
struct Province {
    ended: BTreeSet<String>,
    replies: BTreeMap<(String, u64), String>,
    applied: Vec<String>,
}

impl Province {
    /// The reply; none: the session has ended.
    fn ask(&mut self, number: &Number, body: &str) -> Option<String> {
        if self.ended.contains(&number.session) {
            return None;
        }
        let key = (number.session.clone(), number.seq);
        if !self.replies.contains_key(&key) {
            self.applied.push(body.to_owned());
            self.replies.insert(key.clone(), body.to_owned());
        }
        self.replies.get(&key).cloned()
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Somebody enters something new.
    Enter { person: u8 },
    /// The screen asks again.
    Again { which: usize },
    /// Something is sent: it does not arrive, its answer is lost, or it is answered.
    Send { outcome: u8 },
    /// The process ends and comes back.
    Restart,
    /// The process ends between what it does in memory and what it writes before it acts on it.
    RestartBeforeSending,
    /// The person's session ends at the province.
    End { person: u8 },
    /// The person signs in at the province.
    SignIn { person: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u8..3).prop_map(|person| Step::Enter { person }),
        2 => any::<usize>().prop_map(|which| Step::Again { which }),
        6 => (0_u8..3).prop_map(|outcome| Step::Send { outcome }),
        1 => Just(Step::Restart),
        1 => Just(Step::RestartBeforeSending),
        1 => (0_u8..3).prop_map(|person| Step::End { person }),
        2 => (0_u8..3).prop_map(|person| Step::SignIn { person }),
    ]
}

/// Somebody's session: none of the province's while its name begins with "local".
#[derive(Clone)]
struct Sitting {
    session: String,
    next_seq: u64,
}

struct Room {
    outbox: Outbox,
    disk: BTreeMap<u64, Entry>,
    province: Province,
    sittings: Vec<Sitting>,
    sessions_made: u32,
    entered: Vec<(Number, String, u64)>,
}

fn person(number: u8) -> PersonId {
    PersonId::new(&format!("p{number}")).unwrap()
}

impl Room {
    fn new() -> Self {
        // The last one signed in while the line was cut.
        let sitting = |name: &str| Sitting { session: name.to_owned(), next_seq: 1 };
        Self {
            outbox: Outbox::new(OutboxLimits::default(), []),
            disk: BTreeMap::new(),
            province: Province::default(),
            sittings: vec![sitting("s-0"), sitting("s-1"), sitting("local-2")],
            sessions_made: 0,
            entered: Vec::new(),
        }
    }

    fn write(&mut self, entries: Vec<Entry>) {
        self.disk.extend(entries.into_iter().map(|entry| (entry.place, entry)));
    }

    fn restart(&mut self) {
        self.outbox = Outbox::new(OutboxLimits::default(), self.disk.values().cloned());
    }

    fn offer(entered: Number, who: u8, body: &str) -> Offer {
        let at_province = !entered.session.starts_with("local");
        Offer {
            person: person(who),
            entered,
            print: body.to_owned(),
            path: "/api/incidents".into(),
            body: body.to_owned(),
            reason: None,
            from: None,
            at_province,
            is_unsure: false,
        }
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Enter { person: who } => {
                let sitting = &mut self.sittings[usize::from(who)];
                let entered = Number { session: sitting.session.clone(), seq: sitting.next_seq };
                sitting.next_seq += 1;
                let body = format!("command {}", self.entered.len());
                assert_eq!(self.outbox.known(&entered, &body), Known::New);
                let entry = self.outbox.keep(Self::offer(entered.clone(), who, &body), 0).unwrap();
                self.entered.push((entered, body, entry.place));
                self.write(vec![entry]);
            }
            Step::Again { which } => {
                if let Some((entered, body, place)) = self.entered.get(which % self.entered.len().max(1)) {
                    assert_eq!(self.outbox.known(entered, body), Known::Entry(*place));
                    assert_eq!(self.outbox.known(entered, "something else"), Known::Reused);
                }
            }
            Step::Send { outcome } => self.send(outcome),
            Step::Restart => self.restart(),
            Step::RestartBeforeSending => {
                if let Some(place) =
                    self.outbox.sessions().first().and_then(|it| self.outbox.next(it)).map(|it| it.place)
                {
                    let begun = self.outbox.begin(place);
                    self.write(begun.into_iter().collect());
                }
                self.restart();
            }
            Step::End { person } => {
                let session = self.sittings[usize::from(person)].session.clone();
                self.province.ended.insert(session);
            }
            Step::SignIn { person: who } => {
                self.sessions_made += 1;
                let session = format!("new-{}", self.sessions_made);
                let bound = self.outbox.bind(&person(who), &session, 1);
                let next_seq = 1 + bound.len() as u64;
                self.write(bound);
                self.sittings[usize::from(who)] = Sitting { session, next_seq };
            }
        }
    }

    fn send(&mut self, outcome: u8) {
        for session in self.outbox.sessions() {
            let Some(entry) = self.outbox.next(&session).cloned() else { continue };
            let begun = self.outbox.begin(entry.place);
            let is_first = begun.is_some();
            self.write(begun.into_iter().collect());
            let number = entry.number.clone().unwrap();
            match outcome {
                0 if is_first => self.outbox.was_not_sent(entry.place),
                0 => {}
                1 => {
                    let _ = self.province.ask(&number, &entry.body);
                }
                _ => match self.province.ask(&number, &entry.body) {
                    Some(reply) => {
                        assert_eq!(reply, entry.body, "one number, one command");
                        let said = Said { status: 200, body: reply, at_ms: 0 };
                        let answered = self.outbox.answered(entry.place, said);
                        self.write(answered.into_iter().collect());
                    }
                    None => {
                        let changed = self.outbox.session_ended(&session, is_first.then_some(entry.place), 0);
                        self.write(changed);
                    }
                },
            }
        }
    }
}

proptest! {
    #[test]
    fn what_was_kept_is_done_once_and_answered_once(steps in proptest::collection::vec(step(), 0..120)) {
        let mut room = Room::new();
        for step in steps {
            room.run(step);
        }
        // The line stands, and everybody signs in: then nothing is left to wait.
        room.restart();
        for _ in 0..room.entered.len() * 2 + 2 {
            for who in 0..3 {
                if room.outbox.waiting().any(|entry| entry.number.is_none() && entry.person == person(who)) {
                    room.run(Step::SignIn { person: who });
                }
            }
            room.send(2);
        }
        prop_assert_eq!(room.outbox.waiting().count(), 0);
        for (_, body, place) in &room.entered {
            let said = room.outbox.entry(*place).unwrap().said.clone().unwrap();
            let applied = room.province.applied.iter().filter(|it| *it == body).count();
            if said.status == 200 {
                prop_assert_eq!((applied, &said.body), (1, body));
            } else {
                // Given up, because its session ended while nobody knew: that is said, and it was done at most once.
                prop_assert!(applied <= 1 && said.body.contains("session_ended"));
            }
        }
    }

    /// What one session kept is sent in the order in which it was entered.
    #[test]
    fn a_session_is_sent_in_order(outcomes in proptest::collection::vec(0_u8..3, 0..60)) {
        let mut room = Room::new();
        for _ in 0..10 {
            room.run(Step::Enter { person: 0 });
        }
        outcomes.into_iter().chain(std::iter::repeat_n(2, 12)).for_each(|outcome| room.send(outcome));
        let entered: Vec<_> = room.entered.iter().map(|(_, body, _)| body.clone()).collect();
        prop_assert_eq!(room.province.applied, entered);
    }
}

fn keep(outbox: &mut Outbox, seq: u64, now_ms: u64) -> Result<Entry, Full> {
    let entered = Number { session: "s".into(), seq };
    outbox.keep(Room::offer(entered, 0, &format!("body {seq}")), now_ms)
}

#[test]
fn bounds_refuse_and_give_up() {
    let limits = OutboxLimits { items_max: 2, bytes_max: 1_000, age_ms_max: 100 };
    let mut outbox = Outbox::new(limits, []);
    keep(&mut outbox, 1, 0).unwrap();
    keep(&mut outbox, 2, 50).unwrap();
    let full = keep(&mut outbox, 3, 50).unwrap_err();
    assert_eq!((full.items, full.items_max), (2, 2));
    assert_eq!(outbox.expire(100), []);
    let given_up = outbox.expire(101);
    assert_eq!(given_up.len(), 1);
    assert!(given_up[0].said.as_ref().unwrap().body.contains("kept_too_long"));
    assert!(keep(&mut outbox, 3, 101).is_ok(), "what is answered takes no room");
    let mut small = Outbox::new(OutboxLimits { bytes_max: 10, ..limits }, []);
    keep(&mut small, 1, 0).unwrap();
    assert_eq!(keep(&mut small, 2, 0).unwrap_err().bytes, 6);
}

#[test]
fn the_answered_leave_after_a_while_or_when_they_are_many() {
    let mut outbox = Outbox::new(OutboxLimits::default(), []);
    for seq in 1..=ANSWERED_MAX as u64 + 2 {
        let entry = keep(&mut outbox, seq, 0).unwrap();
        outbox.answered(entry.place, Said { status: 200, body: "{}".into(), at_ms: seq });
    }
    assert_eq!(outbox.tidy(10), [1, 2]);
    assert_eq!(outbox.tidy(10), [0_u64; 0]);
    assert_eq!(outbox.tidy(ANSWERED_MS + 4), [3]);
    keep(&mut outbox, 999, 0).unwrap();
    outbox.tidy(u64::MAX);
    assert_eq!(outbox.waiting().count(), 1, "what waits never leaves");
}

#[test]
fn a_place_whose_file_is_damaged_is_not_given_again() {
    let mut outbox = Outbox::new(OutboxLimits::default(), []);
    outbox.skip_to(8);
    assert_eq!(keep(&mut outbox, 1, 0).unwrap().place, 8);
    assert_eq!(keep(&mut outbox, 2, 0).unwrap().place, 9);
}
