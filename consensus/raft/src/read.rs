//! Linearizable reads from any node: ReadIndex (Raft dissertation §6.4) at the leader, then waiting here. Any number of readers cost
//! two questions at a time.

use std::{
    future::Future,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use domain::GroupId;
use peer::Lane;
use tokio::time::Instant;

#[cfg(feature = "seeded-bugs")]
use crate::bugs::{self, Bug};
use crate::{
    groups::{Group, Groups},
    kinds,
    network::with_group,
    types::{NodeId, decode},
    wire,
};

/// Pause before a read barrier asks again, when the lead has not changed meanwhile.
const READ_RETRY: Duration = Duration::from_millis(50);

/// How long one question waits for its answer. Who asks next waits behind it, and the leader may be another one by then.
const QUESTION_WAIT_MAX: Duration = Duration::from_secs(2);

/// Why a linearizable read cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No leader with a quorum could be asked in time.
    #[error("no leader with a quorum answered in time")]
    NoQuorum,
    /// This node is finished.
    #[error("consensus on this node has stopped")]
    Stopped,
}

/// Questions to a group's leader, one at a time.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    /// How many have begun.
    begun: AtomicU64,
    /// The newest one that was answered, by its number, and the answer. tokio's lock, because it is held over the question.
    answered: tokio::sync::Mutex<(u64, u64)>,
}

impl Questions {
    /// The answer to `question`, or to one of somebody else's that began after this call: that one saw whatever had been
    /// acknowledged before it.
    async fn ask<E>(&self, question: impl Future<Output = Result<u64, E>>) -> Result<u64, E> {
        let before = self.begun.load(Ordering::SeqCst);
        let mut answered = self.answered.lock().await;
        if answered.0 > before {
            return Ok(answered.1);
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let index = question.await?;
        *answered = (number, index);
        Ok(index)
    }
}

impl Groups {
    /// A linearizable read: when it resolves, state of this node holds everything acknowledged before the call. Gives the
    /// index that was waited for.
    pub async fn read_barrier(&self, group: GroupId, deadline: Duration) -> Result<u64, ReadError> {
        let until = Instant::now() + deadline;
        let read = async {
            let index = self.read_index(group, deadline).await?;
            let mut applied = self.applied_watch(group);
            applied.wait_for(|at| at.index >= index).await.map_err(|_| ReadError::Stopped)?;
            Ok(index)
        };
        tokio::time::timeout_at(until, read).await.map_err(|_| ReadError::NoQuorum)?
    }

    /// Asks whoever leads, and whoever leads next, until one answers: the caller's deadline ends it.
    async fn read_index(&self, id: GroupId, deadline: Duration) -> Result<u64, ReadError> {
        let group = self.group_at(id.0).map_err(|_| ReadError::Stopped)?;
        let mut lead = group.lead.subscribe();
        loop {
            let leader = lead.borrow_and_update().leader;
            // Whoever leads here asks openraft, which sends one round of heartbeats for all who ask meanwhile.
            let asked = if group.raft.as_leader().is_ok() {
                self.leader_read_index(&group).await
            } else {
                group.questions.ask(self.ask_read_index(&group, leader, deadline.min(QUESTION_WAIT_MAX))).await
            };
            if let Ok(index) = asked {
                return Ok(index);
            }
            if let Ok(Err(_)) = tokio::time::timeout(READ_RETRY, lead.changed()).await {
                return Err(ReadError::Stopped);
            }
        }
    }

    async fn ask_read_index(
        &self,
        group: &Group,
        leader: Option<NodeId>,
        deadline: Duration,
    ) -> Result<u64, ReadError> {
        let leader = leader.ok_or(ReadError::NoQuorum)?;
        let ask = with_group(group.id.0, &[]);
        let answer = self
            .0
            .peers
            .call(leader, Lane::Control, kinds::READ_INDEX, ask, deadline)
            .await
            .map_err(|_| ReadError::NoQuorum)?;
        let answer: wire::ReadIndexResponse = decode("read index", &answer).map_err(|_| ReadError::NoQuorum)?;
        answer.read_log_id.map(|id| id.index).ok_or(ReadError::NoQuorum)
    }

    /// ReadIndex (Raft dissertation §6.4) on the leader; openraft batches the probes.
    pub(crate) async fn leader_read_index(&self, group: &Group) -> Result<u64, ReadError> {
        #[cfg(feature = "seeded-bugs")]
        if bugs::is_made(Bug::StaleRead) {
            return Ok(group.shared.view().applied.index);
        }
        let (read, _applied) =
            group.raft.get_read_log_id(openraft::ReadPolicy::ReadIndex).await.map_err(|_| ReadError::NoQuorum)?;
        Ok(read.index())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::future::join_all;
    use tokio::time::sleep;

    use super::*;

    const ROUND_TRIP: Duration = Duration::from_millis(10);

    /// Asks a leader whose log grows by one with each question that reaches it.
    async fn ask(questions: &Questions, leader: &AtomicU64) -> Result<u64, ()> {
        let question = async {
            sleep(ROUND_TRIP).await;
            Ok(leader.fetch_add(1, Ordering::SeqCst) + 1)
        };
        questions.ask(question).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_readers_at_once_cost_two_questions() {
        let (questions, leader) = (Questions::default(), AtomicU64::new(0));
        let answers = join_all((0..1000).map(|_| ask(&questions, &leader))).await;
        assert_eq!(answers.iter().filter(|answer| **answer == Ok(1)).count(), 1, "who asked first");
        assert_eq!(answers.iter().filter(|answer| **answer == Ok(2)).count(), 999);
        assert_eq!(ask(&questions, &leader).await, Ok(3), "who comes later asks anew");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_takes_the_answer_to_a_question_that_began_before_they_came() {
        let (questions, leader) = (Arc::new(Questions::default()), Arc::new(AtomicU64::new(0)));
        let first = tokio::spawn({
            let (questions, leader) = (Arc::clone(&questions), Arc::clone(&leader));
            async move { ask(&questions, &leader).await }
        });
        sleep(ROUND_TRIP / 2).await;
        assert_eq!(ask(&questions, &leader).await, Ok(2));
        assert_eq!(first.await.unwrap(), Ok(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_that_fails_or_is_given_up_answers_nobody() {
        let (questions, leader) = (Questions::default(), AtomicU64::new(0));
        assert_eq!(questions.ask(async { Err(()) }).await, Err(()));
        let given_up = tokio::time::timeout(ROUND_TRIP / 2, ask(&questions, &leader)).await;
        assert!(given_up.is_err());
        assert_eq!(ask(&questions, &leader).await, Ok(1));
    }
}
