//! A cluster of real nodes on loopback with a small province in it: two district rooms in two field groups, sensors in both,
//! an operator and a device.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use node::{
    init::random_hex,
    local::{ADMIN, LocalCluster},
    watch::{Screen, ScreenConfig},
};
use serde_json::{Value, json};
use tokio::{
    sync::{Mutex, MutexGuard},
    time::sleep,
};

use crate::{Failure, desk::Desk, program::program, unix_ms};

/// Nodes of the cluster.
pub const NODES: u64 = 3;
/// Ports of them all, three a node.
const PORTS: u16 = 9;
/// The operator of the load, for everywhere.
pub const OPERATOR: &str = "truc-ban";
/// The device account of the load, for everywhere.
pub const DEVICE: &str = "tram-do";
/// Sensors of each site that are pushed over HTTP.
const PUSHED: usize = 4;
/// Sensors of each site that are published over MQTT.
const PUBLISHED: usize = 2;
/// Environment variable that keeps the folder of a drill that went well.
const KEEP_VARIABLE: &str = "TRONGDONG_KEEP";
/// How long the first administrator may take to exist.
const FOUNDED_WITHIN: Duration = Duration::from_secs(30);

/// Three nodes take all of a small machine: drills of one process wait for each other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A district room and what stands in its commune.
#[derive(Clone, Debug)]
pub struct Site {
    /// Id of the district room.
    pub district: String,
    /// Code of its commune.
    pub commune: String,
    /// Field group of its devices.
    pub group: u32,
    /// Sensors that are pushed over HTTP.
    pub pushed: Vec<String>,
    /// Sensors that are published over MQTT.
    pub published: Vec<String>,
}

impl Site {
    fn new(letter: char, commune: &str, group: u32) -> Self {
        let sensors = |kind: &str, count: usize| (1..=count).map(|n| format!("{letter}-{kind}-{n}")).collect();
        Self {
            district: format!("phong-{letter}"),
            commune: commune.to_owned(),
            group,
            pushed: sensors("http", PUSHED),
            published: sensors("mqtt", PUBLISHED),
        }
    }

    /// A place in its commune, as the API takes it.
    #[must_use]
    pub fn place(&self) -> Value {
        json!({ "latitude_e7": 215_900_000, "longitude_e7": 1_058_400_000, "admin_unit": self.commune })
    }

    /// All its sensors.
    pub fn sensors(&self) -> impl Iterator<Item = &String> {
        self.pushed.iter().chain(&self.published)
    }

    /// A sensor there, as the API takes it. It raises no alarm, so that nothing happens but what the load does.
    #[must_use]
    pub fn sensor(&self, id: &str) -> Value {
        json!({
            "id": id, "name": format!("Trạm {id}"), "kind": "other", "unit_of_measure": "m", "place": self.place(),
        })
    }
}

/// The cluster and how to get in.
pub struct World {
    /// The nodes.
    pub cluster: LocalCluster,
    /// The two districts.
    pub sites: [Site; 2],
    /// Password of everybody but the first administrator.
    pub secret: String,
    /// The first administrator, at any node.
    pub admin: Desk,
    folder: PathBuf,
    is_done: bool,
    /// None for one of several clusters that this process drives beside each other.
    _turn: Option<MutexGuard<'static, ()>>,
}

impl World {
    /// Makes and starts a cluster, waits until it is ready, and furnishes it.
    ///
    /// # Errors
    /// The program is missing, or a node does not come up; the text names its log.
    pub async fn start(name: &str) -> Result<Self, Failure> {
        Self::start_with(name, "").await
    }

    /// The same, with `more` at the end of every `node.toml`.
    ///
    /// # Errors
    /// As [`World::start`].
    pub async fn start_with(name: &str, more: &str) -> Result<Self, Failure> {
        Self::start_prepared(name, more, |_, _| Ok(())).await
    }

    /// The same, on free ports in a row, three a node from that of the first one's peers on.
    ///
    /// # Errors
    /// As [`World::start`], and no such ports are free.
    pub async fn start_in_a_row(name: &str) -> Result<Self, Failure> {
        // Ports are looked for when nobody else of this process has any: who waited for its turn with them would lose them.
        let turn = ONE_AT_A_TIME.lock().await;
        let first_port = ports_in_a_row()?;
        Self::make(name, "", first_port, Some(turn), |_, _| Ok(())).await
    }

