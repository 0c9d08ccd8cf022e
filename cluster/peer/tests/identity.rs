//! Who may talk to whom: authorities, certificates, numbers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use crate::common::*;
use peer::authority::Authority;
use peer::limits::{HANDSHAKE_TIMEOUT, HANDSHAKES_MAX};
use peer::{Bytes, CallError, Identity, Lane, PeerError};

async fn refused(a: &Node, to: u64, why: &str) {
    let error = a.peers.call(to, Lane::Control, ECHO, Bytes::new(), SOON).await.unwrap_err();
    assert!(matches!(&error, CallError::Unreachable(text) if text.contains(why)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_authority_is_refused_by_both_sides() {
    let (ours, theirs) = (Province::new(), Province::new());
    let (a, b) = (node(ours.identity(1)).await, node(theirs.identity(2)).await);
    a.knows(&b);
    refused(&a, 2, "invalid peer certificate").await;
    until("the other side has dropped it too", || b.counter("handshakes_failed") == 1).await;
    assert_eq!(b.counter("connections_accepted"), 0);

    // A node that would trust anybody is still not let in.
    let mut trusting = theirs.identity(3);
    trusting.ca_pem.push_str(&ours.identity(1).ca_pem);
    let c = node(trusting).await;
    c.knows(&a);
    refused(&c, 1, "").await;
    assert_eq!(a.counter("connections_accepted"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_that_answers_has_to_be_the_one_that_was_meant() {
    let (_province, a, b) = pair().await;
    a.peers.set_address(3, &b.peers.local_addr().to_string());
    refused(&a, 3, "is trongdong://test-province/node/2, not trongdong://test-province/node/3").await;
    assert_eq!(a.counter("identities_refused"), 1);
    assert!(a.peers.call(2, Lane::Control, ECHO, Bytes::new(), SOON).await.is_ok());
    a.peers.set_address(1, &a.peers.local_addr().to_string());
    refused(&a, 1, "cannot be its own peer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_authorities_are_trusted_while_one_replaces_the_other() {
    let (old, new) = (Province::new(), Province::new());
    let (mut first, mut second) = (old.identity(1), new.identity(2));
    let both = format!("{}{}", first.ca_pem, second.ca_pem);
    (first.ca_pem, second.ca_pem) = (both.clone(), both);
    let (a, b) = (node(first).await, node(second).await);
    a.knows(&b);
    assert!(a.peers.call(2, Lane::Control, ECHO, Bytes::new(), SOON).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_and_silence_on_the_port_cost_only_themselves() {
    let (_province, a, b) = pair().await;
    let address = b.peers.local_addr();
    let silent = std::net::TcpStream::connect(address).unwrap();
    let mut noisy = std::net::TcpStream::connect(address).unwrap();
    noisy.write_all(&vec![0x5a; 10_000]).unwrap();
    until("the noise is refused", || b.counter("handshakes_failed") == 1).await;
    assert!(a.peers.call(2, Lane::Control, ECHO, Bytes::new(), SOON).await.is_ok());
    until("the silent one is timed out", || b.counter("handshakes_failed") == 2).await;
    assert!(HANDSHAKE_TIMEOUT < SOON);
    drop(silent);
    assert!(a.peers.is_connected(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn handshakes_under_way_are_bounded() {
    let (_province, _a, b) = pair().await;
    let idle: Vec<_> =
        (0..HANDSHAKES_MAX + 5).map(|_| std::net::TcpStream::connect(b.peers.local_addr()).unwrap()).collect();
    until("those beyond the bound are closed", || b.counter("handshakes_refused") == 5).await;
    drop(idle);
}

#[tokio::test]
async fn files_are_what_they_should_be() {
    let province = Province::new();
    let dir = province.folder.path().to_owned();
    let identity = province.identity(7);
    assert_eq!(format!("{identity:?}"), "trongdong://test-province/node/7", "the key is not shown");
    for key in ["ca/ca.key", "7/node.key"] {
        let mode = std::fs::metadata(dir.join(key)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }
    let error = Identity::load(&dir.join("7"), CLUSTER, 8).unwrap_err().to_string();
    assert!(
        error.contains("is that of node 7 in cluster test-province, not of trongdong://test-province/node/8"),
        "{error}"
    );
    assert!(Identity::load(&dir.join("7"), "other", 7).is_err());
    let error = Identity::load(&dir.join("missing"), CLUSTER, 7).unwrap_err().to_string();
    assert!(error.starts_with("cannot read") && error.contains("missing/ca.pem"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_is_created_once_and_opened_again() {
    let province = Province::new();
    let dir = province.folder.path().join("ca");
    assert!(matches!(Authority::create(&dir, CLUSTER), Err(PeerError::AuthorityExists { .. })));
    let opened = Authority::open(&dir).unwrap();
    assert_eq!(opened.cluster(), CLUSTER);
    let target = province.folder.path().join("late");
    assert!(opened.issue_node(&target, "other", 2, &[]).is_err(), "another cluster's node is not issued");
    opened.issue_node(&target, CLUSTER, 2, &["node-2.example".to_owned()]).unwrap();
    let (a, b) = (node(province.identity(1)).await, node(Identity::load(&target, CLUSTER, 2).unwrap()).await);
    a.knows(&b);
    assert!(a.peers.call(2, Lane::Control, ECHO, Bytes::new(), SOON).await.is_ok(), "issued before and after opening");
    for name in ["", "has space", "slash/ed", &"x".repeat(65)] {
        assert!(matches!(Authority::create(&target, name), Err(PeerError::ClusterName { .. })), "{name:?}");
    }
}

#[tokio::test]
async fn a_gateways_certificate_names_no_node() {
    let province = Province::new();
    let dir = province.folder.path().join("gateway");
    province.authority.issue_server(&dir, &["192.0.2.1".to_owned(), "centre.example".to_owned()]).unwrap();
    assert!(province.authority.issue_server(&dir, &[]).is_err(), "a certificate for no host is of no use");
    assert!(province.authority.issue_server(&dir, &["not a host ố".to_owned()]).is_err());
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    let identity = Identity { cert_pem: read("server.pem"), key_pem: read("server.key"), ..province.identity(1) };
    let error = try_node(identity).await.err().unwrap().to_string();
    assert!(error.contains("certificate names no node"), "{error}");
}
