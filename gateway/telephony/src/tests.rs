//! The door's machine against scripted phones.

mod early;
mod heard;

use std::net::SocketAddr;

use proptest::prelude::*;

use crate::{
    Gone, Standing,
    bridge::Action,
    exchange::{Deed, Exchange},
    fuzzing,
    limits::{GIVE_UP_MS, PICK_UP_MS, RINGING_AGAIN_MS},
    message::{Message, Start, framed},
    resend::Peer,
};

const OWN: &str = "10.0.0.1:5060";
const SDP: &str = "v=0\r\no=u 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 6000 RTP/AVP 8\r\n";

fn peer(at: &str) -> Peer {
    Peer { at: at.parse::<SocketAddr>().unwrap(), is_tcp: false }
}

fn trunk() -> Peer {
    peer("10.0.0.9:5060")
}

fn desk() -> Peer {
    peer("10.0.0.7:5062")
}

fn request(method: &str, cseq: u32, to_tag: &str, body: &str) -> String {
    let to_tag = if to_tag.is_empty() { String::new() } else { format!(";tag={to_tag}") };
    format!(
        "{method} sip:1022@{OWN} SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK-{method}-{cseq}\r\n\
         Max-Forwards: 70\r\nFrom: \"An\" <sip:0912345678@10.0.0.9>;tag=far\r\nTo: <sip:1022@{OWN}>{to_tag}\r\n\
         Call-ID: a1@10.0.0.9\r\nCSeq: {cseq} {method}\r\nContact: <sip:0912345678@10.0.0.9:5060>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

struct Play {
    exchange: Exchange,
    now_ms: u64,
}

impl Play {
    fn new() -> Self {
        let trunks = [trunk().at.ip()].into();
        Self { exchange: Exchange::new(OWN.to_owned(), trunks, 42), now_ms: 1000 }
    }

    fn hear(&mut self, from: Peer, text: &str) -> Vec<Deed> {
        self.exchange.receive(self.now_ms, from, &Message::parse(text.as_bytes()).unwrap())
    }

    fn stand(&mut self, standing: Standing) -> Vec<Deed> {
        let at = matches!(standing, Standing::Talking { .. }).then(desk);
        self.exchange.standing(self.now_ms, CONNECTION, &standing, at)
    }

    fn pass(&mut self, ms: u64) -> Vec<Deed> {
        self.now_ms += ms;
        self.exchange.tick(self.now_ms)
    }

    /// Rings, and the cluster has taken it.
    fn ringing() -> (Self, Message) {
        let mut play = Self::new();
        let deeds = play.hear(trunk(), &request("INVITE", 1, "", SDP));
        assert_eq!(codes(&deeds, trunk()), [100]);
        let offer = deeds.iter().find_map(|deed| match deed {
            Deed::Offer(ringing) => Some(ringing.clone()),
            _ => None,
        });
        let offer = offer.unwrap();
        assert_eq!((offer.line.as_str(), offer.number.as_str()), ("1022", "0912345678"));
        assert_eq!(offer.connection, CONNECTION);
        let deeds = play.exchange.offered(play.now_ms, CONNECTION, None);
        assert_eq!(codes(&deeds, trunk()), [180]);
        let ringing = sent(&deeds, trunk()).remove(0);
        (play, ringing)
    }

    /// The agent answered, their phone picked up, and the caller has said that they hear it.
    fn talking() -> (Self, Message, Message) {
        let (mut play, _) = Self::ringing();
        let deeds = play.stand(Standing::Talking { phone: "sip:101@10.0.0.7:5062".into() });
        let invite = sent(&deeds, desk()).remove(0);
        assert!(String::from_utf8_lossy(&invite.body).contains("m=audio 6000"));
        play.hear(desk(), &reply(&invite, 180, "", "desk"));
        let deeds = play.hear(desk(), &reply(&invite, 200, SDP, "desk"));
        assert_eq!(methods(&deeds, desk()), ["ACK"]);
        assert_eq!(codes(&deeds, trunk()), [200]);
        let answer = sent(&deeds, trunk()).remove(0);
        play.hear(trunk(), &request("ACK", 1, &answer.to.tag, ""));
        (play, invite, answer)
    }
}

const CONNECTION: &str = "10.0.0.9/a1@10.0.0.9";

fn reply(to: &Message, code: u16, body: &str, tag: &str) -> String {
    String::from_utf8(to.answer(code, "x", tag, &["Contact: <sip:101@10.0.0.7:5062>".into()], body.as_bytes())).unwrap()
}

fn sent(deeds: &[Deed], to: Peer) -> Vec<Message> {
    let bytes = deeds.iter().filter_map(|deed| match deed {
        Deed::Send(at, bytes) if *at == to => Some(bytes),
        _ => None,
    });
    bytes.map(|bytes| Message::parse(bytes).unwrap()).collect()
}

fn codes(deeds: &[Deed], to: Peer) -> Vec<u16> {
    let code = |message: Message| match message.start {
        Start::Response { code } => Some(code),
        Start::Request { .. } => None,
    };
    sent(deeds, to).into_iter().filter_map(code).collect()
}

fn methods(deeds: &[Deed], to: Peer) -> Vec<String> {
    sent(deeds, to).iter().filter_map(|message| message.method().map(ToOwned::to_owned)).collect()
}

fn told(deeds: &[Deed]) -> Vec<Action> {
    let tell = |deed: &Deed| match deed {
        Deed::Tell(_, action) => Some(action.clone()),
        _ => None,
    };
    deeds.iter().filter_map(tell).collect()
}

#[test]
fn a_caller_is_put_through_and_hangs_up() {
    let (mut play, _, answer) = Play::talking();
    let deeds = play.hear(trunk(), &request("BYE", 2, &answer.to.tag, ""));
    assert_eq!(codes(&deeds, trunk()), [200]);
    assert_eq!(methods(&deeds, desk()), ["BYE"]);
    assert_eq!(told(&deeds), [Action::Gone(Gone::HungUp)]);
    // It is forgotten once nobody can send anything late.
    play.pass(GIVE_UP_MS + 1);
    play.pass(GIVE_UP_MS + 1);
    assert_eq!(play.exchange.next_ms(), None);
}

#[test]
fn an_invite_that_comes_again_is_one_caller() {
    let (mut play, ringing) = Play::ringing();
    let deeds = play.hear(trunk(), &request("INVITE", 1, "", SDP));
    assert_eq!(sent(&deeds, trunk()), [ringing]);
    assert!(!deeds.iter().any(|deed| matches!(deed, Deed::Offer(_))));
    // Who waits for long hears it again.
    assert_eq!(codes(&play.pass(RINGING_AGAIN_MS), trunk()), [180]);
}

#[test]
fn a_caller_who_gives_up_before_the_answer_is_told() {
    let (mut play, _) = Play::ringing();
    let deeds = play.hear(trunk(), &request("CANCEL", 1, "", ""));
    assert_eq!(codes(&deeds, trunk()), [200, 487]);
    assert_eq!(told(&deeds), [Action::Gone(Gone::HungUp)]);
    // 487 comes until its ACK.
    assert_eq!(codes(&play.pass(500), trunk()), [487]);
    play.hear(trunk(), &request("ACK", 1, "x", ""));
    assert_eq!(codes(&play.pass(1000), trunk()), [] as [u16; 0]);
}

#[test]
fn a_phone_that_refuses_or_is_not_picked_up_goes_back_to_the_queue() {
    let (mut play, _) = Play::ringing();
    let phone = || Standing::Talking { phone: "sip:101@10.0.0.7:5062".into() };
    let invite = sent(&play.stand(phone()), desk()).remove(0);
    let deeds = play.hear(desk(), &reply(&invite, 486, "", "desk"));
    assert_eq!(methods(&deeds, desk()), ["ACK"]);
    assert_eq!(told(&deeds), [Action::PhoneFailed("phone: 486".into())]);
    play.stand(Standing::Waiting);
    // Another agent, whose phone rings and rings.
    let invite = sent(&play.stand(phone()), desk()).remove(0);
    play.hear(desk(), &reply(&invite, 180, "", "desk"));
    let deeds = play.pass(PICK_UP_MS);
    assert_eq!(methods(&deeds, desk()), ["CANCEL"]);
    assert_eq!(told(&deeds), [Action::PhoneFailed("phone: no answer".into())]);
    // It picks up in that moment: nobody is left on a line to nowhere.
    let deeds = play.hear(desk(), &reply(&invite, 200, SDP, "desk"));
    assert_eq!(methods(&deeds, desk()), ["ACK", "BYE"]);
}

#[test]
fn an_agent_without_a_phone_keeps_nobody_waiting() {
    let (mut play, _) = Play::ringing();
    let deeds = play.exchange.standing(play.now_ms, CONNECTION, &Standing::Talking { phone: String::new() }, None);
    assert_eq!(told(&deeds), [Action::PhoneFailed("no phone".into())]);
}

#[test]
fn hold_silences_both_and_resuming_brings_the_sound_back() {
    let (mut play, _, _) = Play::talking();
    let deeds = play.stand(Standing::Held);
    for at in [trunk(), desk()] {
        let again = sent(&deeds, at).remove(0);
        assert!(again.method() == Some("INVITE") && String::from_utf8_lossy(&again.body).contains("a=inactive"));
        let answered = play.hear(at, &reply(&again, 200, SDP, "t"));
        assert_eq!(methods(&answered, at), ["ACK"]);
    }
    let deeds = play.stand(Standing::Talking { phone: "sip:101@10.0.0.7:5062".into() });
    let again = sent(&deeds, trunk()).remove(0);
    assert!(!String::from_utf8_lossy(&again.body).contains("inactive"));
}

#[test]
fn a_hand_over_within_the_house_keeps_the_caller_on_the_line() {
    let (mut play, _, _) = Play::talking();
    let deeds = play.stand(Standing::Waiting);
    assert_eq!(methods(&deeds, desk()), ["BYE"]);
    assert_eq!(methods(&deeds, trunk()), ["INVITE"]);
    let deeds = play.stand(Standing::Talking { phone: "sip:102@10.0.0.7:5062".into() });
    let invite = sent(&deeds, desk()).remove(0);
    let deeds = play.hear(desk(), &reply(&invite, 200, SDP, "other"));
    assert_eq!(
        (methods(&deeds, desk()), methods(&deeds, trunk())),
        (vec!["ACK".to_owned()], vec!["INVITE".to_owned()])
    );
}

#[test]
fn a_transfer_is_a_refer_and_ends_with_its_notice() {
    let (mut play, _, answer) = Play::talking();
    let deeds = play.stand(Standing::Transferred { to: "115".into() });
    assert_eq!(methods(&deeds, desk()), ["BYE"]);
    let refer = sent(&deeds, trunk()).remove(0);
    assert_eq!(refer.method(), Some("REFER"));
    play.hear(trunk(), &reply(&refer, 202, "", "x"));
    let notice = request("NOTIFY", 2, &answer.to.tag, "SIP/2.0 200 OK\r\n");
    let deeds = play.hear(trunk(), &notice);
    assert_eq!((codes(&deeds, trunk()), methods(&deeds, trunk())), (vec![200], vec!["BYE".to_owned()]));
    // One whose exchange does not know REFER is put through from here.
    let (mut play, _, _) = Play::talking();
    let refer = sent(&play.stand(Standing::Transferred { to: "115".into() }), trunk()).remove(0);
    let deeds = play.hear(trunk(), &reply(&refer, 501, "", "x"));
    let invite = sent(&deeds, trunk()).remove(0);
    assert!(matches!(&invite.start, Start::Request { uri, .. } if uri == "sip:115@10.0.0.9"));
}

#[test]
fn an_agent_who_hangs_up_ends_the_call() {
    let (mut play, invite, _) = Play::talking();
    let bye = format!(
        "BYE sip:x@{OWN} SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.7:5062;branch=z9hG4bKb\r\nFrom: <{}>;tag=desk\r\n\
         To: <{}>;tag={}\r\nCall-ID: {}\r\nCSeq: 9 BYE\r\nContent-Length: 0\r\n\r\n",
        invite.to.uri, invite.from.uri, invite.from.tag, invite.call_id
    );
    let deeds = play.hear(desk(), &bye);
    assert_eq!((codes(&deeds, desk()), methods(&deeds, trunk())), (vec![200], vec!["BYE".to_owned()]));
    assert_eq!(told(&deeds), [Action::AgentHungUp]);
}

#[test]
fn an_exchange_that_says_nothing_more_is_lost() {
    let (mut play, _) = Play::ringing();
    let invite = sent(&play.stand(Standing::Talking { phone: "sip:101@10.0.0.7:5062".into() }), desk()).remove(0);
    play.hear(desk(), &reply(&invite, 200, SDP, "desk"));
    let deeds = play.pass(500);
    assert_eq!(codes(&deeds, trunk()), [200], "it comes again");
    let deeds = play.pass(GIVE_UP_MS);
    assert_eq!(told(&deeds), [Action::Gone(Gone::Lost)]);
    assert_eq!((methods(&deeds, desk()), methods(&deeds, trunk())), (vec!["BYE".to_owned()], vec!["BYE".to_owned()]));
}

#[test]
fn strangers_are_not_offered_and_what_is_not_known_is_said() {
    let mut play = Play::new();
    let stranger = peer("192.0.2.1:5060");
    assert_eq!(codes(&play.hear(stranger, &request("INVITE", 1, "", SDP)), stranger), [403]);
    assert_eq!(codes(&play.hear(trunk(), &request("BYE", 1, "x", "")), trunk()), [481]);
    assert_eq!(codes(&play.hear(trunk(), &request("OPTIONS", 1, "", "")), trunk()), [200]);
    assert_eq!(codes(&play.hear(trunk(), &request("SUBSCRIBE", 1, "", "")), trunk()), [405]);
    assert_eq!(codes(&play.hear(trunk(), &request("INVITE", 1, "", "")), trunk()), [488]);
    assert!(play.hear(trunk(), &request("ACK", 1, "x", "")).is_empty());
}

#[test]
fn a_refused_offer_is_said_to_the_exchange() {
    let mut play = Play::new();
    play.hear(trunk(), &request("INVITE", 1, "", SDP));
    let deeds = play.exchange.offered(play.now_ms, CONNECTION, Some((486, "Busy Here")));
    assert_eq!(codes(&deeds, trunk()), [486]);
}

#[test]
fn a_stream_is_cut_where_messages_end() {
    let one = request("OPTIONS", 1, "", "abc");
    let two = one.clone() + &one;
    assert_eq!(framed(two.as_bytes()), Ok(Some(one.len())));
    assert_eq!(framed(&one.as_bytes()[..one.len() - 1]), Ok(None));
    assert!(framed(b"A b\r\nContent-Length: 99999999999999999999\r\n\r\n").is_err());
}

proptest! {
    #[test]
    fn any_bytes_may_come(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = fuzzing::fuzz_message(&bytes);
        let _ = fuzzing::fuzz_door(&bytes);
    }

    /// Messages that are almost right, in any order.
    #[test]
    fn any_order_may_come(
        order in prop::collection::vec((0usize..9, any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..24),
    ) {
        let all = ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "NOTIFY", "INFO", "REFER", "INVITE"];
        let mut bytes = Vec::new();
        for (which, at, spoil, is_spoiled) in order {
            let body = if all[which] == "INVITE" { SDP } else { "" };
            let mut message = request(all[which], 1, "", body).replace("10.0.0.9", "127.0.0.1").into_bytes();
            if is_spoiled {
                let at = at.index(message.len());
                message[at] = spoil.max(1);
            }
            bytes.extend(message);
            bytes.push(0);
        }
        let _ = fuzzing::fuzz_door(&bytes);
    }
}

#[test]
fn what_is_right_is_taken_whole() {
    assert!(fuzzing::message_seeds().iter().all(|seed| fuzzing::fuzz_message(seed)));
    assert!(fuzzing::door_seeds().iter().all(|seed| fuzzing::fuzz_door(seed)));
}
