//! The SIP door's switchboard: what a telephone says goes into the log, and how a caller stands is read from it. A leg has an
//! id that any node derives from the connection, so that whatever is told twice is heard once.

use std::{fs::File, io::Read, path::Path, sync::Arc, time::Duration};

use domain::{
    Call, CallStatus, Command, EndCall, EndLeg, GroupId, LegEnd, LegId, OfferCall, RefusalCode, Reply, ReturnCall,
    State,
};
use entity::{NODE_DOOR, Router};
use futures::future::BoxFuture;
use models::duplicate::normalise::strip;
use raft::Groups;
use sha2::{Digest, Sha256};
use telephony::{
    ANNOUNCEMENT_BYTES_MAX, Announcement, Door, DoorConfig, Gone, QueuePlace, Refused, Ringing, Standing, Switchboard,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use crate::{clock::unix_ms, config::SipConfig};

/// How long one command may take on its way.
const COMMAND_DEADLINE: Duration = Duration::from_secs(5);
/// How long an offer is tried: a caller hears 100 meanwhile, and an exchange gives up after half a minute.
const OFFER_WITHIN: Duration = Duration::from_secs(20);
/// How long the end of a leg is told: longer than an election. Then the log learns it when the door opens anew.
const TELL_WITHIN: Duration = Duration::from_secs(120);
/// Wait before something that found no leader is tried again.
const AGAIN_WAIT: Duration = Duration::from_millis(250);

/// Opens the door of a node, and ends what its last one left behind.
///
/// # Errors
/// It cannot listen there, or its announcement is none.
pub(crate) async fn open(
    config: &SipConfig,
    groups: Groups,
    router: Router,
) -> Result<Door, Box<dyn std::error::Error + Send + Sync>> {
    let config = DoorConfig {
        listen: config.listen,
        public: config.public,
        trunks: config.trunks.iter().copied().collect(),
        announcement: config.announcement.as_deref().map(announcement).transpose()?.map(Arc::new),
    };
    let board = Board { door: format!("{NODE_DOOR}{}", groups.node()), groups, router };
    tokio::spawn(board.clone().sweep(unix_ms()));
    let door = Door::open(config, Arc::new(board)).await?;
    tracing::info!(address = %door.address(), "the SIP door is open");
    Ok(door)
}

/// Reads what those hear who are in the queue, and no more of the file than an announcement can have.
fn announcement(path: &Path) -> Result<Announcement, String> {
    let most = u64::try_from(ANNOUNCEMENT_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    let remedy = "put the file there, or leave the field out";
    read.map_err(|error| format!("sip.announcement: cannot read {}: {error}; {remedy}", path.display()))?;
    Announcement::from_wav(&bytes).map_err(|error| format!("sip.announcement: {}: {error}", path.display()))
}

#[derive(Clone)]
struct Board {
    door: String,
    groups: Groups,
    router: Router,
}

/// The leg of a connection.
#[allow(clippy::expect_used, reason = "a letter, a hyphen and hexadecimal digits are an id")]
fn leg_of(connection: &str) -> LegId {
    let digest = Sha256::digest(format!("sip\0{connection}"));
    let text: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    LegId::new(&format!("l-{text}")).expect("a digest is an id")
}

/// How the caller of a leg stands.
fn standing(state: &State, leg: &LegId) -> Standing {
    let Some(call) = state.call_of_leg(leg) else { return Standing::Unknown };
    let own = call.legs.iter().find(|known| known.id == *leg);
    let ended = own.map(|own| own.ended_at_ms).filter(|at| at.is_set());
    match (call.status, ended) {
        // It ended with the transfer, and not before.
        (CallStatus::Transferred, Some(at)) if at == call.status_at_ms => {
            Standing::Transferred { to: call.transferred_to.clone() }
        }
        (_, Some(_)) => Standing::Over,
        (CallStatus::Answered, None) if call.talking.as_ref() == Some(leg) => {
            let agent = call.agent.as_ref().and_then(|agent| state.agents().get(agent));
            Standing::Talking { phone: agent.map(|agent| agent.phone.clone()).unwrap_or_default() }
        }
        (CallStatus::Held, None) if call.talking.as_ref() == Some(leg) => Standing::Held,
        (CallStatus::Queued, None) => Standing::Queued,
        (status, None) if status.is_open() => Standing::Waiting,
        _ => Standing::Over,
    }
}

/// Where the caller of a leg is in the queue, and what the desk says to them. SIP carries it without the marks of Vietnamese.
fn place(state: &State, leg: &LegId) -> QueuePlace {
    let Some(call) = state.call_of_leg(leg) else { return QueuePlace::default() };
    let desk = state.call_desk();
    let message = if call.language == "en" { desk.waiting_message_en } else { desk.waiting_message };
    QueuePlace { before: state.calls_before(call), message: strip(&message) }
}

impl Board {
    /// Legs that are this door's by the log, and older than this door: nobody hears who waits there. They are called back.
    async fn sweep(self, began_ms: u64) {
        while self.groups.read_barrier(GroupId::COMMAND, COMMAND_DEADLINE).await.is_err() {
            sleep(AGAIN_WAIT).await;
        }
        let legs: Vec<LegId> = self.groups.read(GroupId::COMMAND, |state| {
            let waiting = state.calls_at_hand().filter(|call| {
                matches!(call.status, CallStatus::Queued | CallStatus::Ringing | CallStatus::CallingBack)
            });
            let legs = waiting.flat_map(Call::live_legs);
            let old = legs.filter(|leg| leg.door == self.door && leg.offered_at_ms.0 < began_ms);
            old.map(|leg| leg.id.clone()).collect()
        });
        for leg in legs {
            self.tell(|_| Some(EndLeg { leg: leg.clone(), cause: LegEnd::Lost }.into())).await;
        }
    }

    async fn command(&self, command: Command) -> Option<Reply> {
        self.router.command(Some(GroupId::COMMAND), command, None, None, COMMAND_DEADLINE).await.ok()
    }

    /// Tells something until the log has it or refuses it for good. It is made anew each time, from the state as it is.
    async fn tell(&self, make: impl Fn(&State) -> Option<Command>) {
        let until = Instant::now() + TELL_WITHIN;
        while Instant::now() < until {
            let Some(command) = self.groups.read(GroupId::COMMAND, &make) else { return };
            match self.command(command).await {
                Some(Reply::Accepted(_)) => return,
                // This node has yet to hear of it, or somebody was faster.
                Some(Reply::Refused(refusal)) if refusal.code == RefusalCode::VersionConflict => {}
                Some(Reply::Refused(refusal)) => {
                    tracing::debug!(%refusal.message, "a telephone's word was refused");
                    return;
                }
                None => {}
            }
            sleep(AGAIN_WAIT).await;
        }
    }
}

impl Switchboard for Board {
    fn offer(&self, ringing: Ringing) -> BoxFuture<'static, Result<(), Refused>> {
        let board = self.clone();
        Box::pin(async move {
            let command = OfferCall {
                leg: leg_of(&ringing.connection),
                door: board.door.clone(),
                line: ringing.line,
                number: ringing.number,
                wanted: String::new(),
                place: None,
                language: String::new(),
                exercise: false,
            };
            let until = Instant::now() + OFFER_WITHIN;
            loop {
                match board.command(command.clone().into()).await {
                    Some(Reply::Accepted(_)) => return Ok(()),
                    Some(Reply::Refused(refusal)) => {
                        return Err(match refusal.code {
                            RefusalCode::Limit => Refused::Full,
                            RefusalCode::Invalid => Refused::Invalid,
                            _ => Refused::Unavailable,
                        });
                    }
                    None if Instant::now() >= until => return Err(Refused::Unavailable),
                    None => sleep(AGAIN_WAIT).await,
                }
            }
        })
    }

    fn gone(&self, connection: String, why: Gone) -> BoxFuture<'static, ()> {
        let board = self.clone();
        Box::pin(async move {
            let cause = match why {
                Gone::HungUp => LegEnd::HungUp,
                Gone::Lost => LegEnd::Lost,
            };
            let leg = leg_of(&connection);
            board.tell(|_| Some(EndLeg { leg: leg.clone(), cause }.into())).await;
        })
    }

    fn agent_hung_up(&self, connection: String) -> BoxFuture<'static, ()> {
        let board = self.clone();
        Box::pin(async move {
            let leg = leg_of(&connection);
            let end = |state: &State| {
                let call = state.call_of_leg(&leg).filter(|call| call.talking.as_ref() == Some(&leg))?;
                let outcome = "served".to_owned();
                Some(EndCall { call: call.id.clone(), expected_version: call.version, outcome }.into())
            };
            board.tell(end).await;
        })
    }

    fn phone_failed(&self, connection: String, why: String) -> BoxFuture<'static, ()> {
        let board = self.clone();
        Box::pin(async move {
            let leg = leg_of(&connection);
            let give_back = |state: &State| {
                let call = state.call_of_leg(&leg).filter(|call| call.talking.as_ref() == Some(&leg))?;
                Some(ReturnCall { call: call.id.clone(), expected_version: call.version, reason: why.clone() }.into())
            };
            board.tell(give_back).await;
        })
    }

    fn standing(&self, connection: &str) -> Standing {
        let leg = leg_of(connection);
        self.groups.read(GroupId::COMMAND, |state| standing(state, &leg))
    }

    fn place(&self, connection: &str) -> QueuePlace {
        let leg = leg_of(connection);
        self.groups.read(GroupId::COMMAND, |state| place(state, &leg))
    }

    fn changed(&self) -> watch::Receiver<u64> {
        let mut applied = self.groups.applied_watch(GroupId::COMMAND);
        let (changed, changes) = watch::channel(0);
        tokio::spawn(async move {
            while applied.changed().await.is_ok() {
                let index = applied.borrow_and_update().index;
                if changed.send(index).is_err() {
                    return;
                }
            }
        });
        changes
    }
}

