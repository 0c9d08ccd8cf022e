//! Which features the groups have on: a new cluster gets all that its version knows when it is founded, an older one by
//! `trongdong features` once every node runs the newer version.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use clap::Args;
use domain::{Grant, GroupId, Reply, SwitchFeature};
use edge::OperationError;
use entity::Router;
use futures::future::join_all;
use peer::{Lane, Peers};
use raft::{Groups, Proposal};
use serde_json::{Value, json};

use crate::{admission::FEATURES_KIND, client::Door, membership::ask, operations::refused};

/// How often a founder looks whether a group that it leads has them.
const FOUNDING_TICK: Duration = Duration::from_millis(200);
/// Deadline of one entry.
const SWITCH_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a member may take to say what it knows.
const ASK_DEADLINE: Duration = Duration::from_secs(3);

/// What this version knows and the group has not switched on.
fn missing(groups: &Groups, group: GroupId) -> Vec<u32> {
    groups.read(group, |state| state.missing_features(groups.features()))
}

/// Switches on in every group of a new cluster what this version knows: whoever leads a group does it there.
pub(crate) async fn found(groups: &Groups) {
    let mut tick = tokio::time::interval(FOUNDING_TICK);
    loop {
        let missing = GroupId::all().map(|group| (group, missing(groups, group)));
        let missing: Vec<_> = missing.filter(|(_, features)| !features.is_empty()).collect();
        if missing.is_empty() {
            return;
        }
        tick.tick().await;
        let led = missing.into_iter().filter(|(group, _)| groups.lead_watch(*group).borrow().is_self_ready);
        let switching = led.flat_map(|(group, features)| features.into_iter().map(move |feature| (group, feature)));
        let switching = switching
            .map(|(group, feature)| groups.propose(group, Proposal::system(SwitchFeature { feature }), SWITCH_TIMEOUT));
        // What failed is still missing, and is proposed again.
        join_all(switching).await;
    }
}

/// What a member answers that is asked which features it knows: four bytes each, big-endian.
pub(crate) fn known(features: &[u32]) -> Bytes {
    features.iter().flat_map(|feature| feature.to_be_bytes()).collect()
}

/// The first of these features that a node with this answer does not know.
pub(crate) fn lacking(features: &[u32], answer: &[u8]) -> Option<u32> {
    let theirs: Vec<_> = answer.as_chunks::<4>().0.iter().copied().map(u32::from_be_bytes).collect();
    features.iter().copied().find(|feature| !theirs.contains(feature))
}

/// Switches on in every group what this version knows, in the name of whoever holds the grant. Refused while a member is
/// down or runs an older version: it could not apply what follows.
pub(crate) async fn switch_on(
    groups: &Groups,
    peers: &Peers,
    router: &Router,
    grant: &Grant,
) -> Result<Value, OperationError> {
    for (node, _) in groups.members().into_iter().filter(|(node, _)| *node != groups.node()) {
        let answer = peers.call(node, Lane::Control, FEATURES_KIND, Bytes::new(), ASK_DEADLINE).await;
        if answer.is_ok_and(|answer| lacking(groups.features(), &answer).is_none()) {
            continue;
        }
        let message = format!(
            "nút {node} không trả lời hoặc còn chạy bản cũ: khởi động nó với bản mới rồi thử lại / node {node} does not \
             answer or runs an older version: start it with the newer one, then try again"
        );
        return Err(refused("older_version", message));
    }
    let mut switched = Vec::new();
    for group in GroupId::all() {
        for feature in missing(groups, group) {
            let command = SwitchFeature { feature }.into();
            match router.command(Some(group), command, None, Some(grant.clone()), SWITCH_TIMEOUT).await {
                Ok(Reply::Accepted(_)) => switched.push(json!({ "group": group.0, "feature": feature })),
                Ok(Reply::Refused(refusal)) => return Err(refused(refusal.code.as_str(), refusal.message)),
                Err(error) => return Err(OperationError::Unavailable(error.to_string())),
            }
        }
    }
    Ok(json!({ "done": true, "switched": switched }))
}

/// `trongdong features`.
#[derive(Clone, Debug, Args)]
pub struct FeaturesArgs {
    #[command(flatten)]
    door: Door,
}

