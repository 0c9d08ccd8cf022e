//! The subscriber's side: the leader of the command group holds one line to each service whose address says where it notifies, and
//! takes what comes one event at a time. An event is acknowledged once a quorum holds what it says; what was not is sent again by
//! the other side when the line is back, to whichever node leads then, and changes nothing if it was known.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{Channel, GroupId, Receiver, ReceiverId};
use futures::{SinkExt, StreamExt};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Message,
        client::IntoClientRequest,
        http::{HeaderName, HeaderValue, Request, header},
        protocol::WebSocketConfig,
    },
};

use super::{
    DATE_HEADER, PROTOCOL,
    message::{
        self, BAD, Ended, Event, EventResponse, OK, Subscribe, SubscribeResponse, Subscribed, TOO_LARGE, ToNotifier,
        ToSubscriber, UNAVAILABLE, words,
    },
    signed_words,
};
use crate::{
    api::handover::PartnerError,
    app::App,
    clock::unix_ms,
    cluster::read,
    courier::{SIGNATURE_HEADER, receiver_context, signature},
    limits::EIDO_BYTES_MAX,
    stop::stopped,
};

/// How often it is looked which lines there have to be.
const LOOK_PERIOD: Duration = Duration::from_secs(1);
/// Connecting, TLS, the upgrade and the subscription, each.
const OPEN_WITHIN: Duration = Duration::from_secs(8);
/// Sending one message.
const SEND_WITHIN: Duration = Duration::from_secs(5);
/// What we ask for as the longest silence; after three of them the line is cut.
const ALIVE_S: u64 = 20;
/// What we ask for as the time of a subscription; it is renewed at half of it.
const EXPIRES_S: u64 = 3_600;
/// Wait after a line has ended; twice as long each time that nothing came of it, up to the second.
const AGAIN_WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// Objects in one event; more are refused.
const EIDOS_PER_EVENT_MAX: usize = 16;
/// Bytes of one message.
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// A byte stream, with or without TLS.
trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

type Socket = WebSocketStream<Box<dyn Io>>;

/// Keeps the lines that there have to be, until the edge stops. There are at most `domain::limits::RECEIVERS_MAX`.
pub(crate) async fn run(app: Arc<App>, trust: Arc<ClientConfig>, mut stop: watch::Receiver<bool>) {
    let mut lines: BTreeMap<ReceiverId, (String, JoinHandle<()>)> = BTreeMap::new();
    loop {
        let wanted = wanted(&app);
        lines.retain(|id, (url, line)| {
            let stays = wanted.get(id).is_some_and(|at| *at == *url) && !line.is_finished();
            if !stays {
                line.abort();
            }
            stays
        });
        for (id, url) in wanted {
            let (app, trust) = (&app, &trust);
            lines.entry(id).or_insert_with_key(|id| {
                let line = tokio::spawn(follow(app.clone(), trust.clone(), id.clone(), url.clone()));
                (url, line)
            });
        }
        tokio::select! {
            () = stopped(&mut stop) => break,
            () = sleep(LOOK_PERIOD) => {}
        }
    }
    lines.values().for_each(|(_, line)| line.abort());
}

/// Services that notify somewhere; none where this node does not lead.
fn wanted(app: &App) -> BTreeMap<ReceiverId, String> {
    if app.source.group_age(GroupId::COMMAND).leader != Some(app.source.node()) {
        return BTreeMap::new();
    }
    let at = |it: &Receiver| match it.channel() {
        Some(Channel::Conveyance(Some(url))) if !it.disabled => Some((it.id.clone(), url.to_owned())),
        _ => None,
    };
    read(&*app.source, GroupId::COMMAND, |state| state.receivers().values().filter_map(at).collect())
}

/// One line after another, for ever.
async fn follow(app: Arc<App>, trust: Arc<ClientConfig>, id: ReceiverId, url: String) {
    let (first, last) = AGAIN_WAIT;
    let mut wait = first;
    loop {
        let mut taken = 0;
        let ended = line(&app, &trust, &id, &url, &mut taken).await;
        tracing::info!(receiver = %id, taken, why = ended.err().unwrap_or_default(), "conveyance: the line has ended");
        wait = if taken > 0 { first } else { (wait * 2).min(last) };
        sleep(wait).await;
    }
}

