//! From a TCP connection to a peer that is known: TLS, then one hello each way.
//!
//! The dialler speaks first and sends nothing else until the answer has come, so that neither side acts on a connection
//! before it knows whose it is.

use std::sync::Arc;

use bytes::BytesMut;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsStream;

use crate::NodeId;
use crate::format::Formats;
use crate::frame::{Frame, FrameError, Kind, Outgoing, decode};
use crate::identity::{named_in, node_uri};
use crate::limits::{HANDSHAKE_TIMEOUT, HELLO_FRAME_BYTES_MAX};
use crate::message::{Hello, Link, parse_text, text};
use crate::tls::{Tls, server_name};

/// Who this side is in a handshake.
#[derive(Clone)]
pub(crate) struct Local {
    pub(crate) cluster: Arc<str>,
    pub(crate) node: NodeId,
    pub(crate) formats: Formats,
    pub(crate) tls: Tls,
}

/// A connection whose other side is known.
pub(crate) struct Known {
    pub(crate) io: TlsStream<TcpStream>,
    /// What came behind the hello already.
    pub(crate) read: BytesMut,
    pub(crate) peer: NodeId,
    pub(crate) link: Link,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum HandshakeError {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("no handshake within {} s", HANDSHAKE_TIMEOUT.as_secs())]
    Timeout,
    #[error("wrong identity: {0}")]
    Identity(String),
    #[error("no common format: {0}")]
    Formats(String),
    #[error("peer refused: {0}")]
    Refused(String),
    #[error("{0}")]
    Frame(#[from] FrameError),
}

/// Dials `address` and makes sure that `to` answers.
pub(crate) async fn dial(local: &Local, address: &str, to: NodeId, link: Link) -> Result<Known, HandshakeError> {
    let handshake = async {
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        let io = TlsStream::from(local.tls.connector.connect(server_name(), tcp).await?);
        let named = peer_of(&io)?;
        if named != (local.cluster.to_string(), to) {
            let (wanted, got) = (node_uri(&local.cluster, to), node_uri(&named.0, named.1));
            return Err(HandshakeError::Identity(format!("{address} is {got}, not {wanted}")));
        }
        dial_hello(local, io, to, link).await
    };
    tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await.map_err(|_| HandshakeError::Timeout)?
}

async fn dial_hello(
    local: &Local,
    mut io: TlsStream<TcpStream>,
    to: NodeId,
    link: Link,
) -> Result<Known, HandshakeError> {
    let mine = Hello { link, from: local.node, to, cluster: local.cluster.to_string() };
    send(&mut io, &mine.frame(local.formats)).await?;
    let mut read = BytesMut::new();
    let frame = receive(&mut io, &mut read).await?;
    if frame.kind == Kind::Refuse {
        return Err(HandshakeError::Refused(parse_text(&frame.payload)));
    }
    let (theirs, formats) = hello_in(frame)?;
    let expected = Hello { link, from: to, to: local.node, cluster: local.cluster.to_string() };
    if theirs != expected {
        return Err(HandshakeError::Identity(format!("hello answers {theirs:?} instead of {expected:?}")));
    }
    // One of the first release does not look at ours.
    if let Some(problem) = local.formats.refuse(local.node, formats, to) {
        return Err(HandshakeError::Formats(problem));
    }
    Ok(Known { io, read, peer: to, link })
}

/// Takes a connection in and makes sure that it is from a node of this cluster that means this one.
pub(crate) async fn accept(local: &Local, tcp: TcpStream) -> Result<Known, HandshakeError> {
    let handshake = async {
        tcp.set_nodelay(true)?;
        let mut io = TlsStream::from(local.tls.acceptor.accept(tcp).await?);
        let named = peer_of(&io)?;
        let mut read = BytesMut::new();
        let (theirs, formats) = hello_in(receive(&mut io, &mut read).await?)?;
        let problem = if named.0 != *local.cluster || theirs.cluster != *local.cluster {
            Some(format!("this is cluster {}, hello of {theirs:?} with certificate of {named:?}", local.cluster))
        } else if theirs.from != named.1 {
            Some(format!("hello says node {}, certificate says node {}", theirs.from, named.1))
        } else if theirs.to != local.node {
            Some(format!("this is node {}, node {} was meant", local.node, theirs.to))
        } else if theirs.from == local.node {
            Some(format!("node {} cannot be its own peer", local.node))
        } else {
            None
        };
        if let Some(problem) = problem {
            refuse(&mut io, &problem).await?;
            return Err(HandshakeError::Identity(problem));
        }
        if let Some(problem) = local.formats.refuse(local.node, formats, theirs.from) {
            refuse(&mut io, &problem).await?;
            return Err(HandshakeError::Formats(problem));
        }
        let mine = Hello { link: theirs.link, from: local.node, to: theirs.from, cluster: theirs.cluster };
        send(&mut io, &mine.frame(local.formats)).await?;
        Ok(Known { io, read, peer: theirs.from, link: theirs.link })
    };
    tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await.map_err(|_| HandshakeError::Timeout)?
}

fn peer_of(io: &TlsStream<TcpStream>) -> Result<(String, NodeId), HandshakeError> {
    let certificate: Option<&CertificateDer<'_>> = io.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let certificate = certificate.ok_or_else(|| HandshakeError::Identity("no certificate".to_owned()))?;
    named_in(certificate).map_err(HandshakeError::Identity)
}

fn hello_in(frame: Frame) -> Result<(Hello, Formats), HandshakeError> {
    if frame.kind != Kind::Hello {
        return Err(FrameError::Field { field: "hello", problem: "is not the first frame" }.into());
    }
    let formats = Formats::from_id(frame.id)?;
    Ok((Hello::parse(frame.payload)?, formats))
}

async fn refuse(io: &mut TlsStream<TcpStream>, problem: &str) -> Result<(), HandshakeError> {
    send(io, &text(Kind::Refuse, 0, 0, problem)).await?;
    io.shutdown().await?;
    Ok(())
}

async fn send(io: &mut (impl AsyncWrite + Unpin), frame: &Outgoing) -> Result<(), HandshakeError> {
    let mut bytes = BytesMut::with_capacity(frame.len());
    frame.write(&mut bytes);
    io.write_all(&bytes).await?;
    io.flush().await?;
    Ok(())
}

async fn receive(io: &mut (impl AsyncRead + Unpin), read: &mut BytesMut) -> Result<Frame, HandshakeError> {
    loop {
        if let Some(frame) = decode(read, HELLO_FRAME_BYTES_MAX)? {
            return Ok(frame);
        }
        if io.read_buf(read).await? == 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tokio::net::TcpListener;

    use super::*;
    use crate::authority::Authority;
    use crate::identity::Identity;

    struct Issued(PathBuf, Authority);

    impl Issued {
        fn new(name: &str) -> Self {
            let dir = std::env::temp_dir().join(format!("trongdong-handshake-{}-{name}", std::process::id()));
            let authority = Authority::create(&dir, "here").unwrap();
            Self(dir, authority)
        }

        fn local(&self, node: NodeId) -> Local {
            let dir = self.0.join(node.to_string());
            self.1.issue_node(&dir, "here", node, &[]).unwrap();
            let identity = Identity::load(&dir, "here", node).unwrap();
            Local { cluster: "here".into(), node, formats: Formats::OWN, tls: Tls::new(&identity).unwrap() }
        }
    }

    impl Drop for Issued {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// What both sides make of a hello that `says` something else than the certificate.
    async fn meet(acceptor: &Local, dialler: &Local, says: Local, to: NodeId) -> (String, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = async { accept(acceptor, listener.accept().await.unwrap().0).await };
        let dialled = async {
            let tcp = TcpStream::connect(address).await.unwrap();
            let io = dialler.tls.connector.connect(server_name(), tcp).await.unwrap();
            dial_hello(&says, io.into(), to, Link::Control).await
        };
        let (accepted, dialled) = tokio::join!(accepted, dialled);
        (accepted.err().unwrap().to_string(), dialled.err().unwrap().to_string())
    }

    #[tokio::test]
    async fn hello_has_to_say_what_the_certificate_says() {
        let issued = Issued::new("hello");
        let (one, two) = (issued.local(1), issued.local(2));
        let (here, there) = meet(&one, &two, Local { node: 9, ..two.clone() }, 1).await;
        assert_eq!(here, "wrong identity: hello says node 9, certificate says node 2");
        assert_eq!(there, "peer refused: hello says node 9, certificate says node 2");
        let (here, _) = meet(&one, &two, two.clone(), 5).await;
        assert_eq!(here, "wrong identity: this is node 1, node 5 was meant");
        let (here, _) = meet(&one, &two, Local { cluster: "elsewhere".into(), ..two.clone() }, 1).await;
        assert!(here.contains("this is cluster here"), "{here}");
        let (here, _) = meet(&one, &issued.local(1), one.clone(), 1).await;
        assert_eq!(here, "wrong identity: node 1 cannot be its own peer");
    }

    #[tokio::test]
    async fn nodes_without_a_common_format_refuse_each_other_with_both_and_the_remedy() {
        let issued = Issued::new("formats");
        let (one, two) = (issued.local(1), issued.local(2));
        let later = Formats::from_id((5 << 32) | 6).unwrap();
        let (here, there) = meet(&one, &two, Local { formats: later, ..two.clone() }, 1).await;
        let said = "node 1 speaks formats 1 to 2 and node 2 5 to 6, none in common: run a newer version on node 1, one release \
                    after the other";
        assert_eq!(here, format!("no common format: {said}"));
        assert_eq!(there, format!("peer refused: {said}"));
    }

    #[tokio::test]
    async fn a_node_of_the_first_release_is_let_in() {
        let issued = Issued::new("first");
        let (one, two) = (issued.local(1), Local { formats: Formats::FIRST, ..issued.local(2) });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let accepted = async { accept(&one, listener.accept().await.unwrap().0).await };
        let (accepted, dialled) = tokio::join!(accepted, dial(&two, &address, 1, Link::Control));
        assert_eq!((accepted.ok().map(|it| it.peer), dialled.ok().map(|it| it.peer)), (Some(2), Some(1)));
    }

    #[tokio::test]
    async fn a_gateways_certificate_is_no_client() {
        let issued = Issued::new("gateway");
        let one = issued.local(1);
        issued.1.issue_server(&issued.0.join("gateway"), &["127.0.0.1".to_owned()]).unwrap();
        let read = |name: &str| std::fs::read_to_string(issued.0.join("gateway").join(name)).unwrap();
        let (ca_pem, cert_pem, key_pem) = (read("ca.pem"), read("server.pem"), read("server.key"));
        let gateway = Identity { cluster: "here".to_owned(), node: 2, ca_pem, cert_pem, key_pem };
        let two = Local { cluster: "here".into(), node: 2, formats: Formats::OWN, tls: Tls::new(&gateway).unwrap() };
        let (here, _) = meet(&one, &two, two.clone(), 1).await;
        assert!(here.contains("invalid peer certificate"), "{here}");
    }
}
