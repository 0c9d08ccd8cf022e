//! The one line to the province: signs in, follows, writes down, and comes back.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{
    GroupId,
    wire::generated::{Frame, ToScreen, to_screen::Body},
};
use reqwest::Method;
use tokio::time::{Instant, sleep};

use crate::{
    config::DistrictConfig,
    copy::{Folded, Via},
    limits::{FORWARD_DEADLINE, NOTED_EVERY, RECONNECT_MS},
    line::{End, Line},
    province::{Asked, Province},
    record::{Heard, Stored},
    shared::{Counts, Shared, unix_ms},
    store::Store,
};

/// What a copy holds. Calls and models stay at the province: whoever works on them needs the line.
const COPIED: [&str; 8] = ["sensor", "camera", "alarm", "incident", "instruction", "unit", "reading", "report"];

/// Follows the province.
pub(crate) struct Upstream {
    pub(crate) shared: Arc<Shared>,
    pub(crate) store: Store,
    pub(crate) province: Arc<Province>,
    pub(crate) config: DistrictConfig,
}

/// How long to wait before the `attempt`-th try to come back, `chance` being in 0..1: full jitter over a doubling bound.
pub(crate) fn pause(attempt: u32, chance: f64, (first_ms, longest_ms): (u64, u64)) -> Duration {
    let bound_ms = first_ms.saturating_mul(1_u64.checked_shl(attempt).unwrap_or(u64::MAX)).min(longest_ms);
    Duration::from_millis(bound_ms).mul_f64(chance.clamp(0.0, 1.0))
}

/// A number in 0..1; without randomness one half.
pub(crate) fn chance() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

impl Upstream {
    /// Until it is aborted.
    pub(crate) async fn run(self) {
        let mut token = None;
        let mut attempt = 0;
        loop {
            let connects = self.shared.counts.connects.load(std::sync::atomic::Ordering::Relaxed);
            let end = match self.follow(&mut token).await {
                Ok(never) => match never {},
                Err(end) => end,
            };
            if self.shared.stands.send_replace(false) {
                tracing::warn!(%end, "district: the line to the province is cut");
            } else {
                tracing::info!(%end, attempt, "district: no line to the province");
            }
            if matches!(&end, End::Bye(code, _) if matches!(code.as_str(), "session-ended" | "unauthorized")) {
                token = None;
            }
            if self.shared.counts.connects.load(std::sync::atomic::Ordering::Relaxed) != connects {
                attempt = 0;
            }
            self.province.turn();
            sleep(pause(attempt, chance(), RECONNECT_MS)).await;
            attempt = attempt.saturating_add(1).min(16);
        }
    }

    async fn sign_in(&self) -> Result<String, End> {
        let body = serde_json::json!({ "person": self.config.account, "password": self.config.password });
        let asked =
            Asked { path: "/api/login".to_owned(), body: Some(body.to_string().into_bytes()), ..Asked::default() };
        let answer = self.province.ask(Method::POST, &asked, FORWARD_DEADLINE).await;
        let answer = answer.map_err(|lost| End::Cut(lost.to_string()))?;
        match answer.token.clone() {
            Some(token) if answer.status == 200 => Ok(token),
            _ => {
                let remedy = "check `account` and `password_file` of the configuration";
                Err(End::Cut(format!(
                    "the account of this node was not let in ({} {}): {remedy}",
                    answer.status,
                    answer.code()
                )))
            }
        }
    }

