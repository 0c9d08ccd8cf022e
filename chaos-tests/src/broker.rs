//! A broker of the province's own: mosquitto, if this machine has one.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use node::local::free_port;
use tokio::{net::TcpStream, time::sleep};

use crate::Failure;

/// Where Debian puts it; a user's path often leaves it out.
const PLACES: [&str; 3] = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto", "/usr/local/sbin/mosquitto"];
/// How long it may take to listen.
const UP_WITHIN: Duration = Duration::from_secs(10);

/// A running broker; it ends with this value.
pub struct Broker {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    folder: PathBuf,
}

impl Broker {
    /// Whether there is one to start.
    #[must_use]
    pub fn is_installed() -> bool {
        executable().is_some()
    }

    /// Starts it on a free port of loopback. Its persistent sessions may queue without end: what it drops by its own
    /// bound is not what is under test.
    ///
    /// # Errors
    /// There is none, or it does not listen; the text names its log.
    pub async fn start(name: &str) -> Result<Self, Failure> {
        let program = executable().ok_or("mosquitto is not installed: apt-get install mosquitto")?;
        let folder = std::env::temp_dir().join(format!("trongdong-broker-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        let address = free_port()?.local_addr()?;
        let file = folder.join("mosquitto.conf");
        let text = format!(
            "listener {} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\npersistence false\nlog_type all\n",
            address.port()
        );
        fs::write(&file, text)?;
        let log = File::create(folder.join("mosquitto.log"))?;
        let child = Command::new(program)
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let broker = Self { address, child, folder };
        let until = Instant::now() + UP_WITHIN;
        while TcpStream::connect(address).await.is_err() {
            if Instant::now() > until {
                return Err(format!("mosquitto does not listen: see {}", broker.folder.display()).into());
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(broker)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the broker's log is kept in {}", self.folder.display());
        } else {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn executable() -> Option<&'static Path> {
    PLACES.iter().map(Path::new).find(|place| place.is_file())
}
