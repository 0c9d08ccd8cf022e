//! One screen's connection: carries what it says to its session, the session's effects out, and the queues to the wire.

mod camera;

use std::{collections::BTreeSet, net::IpAddr, sync::Arc, time::Duration};

use domain::{GroupId, Position, State, audit::why, policy, policy::Action, policy::Noun};
use futures::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error as WsError,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::{
    fanout::rights_may_differ,
    hub::{Sink, SocketId},
    message::{ByeCode, Payload, ToScreen, ToServer},
    outbox::{Outbox, OutboxLimits},
    session::{Effect, Session, Viewer},
    video::Watching,
    view::{Encoding, View},
};
use crate::{
    app::App,
    auth::{Caller, Token, now_by},
    cluster::read,
    limits::{CALLERS_RECORDED_WAIT, FLUSH_DEADLINE, FRAMES_PER_FLUSH_MAX},
    stop::stopped,
};

/// How long a closing socket is given to hear why, and to say good-bye itself.
const CLOSE_DEADLINE: Duration = Duration::from_millis(1_000);

/// What a screen is told that is on a node of a drill.
const PLAYS_DEAD: &str = "this node plays dead in a drill: use another one";

/// By which route a screen asks, where it does not say what it is for.
const ROUTE: &str = "/ws";

/// What is looked at by a screen that shows callers.
const CALLERS: &str = "screen/calls";

/// Why a connection ends.
enum End {
    /// We say why.
    Bye(ByeCode, String),
    /// It is gone, or takes nothing.
    Gone,
}

/// Serves a screen until it is gone or let go. `cookie` is the token of the HTTP session, if the browser sent one.
pub(crate) async fn serve<IO: AsyncRead + AsyncWrite + Unpin>(
    app: Arc<App>,
    mut socket: WebSocketStream<IO>,
    encoding: Encoding,
    cookie: Option<Token>,
    ip: IpAddr,
) {
    if app.is_closed() {
        app.metrics.bye(ByeCode::Unavailable);
        return bye(&mut socket, encoding, ByeCode::Unavailable, PLAYS_DEAD.to_owned()).await;
    }
    let Some(_seat) = app.sockets.take(ip) else {
        app.metrics.bye(ByeCode::TooMany);
        let message = "this node serves as many screens as it may: use another node, or close one".to_owned();
        return bye(&mut socket, encoding, ByeCode::TooMany, message).await;
    };
    let limits = OutboxLimits { messages_max: app.config.socket_messages_max, bytes_max: app.config.socket_bytes_max };
    let outbox = Outbox::new(limits);
    let opened = Instant::now();
    let mut screen = Screen {
        id: app.fanout.name(),
        session: Session::new(0),
        watching: Watching::new(outbox.clone(), encoding),
        outbox,
        encoding,
        cookie,
        ip,
        caller: None,
        why: String::new(),
        callers_recorded: false,
        callers_awaited: None,
        welcomed: false,
        joined: None,
        opened,
        app,
    };
    let end = screen.run(&mut socket).await;
    screen.outbox.close();
    if let Some(view) = screen.joined.take() {
        screen.app.fanout.leave(screen.id, &view).await;
    }
    if let End::Bye(code, message) = end {
        tracing::debug!(socket = screen.id, %ip, code = code.as_str(), %message, "screens: let go");
        screen.app.metrics.bye(code);
        bye(&mut socket, encoding, code, message).await;
    }
}

struct Screen {
    id: SocketId,
    app: Arc<App>,
    session: Session,
    outbox: Outbox,
    watching: Watching,
    encoding: Encoding,
    cookie: Option<Token>,
    ip: IpAddr,
    /// Who it is, once that is known.
    caller: Option<(Token, Caller)>,
    /// What this screen is for, as it said itself.
    why: String,
    /// A quorum holds that callers are looked at here: their numbers are hidden before.
    callers_recorded: bool,
    /// Turns true when it does, where that was asked for.
    callers_awaited: Option<watch::Receiver<bool>>,
    /// It has been told who it is: heartbeats come after that.
    welcomed: bool,
    /// The view under which it is in the hubs.
    joined: Option<Arc<View>>,
    opened: Instant,
}