    /// As [`World::start_with`], after `prepare` has had the nodes, none of which runs yet, and the folder.
    ///
    /// # Errors
    /// As [`World::start`], and those of `prepare`.
    pub async fn start_prepared(
        name: &str,
        more: &str,
        prepare: impl FnOnce(&mut LocalCluster, &Path) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        let turn = ONE_AT_A_TIME.lock().await;
        Self::make(name, more, 0, Some(turn), prepare).await
    }

    /// The same for one of several clusters beside each other: it waits for none of them. Each has a name and ports of its own, three a
    /// node from `first_port` on, and needs them in a row: a free port of one that is down would be taken by another.
    ///
    /// # Errors
    /// As [`World::start_prepared`].
    pub async fn start_beside(
        name: &str,
        first_port: u16,
        prepare: impl FnOnce(&mut LocalCluster, &Path) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        Self::make(name, "", first_port, None, prepare).await
    }

    /// On ports in a row from `first_port` on, or on free ones (0).
    async fn make(
        name: &str,
        more: &str,
        first_port: u16,
        turn: Option<MutexGuard<'static, ()>>,
        prepare: impl FnOnce(&mut LocalCluster, &Path) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        let program = program()?;
        // The process has one provider of cryptography, and whoever makes an HTTP client without naming one needs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = std::env::temp_dir().join(format!("trongdong-drill-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        let mut cluster = LocalCluster::make(&program, &folder, NODES, first_port).map_err(text)?;
        for node in &cluster.nodes {
            let file = node.home.join(node::config::FILE);
            fs::write(&file, format!("{}\n{more}", fs::read_to_string(&file)?))?;
        }
        prepare(&mut cluster, &folder)?;
        cluster.start().map_err(text)?;
        cluster.ready().await.map_err(text)?;
        let admin = founded(&cluster.urls(), &cluster.password).await?;
        let world = Self {
            cluster,
            sites: [Site::new('a', "05443", 1), Site::new('b', "05488", 2)],
            secret: random_hex(8)?,
            admin,
            folder,
            is_done: false,
            _turn: turn,
        };
        world.furnish().await?;
        Ok(world)
    }

    async fn furnish(&self) -> Result<(), Failure> {
        let unit = |code: &str, name: &str, parent: Option<&str>| {
            json!({
                "code": code, "name": name, "name_en": "", "parent": parent, "aliases": [],
                "valid_from_ms": 0, "valid_until_ms": 0,
            })
        };
        let mut admin_units = vec![unit("19", "Tỉnh Thái Nguyên", None)];
        admin_units.extend(self.sites.iter().map(|site| unit(&site.commune, &site.district, Some("19"))));
        self.put("/api/admin-units", json!({ "admin_units": admin_units })).await?;
        for site in &self.sites {
            let district = json!({ "id": site.district, "name": site.district, "admin_units": [site.commune], "group": site.group });
            self.put("/api/districts", district).await?;
        }
        for (id, role) in [(OPERATOR, "operator"), (DEVICE, "device")] {
            self.put_person(id, role, &[], true).await?;
        }
        for site in &self.sites {
            for sensor in site.sensors() {
                self.put("/api/sensors", site.sensor(sensor)).await?;
            }
        }
        Ok(())
    }

    /// Sends a command of the administrator that must be accepted.
    ///
    /// # Errors
    /// It was refused, or nobody answered.
    pub async fn put(&self, path: &str, body: Value) -> Result<Value, Failure> {
        self.admin.command(path, &body).await.accepted(&format!("{path} {body}"))
    }

    /// Puts a person whose password is [`World::secret`].
    ///
    /// # Errors
    /// It was refused, or nobody answered.
    pub async fn put_person(
        &self,
        id: &str,
        role: &str,
        districts: &[&str],
        everywhere: bool,
    ) -> Result<Value, Failure> {
        let person = json!({
            "id": id, "name": id, "role": role, "districts": districts, "everywhere": everywhere,
            "password": self.secret,
        });
        self.put("/api/people", person).await
    }

