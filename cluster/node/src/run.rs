//! One running node: everything in the order in which it starts, and stops in the other direction.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use domain::GroupId;
use edge::{Accounts, Edge, EdgeConfig, Sealer, WebCourier};
use entity::{EntityConfig, Router};
use ingest::{
    mqtt::{Endpoint, EndpointConfig, Intake, SubscriberConfig, run_subscriber},
    rtsp::Fleet,
};
use peer::{Identity, Peers};
use raft::Groups;
use rocks::RocksDisk;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    admission::Admission,
    backup,
    balance::balance,
    belonging::{OUT, ask_to_be_taken_in, note_out, watch_over_belonging},
    config::{MemberConfig, NodeConfig},
    dispatch::Dispatch,
    drill::{Faults, Keeper},
    erasure, feature,
    files::{self, EdgeFiles, NodeFiles},
    first_admin,
    first_deadlines::{self, FIRST_DEADLINES},
    init::{FIRST_ADMIN, FOUNDED},
    invitation::Invitation,
    metrics,
    models::{self, Library, sensors::Sensors},
    operations::NodeOperations,
    placement::{agree_on_live_nodes, assign_cameras},
    receivers,
    recorder::ClusterRecorder,
    relay::Relay,
    release::release,
    room::{self, DiskGauge},
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// How often consensus is asked whether it is still alive.
const HEALTH_TICK: Duration = Duration::from_millis(500);

/// How long a new cluster's gateway waits for the first administrator: the other founders may be started later.
const FOUNDING_WITHIN: Duration = Duration::from_secs(30);

/// How long a stop waits for the leads to be taken over.
const HAND_OVER_WITHIN: Duration = Duration::from_secs(3);

/// Folder of trained models in a node's folder.
const ARTIFACTS: &str = "models";

/// Folder of photos in the data folder: whoever loses the one has lost the other.
const FILES: &str = "files";

/// A running node.
pub struct Node {
    groups: Groups,
    router: Router,
    peers: Peers,
    edge: Option<Edge>,
    disk: Arc<RocksDisk>,
    stop: watch::Sender<bool>,
    /// Turns true when this node was taken out of the cluster.
    out: watch::Sender<bool>,
    home: PathBuf,
    tasks: Vec<JoinHandle<()>>,
    /// Their threads end with the node.
    _sensors: Arc<Sensors>,
    /// Open as long as the node runs.
    _door: Option<telephony::Door>,
}

/// How a node begins.
enum Beginning {
    /// It makes the cluster, with the other founders.
    Founds,
    /// It is new to a cluster that is there, or still on its way in.
    Joins(Invitation),
    /// It belongs to a cluster.
    ComesBack,
}

