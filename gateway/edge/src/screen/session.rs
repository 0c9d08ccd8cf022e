//! The protocol of one screen as a state machine: what it may say when, and what is done about it. Pure; the socket carries
//! the effects out.

use std::{collections::BTreeMap, sync::Arc};

use domain::{CameraId, PersonId, Position, Role, wire::Malformed};

use super::{
    message::{ByeCode, ResetReason, ToScreen, ToServer, VideoStatus, Welcome},
    view::{Subscription, View},
};
use crate::limits::{CAMERAS_WATCHED_MAX, FRAMES_TOLD_MAX, HEARTBEAT_MS, HELLO_MS_MAX, INBOUND_PER_SECOND_MAX};

/// What the socket has to do.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "a handful at a time, carried out at once")]
pub(crate) enum Effect {
    /// Say this.
    Send(ToScreen<'static>),
    /// Find out who holds the token (empty: the cookie's), and call [`Session::authenticated`].
    /// `why`: what the screen is for.
    Authenticate { token: String, why: String },
    /// Derive the view of [`Session::subscription`] and call [`Session::subscribed`].
    Derive { from: Vec<Position> },
    /// Leave all groups as seen before, and join them with this view. Groups not in `from` get a picture; with `reset`
    /// all do, and are told why.
    Join { view: Arc<View>, from: Vec<Position>, reset: Option<ResetReason> },
    /// Send a camera's pictures; why they are looked at.
    Watch(CameraId, String),
    /// No more of them.
    Unwatch(CameraId),
    /// Count frames that were missing at the screen, or came to it twice.
    Count { gaps: u32, doubles: u32 },
    /// Say why, and close.
    Close { code: ByeCode, message: String },
}

/// Who is in front of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Viewer {
    pub(crate) person: PersonId,
    pub(crate) name: String,
    pub(crate) role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The first message has yet to come.
    Hello,
    /// It is being looked up.
    Authenticating,
    /// It may subscribe, and whatever else.
    Open,
    /// Nothing it says counts.
    Closed,
}

/// One screen's session.
#[derive(Debug)]
pub(crate) struct Session {
    phase: Phase,
    opened_ms: u64,
    /// Second in which messages are counted, and how many came in it.
    counted: (u64, u32),
    subscription: Option<Subscription>,
    view: Option<Arc<View>>,
    /// And why each is.
    watched: BTreeMap<CameraId, String>,
}

impl Session {
    /// A socket that was opened at `now_ms`, by a clock that never goes back.
    pub(crate) fn new(now_ms: u64) -> Self {
        Self {
            phase: Phase::Hello,
            opened_ms: now_ms,
            counted: (0, 0),
            subscription: None,
            view: None,
            watched: BTreeMap::new(),
        }
    }

    /// What the screen asked to see; `None` before it asked.
    pub(crate) fn subscription(&self) -> Option<&Subscription> {
        self.subscription.as_ref()
    }

    /// What it sees.
    pub(crate) fn view(&self) -> Option<&Arc<View>> {
        self.view.as_ref()
    }

    /// The cameras that it watches and why, whatever its view: a picture is asked for by its camera alone.
    pub(crate) fn watched(&self) -> &BTreeMap<CameraId, String> {
        &self.watched
    }

    /// When [`Session::tick`] is due, by the clock of [`Session::new`].
    pub(crate) fn due_ms(&self) -> Option<u64> {
        matches!(self.phase, Phase::Hello).then(|| self.opened_ms + HELLO_MS_MAX)
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, now_ms: u64) -> Vec<Effect> {
        match self.due_ms() {
            Some(due_ms) if now_ms >= due_ms => {
                self.close(ByeCode::HelloTimeout, "send Hello as the first message, within 5 s")
            }
            _ => Vec::new(),
        }
    }

    /// The screen said something.
    pub(crate) fn received(&mut self, now_ms: u64, message: Result<ToServer, Malformed>) -> Vec<Effect> {
        if self.phase == Phase::Closed {
            return Vec::new();
        }
        let second = now_ms / 1_000;
        self.counted = if self.counted.0 == second { (second, self.counted.1 + 1) } else { (second, 1) };
        if self.counted.1 > INBOUND_PER_SECOND_MAX {
            return self
                .close(ByeCode::BadMessage, &format!("send at most {INBOUND_PER_SECOND_MAX} messages a second"));
        }
        let message = match message {
            Ok(message) => message,
            Err(malformed) => return self.close(ByeCode::BadMessage, &malformed.to_string()),
        };
        match (self.phase, message) {
            (Phase::Hello, ToServer::Hello { token, why }) => {
                self.phase = Phase::Authenticating;
                vec![Effect::Authenticate { token, why }]
            }
            (Phase::Hello, _) => self.close(ByeCode::BadMessage, "send Hello first"),
            (_, ToServer::Hello { .. }) => self.close(ByeCode::BadMessage, "send Hello once"),
            (Phase::Authenticating, _) => self.close(ByeCode::BadMessage, "wait for Welcome before anything else"),
            (_, ToServer::Ping { nonce, gaps, doubles }) => {
                let [gaps, doubles] = [gaps, doubles].map(|frames| frames.min(FRAMES_TOLD_MAX));
                let count = (gaps > 0 || doubles > 0).then_some(Effect::Count { gaps, doubles });
                let pong = Effect::Send(ToScreen::Pong { nonce, server_time_ms: crate::clock::unix_ms() });
                count.into_iter().chain([pong]).collect()
            }
            (_, ToServer::Subscribe { subscription, from }) => {
                self.subscription = Some(subscription);
                vec![Effect::Derive { from }]
            }
            (_, ToServer::WatchCamera { camera, why }) => self.watch(camera, why),
            (_, ToServer::UnwatchCamera { camera }) => {
                self.watched.remove(&camera);
                vec![Effect::Unwatch(camera)]
            }
        }
    }

