//! The listening socket: TCP, optional TLS, bounds on connections, and HTTP/1.1 with upgrades on each.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{Router, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use crate::{
    app::App,
    limits::{ACCEPT_BACKLOG, HANDSHAKE_DEADLINE, SEND_BUFFER_BYTES, STOP_DEADLINE},
    seats::Seat,
    stop::stopped,
};

/// Pause after a failed accept (out of file descriptors), so that the loop does not spin.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Who is at the other end of a connection, as every request of it knows.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Listens on an address.
pub(crate) fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // After a restart the address is free at once.
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(ACCEPT_BACKLOG)
}

/// Accepts until `stop` says so, then lets the connections end, and cuts those that do not in time.
pub(crate) async fn run(app: Arc<App>, router: Router, listener: TcpListener, mut stop: watch::Receiver<bool>) {
    let tls = app.config.tls.clone().map(TlsAcceptor::from);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stopped(&mut stop) => break,
            accepted = listener.accept() => accepted,
            // Those that have ended, so that the set holds the open ones only.
            Some(_) = connections.join_next() => continue,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "edge: a connection could not be accepted");
                sleep(ACCEPT_RETRY).await;
                continue;
            }
        };
        let ip: IpAddr = address.ip().to_canonical();
        let Some(seat) = app.connections.take(ip) else {
            app.metrics.connections_refused.inc();
            continue;
        };
        let peer = Peer(SocketAddr::new(ip, address.port()));
        connections.spawn(connection(stream, tls.clone(), peer, seat, router.clone(), stop.clone()));
    }
    drop(listener);
    let _ = timeout(STOP_DEADLINE, async { while connections.join_next().await.is_some() {} }).await;
    connections.abort_all();
}

async fn connection(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    peer: Peer,
    seat: Seat,
    router: Router,
    stop: watch::Receiver<bool>,
) {
    // Small messages go out at once: an acknowledgement must not wait for the one before it.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "edge: the connection was gone at once");
        return;
    }
    let Some(tls) = tls else { return serve(stream, peer, seat, router, stop).await };
    match timeout(HANDSHAKE_DEADLINE, tls.accept(stream)).await {
        Ok(Ok(stream)) => serve(stream, peer, seat, router, stop).await,
        Ok(Err(error)) => tracing::debug!(peer = %peer.0, %error, "edge: no TLS"),
        Err(_) => tracing::debug!(peer = %peer.0, "edge: TLS took too long"),
    }
}

async fn serve<IO>(io: IO, peer: Peer, seat: Seat, router: Router, mut stop: watch::Receiver<bool>)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // A WebSocket outlives this function on its own task, and its connection keeps its seat until it ends.
    let seat = Arc::new(seat);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(seat.clone());
        router.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HANDSHAKE_DEADLINE)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(peer = %peer.0, %error, "edge: the connection broke");
    }
}
