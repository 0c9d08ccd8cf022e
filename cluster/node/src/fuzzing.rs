//! The entrances for the fuzz targets of what nodes say to each other: whatever the bytes are, nothing may panic; nobody is let in
//! whom the cluster did not invite, and no drill takes a majority.

use domain::{DrillNow, DrillScenario, Millis};
use edge::{Sealer, WantedDrill};
use prost::Message;

use crate::{
    admission::{Admitted, Asks, Member, TakenIn},
    drill::{look, observer::looked, plan},
    feature::known,
    invitation::Ticket,
    status::{
        judge::Asked,
        report::{GroupReport, NodeReport},
    },
};

/// The cluster of the seeds.
const KEY: [u8; 32] = [7; 32];
/// Whom its one invitation lets in.
const INVITED: Ticket = Ticket { node: 4, replaces: 3, until_ms: 1_000 };

/// What asks to be let in, and what is answered.
pub fn fuzz_admission(data: &[u8]) -> bool {
    let asks = Asks::decode(data);
    let ticket = asks.as_ref().ok().and_then(|asks| Ticket::open(&Sealer::new(&KEY), &asks.token, 4, Some(0)).ok());
    assert!(ticket.is_none_or(|ticket| ticket == INVITED), "only what the cluster sealed counts");
    let is_admitted = Admitted::decode(data).is_ok_and(|admitted| !admitted.sealing_key.is_empty());
    ticket.is_some() | is_admitted | TakenIn::decode(data).is_ok()
}

/// Right inputs of [`fuzz_admission`].
#[must_use]
pub fn admission_seeds() -> Vec<Vec<u8>> {
    let (peer_address, public_url) = ("node-4:7400".to_owned(), "https://node-4:8443".to_owned());
    let token = INVITED.seal(&Sealer::new(&KEY)).unwrap_or_default();
    let member = Member { id: 1, peer_address: peer_address.clone(), public_url: public_url.clone() };
    let admitted = Admitted { sealing_key: "07".repeat(32), epoch: 9, members: vec![member], refused: String::new() };
    let taken = TakenIn { done: false, waits_for: "node 4 lacks 7 entries".to_owned() };
    vec![
        Asks { token, peer_address, public_url, features: known(domain::FEATURES) }.encode_to_vec(),
        admitted.encode_to_vec(),
        taken.encode_to_vec(),
    ]
}

/// What a node says of itself while a drill is planned or goes on.
pub fn fuzz_look(data: &[u8]) -> bool {
    let Ok(report) = look::read(data) else { return false };
    let node = report.node;
    let asked = [Asked { node: Some(node), url: String::new(), answer: Ok(report) }];
    let nodes = vec![node];
    let drill = DrillNow {
        number: 1,
        scenario: DrillScenario::NodeLost,
        nodes: nodes.clone(),
        observer: 1,
        strength: 0,
        started_at_ms: Millis(1),
        until_ms: Millis(2),
        ended: false,
    };
    looked(&asked, &drill);
    let wanted =
        WantedDrill { scenario: DrillScenario::NodeLost, nodes, seconds: 30, strength: 0, purpose: "fuzz".to_owned() };
    assert!(plan::plan(&wanted, &asked, node).is_err(), "the only node that answers is never taken");
    true
}

/// Right inputs of [`fuzz_look`].
#[must_use]
pub fn look_seeds() -> Vec<Vec<u8>> {
    let group = GroupReport { group: 0, leader: Some(1), term: 4, voters: vec![1, 2, 3], ..GroupReport::default() };
    let report = NodeReport { node: 1, cluster: "ttdh".to_owned(), groups: vec![group], ..NodeReport::default() };
    [NodeReport::default(), report].iter().filter_map(|report| serde_json::to_vec(report).ok()).collect()
}

/// What stands in front of a file that a node brings, or asks for.
pub fn fuzz_file_header(data: &[u8]) -> bool {
    crate::files::fuzz_header(data)
}

/// Right inputs of [`fuzz_file_header`].
#[must_use]
pub fn file_header_seeds() -> Vec<Vec<u8>> {
    let file = [7; 32];
    vec![file.to_vec(), [&file[..], &1000_u32.to_be_bytes()].concat()]
}