    /// The token was looked up; `None`: it is nobody's.
    pub(crate) fn authenticated(&mut self, viewer: Option<Viewer>, node: u64, epoch: u64) -> Vec<Effect> {
        if self.phase != Phase::Authenticating {
            return Vec::new();
        }
        let Some(viewer) = viewer else {
            return self.close(ByeCode::Unauthorized, "sign in first: POST /api/login");
        };
        self.phase = Phase::Open;
        vec![Effect::Send(ToScreen::Welcome(Welcome {
            node,
            epoch,
            person: viewer.person,
            person_name: viewer.name,
            role: viewer.role,
            server_time_ms: crate::clock::unix_ms(),
            heartbeat_ms: u32::try_from(HEARTBEAT_MS).unwrap_or(u32::MAX),
        }))]
    }

    /// The view of a new subscription was derived. `void`: what the screen has was seen with other rights.
    pub(crate) fn subscribed(&mut self, view: View, from: Vec<Position>, void: bool) -> Vec<Effect> {
        if self.phase != Phase::Open {
            return Vec::new();
        }
        let view = Arc::new(view);
        // On this socket a position belongs to the view that it was reached with.
        let changed = self.view.as_ref().is_some_and(|before| *before != view);
        let reset = if changed {
            Some(ResetReason::SubscriptionChanged)
        } else {
            (void && !from.is_empty()).then_some(ResetReason::RightsChanged)
        };
        self.view = Some(view.clone());
        vec![Effect::Join { view, from, reset }]
    }

    /// Rights may have changed, and the view was derived anew; `None`: the person may no longer sign in, or the session
    /// has ended.
    pub(crate) fn rederived(&mut self, view: Option<View>) -> Vec<Effect> {
        if self.phase != Phase::Open {
            return Vec::new();
        }
        let Some(view) = view else {
            return self.close(ByeCode::SessionEnded, "the session has ended: sign in again");
        };
        match &self.view {
            Some(before) if **before != view => {
                let view = Arc::new(view);
                self.view = Some(view.clone());
                vec![Effect::Join { view, from: Vec::new(), reset: Some(ResetReason::RightsChanged) }]
            }
            _ => Vec::new(),
        }
    }

    /// Ends the session.
    pub(crate) fn close(&mut self, code: ByeCode, message: &str) -> Vec<Effect> {
        if self.phase == Phase::Closed {
            return Vec::new();
        }
        self.phase = Phase::Closed;
        vec![Effect::Close { code, message: message.to_owned() }]
    }

    /// The camera cannot be watched.
    pub(crate) fn unwatched(&mut self, camera: &CameraId) {
        self.watched.remove(camera);
    }

