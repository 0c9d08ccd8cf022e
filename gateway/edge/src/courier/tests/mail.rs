//! Letters to a mail server on loopback, which a test tells what to say and when to hang up.

use rustls::pki_types::PrivateKeyDer;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpStream,
};
use tokio_rustls::TlsAcceptor;

use super::*;

/// What a server does with one connection; what is not named goes well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Conduct {
    /// Instead of 250 to RCPT.
    rcpt: Option<&'static str>,
    /// Instead of 250 to the whole letter.
    end: Option<&'static str>,
    /// Hangs up when it has the whole letter, and keeps it.
    hangs_up: bool,
    /// Says nothing after the greeting.
    is_silent: bool,
    /// Offers no STARTTLS.
    is_bare: bool,
    /// Says more than it should before TLS.
    speaks_early: bool,
    /// Refuses every password.
    denies: bool,
}

/// A mail server: how it conducts itself, connection by connection, and what it kept.
#[derive(Default)]
struct Server {
    conducts: Mutex<Vec<Conduct>>,
    letters: Mutex<Vec<(String, String)>>,
    logins: Mutex<Vec<String>>,
}

struct Place {
    server: Arc<Server>,
    port: u16,
    trust: Arc<rustls::ClientConfig>,
}

async fn started() -> Place {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    let tls = TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate.clone()], key).unwrap()));
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let trust = Arc::new(rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (server, port) = (Arc::new(Server::default()), listener.local_addr().unwrap().port());
    let serving = server.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let conduct = {
                let mut conducts = serving.conducts.lock().unwrap();
                if conducts.is_empty() { Conduct::default() } else { conducts.remove(0) }
            };
            tokio::spawn(connection(serving.clone(), stream, tls.clone(), conduct));
        }
    });
    Place { server, port, trust }
}

/// In the clear up to STARTTLS, then under TLS.
async fn connection(server: Arc<Server>, stream: TcpStream, tls: TlsAcceptor, conduct: Conduct) {
    if let Some(stream) = talk(&server, stream, conduct, true).await
        && let Ok(stream) = tls.accept(stream).await
    {
        talk(&server, stream, Conduct { is_bare: true, ..conduct }, false).await;
    }
}

/// One dialogue; the stream when the other side asked for TLS.
async fn talk<IO: AsyncRead + AsyncWrite + Unpin>(
    server: &Server,
    stream: IO,
    conduct: Conduct,
    greets: bool,
) -> Option<IO> {
    let mut io = BufReader::new(stream);
    let (mut to, mut words) = (String::new(), String::new());
    if greets {
        io.write_all(b"220 mx.example ESMTP\r\n").await.ok()?;
    }
    loop {
        words.clear();
        if io.read_line(&mut words).await.ok()? == 0 {
            return None;
        }
        if conduct.is_silent {
            std::future::pending::<()>().await;
        }
        let line = words.trim_end();
        let answer = match line.split(' ').next().unwrap_or_default() {
            "EHLO" if conduct.is_bare => "250-mx.example\r\n250 AUTH LOGIN PLAIN\r\n",
            "EHLO" => "250-mx.example\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n",
            "STARTTLS" if conduct.speaks_early => {
                io.write_all(b"220 go\r\n250 injected\r\n").await.ok()?;
                return Some(io.into_inner());
            }
            "STARTTLS" => {
                io.write_all(b"220 go\r\n").await.ok()?;
                return Some(io.into_inner());
            }
            "AUTH" => {
                server.logins.lock().unwrap().push(line.to_owned());
                if conduct.denies { "535 no\r\n" } else { "235 yes\r\n" }
            }
            "MAIL" => "250 ok\r\n",
            "RCPT" => {
                to = line.to_owned();
                conduct.rcpt.unwrap_or("250 ok\r\n")
            }
            "DATA" => {
                io.write_all(b"354 go on\r\n").await.ok()?;
                let mut letter = Vec::new();
                while !letter.ends_with(b"\r\n.\r\n") {
                    letter.push(io.read_u8().await.ok()?);
                }
                if conduct.end.is_none() {
                    server.letters.lock().unwrap().push((to.clone(), String::from_utf8(letter).unwrap()));
                }
                if conduct.hangs_up {
                    return None;
                }
                conduct.end.unwrap_or("250 kept\r\n")
            }
            "QUIT" => return None,
            _ => "500 what?\r\n",
        };
        io.write_all(answer.as_bytes()).await.ok()?;
    }
}

impl Place {
    fn courier(&self, tls: MailTls, login: Option<(&str, &str)>) -> WebCourier {
        let login = login.map(|(user, password)| (user.to_owned(), password.to_owned()));
        let (host, trust) = ("localhost".to_owned(), self.trust.clone());
        let server = MailServer { host, port: self.port, tls, trust, login };
        let mail = MailConfig { server, sender: letter::tests::sender() };
        mail.check().unwrap();
        super::courier().with_mail(Some(mail))
    }

    fn conducts(&self, conducts: &[Conduct]) {
        *self.server.conducts.lock().unwrap() = conducts.to_vec();
    }

    fn letters(&self) -> Vec<(String, String)> {
        self.server.letters.lock().unwrap().clone()
    }
}

fn by_mail() -> Receiver {
    receiver("mailto:truc@113.example.vn".into(), b"secret")
}

fn ids(letters: &[(String, String)]) -> Vec<String> {
    let id = |letter: &str| letter.lines().find(|line| line.starts_with("Message-ID")).unwrap().to_owned();
    letters.iter().map(|(_, letter)| id(letter)).collect()
}

