//! `trongdong replay`.

use std::{error::Error, fs, net::SocketAddr, path::PathBuf};

use clap::Args;
use tokio::sync::watch;

use super::{ReplayOptions, Set, Speed};
use crate::{
    client::{Client, publisher::Account},
    local::ADMIN,
    town::person::DEVICE,
};

/// What to play, and to whom.
#[derive(Args)]
pub struct ReplayArgs {
    /// Folder of the recordings.
    #[arg(long)]
    data: PathBuf,
    /// Which of nab, air_quality, river_stage, traffic, calls, video; all when none is named.
    #[arg(long, value_delimiter = ',')]
    sets: Vec<Set>,
    /// So many times faster than it happened, or `max`.
    #[arg(long, default_value = "60")]
    speed: Speed,
    /// At most so many points of each series, and calls; 0: all.
    #[arg(long, default_value_t = 0)]
    limit: usize,
    /// Name of this run; another one for playing the same at full speed again.
    #[arg(long, default_value = "1")]
    run: String,
    /// Incidents are part of a drill.
    #[arg(long)]
    exercise: bool,
    /// Origin of a node; again for each further one.
    #[arg(long = "url", required = true)]
    urls: Vec<String>,
    /// MQTT endpoint of a node; again for each further one.
    #[arg(long = "mqtt", required = true)]
    mqtt: Vec<SocketAddr>,
    /// Where `ops/rtsp/serve.py` serves the clips, such as rtsp://127.0.0.1:8554.
    #[arg(long)]
    rtsp: Option<String>,
    /// The cluster's ca.pem, for https.
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Administrator who registers what is played.
    #[arg(long, default_value = ADMIN)]
    person: String,
    /// Service account under which readings are published.
    #[arg(long, default_value = DEVICE)]
    device: String,
    /// File with the administrator's password.
    #[arg(long)]
    password_file: PathBuf,
    /// File with the service account's password; the administrator's when it is not given.
    #[arg(long)]
    device_password_file: Option<PathBuf>,
}

/// Plays until the end or Ctrl-C, and prints what became of it.
///
/// # Errors
/// The account is not let in, a file is broken, or no node answers.
pub async fn program(args: ReplayArgs) -> Result<(), Box<dyn Error>> {
    let secret = |file: &PathBuf| -> Result<String, Box<dyn Error>> {
        let text = fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        Ok(text.trim().to_owned())
    };
    let password = secret(&args.password_file)?;
    let device_password = args.device_password_file.as_ref().map_or_else(|| Ok(password.clone()), secret)?;
    let ca_pem = args.ca.as_ref().map(fs::read).transpose()?;
    let client = Client::new(args.urls, ca_pem.as_deref())?;
    client.login(&args.person, &password).await?;
    let account = Account { addresses: args.mqtt, user: args.device, password: device_password };
    let options = ReplayOptions {
        data: args.data,
        sets: args.sets,
        speed: args.speed,
        limit: args.limit,
        run: args.run,
        exercise: args.exercise,
        rtsp_base: args.rtsp,
    };
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        let _ = tokio::signal::ctrl_c().await;
        let _ = stop.send(true);
    });
    let summary = super::run(&client, &account, &options, stopped).await?;
    print!("{summary}");
    Ok(())
}
