//! Citizens without an account: each tells the centre the way the public's page does, most with a photo, follows the report by its code,
//! rates the answer, and opens it again who thinks little of it. What nobody at a desk has answered after a while is answered here,
//! so that the circle closes also where nobody plays.

use std::{sync::Arc, time::Duration};

use serde::Deserialize;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    SimulateOptions, photo,
    report::{Report, Reporter},
    stopped,
};
use crate::{
    client::{Answer, Client, ClientError},
    clock::unix_ms,
    town::random::Random,
};

/// How often a citizen looks at their report.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// How long they go on looking.
const LOOKS_MAX: u32 = 240;
/// Citizens who wait at a time; one more tells nothing.
const CITIZENS_MAX: usize = 24;
/// How often what waits for too long is looked for.
const DESK_EVERY: Duration = Duration::from_secs(20);
/// A person has so long to answer first.
const ANSWER_AFTER_MS: u64 = 5 * 60_000;
/// Numbers of simulated citizens begin so; nobody else's report is answered here.
const CONTACT: &str = "0913000";
/// At or below this the sender is not content, and opens it again, once.
const CONTENT_MIN: u32 = 3;
/// What they think of it; most are content.
const RATINGS: [u32; 10] = [5, 5, 5, 4, 4, 4, 4, 3, 2, 1];
const ANSWERS: [&str; 4] = [
    "Lực lượng đã đến nơi kiểm tra và xử lý xong. Cảm ơn ông/bà đã báo tin.",
    "Việc đã được chuyển cho ủy ban xã xử lý trong ngày.",
    "Đã cử tổ công tác đến hiện trường; tình hình đã ổn định.",
    "Đơn vị phụ trách đã khắc phục. Nếu còn tái diễn, xin báo lại bằng mã này.",
];
const REASONS: [&str; 3] = ["Đến giờ vẫn chưa thấy ai đến.", "Mới xử lý một phần, vẫn còn.", "Hôm nay lại xảy ra."];

/// One who tells.
#[derive(Clone, Debug)]
pub struct SimulatedCitizen {
    /// The sender's own key: the same key is the same report.
    pub key: String,
    /// What is told.
    pub report: Report,
    /// How they can be reached.
    pub contact: String,
    /// PNG; none: in words only.
    pub photo: Option<Vec<u8>>,
    /// What they will think of the answer, 1 to 5.
    pub rating: u32,
    /// Why they open it again, should they.
    pub reason: &'static str,
}

/// Makes citizens, one after the other.
#[derive(Debug)]
pub struct Citizens {
    random: Random,
    reporter: Reporter,
    name: String,
    made: u64,
}

impl Citizens {
    /// Citizens with keys that begin with `name`, of at least 14 characters.
    #[must_use]
    pub fn new(seed: u64, name: &str, exercise: bool) -> Self {
        let random = Random::new(seed, "citizen");
        Self { random, reporter: Reporter::new(seed, name, exercise), name: name.to_owned(), made: 0 }
    }

    /// The next citizen.
    #[allow(clippy::should_implement_trait, reason = "a sequence without an end is no iterator to collect")]
    pub fn next(&mut self) -> SimulatedCitizen {
        self.made += 1;
        let report = self.reporter.next();
        let photo = self.random.chance(0.7).then(|| photo::png(&mut self.random, report.kind));
        SimulatedCitizen {
            key: format!("{}-{}", self.name, self.made),
            contact: format!("{CONTACT}{:03}", self.random.below(1000)),
            photo,
            rating: RATINGS[self.random.below(RATINGS.len())],
            reason: REASONS[self.random.below(REASONS.len())],
            report,
        }
    }

    /// How long until the next.
    pub fn waiting_ms(&mut self, mean_ms: u64) -> u64 {
        self.reporter.waiting_ms(mean_ms)
    }
}

/// A report as whoever has its code sees it.
#[derive(Deserialize)]
struct Followed {
    rating: Option<u32>,
    can_respond: bool,
}

/// A report as a desk sees it.
#[derive(Deserialize)]
struct Told {
    code: String,
    status: String,
    contact: String,
    received_at_ms: u64,
    version: u64,
}

/// Reports that were taken, and those that were refused or had no answer.
pub(super) async fn run(client: &Arc<Client>, options: SimulateOptions, mut stop: watch::Receiver<bool>) -> (u64, u64) {
    let (mut told, mut failed) = (0, 0);
    if options.citizen_every_ms == 0 {
        stopped(&mut stop).await;
        return (told, failed);
    }
    let run = unix_ms();
    let mut citizens = Citizens::new(options.seed ^ run, &format!("sim-{run}"), options.exercise);
    let mut waiting: JoinSet<Result<bool, ClientError>> = JoinSet::new();
    let live = async {
        let wait = |citizens: &mut Citizens| Duration::from_millis(citizens.waiting_ms(options.citizen_every_ms));
        let mut next_at = Instant::now() + wait(&mut citizens);
        loop {
            sleep(DESK_EVERY.min(next_at.saturating_duration_since(Instant::now()))).await;
            if let Err(error) = answer_late(client).await {
                tracing::warn!(%error, "simulate: reports wait on");
            }
            while let Some(ended) = waiting.try_join_next() {
                match ended {
                    Ok(Ok(true)) => told += 1,
                    _ => failed += 1,
                }
            }
            if next_at <= Instant::now() {
                next_at = Instant::now() + wait(&mut citizens);
                let citizen = citizens.next();
                if waiting.len() < CITIZENS_MAX {
                    waiting.spawn(play(client.clone(), citizen));
                }
            }
        }
    };
    tokio::select! {
        () = live => {}
        () = stopped(&mut stop) => {}
    }
    (told, failed)
}