#[tokio::test]
async fn a_letter_goes_under_starttls_signed_in_and_signed() {
    let place = started().await;
    let courier = place.courier(MailTls::StartTls, Some(("ioc", "mật khẩu")));
    courier.deliver(by_mail(), notice()).await.unwrap();
    let letters = place.letters();
    assert_eq!(letters[0].0, "RCPT TO:<truc@113.example.vn>");
    assert_eq!(ids(&letters), ["Message-ID: <3-police-12@example.vn>"]);
    let body = &letter::tests::parts(&letters[0].1)[1];
    assert!(letters[0].1.contains(&signature(b"secret", body)), "what a program gets is signed");
    let read: serde_json::Value = serde_json::from_slice(body).unwrap();
    assert_eq!(read["number"], 12);
    assert!(place.server.logins.lock().unwrap()[0].starts_with("AUTH PLAIN "));
}

#[tokio::test]
async fn nothing_goes_in_the_clear_unless_the_operator_says_so() {
    let place = started().await;
    let bare = Conduct { is_bare: true, ..Conduct::default() };
    place.conducts(&[bare, Conduct { speaks_early: true, ..Conduct::default() }, bare]);
    let careful = place.courier(MailTls::StartTls, None);
    for why in ["STARTTLS", "before TLS"] {
        let failed = careful.deliver(by_mail(), notice()).await.unwrap_err();
        assert!(matches!(&failed, Undelivered::Again(said) if said.contains(why)), "{failed}");
    }
    assert!(place.letters().is_empty());
    place.courier(MailTls::None, None).deliver(by_mail(), notice()).await.unwrap();
    assert_eq!(place.letters().len(), 1);
    let server = MailServer {
        host: "localhost".into(),
        port: 25,
        tls: MailTls::None,
        trust: place.trust.clone(),
        login: Some(("a".into(), "b".into())),
    };
    let clear = MailConfig { server, sender: letter::tests::sender() };
    assert_eq!(clear.check().unwrap_err().0, "mail.tls", "no password in the clear");
}

#[tokio::test]
async fn what_is_refused_for_now_is_taken_later_and_what_is_refused_for_good_is_not_sent_again() {
    let place = started().await;
    let courier = place.courier(MailTls::StartTls, None);
    let grey = Conduct { rcpt: Some("451 4.7.1 come back later\r\n"), ..Conduct::default() };
    let full = Conduct { end: Some("452 4.3.1 no room\r\n"), ..Conduct::default() };
    let gone = Conduct { rcpt: Some("550-5.1.1 no such\r\n550 5.1.1 mailbox\r\n"), ..Conduct::default() };
    let spam = Conduct { end: Some("554 5.7.1 not wanted\r\n"), ..Conduct::default() };
    let denied = Conduct { denies: true, ..Conduct::default() };
    place.conducts(&[grey, full, Conduct::default(), gone, spam]);
    for _ in 0..2 {
        let failed = courier.deliver(by_mail(), notice()).await.unwrap_err();
        assert!(matches!(failed, Undelivered::Again(_)), "{failed}");
    }
    courier.deliver(by_mail(), notice()).await.unwrap();
    assert_eq!(place.letters().len(), 1);
    let gone = courier.deliver(by_mail(), notice()).await.unwrap_err();
    assert_eq!(gone, Undelivered::Never("RCPT: 550 5.1.1 no such 5.1.1 mailbox".into()));
    assert!(matches!(courier.deliver(by_mail(), notice()).await, Err(Undelivered::Never(_))));
    // A password of ours that is wrong is nobody else's fault.
    place.conducts(&[denied]);
    let courier = place.courier(MailTls::StartTls, Some(("ioc", "wrong")));
    let failed = courier.deliver(by_mail(), notice()).await.unwrap_err();
    assert_eq!(failed, Undelivered::Again("AUTH: 535".into()));
}

#[tokio::test]
async fn an_outcome_that_nobody_knows_is_sent_again_under_the_same_id() {
    let place = started().await;
    let courier = place.courier(MailTls::StartTls, None);
    place.conducts(&[Conduct { hangs_up: true, ..Conduct::default() }]);
    let failed = courier.deliver(by_mail(), notice()).await.unwrap_err();
    assert!(matches!(&failed, Undelivered::Again(said) if said.contains("unknown")), "{failed}");
    courier.deliver(by_mail(), notice()).await.unwrap();
    let letters = place.letters();
    assert_eq!(letters.len(), 2, "it was taken the first time too");
    assert_eq!(letters[0], letters[1], "the same letter, byte for byte, so its reader knows it");
}

#[tokio::test]
async fn a_server_that_is_silent_keeps_its_own_letters_and_nobody_elses() {
    let place = started().await;
    let courier = Arc::new(place.courier(MailTls::None, None));
    place.conducts(&[Conduct { is_silent: true, is_bare: true, ..Conduct::default() }]);
    let slow = tokio::spawn(courier.deliver(by_mail(), notice()));
    // The silent one has the first connection; the next ones go through while it is waited for.
    while !place.server.conducts.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    for _ in 0..3 {
        courier.deliver(by_mail(), notice()).await.unwrap();
    }
    assert_eq!(place.letters().len(), 3);
    assert!(!slow.is_finished());
    slow.abort();
    assert!(
        courier.within(&by_mail()) > courier.within(&receiver("https://a".into(), b"")),
        "a letter may take longer"
    );
}

#[tokio::test]
async fn without_a_server_a_letter_waits() {
    let failed = super::courier().deliver(by_mail(), notice()).await.unwrap_err();
    assert!(matches!(&failed, Undelivered::Again(said) if said.contains("node.toml")), "{failed}");
}