    async fn follow(&self, token: &mut Option<String>) -> Result<std::convert::Infallible, End> {
        let token = match token {
            Some(token) => token.clone(),
            None => token.insert(self.sign_in().await?).clone(),
        };
        let origin = self.province.origin();
        let counts = &self.shared.counts;
        let mut line = Line::open_counted(origin, &token, &self.config.province_tls, Arc::clone(&counts.line)).await?;
        tracing::info!(origin, node = line.welcome.node, "district: the line to the province stands");
        Counts::one(&counts.connects);
        self.subscribe(&mut line).await?;
        self.shared.stands.send_replace(true);
        self.shared.to_send.notify_one();
        let mut noted_at = Instant::now();
        let mut moved: BTreeMap<u32, Frame> = BTreeMap::new();
        loop {
            let body = line.next().await?;
            match &body {
                Body::Bye(bye) => return Err(End::Bye(bye.code.clone(), bye.message.clone())),
                Body::Heartbeat(heartbeat) => {
                    self.shared.heard(heartbeat);
                    if noted_at.elapsed() >= NOTED_EVERY {
                        noted_at = Instant::now();
                        for frame in std::mem::take(&mut moved).into_values() {
                            self.append(Body::Frame(frame)).await;
                        }
                        let heard = Heard { at_ms: unix_ms(), quorum_age_ms: heartbeat.quorum_age_ms };
                        self.store.append(Stored::Heard(heard)).await;
                        self.rewrite_if_long(heard).await;
                    }
                }
                _ => {
                    let folded = self.shared.change(|copy| copy.fold(&body, Via::Line));
                    let folded = folded.map_err(|malformed| {
                        End::Cut(format!(
                            "the province says what this version does not know ({malformed}): install its version here"
                        ))
                    })?;
                    self.take(&mut line, folded, body, &mut moved).await?;
                }
            }
        }
    }

    /// Writes down what a message came to, or asks again.
    async fn take(
        &self,
        line: &mut Line,
        folded: Folded,
        body: Body,
        moved: &mut BTreeMap<u32, Frame>,
    ) -> Result<(), End> {
        match (folded, body) {
            (Folded::Nothing, _) => {}
            (Folded::Gap, _) => {
                Counts::one(&self.shared.counts.gaps);
                self.subscribe(line).await?;
            }
            // Nothing to see: written down with the next note, unless something comes that says more.
            (Folded::Moved(GroupId(group)), Body::Frame(frame)) => {
                moved.insert(group, frame);
            }
            (Folded::Moved(GroupId(group)) | Folded::Changed(GroupId(group)), body) => {
                if matches!(body, Body::Reset(_)) {
                    Counts::one(&self.shared.counts.resets);
                }
                moved.remove(&group);
                self.append(body).await;
            }
        }
        Ok(())
    }

    async fn append(&self, body: Body) {
        self.store.append(Stored::Message(ToScreen { body: Some(body) })).await;
    }

    async fn rewrite_if_long(&self, heard: Heard) {
        let is_settled = self.shared.read(crate::copy::Copy::is_settled);
        if is_settled && self.store.take_rewrite() {
            let messages = self.shared.read(crate::copy::Copy::messages);
            let records = messages.into_iter().map(Stored::Message).chain([Stored::Heard(heard)]);
            self.store.rewrite(records.collect()).await;
        }
    }

    async fn subscribe(&self, line: &mut Line) -> Result<(), End> {
        let mut places = self.shared.read(crate::copy::Copy::places);
        // Rights live in group 0: without a place there, the province counts all the others as seen with other rights.
        if !places.iter().any(|place| place.group == GroupId::COMMAND) {
            places.clear();
        }
        let places = places.iter().map(domain::wire::Record::to_wire).collect();
        let copied = COPIED.map(str::to_owned);
        let nouns = if self.config.nouns.is_empty() { &copied[..] } else { &self.config.nouns };
        line.subscribe(&self.config.districts, nouns, places).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_have_chance_in_them() {
        let at = |attempt| pause(attempt, 1.0, (250, 15_000)).as_millis();
        assert_eq!([at(0), at(1), at(5), at(6), at(40), at(400)], [250, 500, 8_000, 15_000, 15_000, 15_000]);
        assert_eq!(pause(3, 0.5, (250, 15_000)).as_millis(), 1_000);
    }
}