impl Node {
    /// Starts the node whose folder this is.
    pub async fn start(home: &Path) -> Result<Self> {
        let config = NodeConfig::load(home)?;
        let release = release()?;
        let beginning = prepare(home, &config)?;
        let founding = matches!(beginning, Beginning::Founds);
        let sealing_key = config.sealing_key()?;
        let data = config.data.clone();
        let disk = tokio::task::spawn_blocking(move || RocksDisk::open(&data, &rocks::Options::default())).await??;
        let disk = Arc::new(disk);
        if matches!(beginning, Beginning::Joins(_)) {
            // Before anything can be agreed on with it: from here on this folder has held data.
            fs::write(home.join(FOUNDED), "")?;
        }

        let identity = Identity::load(&config.certificates, &config.cluster, config.node)?;
        let dispatch = Arc::new(Dispatch::default());
        let handler: Arc<dyn peer::Handler> = dispatch.clone();
        let peers = Peers::start_speaking(release.formats, identity, config.peer.listen, handler).await?;
        for member in config.members.iter().filter(|member| member.id != config.node) {
            peers.set_address(member.id, &member.peer_address);
        }
        let log: Arc<dyn raft::disk::Disk> = disk.clone();
        let groups = Groups::start_knowing(config.node, config.epoch, log, peers.clone(), release.features).await?;
        let _ = dispatch.groups.set(groups.clone());
        let out = watch::Sender::new(false);
        let admission = Admission { groups: groups.clone(), peers: peers.clone(), sealing_key, out: out.clone() };
        let _ = dispatch.admission.set(Arc::new(admission));
        if founding {
            groups.initialize(&config.founders()).await?;
            fs::write(home.join(FOUNDED), "")?;
        }

        // What is left of the disk below this is the log's.
        let (of_files, to_files) = (groups.clone(), peers.clone());
        let (folder, reserve_bytes) = (config.data.join(FILES), config.disk.low_bytes);
        let opened = tokio::task::spawn_blocking(move || NodeFiles::open(of_files, to_files, folder, reserve_bytes));
        let files = opened.await??;
        let _ = dispatch.files.set(Arc::clone(&files));
        let router = Router::start(groups.clone(), peers.clone(), EntityConfig::default()).await;
        let _ = dispatch.router.set(router.clone());
        let library = Library::new(home.join(ARTIFACTS));
        models::advise(&router, &library);
        let sensors = Arc::new(models::sensors::start(&groups, &router, &library)?);
        let trust = receivers::trust(home)?;
        let courier = WebCourier::new(receivers::client(trust.clone())?, config.epoch, &sealing_key);
        let trust = Arc::new(trust);
        router.deliver_with(Arc::new(courier.with_mail(receivers::mail(config.mail.as_ref(), &trust)?)));
        let sealer = Sealer::new(&sealing_key);
        let accounts = Accounts::new(groups.clone(), &sealing_key);
        let key_uses = accounts.key_uses();
        let recorder = Arc::new(ClusterRecorder { router: router.clone(), accounts });
        let fleet = Arc::new(Fleet::new(Arc::clone(&recorder) as _));
        let relay = Arc::new(Relay::new(groups.clone(), peers.clone(), Arc::clone(&fleet)));
        let _ = dispatch.relay.set(Arc::clone(&relay));
        let intake = Intake::new(recorder);

        let (stop, stopped) = watch::channel(false);
        let mut tasks = Vec::new();
        if let Some(mqtt) = &config.mqtt {
            let listener = TcpListener::bind(mqtt.listen).await?;
            let tls = if mqtt.tls { Some(server_tls(&config.certificates)?) } else { None };
            let endpoint = Endpoint::new(Arc::clone(&intake), EndpointConfig { tls, ..EndpointConfig::default() });
            let stopped = stopped.clone();
            tasks.push(tokio::spawn(async move { endpoint.run(listener, stopped).await }));
        }
        let door = match &config.sip {
            Some(sip) => Some(crate::telephony::open(sip, groups.clone(), router.clone()).await?),
            None => None,
        };
        if let Some(client) = &config.mqtt_client {
            let login = match &client.password_file {
                Some(file) => Some((client.user.clone(), fs::read_to_string(file)?.trim().to_owned())),
                None => None,
            };
            let subscriber = SubscriberConfig {
                host: client.host.clone(),
                port: client.port,
                client_id: format!("trongdong-{}", config.cluster),
                login,
            };
            let (fence, fenced) = watch::channel(false);
            tasks.push(tokio::spawn(keep_fence(groups.clone(), fence)));
            let intake = Arc::clone(&intake);
            tasks.push(tokio::spawn(async move { run_subscriber(subscriber, intake, fenced).await }));
        }

        let founders = groups.clone();
        let (of_admin, of_deadlines) = (home.join(FIRST_ADMIN), home.join(FIRST_DEADLINES));
        let founded = tokio::spawn(async move {
            if founding {
                feature::found(&founders).await;
            }
            first_admin::found(&founders, &of_admin).await;
            // Whom it tells of what is late is that administrator.
            first_deadlines::found(&founders, &of_deadlines).await;
        });
        if founding {
            // Nobody can sign in before that: the gateway of a new cluster opens with its first administrator and deadlines.
            let _ = tokio::time::timeout(FOUNDING_WITHIN, founded).await;
        }
        let mut edge_config = EdgeConfig::new(config.gateway.listen, public_url(&config), sealing_key);
        if config.gateway.tls {
            edge_config.tls = Some(server_tls(&config.certificates)?);
        }
        let gauge = Arc::new(DiskGauge::default());
        edge_config.more_metrics = Some(metrics::counts(metrics::Parts {
            groups: groups.clone(),
            router: router.clone(),
            peers: peers.clone(),
            disk: Arc::clone(&disk),
            intake: Arc::clone(&intake),
            gauge: Arc::clone(&gauge),
            sensors: Arc::clone(&sensors),
            files: Arc::clone(&files),
        }));
        edge_config.files = Some(Arc::new(EdgeFiles(Arc::clone(&files))));
        edge_config.intake = Some(intake);
        edge_config.conveyance = Some(trust);
        edge_config.key_uses = key_uses;
        edge_config.oidc = crate::oidc::config(home, config.oidc.as_ref())?;
        edge_config.backup = Some(backup::source(groups.clone(), config.cluster.clone()));
        let operations = Arc::new(NodeOperations {
            cluster: config.cluster.clone(),
            version: release.version,
            groups: groups.clone(),
            peers: peers.clone(),
            router: router.clone(),
            disk: Arc::clone(&disk),
            data: config.data.clone(),
            sealing_key,
            screens: Arc::default(),
        });
        let _ = dispatch.operations.set(Arc::clone(&operations));
        edge_config.operations = Some(Arc::clone(&operations) as _);
        let (closed, is_closed) = watch::channel(false);
        edge_config.closed = Some(is_closed);
        let keeper = Keeper {
            groups: groups.clone(),
            peers: peers.clone(),
            router: router.clone(),
            operations,
            faults: Faults {
                peers: peers.clone(),
                disk: Arc::clone(&disk),
                closed: Arc::new(closed),
                opens: std::sync::Mutex::default(),
            },
            client: gateways(&config),
        };
        let load = Arc::clone(&sensors);
        edge_config.load = Some(Arc::new(move || serde_json::to_value(load.load()).unwrap_or_default()));
        let members = groups.clone();
        let nodes = Arc::new(move || members.members().into_iter().map(|(id, node)| (id, node.public_url)).collect());
        let edge = Edge::start(edge_config, groups.clone(), router.clone(), relay, nodes).await?;

        tasks.push(tokio::spawn(agree_on_live_nodes(groups.clone(), peers.clone())));
        tasks.push(tokio::spawn(assign_cameras(groups.clone(), fleet, sealer)));
        tasks.push(tokio::spawn(room::measure(groups.clone(), config.data.clone(), config.disk.clone(), gauge)));
        tasks.push(tokio::spawn(balance(groups.clone(), peers.clone())));
        tasks.push(tokio::spawn(crate::scrub::scrub(Arc::clone(&disk))));
        tasks.push(tokio::spawn(belong(
            beginning,
            home.to_owned(),
            config.clone(),
            groups.clone(),
            peers.clone(),
            out.clone(),
        )));
        tasks.push(tokio::spawn({
            let groups = groups.clone();
            async move { groups.keep_readings().await }
        }));
        tasks.push(tokio::spawn(keeper.run()));
        tasks.push(tokio::spawn(files::keep(files)));
        tasks.push(tokio::spawn(erasure::keep(groups.clone())));
        tasks.push(tokio::spawn(models::keep(library, groups.clone())));
        tasks.push(tokio::spawn(models::register_shipped(groups.clone())));
        router.ingest_came_up();
        tracing::info!(node = config.node, gateway = %edge.local_addr(), peers = %peers.local_addr(), "up");
        let home = home.to_owned();
        Ok(Self {
            groups,
            router,
            peers,
            edge: Some(edge),
            disk,
            stop,
            out,
            home,
            tasks,
            _sensors: sensors,
            _door: door,
        })
    }

