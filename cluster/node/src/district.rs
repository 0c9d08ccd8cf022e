//! `trongdong district`: a district centre's own node, made, run and looked at from a terminal. What it does is
//! `gateway/district`; here are its folder and its options.

use std::{
    error::Error,
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::{Args, Subcommand};
use district::{District, DistrictConfig, OutboxLimits};
use peer::authority::Authority;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    client::{Door, tls},
    config::{ConfigError, parse_key},
    init::{random_hex, write_secret},
    membership::ask,
    run::server_tls,
};

type Done = Result<(), Box<dyn Error>>;

/// The file, beside the node's certificates, key and password, and above its data.
pub const FILE: &str = "district.toml";
/// Bytes of the account's password.
const PASSWORD_BYTES: usize = 16;
/// Between two looks at a node's state.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// One look.
const LOOK_WITHIN: Duration = Duration::from_secs(5);
const MS_PER_HOUR: u64 = 3_600_000;

/// A district centre's node. All paths are relative to the folder that holds the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DistrictFile {
    /// Where the room's screens reach it.
    listen: SocketAddr,
    /// HTTPS with `server.pem`; plain HTTP only on loopback.
    #[serde(default = "yes")]
    tls: bool,
    /// Origin of this node for the room's browsers.
    public_url: String,
    /// Origins of the province's nodes.
    province: Vec<String>,
    /// The account whose view of the province is copied.
    account: String,
    /// File with its password.
    #[serde(default = "default_password")]
    password_file: PathBuf,
    /// The province's authority; without it only plain HTTP is possible.
    #[serde(default)]
    ca: Option<PathBuf>,
    /// Folder of `server.pem server.key`.
    #[serde(default = "default_certificates")]
    certificates: PathBuf,
    /// Folder of the copy, of what is kept, and of people.
    #[serde(default = "default_data")]
    data: PathBuf,
    /// File of this node's own key: 32 bytes in hexadecimal.
    #[serde(default = "default_key")]
    key: PathBuf,
    /// Districts to copy; none: all that the account may see.
    #[serde(default)]
    districts: Vec<String>,
    /// Nouns to copy; none: all.
    #[serde(default)]
    nouns: Vec<String>,
    /// What is kept while the line is cut.
    #[serde(default)]
    kept: KeptFile,
    /// For how many days after the province let somebody in they may sign in here while the line is cut.
    #[serde(default = "default_sign_in_days")]
    sign_in_days: u64,
}

/// Bounds of what is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct KeptFile {
    /// Commands without an answer; one more is refused.
    items_max: usize,
    /// Bytes of them; past it one more is refused.
    bytes_max: usize,
    /// After so many hours a command is no longer sent, and rejected where its person sees it.
    hours_max: u64,
}

impl Default for KeptFile {
    fn default() -> Self {
        let limits = OutboxLimits::default();
        Self { items_max: limits.items_max, bytes_max: limits.bytes_max, hours_max: limits.age_ms_max / MS_PER_HOUR }
    }
}

fn yes() -> bool {
    true
}

fn default_password() -> PathBuf {
    "password".into()
}

fn default_certificates() -> PathBuf {
    "certificates".into()
}

fn default_data() -> PathBuf {
    "data".into()
}

fn default_key() -> PathBuf {
    "district.key".into()
}

fn default_sign_in_days() -> u64 {
    7
}

/// `trongdong district`.
#[derive(Clone, Debug, Args)]
pub struct DistrictArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Makes the folder of a district centre's node, and its account at the province.
    Make(Box<MakeArgs>),
    /// Runs the node whose folder is given.
    Start {
        /// Folder with district.toml.
        home: PathBuf,
    },
    /// Says how the node stands; ends with an error while its line is cut or something waits to be sent.
    Status(StatusArgs),
}

#[derive(Clone, Debug, Args)]
struct MakeArgs {
    /// Folder to make.
    #[arg(long)]
    out: PathBuf,
    /// The account whose view of the province is copied; it is made, or given another password.
    #[arg(long)]
    account: String,
    /// District that the room is for; again for each further one.
    #[arg(long = "district", required = true)]
    districts: Vec<String>,
    /// Name or address of its machine, for the room's screens. On loopback it speaks plain HTTP.
    #[arg(long)]
    host: String,
    /// Its port.
    #[arg(long, default_value_t = 8443)]
    port: u16,
    /// The authority's folder, which only the operator keeps: it gives the room's certificate. Needed off loopback.
    #[arg(long)]
    authority: Option<PathBuf>,
    #[command(flatten)]
    door: Door,
}

