//! Who is in the queue: they are told their place, and hear the announcement until somebody answers.

use std::sync::Arc;

use rtp_types::RtpPacket;

use super::*;
use crate::{Announcement, QueuePlace, limits::LISTENERS_MAX, wait_tone};

fn place(before: usize) -> QueuePlace {
    QueuePlace { before, message: "Xin cho may".into() }
}

fn first_lines(deeds: &[Deed]) -> Vec<String> {
    let first = |deed: &Deed| match deed {
        Deed::Send(_, bytes) => String::from_utf8_lossy(bytes).lines().next().map(ToOwned::to_owned),
        _ => None,
    };
    deeds.iter().filter_map(first).collect()
}

impl Play {
    fn queued(&mut self, before: usize) -> Vec<Deed> {
        self.exchange.queued(self.now_ms, CONNECTION, place(before))
    }

    fn announce(&mut self) {
        let announcement = Announcement::from_wav(&wait_tone()).unwrap();
        self.exchange.announce(Arc::new(announcement), "10.0.0.1:4000".parse().unwrap());
    }

    /// Hears the announcement; what was said at the beginning of that.
    fn hearing() -> (Self, Message) {
        let (mut play, ringing) = Self::ringing();
        play.announce();
        let deeds = play.queued(0);
        assert_eq!(codes(&deeds, trunk()), [182, 183]);
        assert!(play.exchange.is_heard());
        let [queued, progress] = <[Message; 2]>::try_from(sent(&deeds, trunk())).unwrap();
        assert_eq!(queued.to.tag, ringing.to.tag);
        assert_ne!(progress.to.tag, ringing.to.tag, "the offer has another answer in another dialog");
        (play, progress)
    }
}

#[test]
fn who_is_in_the_queue_is_told_their_place_every_minute() {
    let (mut play, ringing) = Play::ringing();
    let deeds = play.queued(3);
    assert_eq!(first_lines(&deeds), ["SIP/2.0 182 Queued; 3 calls before yours; Xin cho may"]);
    assert_eq!(sent(&deeds, trunk())[0].to.tag, ringing.to.tag);
    assert_eq!(play.hear(trunk(), &request("INVITE", 1, "", SDP)), deeds);
    // The place is looked up when it is told, and no more often.
    assert!(play.exchange.places_due(play.now_ms + RINGING_AGAIN_MS - 1).is_empty());
    play.now_ms += RINGING_AGAIN_MS;
    assert_eq!(play.exchange.places_due(play.now_ms), [CONNECTION]);
    assert_eq!(first_lines(&play.queued(1)), ["SIP/2.0 182 Queued; 1 call before yours; Xin cho may"]);
    assert!(play.exchange.places_due(play.now_ms).is_empty());
    assert!(play.pass(1).is_empty(), "once a minute");
    // It rings at an agent: there is no place any more.
    assert!(play.stand(Standing::Waiting).is_empty());
    assert_eq!(codes(&play.pass(RINGING_AGAIN_MS), trunk()), [180]);
}