#[cfg(test)]
mod tests {
    use domain::{CallDesk, Entry, Millis, PutCallDesk};

    use super::*;

    fn apply(state: &mut State, index: u64, command: impl Into<Command>) {
        let command = command.into();
        let entry = Entry { at_ms: Millis(index), request: None, grant: None, command, salt: bytes::Bytes::new() };
        let reply = state.apply(index, &entry).reply;
        assert!(matches!(reply, Reply::Accepted(_)), "{reply:?}");
    }

    fn offer(connection: &str, number: &str) -> OfferCall {
        OfferCall {
            leg: leg_of(connection),
            door: "node-1".into(),
            line: "1022".into(),
            number: number.into(),
            wanted: String::new(),
            place: None,
            language: String::new(),
            exercise: false,
        }
    }

    #[test]
    fn who_finds_no_agent_is_in_the_queue_and_told_what_the_desk_says() {
        let mut state = State::new(GroupId::COMMAND);
        let desk = CallDesk { waiting_message: "Xin chờ máy, Đường dây bận".into(), ..CallDesk::default() };
        apply(&mut state, 1, PutCallDesk { desk });
        apply(&mut state, 2, offer("a", "0901"));
        apply(&mut state, 3, offer("b", "0902"));
        for (connection, before) in [("a", 0), ("b", 1)] {
            assert_eq!(standing(&state, &leg_of(connection)), Standing::Queued);
            let message = "Xin cho may, Duong day ban".to_owned();
            assert_eq!(place(&state, &leg_of(connection)), QueuePlace { before, message });
        }
        assert_eq!(place(&state, &leg_of("c")), QueuePlace::default());
    }

    #[test]
    fn an_announcement_that_is_none_is_said_with_its_field() {
        let folder = std::env::temp_dir().join(format!("trongdong-announcement-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("wait.wav");
        let missing = announcement(&file).unwrap_err();
        assert!(missing.starts_with("sip.announcement: cannot read") && missing.contains("wait.wav"), "{missing}");
        for bytes in [b"ID3".to_vec(), vec![0; ANNOUNCEMENT_BYTES_MAX + 2]] {
            std::fs::write(&file, bytes).unwrap();
            let wrong = announcement(&file).unwrap_err();
            assert!(wrong.starts_with("sip.announcement: ") && wrong.contains("wait.wav: "), "{wrong}");
        }
        std::fs::write(&file, telephony::wait_tone()).unwrap();
        assert!(announcement(&file).is_ok());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