/// One line, from the handshake to its end. `taken` counts what came over it.
async fn line(
    app: &Arc<App>,
    trust: &Arc<ClientConfig>,
    id: &ReceiverId,
    url: &str,
    taken: &mut u64,
) -> Result<(), String> {
    let mut socket = timeout(OPEN_WITHIN, open(app, trust, id, url)).await.map_err(|_| "no answer in time")??;
    let mut subscription = subscribe(&mut socket, None).await?;
    let silence = Duration::from_secs(3 * ALIVE_S);
    let mut renew_at = Instant::now() + Duration::from_secs(EXPIRES_S / 2);
    let mut heard = Instant::now();
    loop {
        let received = match timeout_at(renew_at.min(heard + silence), socket.next()).await {
            Ok(received) => received,
            Err(_) if heard.elapsed() >= silence => return Err("silent for too long".to_owned()),
            Err(_) => {
                let renewed = Subscribe { subscription_id: Some(subscription.clone()), ..asked("renew") };
                say(&mut socket, &ToNotifier::Subscribe(renewed)).await?;
                renew_at = Instant::now() + Duration::from_secs(EXPIRES_S / 2);
                continue;
            }
        };
        heard = Instant::now();
        let text = match received {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(_))) | None => return Err("closed".to_owned()),
            Some(Ok(_)) => continue,
            Some(Err(error)) => return Err(error.to_string()),
        };
        match message::read::<ToSubscriber>(text.as_bytes())? {
            ToSubscriber::Event(event) => {
                let answer = take(app, id, event).await;
                *taken += u64::from(answer.status_code == OK);
                say(&mut socket, &ToNotifier::EventResponse(answer)).await?;
            }
            ToSubscriber::Terminate(ends) => {
                say(&mut socket, &ToNotifier::TerminateResponse(ended(ends))).await?;
                return Err("the subscription was ended".to_owned());
            }
            ToSubscriber::SubscribeResponse(answer) => subscription = subscribed(answer)?,
            ToSubscriber::UnsubscribeResponse(_) | ToSubscriber::Response(_) => {}
        }
    }
}

/// Does what an event says, object by object; the first that cannot be done is what is answered.
async fn take(app: &App, id: &ReceiverId, event: Event) -> EventResponse {
    let answer = |status_code: u16, status_text: String| EventResponse {
        transaction_id: event.transaction_id.clone(),
        status_code,
        status_text,
    };
    if event.notification.len() > EIDOS_PER_EVENT_MAX {
        return answer(TOO_LARGE, format!("send at most {EIDOS_PER_EVENT_MAX} objects in an event"));
    }
    let known = read(&*app.source, GroupId::COMMAND, |state| state.receivers().get(id).cloned());
    let Some(receiver) = known else { return answer(UNAVAILABLE, words(UNAVAILABLE)) };
    for eido in &event.notification {
        let bytes = serde_json::to_vec(eido).unwrap_or_default();
        if bytes.len() > EIDO_BYTES_MAX {
            return answer(TOO_LARGE, format!("send at most {EIDO_BYTES_MAX} bytes in an object"));
        }
        match app.take_eido(&receiver, &bytes).await {
            Ok(()) => {}
            // Nothing that is wrong now gets right when it is sent again.
            Err(PartnerError::Sent(error)) if !error.is_unavailable() => {
                return answer(BAD, format!("{} {}", error.field(), error.message()));
            }
            Err(PartnerError::Sent(_) | PartnerError::Door(_)) => return answer(UNAVAILABLE, words(UNAVAILABLE)),
        }
    }
    answer(OK, words(OK))
}

/// The answer to an end that the notifier tells of.
pub(super) fn ended(ends: Subscribed) -> Ended {
    let Subscribed { request_id, subscription_id } = ends;
    Ended { request_id, subscription_id, status_code: OK, status_text: words(OK) }
}