    fn watch(&mut self, camera: CameraId, why: String) -> Vec<Effect> {
        if self.watched.len() >= CAMERAS_WATCHED_MAX && !self.watched.contains_key(&camera) {
            let message = format!("watch at most {CAMERAS_WATCHED_MAX} cameras at a time: close one");
            let status = VideoStatus { camera, health: None, codec: String::new(), message };
            return vec![Effect::Send(ToScreen::VideoStatus(status))];
        }
        self.watched.insert(camera.clone(), why.clone());
        vec![Effect::Watch(camera, why)]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::screen::view::{Encoding, Scope};

    const PING: ToServer = ToServer::Ping { nonce: 1, gaps: 0, doubles: 0 };

    fn viewer() -> Viewer {
        Viewer { person: PersonId::new("lan").unwrap(), name: "Lan".into(), role: Role::Operator }
    }

    fn view(scope: Scope) -> View {
        View {
            scope,
            nouns: BTreeSet::new(),
            encoding: Encoding::Protobuf,
            callers: true,
            remit: domain::Remit::default(),
        }
    }

    fn hello() -> Result<ToServer, Malformed> {
        Ok(ToServer::Hello { token: String::new(), why: "screen/wall".into() })
    }

    fn open() -> Session {
        let mut session = Session::new(0);
        assert_eq!(
            session.received(1, hello()),
            [Effect::Authenticate { token: String::new(), why: "screen/wall".into() }]
        );
        assert!(matches!(&session.authenticated(Some(viewer()), 1, 7)[..], [Effect::Send(ToScreen::Welcome(_))]));
        session
    }

    fn code(effects: &[Effect]) -> Option<ByeCode> {
        effects.iter().find_map(|effect| match effect {
            Effect::Close { code, .. } => Some(*code),
            _ => None,
        })
    }

    #[test]
    fn who_says_nothing_is_let_go_after_five_seconds_and_only_before_hello() {
        let mut session = Session::new(100);
        assert_eq!(session.tick(5_099), []);
        assert_eq!(code(&session.tick(5_100)), Some(ByeCode::HelloTimeout));
        assert_eq!(session.received(5_101, hello()), [], "closed is closed");
        assert_eq!(open().tick(1_000_000), []);
    }

    #[test]
    fn the_order_is_hello_welcome_and_then_the_rest() {
        let mut early = Session::new(0);
        assert_eq!(code(&early.received(0, Ok(PING))), Some(ByeCode::BadMessage));
        let mut twice = open();
        assert_eq!(code(&twice.received(0, hello())), Some(ByeCode::BadMessage));
        let mut hasty = Session::new(0);
        hasty.received(0, hello());
        assert_eq!(code(&hasty.received(0, Ok(PING))), Some(ByeCode::BadMessage));
    }

    #[test]
    fn nobody_is_unauthorized() {
        let mut session = Session::new(0);
        session.received(0, hello());
        assert_eq!(code(&session.authenticated(None, 1, 7)), Some(ByeCode::Unauthorized));
    }

    #[test]
    fn nonsense_is_answered_with_the_field() {
        let effects = open().received(0, Err(Malformed::new("subscribe.nouns", "use any of ...")));
        let [Effect::Close { code: ByeCode::BadMessage, message }] = &effects[..] else { panic!("{effects:?}") };
        assert!(message.contains("subscribe.nouns"));
    }

    #[test]
    fn a_first_subscription_resumes_and_another_resets() {
        let mut session = open();
        let from = vec![Position { epoch: 7, index: 3, ..Position::default() }];
        let effects = session.subscribed(view(Scope::Everywhere), from.clone(), false);
        assert!(matches!(&effects[..], [Effect::Join { from: given, reset: None, .. }] if *given == from));
        let effects = session.subscribed(view(Scope::Within(BTreeSet::new())), from.clone(), false);
        assert!(matches!(&effects[..], [Effect::Join { reset: Some(ResetReason::SubscriptionChanged), .. }]));
        let effects = open().subscribed(view(Scope::Everywhere), from, true);
        assert!(matches!(&effects[..], [Effect::Join { reset: Some(ResetReason::RightsChanged), .. }]));
    }

    #[test]
    fn other_rights_reset_and_leave_the_cameras_to_be_asked_for_by_themselves() {
        let mut session = open();
        let camera = CameraId::new("c1").unwrap();
        session.received(0, Ok(ToServer::WatchCamera { camera: camera.clone(), why: "incident/I1".into() }));
        session.subscribed(view(Scope::Everywhere), Vec::new(), false);
        assert_eq!(session.rederived(Some(view(Scope::Everywhere))), []);
        let effects = session.rederived(Some(view(Scope::Within(BTreeSet::new()))));
        assert!(
            matches!(&effects[..], [Effect::Join { reset: Some(ResetReason::RightsChanged), from, .. }] if from.is_empty())
        );
        assert_eq!(session.watched(), &BTreeMap::from([(camera, "incident/I1".to_owned())]));
        assert_eq!(code(&session.rederived(None)), Some(ByeCode::SessionEnded));
    }

    #[test]
    fn what_a_screen_tells_of_its_frames_is_counted_within_bounds_and_answered() {
        let mut session = open();
        assert!(matches!(&session.received(0, Ok(PING))[..], [Effect::Send(ToScreen::Pong { nonce: 1, .. })]));
        let told = ToServer::Ping { nonce: 2, gaps: 3, doubles: u32::MAX };
        let effects = session.received(0, Ok(told));
        let count = Effect::Count { gaps: 3, doubles: FRAMES_TOLD_MAX };
        assert!(matches!(&effects[..], [first, Effect::Send(ToScreen::Pong { nonce: 2, .. })] if *first == count));
    }

    #[test]
    fn cameras_and_messages_have_bounds() {
        let mut session = open();
        for n in 0..=CAMERAS_WATCHED_MAX {
            let camera = CameraId::new(&format!("c{n}")).unwrap();
            let effects = session.received(2_000 * n as u64, Ok(ToServer::WatchCamera { camera, why: String::new() }));
            assert_eq!(matches!(effects[..], [Effect::Watch(..)]), n < CAMERAS_WATCHED_MAX);
        }
        let mut session = open();
        let codes: Vec<_> = (0..=INBOUND_PER_SECOND_MAX).map(|_| code(&session.received(9_000, Ok(PING)))).collect();
        assert_eq!(codes.iter().position(Option::is_some), Some(INBOUND_PER_SECOND_MAX as usize));
    }
}
