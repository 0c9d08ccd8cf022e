//! Start and stop.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use crate::{
    api,
    app::App,
    cluster::{Road, Source, Video},
    config::{EdgeConfig, Nodes},
    conveyance::subscriber,
    limits::STOP_DEADLINE,
    server,
};

/// Why an edge does not start.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: choose a free address that is this machine's")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// A running edge. Dropping it stops it without waiting.
pub struct Edge {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl Edge {
    /// Starts over whatever stands for the cluster.
    pub(crate) fn start_over(
        config: EdgeConfig,
        source: Arc<dyn Source>,
        road: Arc<dyn Road>,
        video: Arc<dyn Video>,
        nodes: Nodes,
    ) -> Result<Self, EdgeError> {
        Self::start_behind(config, source, road, video, nodes, |routes| routes)
    }

    /// The same, with `front` around the edge's own routes: a district centre's node answers there what the edge cannot know.
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`EdgeError`].
    pub fn start_behind(
        config: EdgeConfig,
        source: Arc<dyn Source>,
        road: Arc<dyn Road>,
        video: Arc<dyn Video>,
        nodes: Nodes,
        front: impl FnOnce(Router) -> Router,
    ) -> Result<Self, EdgeError> {
        let address = config.listen;
        let failed = |source| EdgeError::Listen { address, source };
        let listener = server::listen(address).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (stop, stopping) = watch::channel(false);
        let app = App::start(config, source, road, video, nodes, stopping.clone());
        if let Some(trust) = app.config.conveyance.clone() {
            tokio::spawn(subscriber::run(app.clone(), trust, stopping.clone()));
        }
        let router = front(api::router(app.clone()));
        let server = tokio::spawn(server::run(app, router, listener, stopping));
        tracing::info!(%address, "edge: listening");
        Ok(Self { address, stop, server })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Stops: screens are told, requests under way are answered, and what is not over in time is cut.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let _ = timeout(STOP_DEADLINE + Duration::from_secs(1), self.server).await;
    }
}