#[derive(Clone, Debug, Args)]
struct StatusArgs {
    /// Origin of the district centre's node.
    #[arg(long)]
    url: String,
    /// The authority, `ca.pem`; needed for HTTPS.
    #[arg(long)]
    ca: Option<PathBuf>,
    /// For how many seconds to wait until the line stands and everything is sent.
    #[arg(long, default_value_t = 0)]
    wait_s: u64,
}

/// Runs `trongdong district`.
///
/// # Errors
/// What went wrong, with the remedy.
pub async fn run(args: DistrictArgs) -> Done {
    match args.command {
        Command::Make(args) => make(&args).await,
        Command::Start { home } => start(&home).await,
        Command::Status(args) => status(&args).await,
    }
}

async fn make(args: &MakeArgs) -> Done {
    if args.out.join(FILE).exists() {
        return Err(format!("{}: there is a node already; name another folder", args.out.display()).into());
    }
    let is_loopback = args.host == "localhost" || args.host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback());
    if !is_loopback && args.authority.is_none() {
        return Err("--authority: give it, so that the room's browsers reach the node over TLS".into());
    }
    let client = args.door.open().await?;
    let password = random_hex(PASSWORD_BYTES)?;
    // It sees, and changes nothing: whoever steals the node cannot command with its account.
    let person = json!({
        "id": args.account, "name": format!("Nút huyện {}", args.districts.join(", ")), "role": "viewer",
        "districts": args.districts, "everywhere": false, "password": password,
    });
    ask(&client, "/api/people", &person).await?;
    let scheme = if is_loopback { "http" } else { "https" };
    let listen_on = if is_loopback { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
    let certificates = args.out.join(default_certificates());
    fs::create_dir_all(&certificates)?;
    if let Some(folder) = args.authority.as_ref().filter(|_| !is_loopback) {
        let hosts = [args.host.clone(), "localhost".to_owned(), "127.0.0.1".to_owned()];
        Authority::open(folder)?.issue_server(&certificates, &hosts)?;
    }
    let ca = match &args.door.ca {
        Some(file) => {
            fs::copy(file, args.out.join("ca.pem"))?;
            Some("ca.pem".into())
        }
        None => None,
    };
    // What an earlier try left would belong to another password.
    for (name, text) in [(default_password(), password), (default_key(), random_hex(32)?)] {
        let path = args.out.join(name);
        let _ = fs::remove_file(&path);
        write_secret(&path, &text)?;
    }
    let file = DistrictFile {
        listen: SocketAddr::from((listen_on, args.port)),
        tls: !is_loopback,
        public_url: format!("{scheme}://{}:{}", args.host, args.port),
        province: client.origins().to_vec(),
        account: args.account.clone(),
        password_file: default_password(),
        ca,
        certificates: default_certificates(),
        data: default_data(),
        key: default_key(),
        districts: Vec::new(),
        nouns: Vec::new(),
        kept: KeptFile::default(),
        sign_in_days: default_sign_in_days(),
    };
    // Last: a folder with it is whole.
    fs::write(args.out.join(FILE), toml::to_string_pretty(&file)?)?;
    let home = args.out.display();
    println!("Nút cấp huyện: {home}. Chép sang máy của trung tâm huyện rồi chạy ở đó:");
    println!("A district centre's node: {home}. Copy it to the centre's machine and run there:");
    println!("  trongdong district start <folder>");
    Ok(())
}

/// Reads `district.toml` in `home`.
fn load(home: &Path) -> Result<DistrictConfig, Box<dyn Error>> {
    let path = home.join(FILE);
    let invalid = |message: String| ConfigError::Invalid { path: path.clone(), message };
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}; make it with `trongdong district make`", path.display()))?;
    let file: DistrictFile = toml::from_str(&text).map_err(|error| invalid(error.message().to_owned()))?;
    if !file.tls && !file.listen.ip().is_loopback() {
        return Err(invalid("tls: plain HTTP is for loopback only; set it to true".to_owned()).into());
    }
    let read = |name: &Path| {
        let path = home.join(name);
        fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let secret = |name: &Path| Ok::<_, String>(String::from_utf8_lossy(&read(name)?).trim().to_owned());
    let key = parse_key(&secret(&file.key)?)
        .ok_or_else(|| invalid("key: write 64 hexadecimal digits into the file that it names".to_owned()))?;
    let ca_pem = file.ca.as_ref().map(|ca| read(ca)).transpose()?;
    if ca_pem.is_none() && file.province.iter().any(|origin| origin.starts_with("https://")) {
        return Err(invalid("ca: name the province's ca.pem: its nodes use HTTPS".to_owned()).into());
    }
    let tls = match file.tls {
        true => Some(server_tls(&home.join(&file.certificates)).map_err(|error| error as Box<dyn Error>)?),
        false => None,
    };
    Ok(DistrictConfig {
        listen: file.listen,
        tls,
        public_url: file.public_url,
        data: home.join(&file.data),
        key,
        province: file.province,
        province_tls: Arc::new(tls::config(ca_pem.as_deref())?),
        password: secret(&file.password_file)?,
        account: file.account,
        districts: file.districts,
        nouns: file.nouns,
        outbox: OutboxLimits {
            items_max: file.kept.items_max,
            bytes_max: file.kept.bytes_max,
            age_ms_max: file.kept.hours_max.saturating_mul(MS_PER_HOUR),
        },
        sign_in_age_ms_max: file.sign_in_days.saturating_mul(24 * MS_PER_HOUR),
    })
}

