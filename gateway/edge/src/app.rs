//! What every request and every screen of this node shares.

use std::sync::{Arc, Mutex};

use domain::{Camera, CameraId, EntityId, GroupId};
use hyper::StatusCode;
use tokio::sync::{Semaphore, watch};

use crate::{
    accounts::Accounts,
    api::backup::BACKUPS_MAX,
    auth::Auth,
    cluster::{Road, Source, Video, read},
    config::{EdgeConfig, Nodes},
    device_cookie::DeviceCookies,
    error::ApiError,
    limits::{CLIPS_MAX, UPLOADS_MAX},
    metrics::Metrics,
    oidc::Oidc,
    public::Public,
    reads::Reads,
    requests::Requests,
    screen::{fanout::Fanout, pulse, pulse::Pulses},
    seal::Sealer,
    seats::Seats,
};

/// The edge of one node.
pub(crate) struct App {
    pub(crate) config: EdgeConfig,
    pub(crate) source: Arc<dyn Source>,
    pub(crate) road: Arc<dyn Road>,
    pub(crate) video: Arc<dyn Video>,
    pub(crate) nodes: Nodes,
    pub(crate) auth: Auth,
    pub(crate) device_cookies: DeviceCookies,
    /// The provider whose word counts too; none: there is none.
    pub(crate) oidc: Option<Oidc>,
    pub(crate) fanout: Fanout,
    pub(crate) pulses: Pulses,
    pub(crate) metrics: Metrics,
    pub(crate) connections: Seats,
    pub(crate) sockets: Seats,
    pub(crate) requests: Mutex<Requests>,
    /// Sensitive looks, until they are recorded.
    pub(crate) reads: Reads,
    /// What those without an account share.
    pub(crate) public: Public,
    /// Turns to bring a photo.
    pub(crate) uploads: Semaphore,
    /// Turns to bring a clip.
    pub(crate) clips: Semaphore,
    /// Turns to take a backup.
    pub(crate) backups: Arc<Semaphore>,
    /// Turns true when the edge stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl App {
    /// Starts what runs behind the requests; it ends when `stopping` turns true. Must be called within a tokio runtime.
    pub(crate) fn start(
        config: EdgeConfig,
        source: Arc<dyn Source>,
        road: Arc<dyn Road>,
        video: Arc<dyn Video>,
        nodes: Nodes,
        stopping: watch::Receiver<bool>,
    ) -> Arc<Self> {
        let sealer = Sealer::new(&config.sealing_key);
        let accounts = Accounts::over(source.clone(), sealer, config.key_uses.clone());
        let oidc = config.oidc.clone().map(|oidc| Oidc::new(oidc, &config.public_url, &config.sealing_key));
        Arc::new(Self {
            oidc,
            auth: Auth::new(source.clone(), road.clone(), accounts),
            device_cookies: DeviceCookies::new(&config.sealing_key),
            fanout: Fanout::start(&source, &stopping),
            pulses: pulse::start(source.clone(), config.sensitive_hidden_after, stopping.clone()),
            metrics: Metrics::new(),
            connections: Seats::new(config.connections_max, config.connections_per_ip_max),
            sockets: Seats::new(config.sockets_max, config.sockets_per_ip_max),
            requests: Mutex::default(),
            reads: Reads::new(),
            public: Public::default(),
            uploads: Semaphore::new(UPLOADS_MAX),
            clips: Semaphore::new(CLIPS_MAX),
            backups: Arc::new(Semaphore::new(BACKUPS_MAX)),
            config,
            source,
            road,
            video,
            nodes,
            stopping,
        })
    }

    /// Whether this node plays dead to screens now.
    pub(crate) fn is_closed(&self) -> bool {
        self.config.closed.as_ref().is_some_and(|closed| *closed.borrow())
    }

    /// Whether the pages of this origin are ours.
    pub(crate) fn is_our_origin(&self, origin: &str) -> bool {
        let is_origin = |url: &str| url.trim_end_matches('/').eq_ignore_ascii_case(origin);
        is_origin(&self.config.public_url) || (self.nodes)().iter().any(|(_, url)| is_origin(url))
    }

    /// Waits until this node has applied what any node has acknowledged before. A district centre's node goes on with its copy.
    ///
    /// # Errors
    /// No quorum answered.
    pub(crate) async fn catch_up(&self) -> Result<(), ApiError> {
        if self.source.line().is_some() {
            return Ok(());
        }
        self.auth.accounts.catch_up().await.map_err(|error| ApiError::unavailable(&error.to_string()))
    }

    /// What `look` finds; what is not there by what this node has applied is looked for once more when it has caught up: another node
    /// may have acknowledged it a moment ago.
    ///
    /// # Errors
    /// Those of `look`, or no quorum answered.
    pub(crate) async fn caught_up<R>(&self, look: impl Fn() -> Result<R, ApiError>) -> Result<R, ApiError> {
        let is_missing = |error: &ApiError| matches!(error.status(), StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
        match look() {
            Err(error) if is_missing(&error) => {}
            found => return found,
        }
        self.catch_up().await?;
        look()
    }

    /// The field group of a device, by what this node has applied.
    pub(crate) fn placement(&self, entity: &EntityId) -> Option<GroupId> {
        read(&*self.source, GroupId::COMMAND, |state0| state0.placements().get(entity).copied())
    }

    /// A camera's record.
    pub(crate) fn camera(&self, camera: &CameraId) -> Option<Camera> {
        let group = self.placement(&EntityId::from(camera))?;
        read(&*self.source, group, |state| state.cameras().get(camera).cloned())
    }
}
