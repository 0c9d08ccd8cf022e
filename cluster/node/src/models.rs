//! The models on this node: what the register has in use is loaded from the node's folder of artifacts, or from the
//! program itself, and runs on threads of its own. What is not here is answered with a reason, and rules carry on.

mod advisor;
mod folder;
pub(crate) mod sensors;
mod shipped;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use domain::{Digest, GroupId, ModelKind};
use models::{anomaly::Settings, artifact::Artifact, duplicate, forecast::load::LoadModel, serve::Server, triage};
use raft::Groups;
use tokio::time::{MissedTickBehavior, interval};

use folder::Folder;

pub(crate) use advisor::advise;
pub(crate) use shipped::register as register_shipped;

/// How often the register is compared with what is loaded: a roll-out takes effect within it.
const LOOK_TICK: Duration = Duration::from_secs(1);

/// An incident is said to be the same as another from this probability on.
const SAME_FROM: f32 = 0.5;

/// One version, ready to be asked.
enum Loaded {
    Triage(Server<triage::Triage>),
    Duplicate(Server<duplicate::Matcher>),
    Anomaly(Server<sensors::AnomalyWorker>),
    Load(Box<LoadModel>),
}

/// All versions of this node that are in use. At most as many as the register can have in use.
pub(crate) struct Library {
    folder: Folder,
    loaded: RwLock<BTreeMap<Digest, Arc<Loaded>>>,
}

impl Library {
    /// Over the folder of artifacts, which need not exist.
    pub(crate) fn new(folder: PathBuf) -> Arc<Self> {
        Arc::new(Self { folder: Folder::new(folder), loaded: RwLock::default() })
    }

    /// The version with this hash, if it is in use and its artifact is here.
    fn find(&self, sha256: &Digest) -> Option<Arc<Loaded>> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).get(sha256).cloned()
    }

    /// Brings what is loaded to what is wanted. Reads files and starts threads: not for the async threads.
    fn agree(&self, wanted: &BTreeMap<Digest, ModelKind>) {
        let known: Vec<Digest> = self.loaded.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect();
        let mut fresh = Vec::new();
        for (sha256, kind) in wanted.iter().filter(|(sha256, _)| !known.contains(sha256)) {
            let Some(artifact) = shipped::find(sha256).or_else(|| self.folder.find(sha256)) else { continue };
            match load(&artifact, *kind) {
                Ok(Some(loaded)) => {
                    tracing::info!(model = artifact.header.name, %sha256, "a model is ready");
                    fresh.push((*sha256, Arc::new(loaded)));
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(model = artifact.header.name, %sha256, %error, "a model cannot be used"),
            }
        }
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        loaded.retain(|sha256, _| wanted.contains_key(sha256));
        loaded.extend(fresh);
    }
}

/// What a node learns by itself (`sensors`) has no artifact, and a forecast of one series is nobody's but that file's.
fn load(artifact: &Artifact, kind: ModelKind) -> Result<Option<Loaded>, String> {
    let start = |error: std::io::Error| format!("no thread: {error}");
    Ok(match kind {
        ModelKind::Triage => {
            let worker = triage::Triage::from_artifact(artifact).map_err(|error| error.to_string())?;
            Some(Loaded::Triage(Server::start(triage::NAME, vec![worker]).map_err(start)?))
        }
        ModelKind::Duplicate => {
            let model = duplicate::Model::from_artifact(artifact).map_err(|error| error.to_string())?;
            let worker = duplicate::Matcher::new(model, SAME_FROM);
            Some(Loaded::Duplicate(Server::start(duplicate::NAME, vec![worker]).map_err(start)?))
        }
        ModelKind::Anomaly => {
            let settings: Settings = artifact.model().map_err(|error| error.to_string())?;
            // One worker: a series' readings have to keep their order.
            let worker = sensors::AnomalyWorker::new(settings);
            Some(Loaded::Anomaly(Server::start("anomaly", vec![worker]).map_err(start)?))
        }
        ModelKind::Load => Some(Loaded::Load(Box::new(artifact.model().map_err(|error| error.to_string())?))),
        ModelKind::Forecast => None,
    })
}

/// Keeps the library as the register says, for as long as the node runs.
pub(crate) async fn keep(library: Arc<Library>, groups: Groups) {
    let mut tick = interval(LOOK_TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let wanted: BTreeMap<Digest, ModelKind> = groups.read(GroupId::COMMAND, |state| {
            let in_use = state.models().values().flat_map(|model| {
                let versions = model.asked().filter_map(|version| model.version(version));
                versions.map(|version| (version.sha256, model.kind))
            });
            in_use.collect()
        });
        let library = Arc::clone(&library);
        // A panic while a file is read loses this look only.
        let _ = tokio::task::spawn_blocking(move || library.agree(&wanted)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_use_is_loaded_and_what_is_not_any_more_is_let_go() {
        let library = Library::new(std::env::temp_dir().join("trongdong-no-such-folder"));
        let shipped = shipped::all();
        let sha256 = |name: &str| shipped.iter().find(|one| one.artifact.header.name == name).unwrap().sha256;
        let (triage, same, unknown) = (sha256("triage"), sha256("duplicate"), Digest([1; 32]));
        let wanted =
            BTreeMap::from([(triage, ModelKind::Triage), (same, ModelKind::Duplicate), (unknown, ModelKind::Triage)]);
        library.agree(&wanted);
        assert!(matches!(library.find(&triage).as_deref(), Some(Loaded::Triage(_))));
        assert!(matches!(library.find(&same).as_deref(), Some(Loaded::Duplicate(_))));
        assert!(library.find(&unknown).is_none());
        library.agree(&BTreeMap::from([(same, ModelKind::Duplicate)]));
        assert!(library.find(&triage).is_none());
        assert!(library.find(&same).is_some());
    }

    #[test]
    fn what_an_operator_trained_for_readings_and_for_load_is_loaded_from_the_folder() {
        let home = std::env::temp_dir().join(format!("trongdong-library-{}", std::process::id()));
        std::fs::create_dir_all(&home).unwrap();
        let header = |name: &str| models::artifact::Header {
            name: name.to_owned(),
            kind: String::new(),
            version: 1,
            data: "a test".to_owned(),
            seed: 1,
            quality: BTreeMap::new(),
        };
        let settings = Settings { utc_offset_minutes: 60, ..Settings::default() };
        let artifact = Artifact::of(header("anomaly"), &settings).unwrap();
        std::fs::write(home.join("anomaly-v1.bin"), artifact.encode()).unwrap();
        let library = Library::new(home.clone());
        let sha256 = folder::digest(&artifact.encode());
        library.agree(&BTreeMap::from([(sha256, ModelKind::Anomaly)]));
        assert!(matches!(library.find(&sha256).as_deref(), Some(Loaded::Anomaly(_))));
        // Registered as something else, it is nothing.
        library.agree(&BTreeMap::new());
        library.agree(&BTreeMap::from([(sha256, ModelKind::Load)]));
        assert!(library.find(&sha256).is_none());
        std::fs::remove_dir_all(home).unwrap();
    }

    #[test]
    fn an_artifact_of_another_kind_is_not_loaded() {
        let library = Library::new(std::env::temp_dir().join("trongdong-no-such-folder"));
        let shipped = shipped::all();
        let triage = shipped.iter().find(|one| one.artifact.header.name == "triage").unwrap().sha256;
        library.agree(&BTreeMap::from([(triage, ModelKind::Duplicate)]));
        assert!(library.find(&triage).is_none());
    }
}