    /// Resolves when consensus on this node has failed for good: the process must end, and come back right.
    pub async fn failed(&self) -> String {
        let mut tick = tokio::time::interval(HEALTH_TICK);
        loop {
            tick.tick().await;
            if let Some(status) = self.groups.status().into_iter().find(|status| status.fatal.is_some()) {
                return format!("group {}: {}", status.group, status.fatal.unwrap_or_default());
            }
        }
    }

    /// Resolves when this node was taken out of the cluster: it is to stop, and must not start again.
    pub async fn taken_out(&self) {
        // The sender is in `self`, so the wait cannot fail.
        let _ = self.out.subscribe().wait_for(|out| *out).await;
        note_out(&self.home);
    }

    /// Stops in order: the leads are handed over, so that nobody waits for an election; then people, devices, actors,
    /// consensus, the disk.
    pub async fn stop(mut self) {
        self.groups.rest(Duration::from_secs(60));
        let left = self.groups.hand_over_leads(HAND_OVER_WITHIN).await;
        tracing::info!(?left, "leads handed over, but for those that are left");
        let _ = self.stop.send(true);
        if let Some(edge) = self.edge.take() {
            edge.stop().await;
        }
        for task in &self.tasks {
            task.abort();
        }
        self.router.stop().await;
        self.groups.shutdown().await;
        self.peers.shutdown().await;
        let disk = Arc::clone(&self.disk);
        let _ = tokio::task::spawn_blocking(move || raft::disk::Disk::close(disk.as_ref())).await;
    }
}