    /// Origins of all nodes.
    #[must_use]
    pub fn origins(&self) -> Vec<String> {
        self.cluster.urls()
    }

    /// Origins of all nodes, that of `first` in front.
    #[must_use]
    pub fn origins_from(&self, first: u64) -> Vec<String> {
        let mut origins = self.origins();
        let at = self.cluster.nodes.iter().position(|node| node.id == first).unwrap_or(0);
        origins.rotate_left(at);
        origins
    }

    /// Origin of one node.
    #[must_use]
    pub fn origin(&self, node: u64) -> Vec<String> {
        self.cluster.nodes.iter().filter(|it| it.id == node).map(|it| it.url.clone()).collect()
    }

    /// MQTT listeners of all nodes, that of `first` in front.
    #[must_use]
    pub fn mqtt_from(&self, first: u64) -> Vec<SocketAddr> {
        let mut addresses: Vec<_> = self.cluster.nodes.iter().map(|node| node.mqtt).collect();
        let at = self.cluster.nodes.iter().position(|node| node.id == first).unwrap_or(0);
        addresses.rotate_left(at);
        addresses
    }

    /// A screen of the administrator's that begins at the first of `origins`.
    ///
    /// # Errors
    /// There is none.
    pub fn screen(&self, origins: Vec<String>) -> Result<Screen, Failure> {
        Ok(Screen::open(ScreenConfig::new(origins, self.admin.token().to_owned()))?)
    }

    /// Where the nodes' folders and the authority's are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The drill went well: nobody will ask for logs and data.
    pub fn done(&mut self) {
        self.is_done = true;
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// There is no such process.
    pub fn kill(&mut self, node: u64) -> Result<(), Failure> {
        self.cluster.kill(node).map_err(text)
    }

    /// Starts every node that does not run, and waits until all are ready.
    ///
    /// # Errors
    /// One does not come up.
    pub async fn revive(&mut self) -> Result<(), Failure> {
        self.cluster.start().map_err(text)?;
        self.cluster.ready().await.map_err(text)
    }

    /// Sends a running node a signal, such as STOP or CONT.
    ///
    /// # Errors
    /// There is no such process.
    pub fn signal(&mut self, node: u64, signal: &str) -> Result<(), Failure> {
        let pid = self.cluster.pid(node).map_err(text)?.ok_or_else(|| format!("node {node} does not run"))?;
        let status = Command::new("kill").arg(format!("-{signal}")).arg(pid.to_string()).status()?;
        if status.success() { Ok(()) } else { Err(format!("kill -{signal} {pid}: {status}").into()) }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Processes first, or they write into a folder that is going.
        for node in self.cluster.nodes.iter().map(|node| node.id).collect::<Vec<_>>() {
            let _ = self.cluster.kill(node);
        }
        if self.is_done && std::env::var_os(KEEP_VARIABLE).is_none() {
            let _ = fs::remove_dir_all(&self.folder);
        } else {
            eprintln!("the nodes' logs and data are kept in {}", self.folder.display());
        }
    }
}

/// The first of free ports in a row for all nodes, below those that the system gives away.
fn ports_in_a_row() -> Result<u16, Failure> {
    let start = 20_000 + u16::try_from(unix_ms() % 10_000)?;
    let is_free = |first: &u16| (*first..first + PORTS).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok());
    let first = (start..32_000).step_by(usize::from(PORTS)).find(is_free);
    first.ok_or_else(|| format!("no {PORTS} free ports in a row").into())
}

/// Signs the first administrator in; the account is founded a moment after the nodes are ready.
async fn founded(origins: &[String], password: &str) -> Result<Desk, Failure> {
    let until = Instant::now() + FOUNDED_WITHIN;
    loop {
        match Desk::sign_in(origins, ADMIN, password).await {
            Err(_) if Instant::now() < until => sleep(Duration::from_millis(500)).await,
            done => return done,
        }
    }
}

/// The text of an error that cannot leave its thread.
fn text(error: Box<dyn std::error::Error>) -> Failure {
    error.to_string().into()
}
