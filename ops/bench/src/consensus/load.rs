//! One closed loop for every system, so that what is compared differs in the system only: a client has one connection to
//! one node, writes one value, waits until it is acknowledged, and writes the next.

use std::time::Duration;

use tokio::{task::JoinSet, time::Instant};

use crate::{Result, stats::Samples};

/// Bytes of a value.
pub(crate) const VALUE_BYTES: usize = 256;
/// Not counted, at the beginning of each run.
pub(crate) const WARM_UP: Duration = Duration::from_secs(2);

/// One client of one system.
pub(crate) trait Client: Send + 'static {
    /// Writes the next value of [`VALUE_BYTES`]; resolves once the system has acknowledged it.
    fn put(&mut self) -> impl Future<Output = std::result::Result<(), String>> + Send;
}

/// A value of that many letters which is no other's.
pub(crate) fn value(client: usize, number: u64) -> String {
    let mut value = format!("{client}-{number}-");
    while value.len() < VALUE_BYTES {
        value.push_str("abcdefghijklmnopqrstuvwxyz");
    }
    value.truncate(VALUE_BYTES);
    value
}

/// What one run came to.
#[derive(Debug, Default)]
pub(crate) struct Run {
    /// Milliseconds of each write that was sent and acknowledged within the time.
    pub(crate) latencies: Samples,
    /// The time that counted.
    pub(crate) seconds: f64,
}

impl Run {
    /// Writes acknowledged a second.
    pub(crate) fn per_s(&self) -> f64 {
        self.latencies.len() as f64 / self.seconds
    }

    /// Takes another run of the same in.
    pub(crate) fn join(&mut self, other: Self) {
        self.seconds += other.seconds;
        self.latencies.join(other.latencies);
    }
}

/// Drives the clients for the warm-up and for `within`; gives them back. `measured` is called when the time that counts
/// begins and when it ends.
///
/// # Errors
/// What the first client said that could not write: a run with failures is no measurement.
pub(crate) async fn drive<C: Client>(
    clients: Vec<C>,
    within: Duration,
    mut measured: impl FnMut() -> Result<()>,
) -> Result<(Run, Vec<C>)> {
    let begin = Instant::now() + WARM_UP;
    let end = begin + within;
    let mut tasks = JoinSet::new();
    for client in clients {
        tasks.spawn(repeat(client, begin, end));
    }
    tokio::time::sleep_until(begin).await;
    measured()?;
    tokio::time::sleep_until(end).await;
    measured()?;
    let mut run = Run { seconds: within.as_secs_f64(), ..Run::default() };
    let mut back = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        let (client, taken) = ended??;
        back.push(client);
        taken.into_iter().for_each(|ms| run.latencies.put(ms));
    }
    Ok((run, back))
}

async fn repeat<C: Client>(mut client: C, begin: Instant, end: Instant) -> std::result::Result<(C, Vec<f64>), String> {
    let mut taken = Vec::new();
    loop {
        let started = Instant::now();
        if started >= end {
            return Ok((client, taken));
        }
        client.put().await?;
        let answered = Instant::now();
        if started >= begin && answered <= end {
            taken.push(answered.duration_since(started).as_secs_f64() * 1000.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_joined_by_their_time() {
        let run = |count: usize| {
            let mut run = Run { seconds: 2.0, ..Run::default() };
            (0..count).for_each(|ms| run.latencies.put(ms as f64));
            run
        };
        let mut both = run(10);
        both.join(run(30));
        assert!((both.per_s() - 10.0).abs() < 1e-9);
    }

    #[test]
    fn values_differ_and_have_their_size() {
        assert_eq!(value(7, 123_456).len(), VALUE_BYTES);
        assert_ne!(value(1, 12), value(1, 13));
        assert_ne!(value(1, 12), value(2, 12));
    }
}