/// Everything, for as long as we ask for.
pub(super) fn asked(request_id: &str) -> Subscribe {
    Subscribe {
        request_id: request_id.to_owned(),
        request_type: Some("EIDO".to_owned()),
        request_sub_type: Some("new".to_owned()),
        min_rate: Some(ALIVE_S),
        expires: Some(EXPIRES_S),
        ..Subscribe::default()
    }
}

/// Asks for everything; the id of the subscription. Nothing else comes before the answer.
async fn subscribe(socket: &mut Socket, subscription_id: Option<String>) -> Result<String, String> {
    say(socket, &ToNotifier::Subscribe(Subscribe { subscription_id, ..asked("subscribe") })).await?;
    let answered = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => return message::read::<ToSubscriber>(text.as_bytes()),
                Some(Ok(Message::Close(_))) | None => return Err("closed".to_owned()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.to_string()),
            }
        }
    };
    match timeout(OPEN_WITHIN, answered).await.map_err(|_| "no subscription in time")?? {
        ToSubscriber::SubscribeResponse(answer) => subscribed(answer),
        other => Err(format!("{other:?} came before the subscription")),
    }
}

fn subscribed(answer: SubscribeResponse) -> Result<String, String> {
    match (answer.status_code, answer.subscription_id) {
        (OK, Some(id)) => Ok(id),
        (code, _) => Err(format!("not subscribed: {code} {}", answer.status_text)),
    }
}

async fn say(socket: &mut Socket, message: &ToNotifier) -> Result<(), String> {
    let sent = timeout(SEND_WITHIN, socket.send(Message::text(message::write(message)))).await;
    sent.map_err(|_| "takes nothing".to_owned())?.map_err(|error| error.to_string())
}

async fn open(app: &App, trust: &Arc<ClientConfig>, id: &ReceiverId, url: &str) -> Result<Socket, String> {
    let mut request = url.into_client_request().map_err(|error| error.to_string())?;
    sign(app, id, &mut request)?;
    let uri = request.uri();
    let is_tls = uri.scheme_str() == Some("wss");
    let host = uri.host().ok_or("its address has no host")?.trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
    let lost = |error: std::io::Error| error.to_string();
    let stream = TcpStream::connect((host.as_str(), port)).await.map_err(lost)?;
    stream.set_nodelay(true).map_err(lost)?;
    let io: Box<dyn Io> = if is_tls {
        let name = ServerName::try_from(host).map_err(|_| "its host is no name".to_owned())?;
        Box::new(TlsConnector::from(Arc::clone(trust)).connect(name, stream).await.map_err(lost)?)
    } else {
        Box::new(stream)
    };
    let config =
        WebSocketConfig::default().max_message_size(Some(MESSAGE_BYTES_MAX)).max_frame_size(Some(MESSAGE_BYTES_MAX));
    let (socket, _) = client_async_with_config(request, io, Some(config)).await.map_err(|error| error.to_string())?;
    Ok(socket)
}

/// Our name there is the last part of the address's path; what is signed is it and the date.
fn sign(app: &App, id: &ReceiverId, request: &mut Request<()>) -> Result<(), String> {
    let known = read(&*app.source, GroupId::COMMAND, |state| state.receivers().get(id).cloned());
    let known = known.ok_or("the receiver is gone")?;
    let name = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    let put = |request: &mut Request<()>, name: &'static str, value: &str| {
        let value = HeaderValue::try_from(value).map_err(|error| error.to_string())?;
        request.headers_mut().insert(HeaderName::from_static(name), value);
        Ok::<(), String>(())
    };
    request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    if known.secret_sealed.is_empty() {
        return Ok(());
    }
    let secret = app.auth.accounts.sealer().open(&receiver_context(id), &known.secret_sealed);
    let secret = secret.map_err(|error| error.to_string())?;
    let date = unix_ms().to_string();
    put(request, SIGNATURE_HEADER, &signature(&secret, signed_words(&name, &date).as_bytes()))?;
    put(request, DATE_HEADER, &date)
}
