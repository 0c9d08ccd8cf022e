//! The entrance for the fuzz target of what a new node and a member say to each other: whatever the bytes are, it may not
//! panic, and lets nobody in whom the cluster did not invite.

use edge::Sealer;
use prost::Message;

use crate::{
    admission::{Admitted, Asks, Member, TakenIn},
    feature::known,
    invitation::Ticket,
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