#[test]
fn the_announcement_is_heard_until_the_agent_is_there() {
    let (mut play, progress) = Play::hearing();
    let said = String::from_utf8_lossy(&progress.body).into_owned();
    assert!(said.contains("c=IN IP4 10.0.0.1\r\n") && said.contains("m=audio 4000 RTP/AVP 8\r\n"), "{said}");
    let (to, bytes) = play.exchange.packets().remove(0);
    assert_eq!((to.to_string().as_str(), RtpPacket::parse(&bytes).unwrap().payload_type()), ("10.0.0.9:6000", 8));
    // A 183 may be lost: it comes again, in the same dialog.
    play.now_ms += RINGING_AGAIN_MS;
    assert_eq!(sent(&play.queued(0), trunk()).remove(1), progress);
    assert_eq!(play.exchange.packets().len(), 1, "it is one stream");

    let invite = sent(&play.stand(Standing::Talking { phone: "sip:101@10.0.0.7:5062".into() }), desk()).remove(0);
    assert!(String::from_utf8_lossy(&invite.body).contains("m=audio 6000"), "the phone has the caller's own offer");
    assert!(play.exchange.is_heard(), "nobody is there yet");
    let deeds = play.hear(desk(), &reply(&invite, 200, SDP, "desk"));
    assert!(!play.exchange.is_heard() && play.exchange.packets().is_empty());
    let answer = sent(&deeds, trunk()).remove(0);
    assert_ne!(answer.to.tag, progress.to.tag);
    play.hear(trunk(), &request("ACK", 1, &answer.to.tag, ""));
    // An exchange that puts the announcement's dialog down keeps the other.
    let deeds = play.hear(trunk(), &request("BYE", 2, &progress.to.tag, ""));
    assert_eq!((codes(&deeds, trunk()), told(&deeds)), (vec![200], vec![]));
    let deeds = play.hear(trunk(), &request("BYE", 3, &answer.to.tag, ""));
    assert_eq!((methods(&deeds, desk()), told(&deeds)), (vec!["BYE".to_owned()], vec![Action::Gone(Gone::HungUp)]));
}

#[test]
fn the_announcement_ends_with_the_caller() {
    type End = fn(&mut Play, &str) -> Vec<Deed>;
    let ends: [(End, &[u16]); 3] = [
        (|play, _| play.hear(trunk(), &request("CANCEL", 1, "", "")), &[200, 487]),
        (|play, tag| play.hear(trunk(), &request("BYE", 2, tag, "")), &[200, 487]),
        (|play, _| play.stand(Standing::Over), &[480]),
    ];
    for (end, expected) in ends {
        let (mut play, progress) = Play::hearing();
        let deeds = end(&mut play, &progress.to.tag);
        assert_eq!(codes(&deeds, trunk()), expected);
        assert!(!play.exchange.is_heard() && play.exchange.packets().is_empty());
    }
}

#[test]
fn sound_goes_to_a_trunk_and_to_nobody_else() {
    for (offered, expected) in [
        (SDP.replace("c=IN IP4 10.0.0.9", "c=IN IP4 192.0.2.1"), 1),
        (SDP.replace("audio 6000", "audio 53"), 1),
        (SDP.replace("RTP/AVP 8", "RTP/AVP 18"), 1),
        (SDP.replace("RTP/AVP 8", "RTP/AVP 18 0"), 2),
    ] {
        let mut play = Play::new();
        play.announce();
        play.hear(trunk(), &request("INVITE", 1, "", &offered));
        play.exchange.offered(play.now_ms, CONNECTION, None);
        let deeds = play.queued(0);
        assert_eq!(codes(&deeds, trunk()), [182, 183][..expected], "{offered}");
        assert_eq!(play.exchange.packets().len(), expected - 1);
    }
}

#[test]
fn so_many_hear_it_and_one_more_once_somebody_is_gone() {
    let mut play = Play::new();
    play.announce();
    let id = |count: usize| format!("c{count}@10.0.0.9");
    let all = LISTENERS_MAX + 1;
    for count in 0..all {
        play.hear(trunk(), &request("INVITE", 1, "", SDP).replace("a1@10.0.0.9", &id(count)));
        let connection = format!("10.0.0.9/{}", id(count));
        play.exchange.offered(play.now_ms, &connection, None);
        let deeds = play.exchange.queued(play.now_ms, &connection, place(count));
        let expected: &[u16] = if count < LISTENERS_MAX { &[182, 183] } else { &[182] };
        assert_eq!(codes(&deeds, trunk()), expected);
    }
    assert_eq!(play.exchange.packets().len(), LISTENERS_MAX);
    play.hear(trunk(), &request("CANCEL", 1, "", "").replace("a1@10.0.0.9", &id(0)));
    play.now_ms += RINGING_AGAIN_MS;
    let deeds = play.exchange.queued(play.now_ms, &format!("10.0.0.9/{}", id(all - 1)), place(0));
    assert_eq!(codes(&deeds, trunk()), [182, 183]);
    assert_eq!(play.exchange.packets().len(), LISTENERS_MAX);
}
