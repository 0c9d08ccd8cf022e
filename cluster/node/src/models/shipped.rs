//! The models that come inside the program, and their place in the register.

use std::{sync::LazyLock, time::Duration};

use domain::{
    Command, Digest, Figure, GroupId, IncidentKind, KindShare, Micro, ModelKind, ModelMode, ModelName, RegisterModel,
    RollOutModel, VersionName, limits,
};
use models::{artifact::Artifact, corpus, duplicate, triage};
use raft::{Groups, Proposal};

use super::folder::digest;

/// Deadline of a proposal.
const PROPOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Wait before what had no outcome is tried again.
const AGAIN_WAIT: Duration = Duration::from_secs(2);

/// A model of the program.
pub(super) struct Shipped {
    pub(super) artifact: Artifact,
    pub(super) sha256: Digest,
    kind: ModelKind,
    shares: Vec<KindShare>,
}

static SHIPPED: LazyLock<Vec<Shipped>> = LazyLock::new(|| {
    let mut all = Vec::new();
    match Artifact::decode(triage::SHIPPED) {
        Ok(artifact) => {
            let sha256 = digest(triage::SHIPPED);
            all.push(Shipped { artifact, sha256, kind: ModelKind::Triage, shares: shares() });
        }
        // A test reads it, so this is a program that was tampered with.
        Err(error) => tracing::error!(%error, "the program's own triage cannot be read"),
    }
    let artifact = duplicate::shipped();
    let sha256 = digest(&artifact.encode());
    all.push(Shipped { artifact, sha256, kind: ModelKind::Duplicate, shares: Vec::new() });
    all
});

/// All of them.
pub(super) fn all() -> &'static [Shipped] {
    &SHIPPED
}

/// The one with this hash.
pub(super) fn find(sha256: &Digest) -> Option<Artifact> {
    all().iter().find(|one| one.sha256 == *sha256).map(|one| one.artifact.clone())
}

/// How large a part of the emergencies each kind is among what triage learned from.
fn shares() -> Vec<KindShare> {
    let shares = corpus::emergency_shares();
    let of = |kind: &IncidentKind| {
        let (_, share) = shares.iter().find(|(known, _)| known.name() == kind.as_str())?;
        Some(KindShare { kind: *kind, share_micro: micro(f64::from(*share)) })
    };
    IncidentKind::ALL.iter().filter_map(of).collect()
}

fn micro(value: f64) -> Micro {
    #[allow(clippy::cast_possible_truncation, reason = "a float's cast saturates")]
    Micro((value * 1e6).round() as i64)
}

impl Shipped {
    /// The training's count and the beginning of the hash: two of the same name are the same bytes.
    fn version(&self) -> Option<VersionName> {
        let hash = self.sha256.to_string();
        VersionName::new(&format!("v{}-{}", self.artifact.header.version, hash.get(..8)?)).ok()
    }

    fn registration(&self) -> Option<RegisterModel> {
        let header = &self.artifact.header;
        let figure = |(name, value): (&String, &f64)| Figure { name: name.clone(), value_micro: micro(*value) };
        Some(RegisterModel {
            name: ModelName::new(&header.name).ok()?,
            version: self.version()?,
            kind: self.kind,
            sha256: self.sha256,
            data: header.data.clone(),
            quality: header.quality.iter().map(figure).take(limits::MODEL_FIGURES_MAX).collect(),
            shares: self.shares.clone(),
        })
    }
}

/// What a new cluster registers.
fn registrations() -> Vec<RegisterModel> {
    let texts = all().iter().filter_map(Shipped::registration);
    // The names are right, as a test shows.
    texts.chain(super::sensors::shipped().unwrap_or_default()).collect()
}

/// Whether a model that the cluster has never had is rolled out by itself: what it says is a suggestion, or a forecast that names
/// a limit which people have set. What finds the unusual raises alarms that nobody asked for, so a person rolls it out.
fn is_rolled_out(kind: ModelKind) -> bool {
    kind != ModelKind::Anomaly
}

/// Whoever leads group 0 registers what the program ships, and rolls out what is new to the cluster. Of a model that it has, only
/// the version is registered: people roll it out.
pub(crate) async fn register(groups: Groups) {
    let mut lead = groups.lead_watch(GroupId::COMMAND);
    loop {
        if lead.borrow_and_update().is_self_ready {
            while !register_all(&groups).await && lead.borrow().is_self_ready {
                tokio::time::sleep(AGAIN_WAIT).await;
            }
        }
        if lead.changed().await.is_err() {
            return;
        }
    }
}

/// Whether everything that had to be said was answered.
async fn register_all(groups: &Groups) -> bool {
    for register in registrations() {
        let (is_new, is_registered) = groups.read(GroupId::COMMAND, |state| {
            let known = state.models().get(&register.name);
            let is_registered =
                known.is_some_and(|model| model.versions.iter().any(|version| version.sha256 == register.sha256));
            (known.is_none(), is_registered)
        });
        if is_registered {
            continue;
        }
        let (name, version, kind) = (register.name.clone(), register.version.clone(), register.kind);
        if !proposed(groups, register.into()).await {
            return false;
        }
        let roll_out = RollOutModel { name, version, mode: ModelMode::Active };
        if is_new && is_rolled_out(kind) && !proposed(groups, roll_out.into()).await {
            return false;
        }
    }
    true
}

/// Whether there was an answer. A refusal is one: asking again would bring the same.
async fn proposed(groups: &Groups, command: Command) -> bool {
    match groups.propose(GroupId::COMMAND, Proposal::system(command), PROPOSE_TIMEOUT).await {
        Ok(answer) => {
            if let domain::Reply::Refused(refusal) = &answer.reply {
                tracing::warn!(?refusal, "a model of the program is not registered");
            }
            true
        }
        Err(error) => {
            tracing::debug!(%error, "a model of the program is not registered yet");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ships_can_be_registered_by_the_rules_of_the_register() {
        let registrations = registrations();
        assert_eq!(registrations.len(), 5);
        for register in &registrations[..2] {
            let again = find(&register.sha256).unwrap();
            assert_eq!(digest(&again.encode()), register.sha256);
        }
        let sum: i64 = registrations[0].shares.iter().map(|share| share.share_micro.0).sum();
        assert!((999_990..=1_000_010).contains(&sum), "{sum}");
        let mut state = domain::State::new(GroupId::COMMAND);
        for (index, register) in registrations.into_iter().enumerate() {
            let entry = domain::Entry {
                at_ms: domain::Millis(1),
                request: None,
                grant: None,
                command: register.into(),
                salt: bytes::Bytes::new(),
            };
            let applied = state.apply(u64::try_from(index).unwrap() + 1, &entry);
            assert!(matches!(applied.reply, domain::Reply::Accepted(_)), "{:?}", applied.reply);
        }
    }
}