impl Screen {
    async fn run<IO: AsyncRead + AsyncWrite + Unpin>(&mut self, socket: &mut WebSocketStream<IO>) -> End {
        let mut rights = self.app.fanout.rights();
        let mut cameras = self.app.fanout.cameras();
        let mut beat = self.app.pulses.beat.clone();
        let mut stop = self.app.stopping.clone();
        loop {
            let due = self.session.due_ms().map(|due_ms| self.opened + Duration::from_millis(due_ms));
            let hello_due = async move {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            let mut awaited = self.callers_awaited.clone();
            let callers_recorded = async move {
                match &mut awaited {
                    // An end without it leaves them hidden.
                    Some(held) => held.wait_for(|held| *held).await.is_ok(),
                    None => std::future::pending().await,
                }
            };
            // In this order: who floods the socket is let go for it, and what may be lost comes last.
            let effects = tokio::select! {
                biased;
                () = stopped(&mut stop) => {
                    self.session.close(ByeCode::ShuttingDown, "this node stops: use another one")
                }
                () = hello_due => self.session.tick(self.now_ms()),
                received = socket.next() => match received {
                    Some(Ok(message)) => match self.read(&message) {
                        Some(message) => self.session.received(self.now_ms(), message),
                        None => continue,
                    },
                    Some(Err(WsError::Capacity(error))) => {
                        self.session.close(ByeCode::BadMessage, &format!("send less at once ({error})"))
                    }
                    Some(Err(_)) | None => return End::Gone,
                },
                changed = rights.changed(), if self.caller.is_some() => {
                    if changed.is_err() {
                        self.session.close(ByeCode::ShuttingDown, "this node stops: use another one")
                    } else {
                        self.recheck()
                    }
                }
                changed = cameras.changed(), if !self.session.watched().is_empty() => {
                    if changed.is_err() {
                        self.session.close(ByeCode::ShuttingDown, "this node stops: use another one")
                    } else {
                        self.recheck_cameras()
                    }
                }
                held = callers_recorded => {
                    self.callers_awaited = None;
                    self.callers_recorded = held;
                    let view = self.derive();
                    self.session.rederived(view)
                }
                changed = beat.changed(), if self.welcomed => {
                    if changed.is_err() {
                        self.session.close(ByeCode::ShuttingDown, "this node stops: use another one")
                    } else if self.app.is_closed() {
                        self.session.close(ByeCode::Unavailable, PLAYS_DEAD)
                    } else {
                        let payload = beat.borrow_and_update().payload(self.encoding).clone();
                        if self.write(socket, vec![payload]).await.is_err() {
                            return End::Gone;
                        }
                        if !self.is_session_alive() {
                            self.session.rederived(None)
                        } else if self.are_rights_over() {
                            // No event says that what was lent for a time has ended.
                            self.recheck()
                        } else {
                            continue;
                        }
                    }
                }
                () = self.outbox.filled() => match self.outbox.take(FRAMES_PER_FLUSH_MAX) {
                    Some(messages) => {
                        if self.write(socket, messages).await.is_err() {
                            return End::Gone;
                        }
                        self.welcomed |= self.caller.is_some();
                        continue;
                    }
                    None => {
                        let message = "this screen does not keep up: it may come back and resume";
                        self.session.close(ByeCode::Slow, message)
                    }
                },
                () = self.watching.filled() => {
                    let frame = self.watching.take().map(|frame| frame.encode(self.encoding));
                    if self.write(socket, frame.into_iter().collect()).await.is_err() {
                        return End::Gone;
                    }
                    continue;
                }
            };
            if let Some(end) = self.carry_out(effects).await {
                return end;
            }
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A message of the protocol; `None` for what WebSocket itself takes care of.
    fn read(&self, message: &Payload) -> Option<Result<ToServer, domain::wire::Malformed>> {
        let malformed = |remedy| Some(Err(domain::wire::Malformed::new("message", remedy)));
        match (self.encoding, message) {
            (Encoding::Protobuf, Payload::Binary(bytes)) => Some(ToServer::from_protobuf(bytes)),
            (Encoding::Json, Payload::Text(text)) => Some(ToServer::from_json(text)),
            (Encoding::Protobuf, Payload::Text(_)) => malformed("send binary messages with trongdong.v1"),
            (Encoding::Json, Payload::Binary(_)) => malformed("send text messages with trongdong.v1.json"),
            _ => None,
        }
    }

    async fn carry_out(&mut self, effects: Vec<Effect>) -> Option<End> {
        let mut effects = std::collections::VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                // One that takes no more is found out by the loop.
                Effect::Send(message) => {
                    let _ = self.outbox.push(&message.encode(self.encoding));
                }
                Effect::Authenticate { token, why } => {
                    self.why = why;
                    effects.extend(self.authenticate(&token).await);
                }
                Effect::Derive { from } => effects.extend(self.subscribe(from).await),
                Effect::Join { view, from, reset } => {
                    if let Some(before) = self.joined.replace(view.clone()) {
                        self.app.fanout.leave(self.id, &before).await;
                    }
                    self.app.fanout.join(self.id, &view, &self.outbox, &from, reset).await;
                }
                Effect::Watch(camera, why) => self.watch(camera, &why).await,
                Effect::Unwatch(camera) => self.watching.stop(&camera),
                Effect::Count { gaps, doubles } => self.count(gaps, doubles),
                Effect::Close { code, message } => return Some(End::Bye(code, message)),
            }
        }
        None
    }

    /// Frames that did not come to the screen as they should have: in this node's counts, and in those of the drill that goes on.
    fn count(&self, gaps: u32, doubles: u32) {
        let app = &self.app;
        app.metrics.frames_told(gaps, doubles);
        let drill = app.source.drill().or_else(|| read(&*app.source, GroupId::COMMAND, State::drill_now));
        if let (Some(drill), Some(operations)) = (drill, &app.config.operations) {
            operations.screens_told(drill.number, gaps, doubles);
        }
    }

    async fn authenticate(&mut self, token: &str) -> Vec<Effect> {
        let token = if token.is_empty() { self.cookie.clone() } else { Token::read(token) };
        if let Some(token) = token {
            match self.app.auth.caller(&token).await {
                Ok(caller) => self.caller = Some((token, caller)),
                // Nothing is known about the token: another node may know, and so may this one in a moment.
                Err(error) if error.is_unavailable() => {
                    return self.session.close(ByeCode::Unavailable, error.message());
                }
                Err(_) => {}
            }
        }
        let viewer = self.caller.as_ref().map(|(_, caller)| Viewer {
            person: caller.person.id.clone(),
            name: caller.person.name.clone(),
            role: caller.grant.role,
        });
        self.session.authenticated(viewer, self.app.source.node(), self.app.source.epoch())
    }

    async fn subscribe(&mut self, from: Vec<Position>) -> Vec<Effect> {
        self.record_callers();
        let is_held = match &mut self.callers_awaited {
            Some(held) => {
                let held = timeout(CALLERS_RECORDED_WAIT, held.wait_for(|held| *held)).await;
                held.is_ok_and(|held| held.is_ok())
            }
            None => false,
        };
        if is_held {
            self.callers_recorded = true;
            self.callers_awaited = None;
        }
        let Some((_, caller)) = &self.caller else { return Vec::new() };
        // What was lent to somebody may have ended in between without an event: they start anew.
        let person = &caller.person.id;
        let was_lent = read(&*self.app.source, GroupId::COMMAND, |state0| state0.stances().contains_key(person));
        let void = was_lent || rights_may_differ(&*self.app.source, person, &from);
        match self.derive() {
            Some(view) => self.session.subscribed(view, from, void),
            None => self.session.rederived(None),
        }
    }

    /// The view of the subscription under the rights that hold now; `None`: the person may see nothing any more.
    fn derive(&mut self) -> Option<View> {
        let (token, caller) = self.caller.as_mut()?;
        *caller = self.app.auth.caller_now(token)?;
        let subscription = self.session.subscription()?;
        let grant = &caller.grant;
        let encoding = self.encoding;
        let view = read(&*self.app.source, GroupId::COMMAND, |state0| View::new(grant, subscription, state0, encoding));
        Some(View { callers: view.callers && self.callers_recorded, ..view })
    }

    /// Has it recorded that callers are looked at here, if they are and it is not yet. Nobody waits for it.
    fn record_callers(&mut self) {
        let Some((_, caller)) = &self.caller else { return };
        let shows = |nouns: &BTreeSet<Noun>| nouns.is_empty() || nouns.contains(&Noun::Call);
        let is_asked = self.session.subscription().is_some_and(|subscription| shows(&subscription.nouns));
        let may = policy::allows(&caller.grant, Action::SeeCaller, None).is_ok();
        if !is_asked || !may || self.callers_recorded || self.callers_awaited.is_some() {
            return;
        }
        let caller = self.looking(caller, "");
        self.callers_awaited = Some(self.app.look_until_held(caller, CALLERS));
    }

    /// Whether rights that end by themselves have ended.
    fn are_rights_over(&self) -> bool {
        let now = read(&*self.app.source, GroupId::COMMAND, now_by);
        self.caller.as_ref().is_some_and(|(_, caller)| caller.grant.terms.is_over(now))
    }

    fn is_session_alive(&self) -> bool {
        self.caller.as_ref().is_some_and(|(token, _)| self.app.auth.is_alive(token))
    }

    /// Rights may have changed: whoever may no longer sign in is let go, pictures that may not be shown any more end, and the view is
    /// derived anew. A screen that subscribes to nothing may watch cameras all the same.
    fn recheck(&mut self) -> Vec<Effect> {
        let Some((token, caller)) = self.caller.as_mut() else { return Vec::new() };
        match self.app.auth.caller_now(token) {
            Some(now) => *caller = now,
            None => return self.session.rederived(None),
        }
        let mut effects = self.recheck_cameras();
        if self.session.view().is_some() {
            let view = self.derive();
            self.record_callers();
            effects.extend(self.session.rederived(view));
        }
        effects
    }

    /// Who looks, from where and why, for the record; where nothing more is said, because that is what the screen is for.
    fn looking(&self, caller: &Caller, why: &str) -> Caller {
        let mut caller = caller.clone();
        caller.grant.from = self.ip.to_string();
        caller.grant.why = if why.trim().is_empty() { self.why.clone() } else { why.to_owned() };
        caller.asked = why::asked(ROUTE, "");
        caller
    }

    /// Writes and flushes within the deadline.
    async fn write<IO: AsyncRead + AsyncWrite + Unpin>(
        &self,
        socket: &mut WebSocketStream<IO>,
        messages: Vec<Payload>,
    ) -> Result<(), ()> {
        let count = messages.len();
        let bytes: usize = messages.iter().map(Payload::len).sum();
        match timeout(FLUSH_DEADLINE, feed(socket, messages)).await {
            Ok(Ok(())) => {
                self.app.metrics.sent(count, bytes);
                Ok(())
            }
            Ok(Err(_)) => Err(()),
            Err(_) => {
                // Nothing more fits the line, a farewell included.
                self.app.metrics.bye(ByeCode::Slow);
                tracing::debug!(socket = self.id, "screens: takes nothing, cut");
                Err(())
            }
        }
    }
}

async fn feed<IO: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut WebSocketStream<IO>,
    messages: Vec<Payload>,
) -> Result<(), WsError> {
    for message in messages {
        socket.feed(message).await?;
    }
    socket.flush().await
}

/// Says why, closes, and waits a moment for the other side to do the same.
async fn bye<IO: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut WebSocketStream<IO>,
    encoding: Encoding,
    code: ByeCode,
    message: String,
) {
    let close = CloseFrame {
        code: match code {
            ByeCode::Slow | ByeCode::TooMany | ByeCode::Unavailable => CloseCode::Again,
            ByeCode::ShuttingDown => CloseCode::Away,
            _ => CloseCode::Policy,
        },
        reason: code.as_str().into(),
    };
    let farewell = async {
        socket.send(ToScreen::Bye { code, message }.encode(encoding)).await?;
        socket.close(Some(close)).await?;
        while let Some(Ok(_)) = socket.next().await {}
        Ok::<_, WsError>(())
    };
    let _ = timeout(CLOSE_DEADLINE, farewell).await;
}
