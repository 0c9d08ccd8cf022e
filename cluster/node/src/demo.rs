//! `trongdong demo`: three real nodes and a simulated town on this machine, for who wants to see it move.

use std::{
    error::Error,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use clap::Args;
use tokio::sync::watch;

use crate::{
    client::{Client, publisher::Account},
    local::{ADMIN, LocalCluster},
    simulate::{self, SimulateOptions},
    town::{self, TownSize, person::DEVICE},
};

/// What those hear who are in the queue; beside the node's configuration.
const ANNOUNCEMENT: &str = "announcement.wav";
/// How long the RTSP server may take to make its first picture.
const RTSP_READY: Duration = Duration::from_secs(30);

/// What a demo can be told.
#[derive(Args)]
pub struct DemoArgs {
    /// Folder of the three nodes; it is kept, and used again by the next demo.
    #[arg(long)]
    folder: PathBuf,
    /// First of nine ports on loopback.
    #[arg(long, default_value_t = 7400)]
    first_port: u16,
    /// Cameras.
    #[arg(long, default_value_t = 24)]
    cameras: usize,
    /// Sensors.
    #[arg(long, default_value_t = 500)]
    sensors: usize,
    /// Response units.
    #[arg(long, default_value_t = 30)]
    units: usize,
    /// The script that serves made-up cameras over RTSP (`ops/rtsp/serve.py`); without it there are no cameras.
    #[arg(long)]
    rtsp_script: Option<PathBuf>,
    /// Port of that server.
    #[arg(long, default_value_t = 7554)]
    rtsp_port: u16,
    /// Nothing moves: nodes, accounts and devices only.
    #[arg(long)]
    still: bool,
    /// Port on loopback at which node 1 takes telephone calls over SIP, UDP and TCP; absent: none does. A folder keeps
    /// the
    /// first one.
    #[arg(long)]
    sip_port: Option<u16>,
}

/// Runs until Ctrl-C.
pub async fn run(args: DemoArgs) -> Result<(), Box<dyn Error>> {
    let program = std::env::current_exe()?;
    let mut cluster = LocalCluster::make(&program, &args.folder, 3, args.first_port)?;
    if let (Some(port), Some(node)) = (args.sip_port, cluster.nodes.first()) {
        open_sip_door(&node.home.join("node.toml"), port)?;
    }
    cluster.start()?;
    println!("Starting three nodes in {} ...", args.folder.display());
    cluster.ready().await?;

    let rtsp = match &args.rtsp_script {
        Some(script) => match serve_rtsp(script, args.rtsp_port, args.cameras) {
            Ok(server) => Some(server),
            Err(error) => {
                println!("No cameras: {error}");
                None
            }
        },
        None => None,
    };
    let client = std::sync::Arc::new(Client::new(cluster.urls(), None)?);
    client.login(ADMIN, &cluster.password).await?;
    let size = TownSize { cameras: args.cameras, sensors: args.sensors, units: args.units };
    let rtsp_base = rtsp.as_ref().map(|server| server.base.clone());
    let furnished = town::furnish(&client, size, rtsp_base.as_deref(), &cluster.password).await?;
    if furnished.refused_count() > 0 {
        for (noun, registered) in &furnished.registered {
            for (what, refused) in &registered.refusals {
                println!("{noun} {what} was refused: {} {} {}", refused.code, refused.field, refused.message);
            }
        }
    }

    println!();
    for node in &cluster.nodes {
        println!("  node {}   {}   MQTT {}", node.id, node.url, node.mqtt);
    }
    println!();
    println!("  sign in as   {ADMIN} (administrator)");
    for person in town::people(&cluster.password) {
        println!("               {} ({})", person.id, person.role);
    }
    println!("  password     {}", cluster.password);
    println!(
        "\n  {} sensors, {} cameras, {} units. Ctrl-C ends it all.",
        furnished.sensors.len(),
        furnished.cameras.len(),
        furnished.units.len()
    );

    let account = Account {
        addresses: cluster.nodes.iter().map(|node| node.mqtt).collect(),
        user: DEVICE.to_owned(),
        password: cluster.password.clone(),
    };
    let (stop, stopped) = watch::channel(false);
    let life = async {
        if args.still {
            std::future::pending::<()>().await;
        } else {
            let options = SimulateOptions::default();
            let simulated = simulate::run(&client, &account, &furnished.sensors, options, stopped).await;
            println!("{} readings acknowledged", simulated.readings.acknowledged);
        }
    };
    tokio::select! {
        () = life => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    let _ = stop.send(true);
    drop(rtsp);
    cluster.stop()?;
    Ok(())
}

/// Has a node take telephone calls on loopback, unless its configuration says how it does already. Who is in the queue hears a tone,
/// until somebody puts a recorded announcement in its place.
fn open_sip_door(config: &Path, port: u16) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(config)?;
    if !text.lines().any(|line| line.trim() == "[sip]") {
        fs::write(config.with_file_name(ANNOUNCEMENT), telephony::wait_tone())?;
        let door =
            format!("listen = \"127.0.0.1:{port}\"\ntrunks = [\"127.0.0.1\"]\nannouncement = \"{ANNOUNCEMENT}\"");
        fs::write(config, format!("{text}\n[sip]\n{door}\n"))?;
    }
    Ok(())
}

/// The RTSP server; it ends with this.
struct RtspServer {
    child: Child,
    base: String,
}

impl Drop for RtspServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve_rtsp(script: &Path, port: u16, cameras: usize) -> Result<RtspServer, Box<dyn Error>> {
    // Debian's own Python has GStreamer's bindings; another one in front of it has not.
    let mut child = Command::new("/usr/bin/python3")
        .arg(script)
        .args(["--port", &port.to_string(), "--town", &cameras.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let out = child.stdout.take().ok_or("the RTSP server has no output")?;
    let (tx, rx) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            let _ = tx.send(line);
        }
    });
    let mut server = RtspServer { child, base: String::new() };
    let line =
        rx.recv_timeout(RTSP_READY).map_err(|_| "the RTSP server did not start: are GStreamer's packages there?")?;
    let base = line.strip_prefix("ready ").ok_or("the RTSP server said something else than that it is ready")?;
    server.base = base.trim_end_matches('/').to_owned();
    Ok(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sip_door_is_opened_once_and_behind_what_was_there() {
        let file = std::env::temp_dir().join(format!("trongdong-demo-{}.toml", std::process::id()));
        fs::write(&file, "node = 1\n\n[[members]]\nid = 1\n").unwrap();
        open_sip_door(&file, 5070).unwrap();
        open_sip_door(&file, 5071).unwrap();
        let written: toml::Value = toml::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        fs::remove_file(&file).unwrap();
        assert_eq!(written["sip"]["listen"].as_str(), Some("127.0.0.1:5070"));
        assert_eq!(written["members"][0]["id"].as_integer(), Some(1));
    }
}
