//! Start and stop.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, sync::atomic::Ordering};

use edge::{DeviceCookies, Edge, EdgeConfig, EdgeError, MoreMetrics, Sealer};
use tokio::task::JoinHandle;

use crate::{
    config::DistrictConfig,
    front::Front,
    outbox::Outbox,
    people,
    province::Province,
    sender, sessions,
    shared::Shared,
    shelf::Shelf,
    source::{CopySource, NoRoad, NoVideo},
    store,
    upstream::Upstream,
};

/// Folder of the copy, in the data folder.
const COPY: &str = "copy";
/// Folder of what is kept, and of people.
const KEPT: &str = "kept";
/// Numbers that JSON carries whole.
const EPOCH_MASK: u64 = (1 << 53) - 1;

/// Why a district centre's node does not start.
#[derive(Debug, thiserror::Error)]
pub enum DistrictError {
    /// The configuration cannot be used.
    #[error("{0}")]
    Config(String),
    /// The data folder cannot be used.
    #[error("{path}: cannot be read or written: give this node a folder of its own and room on its disk")]
    Data {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The address cannot be listened on.
    #[error(transparent)]
    Edge(#[from] EdgeError),
}

/// A running node. Dropping it stops it without waiting.
pub struct District {
    edge: Option<Edge>,
    address: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for District {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl District {
    /// Starts the node; it follows the province as soon as it can be reached, and serves what it has meanwhile.
    ///
    /// # Errors
    /// [`DistrictError`].
    #[allow(clippy::unused_async, reason = "it spawns, and so has to be called within a runtime")]
    pub async fn start(config: DistrictConfig) -> Result<Self, DistrictError> {
        let (copy_folder, kept_folder) = (config.data.join(COPY), config.data.join(KEPT));
        let unusable = |path: &PathBuf| {
            let path = path.clone();
            move |source| DistrictError::Data { path, source }
        };
        let (mut opened, store) = store::open(&copy_folder).map_err(unusable(&copy_folder))?;
        let shelf = Shelf::new(&kept_folder, Sealer::new(&config.key)).map_err(unusable(&kept_folder))?;
        let found = shelf.read().map_err(unusable(&kept_folder))?;
        if let Some(damage) = &opened.damage {
            tracing::error!(damage, "district: the copy");
        }
        if found.people_damaged {
            tracing::error!("district: who may sign in cannot be read: nobody can before the line is back");
        }
        let mut outbox = Outbox::new(config.outbox, found.entries);
        outbox.skip_to(found.damaged.iter().max().map_or(1, |place| place + 1));
        for (name, sitting) in found.people.sittings().filter(|(_, it)| !it.left) {
            if let (Some(id), Some(who)) = (people::id_of(name), found.people.who(&sitting.person)) {
                opened.copy.put_person(&who.record(), &who.remit);
                opened.copy.admit(sitting.session(id));
            }
        }
        let damages = u64::from(opened.damage.is_some()) + u64::from(found.people_damaged) + found.damaged.len() as u64;
        let mut epoch = [0; 8];
        getrandom::fill(&mut epoch).map_err(|error| DistrictError::Config(format!("no randomness: {error}")))?;
        let epoch = (u64::from_le_bytes(epoch) & EPOCH_MASK).max(1);
        let province = Province::new(config.province.clone(), &config.province_tls).map_err(DistrictError::Config)?;
        let province = Arc::new(province);
        let shared = Shared::new(epoch, opened.copy, opened.heard, found.people, outbox, found.damaged, shelf);
        shared.counts.damages.store(damages, Ordering::Relaxed);
        let shared = Arc::new(shared);

        let mut edge_config = EdgeConfig::new(config.listen, config.public_url.clone(), config.key);
        edge_config.tls.clone_from(&config.tls);
        edge_config.more_metrics = Some(metrics(&shared, &store));
        let own = config.public_url.clone();
        let nodes = Arc::new(move || vec![(0, own.clone())]);
        let (front_shared, front_province) = (Arc::clone(&shared), Arc::clone(&province));
        let (age, secure, key) = (config.sign_in_age_ms_max, config.tls.is_some(), config.key);
        let edge = Edge::start_behind(
            edge_config,
            Arc::new(CopySource(Arc::clone(&shared))),
            Arc::new(NoRoad),
            Arc::new(NoVideo),
            nodes,
            |inner| Front::around(front_shared, front_province, age, (secure, DeviceCookies::new(&key)), inner),
        )?;
        let upstream = Upstream { shared: Arc::clone(&shared), store, province: Arc::clone(&province), config };
        let tasks = vec![
            tokio::spawn(upstream.run()),
            tokio::spawn(sender::run(Arc::clone(&shared), Arc::clone(&province))),
            tokio::spawn(sessions::run(shared, province)),
        ];
        let address = edge.local_addr();
        Ok(Self { edge: Some(edge), address, tasks })
    }

    /// Where the room's screens reach it.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Stops: screens are told, requests under way are answered. What is kept stays kept.
    pub async fn stop(mut self) {
        if let Some(edge) = self.edge.take() {
            edge.stop().await;
        }
    }
}

fn metrics(shared: &Arc<Shared>, store: &store::Store) -> MoreMetrics {
    let (shared, store) = (Arc::clone(shared), store.clone());
    Arc::new(move || {
        let counts = &shared.counts;
        let count = |name: &str, value: &std::sync::atomic::AtomicU64| {
            (format!("district_{name}"), value.load(Ordering::Relaxed))
        };
        let (file_bytes, is_broken) = store.gauge();
        let gauge = |name: &str, value: u64| (format!("district_{name}"), value);
        let waiting = shared.outbox(|outbox| outbox.waiting().count());
        vec![
            count("line_received_bytes", &counts.line.received),
            count("line_sent_bytes", &counts.line.sent),
            count("line_connects", &counts.connects),
            count("line_resets", &counts.resets),
            count("line_gaps", &counts.gaps),
            count("requests_passed_on", &counts.forwarded),
            count("requests_passed_on_bytes", &counts.forwarded_bytes),
            count("commands_kept", &counts.kept),
            count("commands_sent", &counts.sent),
            count("damages", &counts.damages),
            gauge("commands_waiting", waiting as u64),
            gauge("line_stands", u64::from(shared.stands())),
            gauge("silence_ms", u64::try_from(shared.silence().as_millis()).unwrap_or(u64::MAX)),
            gauge("copy_file_bytes", file_bytes),
            gauge("copy_file_broken", u64::from(is_broken)),
        ]
    })
}