/// Switches on what all nodes know.
///
/// # Errors
/// The cluster refuses, because not every node knows it.
pub async fn run(args: FeaturesArgs) -> Result<(), Box<dyn Error>> {
    let client = args.door.open().await?;
    let answer = ask(&client, "/api/cluster/features", &json!({})).await?;
    let switched = answer["switched"].as_array().map_or(0, Vec::len);
    println!("Mọi tính năng của phiên bản này đã bật; lần này bật thêm {switched}.");
    println!("All features of this version are on; {switched} of them since now.");
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use domain::{Command, FEATURES, Person, PersonId, PutPerson, RefusalCode, Role, State};
    use entity::EntityConfig;
    use peer::{Identity, authority::Authority};
    use raft::memory::MemoryDisk;

    use super::*;
    use crate::dispatch::Dispatch;

    pub(crate) const WITHIN: Duration = Duration::from_secs(20);

    /// A cluster of one node, on a disk in memory.
    pub(crate) async fn cluster(name: &str) -> (Groups, Peers, Router) {
        let folder = std::env::temp_dir().join(format!("trongdong-feature-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let authority = Authority::create(&folder.join("authority"), "test").unwrap();
        authority.issue_node(&folder, "test", 1, &["localhost".to_owned()]).unwrap();
        let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
        let identity = Identity {
            cluster: "test".to_owned(),
            node: 1,
            ca_pem: read("authority/ca.pem"),
            cert_pem: read("node.pem"),
            key_pem: read("node.key"),
        };
        let dispatch = Arc::new(Dispatch::default());
        let peers = Peers::start(identity, "127.0.0.1:0".parse().unwrap(), dispatch.clone()).await.unwrap();
        let groups = Groups::start(1, 1, Arc::new(MemoryDisk::default()), peers.clone()).await.unwrap();
        let at = raft::Node { peer_address: peers.local_addr().to_string(), public_url: String::new() };
        groups.initialize(&BTreeMap::from([(1, at)])).await.unwrap();
        let router = Router::start(groups.clone(), peers.clone(), EntityConfig::default()).await;
        for group in GroupId::all() {
            let mut lead = groups.lead_watch(group);
            tokio::time::timeout(WITHIN, lead.wait_for(|lead| lead.is_self_ready)).await.unwrap().unwrap();
        }
        let _ = std::fs::remove_dir_all(&folder);
        (groups, peers, router)
    }

    pub(crate) async fn end(groups: Groups, peers: Peers, router: Router) {
        router.stop().await;
        groups.shutdown().await;
        peers.shutdown().await;
    }

    fn all_missing(groups: &Groups) -> Vec<(GroupId, Vec<u32>)> {
        let missing = GroupId::all().map(|group| (group, missing(groups, group)));
        missing.filter(|(_, features)| !features.is_empty()).collect()
    }

    #[tokio::test]
    async fn a_new_cluster_has_every_feature_and_records_from_then_on() {
        let (groups, peers, router) = cluster("new").await;
        tokio::time::timeout(WITHIN, found(&groups)).await.unwrap();
        assert_eq!(all_missing(&groups), []);
        for group in GroupId::all() {
            assert!(groups.read(group, State::audit_head).number > 0, "group {group} records");
        }
        end(groups, peers, router).await;
    }

    #[tokio::test]
    async fn an_older_cluster_gets_them_from_an_administrator_and_once() {
        let (groups, peers, router) = cluster("older").await;
        assert_eq!(all_missing(&groups).len(), GroupId::all().count());
        let admin = Person {
            id: PersonId::new("an").unwrap(),
            name: "An".into(),
            role: Role::Admin,
            districts: Vec::new(),
            everywhere: true,
            unit: None,
            disabled: false,
            credential_sealed: Bytes::from_static(b"sealed"),
        };
        let put = Command::from(PutPerson { person: admin.clone() });
        router.command(Some(GroupId::COMMAND), put, None, None, WITHIN).await.unwrap();
        let grant = groups.read(GroupId::COMMAND, |state| domain::policy::grant(state, &admin.id, 1)).unwrap();

        let read = Command::from(domain::RecordRead { what: "report".into(), why: "asked".into() });
        let before =
            router.command(Some(GroupId::COMMAND), read.clone(), None, Some(grant.clone()), WITHIN).await.unwrap();
        assert!(matches!(before, Reply::Refused(refusal) if refusal.code == RefusalCode::NotSwitchedOn));

        let answer = switch_on(&groups, &peers, &router, &grant).await.unwrap();
        assert_eq!(answer["switched"].as_array().unwrap().len(), GroupId::all().count() * FEATURES.len());
        assert_eq!(all_missing(&groups), []);
        let recorded = groups.read(GroupId(3), State::audit_head).number;
        assert_eq!(recorded, FEATURES.len() as u64, "what switched the record on, and the switches after it");
        let after = router.command(Some(GroupId::COMMAND), read, None, Some(grant.clone()), WITHIN).await.unwrap();
        assert!(matches!(after, Reply::Accepted(_)), "{after:?}");
        let again = switch_on(&groups, &peers, &router, &grant).await.unwrap();
        assert_eq!(again, json!({ "done": true, "switched": [] }));
        end(groups, peers, router).await;
    }

    #[test]
    fn a_member_that_lacks_a_feature_is_known_by_its_answer() {
        let known = known(FEATURES);
        assert_eq!(lacking(FEATURES, &known), None);
        assert_eq!(lacking(FEATURES, &[known.as_ref(), &9_u32.to_be_bytes()].concat()), None);
        assert_eq!(lacking(&[], b""), None, "who knows nothing newer asks for nothing");
        for older in [&b""[..], b"\0\0\0", &9_u32.to_be_bytes()] {
            assert_eq!(lacking(FEATURES, older), FEATURES.first().copied(), "{older:?}");
        }
    }
}
