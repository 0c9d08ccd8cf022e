//! An open door on loopback, and a caller whose sound is a socket too: what is heard, and when it ends.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::BoxFuture;
use rtp_types::RtpPacket;
use tokio::{net::UdpSocket, sync::watch, time::timeout};

use super::*;
use crate::{Announcement, Door, DoorConfig, QueuePlace, Refused, Ringing, Switchboard, wait_tone};

/// Whatever has to come comes within this time.
const WITHIN: Duration = Duration::from_secs(10);
/// Nothing for so long, where a packet comes each 20 ms: it is over.
const SILENCE: Duration = Duration::from_millis(300);
/// Packets that are read before a stream that does not end is believed to go on.
const PACKETS_MAX: usize = 400;
/// Those that are listened to: two beeps and the silence between them.
const LISTENED: usize = 30;

/// One caller, and how they stand.
struct Desk {
    standing: Mutex<Standing>,
    changed: watch::Sender<u64>,
}

impl Desk {
    fn set(&self, standing: Standing) {
        *self.standing.lock().unwrap() = standing;
        self.changed.send_modify(|index| *index += 1);
    }
}

impl Switchboard for Desk {
    fn offer(&self, _: Ringing) -> BoxFuture<'static, Result<(), Refused>> {
        Box::pin(async { Ok(()) })
    }

    fn gone(&self, _: String, _: Gone) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }

    fn agent_hung_up(&self, _: String) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }

    fn phone_failed(&self, _: String, _: String) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }

    fn standing(&self, _: &str) -> Standing {
        self.standing.lock().unwrap().clone()
    }

    fn place(&self, _: &str) -> QueuePlace {
        QueuePlace { before: 2, message: String::new() }
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

async fn socket() -> UdpSocket {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap()
}

/// A telephone: what it says, and what it hears.
struct Telephone {
    sip: UdpSocket,
    sound: UdpSocket,
}

impl Telephone {
    async fn new() -> Self {
        Self { sip: socket().await, sound: socket().await }
    }

    /// What it offers: A-law to where it hears.
    fn sdp(&self) -> String {
        let port = self.sound.local_addr().unwrap().port();
        SDP.replace("10.0.0.9", "127.0.0.1").replace("6000", &port.to_string())
    }

    async fn say(&self, door: &Door, text: &str) {
        self.sip.send_to(text.as_bytes(), door.address()).await.unwrap();
    }

    /// The first message from now on that is this one, and where it is from.
    async fn told(&self, is_it: impl Fn(&Message) -> bool) -> (Message, SocketAddr) {
        let mut buffer = vec![0; 4096];
        let waits = async {
            loop {
                let (length, from) = self.sip.recv_from(&mut buffer).await.unwrap();
                let message = Message::parse(&buffer[..length]).unwrap();
                if is_it(&message) {
                    return (message, from);
                }
            }
        };
        timeout(WITHIN, waits).await.unwrap()
    }

    async fn answered(&self, code: u16) -> Message {
        self.told(|message| message.start == Start::Response { code }).await.0
    }

    /// Hears so many packets of one stream, one after the other; what was in them.
    async fn listen(&self) -> Vec<Vec<u8>> {
        let mut buffer = [0; 1024];
        let mut last: Option<(u32, u16, u32)> = None;
        let mut heard = Vec::new();
        while heard.len() < LISTENED {
            let length = timeout(WITHIN, self.sound.recv(&mut buffer)).await.unwrap().unwrap();
            let packet = RtpPacket::parse(&buffer[..length]).unwrap();
            assert_eq!((packet.payload_type(), packet.payload_len()), (8, 160));
            let now = (packet.ssrc(), packet.sequence_number(), packet.timestamp());
            if let Some((ssrc, sequence, timestamp)) = last {
                assert_eq!(now, (ssrc, sequence.wrapping_add(1), timestamp.wrapping_add(160)));
            }
            last = Some(now);
            heard.push(packet.payload().to_vec());
        }
        heard
    }

    /// Whether what is heard ends.
    async fn is_quiet(&self) -> bool {
        let mut buffer = [0; 1024];
        for _ in 0..PACKETS_MAX {
            if timeout(SILENCE, self.sound.recv(&mut buffer)).await.is_err() {
                return true;
            }
        }
        false
    }
}

/// A door with an announcement, and a caller who hears it: 183 has been said to them.
async fn hearing() -> (Door, Arc<Desk>, Telephone, Message) {
    let desk = Arc::new(Desk { standing: Mutex::new(Standing::Queued), changed: watch::Sender::new(0) });
    let door = open(&desk).await;
    let caller = Telephone::new().await;
    caller.say(&door, &request("INVITE", 1, "", &caller.sdp())).await;
    let queued = caller.answered(182).await;
    let progress = caller.answered(183).await;
    assert_ne!(queued.to.tag, progress.to.tag);
    let heard = caller.listen().await;
    let (beeps, silent): (Vec<_>, Vec<_>) = heard.iter().partition(|packet| packet.iter().any(|byte| *byte != 0xD5));
    assert!(!beeps.is_empty() && !silent.is_empty(), "it is the tone, and not noise or nothing");
    (door, desk, caller, progress)
}

/// The number that is free over UDP may be taken over TCP: by a line that goes out.
async fn open(desk: &Arc<Desk>) -> Door {
    let announcement = Arc::new(Announcement::from_wav(&wait_tone()).unwrap());
    for _ in 0..16 {
        let config = DoorConfig {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            public: None,
            trunks: [IpAddr::V4(Ipv4Addr::LOCALHOST)].into(),
            announcement: Some(announcement.clone()),
        };
        if let Ok(door) = Door::open(config, desk.clone()).await {
            return door;
        }
    }
    panic!("no number is free");
}

#[tokio::test]
async fn who_waits_hears_the_announcement_until_the_agents_phone_is_there() {
    let (door, desk, caller, progress) = hearing().await;
    let phone = Telephone::new().await;
    desk.set(Standing::Talking { phone: format!("sip:101@{}", phone.sip.local_addr().unwrap()) });
    let (invite, from) = phone.told(|message| message.method() == Some("INVITE")).await;
    assert_eq!(from, door.address());
    phone.say(&door, &reply(&invite, 200, &phone.sdp(), "desk")).await;
    let answer = caller.answered(200).await;
    // What the caller hears from here on comes from the phone, in the dialog that is none of the announcement's.
    assert_ne!(answer.to.tag, progress.to.tag);
    let said = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(said.contains(&format!("m=audio {} ", phone.sound.local_addr().unwrap().port())), "{said}");
    assert!(caller.is_quiet().await);
    caller.say(&door, &request("ACK", 1, &answer.to.tag, "")).await;
}

#[tokio::test]
async fn who_gives_up_hears_nothing_more() {
    let (door, _desk, caller, _) = hearing().await;
    caller.say(&door, &request("CANCEL", 1, "", "")).await;
    caller.answered(487).await;
    assert!(caller.is_quiet().await);
}