/// One citizen from the report to what they think of the answer. Whether the report was taken.
async fn play(client: Arc<Client>, citizen: SimulatedCitizen) -> Result<bool, ClientError> {
    let Report { kind, place, summary, .. } = &citizen.report;
    let letter = serde_json::json!({
        "key": citizen.key, "kind": kind, "text": summary, "place": place, "contact": citizen.contact, "language": "vi",
    });
    let code = match client.tell("/api/public/reports", &letter).await? {
        Answer::Accepted(filed) => filed["code"].as_str().unwrap_or_default().to_owned(),
        Answer::Refused(refused) => {
            tracing::warn!(%refused, "simulate: a citizen's report was refused");
            return Ok(false);
        }
    };
    let path = format!("/api/public/reports/{code}");
    if let Some(png) = &citizen.photo
        && let Answer::Refused(refused) = client.tell_photo(&format!("{path}/files"), png).await?
    {
        tracing::warn!(%refused, "simulate: a citizen's photo was refused");
    }
    let mut has_reopened = false;
    for _ in 0..LOOKS_MAX {
        sleep(LOOK_EVERY).await;
        let followed: Followed = client.get(&path).await?;
        if !followed.can_respond {
            continue;
        }
        let is_content = citizen.rating >= CONTENT_MIN || has_reopened;
        if followed.rating.is_none() {
            let rating = if has_reopened { CONTENT_MIN } else { citizen.rating };
            client.tell(&format!("{path}/rating"), &serde_json::json!({ "rating": rating })).await?;
        }
        if is_content {
            break;
        }
        client.tell(&format!("{path}/reopening"), &serde_json::json!({ "reason": citizen.reason })).await?;
        has_reopened = true;
    }
    Ok(true)
}

/// Answers what simulated citizens told and no person has answered in time.
async fn answer_late(client: &Client) -> Result<(), ClientError> {
    let now_ms = unix_ms();
    let told: Vec<Told> = client.list("/api/reports").await?;
    for report in told.iter().filter(|report| is_late(report, now_ms)) {
        let choice = report.code.bytes().map(usize::from).sum::<usize>() % ANSWERS.len();
        let body = serde_json::json!({ "expected_version": report.version, "answer": ANSWERS[choice] });
        // Refused, if a person was faster.
        client.command(&format!("/api/reports/{}/answer", report.code), &body).await?;
    }
    Ok(())
}

fn is_late(report: &Told, now_ms: u64) -> bool {
    let is_ours = report.contact.starts_with(CONTACT) && report.status != "answered";
    is_ours && now_ms.saturating_sub(report.received_at_ms) >= ANSWER_AFTER_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_citizens_with_keys_that_the_gateway_takes() {
        let name = "sim-1790000000000";
        let (mut one, mut other) = (Citizens::new(5, name, false), Citizens::new(5, name, false));
        let (mut photos, mut grumblers) = (0, 0);
        for _ in 0..100 {
            let (citizen, twin) = (one.next(), other.next());
            assert_eq!((&citizen.report, &citizen.photo, citizen.rating), (&twin.report, &twin.photo, twin.rating));
            assert!((16..=64).contains(&citizen.key.len()), "{}", citizen.key);
            assert!(citizen.key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
            assert!(citizen.contact.starts_with(CONTACT) && citizen.contact.len() == 10);
            photos += usize::from(citizen.photo.is_some());
            grumblers += usize::from(citizen.rating < CONTENT_MIN);
        }
        assert!((50..90).contains(&photos) && (5..40).contains(&grumblers), "{photos} {grumblers}");
    }

    #[test]
    fn only_simulated_reports_are_answered_and_people_have_time_to_do_it_first() {
        let report = |contact: &str, status: &str| Told {
            code: "7K3FQ9XM2ABCDEH".to_owned(),
            status: status.to_owned(),
            contact: contact.to_owned(),
            received_at_ms: 1_000,
            version: 1,
        };
        let late = 1_000 + ANSWER_AFTER_MS;
        assert!(is_late(&report("0913000123", "received"), late) && is_late(&report("0913000123", "in_hand"), late));
        assert!(!is_late(&report("0913000123", "received"), late - 1));
        assert!(!is_late(&report("0913000123", "answered"), late));
        assert!(!is_late(&report("0905000123", "received"), late));
    }
}