async fn start(home: &Path) -> Done {
    let district = District::start(load(home)?).await?;
    tracing::info!(gateway = %district.local_addr(), "up");
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    district.stop().await;
    Ok(())
}

/// What `/ready` of the node says, as two sentences, and whether there is nothing to wait for.
fn sentences(report: &Value) -> (String, bool) {
    let kept = report["kept"].as_u64().unwrap_or_default();
    let age_s = report["age_ms"].as_u64().unwrap_or_default() / 1_000;
    let stands = report["line"] == "stands";
    let has_picture = report["ready"] == true;
    let line = match (stands, has_picture) {
        (true, true) => "đường truyền về tỉnh thông / the line to the province stands".to_owned(),
        (true, false) => "đang lấy bức tranh đầu tiên / the first picture is coming in".to_owned(),
        (false, true) => format!(
            "mất đường truyền về tỉnh, dữ liệu cũ {age_s} giây / the line to the province is cut, the picture is {age_s} s old"
        ),
        (false, false) => {
            "mất đường truyền về tỉnh, chưa có bức tranh nào / the line to the province is cut, and there is no picture yet"
                .to_owned()
        }
    };
    let kept_words = match kept {
        0 => "không lệnh nào chờ gửi / nothing waits to be sent".to_owned(),
        _ => format!("{kept} lệnh chưa gửi / {kept} not yet sent"),
    };
    (format!("{line}; {kept_words}"), stands && has_picture && kept == 0)
}

async fn status(args: &StatusArgs) -> Done {
    let read = |file: &PathBuf| fs::read(file).map_err(|error| format!("{}: {error}", file.display()));
    let ca_pem = args.ca.as_ref().map(read).transpose()?;
    let http = reqwest::Client::builder()
        .use_preconfigured_tls(tls::config(ca_pem.as_deref())?)
        .timeout(LOOK_WITHIN)
        .no_proxy()
        .build()?;
    let until = Instant::now() + Duration::from_secs(args.wait_s);
    loop {
        let looked =
            async { http.get(format!("{}/ready", args.url.trim_end_matches('/'))).send().await?.json::<Value>().await };
        let (text, is_well) = match looked.await {
            Ok(report) => sentences(&report),
            Err(error) => (format!("không trả lời / no answer: {error}"), false),
        };
        if is_well {
            println!("{text}");
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(text.into());
        }
        sleep(LOOK_AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_waited_for_is_said() {
        let well = json!({ "ready": true, "line": "stands", "age_ms": 40, "kept": 0 });
        assert!(sentences(&well).1);
        let cut = json!({ "ready": true, "line": "cut", "age_ms": 61_000, "kept": 2 });
        let (text, is_well) = sentences(&cut);
        assert!(!is_well && text.contains("61 s old") && text.contains("2 not yet sent"), "{text}");
        let draining = json!({ "ready": true, "line": "stands", "age_ms": 40, "kept": 1 });
        assert!(!sentences(&draining).1);
    }

    #[test]
    fn a_file_of_few_lines_is_enough_and_plain_http_off_loopback_is_refused() {
        let folder = std::env::temp_dir().join(format!("trongdong-district-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let text = |listen: &str| {
            format!(
                "listen = \"{listen}:1\"\ntls = false\npublic_url = \"http://{listen}:1\"\nprovince = [\"http://127.0.0.1:2\"]\naccount = \"huyen-1\"\n"
            )
        };
        fs::write(folder.join("password"), "secret\n").unwrap();
        fs::write(folder.join("district.key"), "0a".repeat(32)).unwrap();
        fs::write(folder.join(FILE), text("127.0.0.1")).unwrap();
        let config = load(&folder).unwrap();
        assert_eq!((config.password.as_str(), config.key), ("secret", [10; 32]));
        assert_eq!(config.sign_in_age_ms_max, 7 * 24 * MS_PER_HOUR);
        assert_eq!(config.outbox, OutboxLimits::default());
        fs::write(folder.join(FILE), text("0.0.0.0")).unwrap();
        assert!(load(&folder).unwrap_err().to_string().contains("tls"));
        fs::remove_dir_all(folder).unwrap();
    }
}
