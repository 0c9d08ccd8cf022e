//! The edge without its listening socket, for a simulator: requests come as values, screens over any stream of bytes. The routes, the
//! hubs and the connections are the ones that ship; there is no moving picture.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{Router, body::Body, http::Request};
use bytes::Bytes;
use domain::{CameraHealth, CameraId};
use http_body_util::BodyExt;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use ingest::rtsp::AccessUnit;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{mpsc, watch},
};
use tokio_tungstenite::{WebSocketStream, tungstenite::protocol::Role};
use tower_service::Service;

use crate::{
    api::{self, body::SEQ_HEADER},
    app::App,
    cluster::{NotWatchable, Road, Source, Video},
    config::{EdgeConfig, Nodes},
    fresh,
    screen::{socket, upgrade, view::Encoding},
    server::Peer,
};

/// From where everybody comes.
const ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 4_000);

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Path, with what follows the `?`.
    pub path: String,
    /// Of the session.
    pub token: String,
    /// `x-request-seq`, for a command.
    pub seq: Option<u64>,
    /// `x-read: linearizable`, for a look.
    pub is_linearizable: bool,
    /// JSON; may be empty.
    pub body: String,
}

/// An edge that nobody can connect to but its owner. It stops when it is dropped.
pub struct Door {
    app: Arc<App>,
    router: Router,
    stop: watch::Sender<bool>,
}

impl Door {
    /// Opens it over whatever stands for the cluster.
    #[must_use]
    pub fn open(config: EdgeConfig, source: Arc<dyn Source>, road: Arc<dyn Road>, nodes: Nodes) -> Self {
        let (stop, stopping) = watch::channel(false);
        let app = App::start(config, source, road, Arc::new(Dark), nodes, stopping);
        let router = api::router(app.clone());
        Self { app, router, stop }
    }

    /// Answers a request: status and body.
    pub async fn ask(&self, asked: Asked) -> (u16, Bytes) {
        let request = Request::builder().method(asked.method).uri(asked.path);
        let request = request.header(AUTHORIZATION, format!("Bearer {}", asked.token));
        let mut request = request.header(CONTENT_TYPE, "application/json");
        if let Some(seq) = asked.seq {
            request = request.header(SEQ_HEADER, seq);
        }
        if asked.is_linearizable {
            request = request.header(fresh::READ, fresh::LINEARIZABLE);
        }
        let Ok(mut request) = request.body(Body::from(asked.body)) else { return (400, Bytes::new()) };
        request.extensions_mut().insert(Peer(ADDRESS));
        let Ok(response) = self.router.clone().call(request).await;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await;
        (status, body.map(|body| body.to_bytes()).unwrap_or_default())
    }

    /// Serves a screen over a WebSocket of protobuf that is open already, until it is gone or let go.
    pub async fn show<IO: AsyncRead + AsyncWrite + Unpin>(&self, io: IO) {
        let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(upgrade::config())).await;
        socket::serve(self.app.clone(), socket, Encoding::Protobuf, None, ADDRESS.ip()).await;
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// No camera anywhere.
struct Dark;

impl Video for Dark {
    fn watch(&self, _: &CameraId) -> Result<mpsc::Receiver<Arc<AccessUnit>>, NotWatchable> {
        Err(NotWatchable("there is no camera here".to_owned()))
    }

    fn health(&self, _: &CameraId) -> Option<CameraHealth> {
        None
    }
}