/// Asks to be taken in, if this node is new; then sees to it that it still belongs.
async fn belong(
    beginning: Beginning,
    home: PathBuf,
    config: NodeConfig,
    groups: Groups,
    peers: Peers,
    out: watch::Sender<bool>,
) {
    if let Beginning::Joins(invitation) = beginning
        && let Some(own) = own_member(&config)
    {
        let others = config.members.iter().map(|member| member.id).filter(|id| *id != config.node).collect();
        ask_to_be_taken_in(home, invitation, own, groups.clone(), peers.clone(), others).await;
    }
    watch_over_belonging(groups, peers, out).await;
}

/// How this start begins. A node whose data is gone must not begin anew under its id: it would vote again where it has voted
/// before.
fn prepare(home: &Path, config: &NodeConfig) -> Result<Beginning> {
    if home.join(OUT).exists() {
        return Err(format!(
            "{}: nút {node} đã rời cụm và số này không dùng lại: mời nút mới bằng `trongdong invite` / node {node} has left \
             the cluster and its number is not used again: invite a new one with `trongdong invite`",
            home.display(),
            node = config.node
        )
        .into());
    }
    let invitation = Invitation::load(home)?;
    if invitation.is_some() && !config.sealing_key.exists() {
        return Err(format!(
            "{home}: nút này mới được mời: chạy `trongdong join {home}` trước / this node is only invited: run `trongdong join \
             {home}` first",
            home = home.display()
        )
        .into());
    }
    let founded = home.join(FOUNDED).exists();
    let has_data = config.data.join("db/CURRENT").exists();
    if founded && !has_data {
        return Err(format!(
            "{home}: nút này từng có dữ liệu trong {data} và nay không còn: thay nó bằng một nút mang số mới, `trongdong \
             replace {node}` / this node had data in {data} and it is gone: replace it by one with a new id, `trongdong \
             replace {node}`",
            home = home.display(),
            data = config.data.display(),
            node = config.node
        )
        .into());
    }
    fs::create_dir_all(&config.data)?;
    Ok(match invitation {
        Some(invitation) => Beginning::Joins(invitation),
        None if founded => Beginning::ComesBack,
        None if home.join(FIRST_ADMIN).exists() => Beginning::Founds,
        // A founder's folder holds that file. One that was to join and lost its invitation must not found another cluster.
        None => {
            return Err(format!(
                "{home}: nút chưa vào cụm mà không còn thư mời: mời lại bằng `trongdong invite` / this node is in no cluster \
                 and its invitation is gone: invite anew with `trongdong invite`",
                home = home.display()
            )
            .into());
        }
    })
}

/// The way to the members' gateways, for a node that is cut off in a drill; none: they cannot be reached from here.
fn gateways(config: &NodeConfig) -> Option<crate::client::Client> {
    let urls = config.members.iter().map(|member| member.public_url.clone()).collect();
    let ca_pem = fs::read(config.certificates.join("ca.pem")).ok();
    crate::client::Client::new(urls, ca_pem.as_deref()).ok()
}

fn own_member(config: &NodeConfig) -> Option<MemberConfig> {
    config.members.iter().find(|member| member.id == config.node).cloned()
}

fn public_url(config: &NodeConfig) -> String {
    own_member(config).map(|member| member.public_url).unwrap_or_default()
}

pub(crate) fn server_tls(certificates: &Path) -> Result<Arc<rustls::ServerConfig>> {
    let chain =
        CertificateDer::pem_file_iter(certificates.join("server.pem"))?.collect::<std::result::Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(certificates.join("server.key"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}

/// The external broker's messages are taken by whoever leads group 0, and by nobody else.
async fn keep_fence(groups: Groups, fence: watch::Sender<bool>) {
    let mut lead = groups.lead_watch(GroupId::COMMAND);
    loop {
        fence.send_replace(lead.borrow_and_update().is_self_ready);
        if lead.changed().await.is_err() {
            fence.send_replace(false);
            return;
        }
    }
}
