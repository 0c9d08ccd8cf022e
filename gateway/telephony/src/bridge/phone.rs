//! The other end of a call: the phone of the agent, from its INVITE until it is put down.

use super::{ALLOW, Action, Actions, Bridge, Phase, Phone};
use crate::{
    limits::PICK_UP_MS,
    message::Message,
    party::{Names, Party},
    resend::{Kind, Peer},
};

impl Bridge {
    pub(super) fn call_phone(&mut self, now_ms: u64, uri: &str, at: Peer, names: &mut Names) -> Actions {
        let local = format!("sip:{}@{}", self.invite.from.user, self.own);
        let mut party = Party::phone(uri, at, &local, names);
        let branch = names.branch();
        let body = party.describe(&self.caller.sdp, false);
        // RFC 5373 and what phones understood before it: the agent has answered at the desk already.
        let extra = [
            "Answer-Mode: Auto".to_owned(),
            "Call-Info: <sip:answer>;answer-after=0".to_owned(),
            "Alert-Info: <sip:answer>;info=alert-autoanswer".to_owned(),
        ];
        let bytes = party.ask("INVITE", &self.own, &branch, &extra, &body);
        self.resend.sent(now_ms, Kind::Invite, &branch, at, bytes.clone());
        let uri = uri.to_owned();
        self.phone = Some(Phone { party, uri, branch, answered: false, rings: false, unwanted: false });
        self.phase = Phase::Connecting;
        vec![Action::Send(at, bytes)]
    }

    /// Puts the phone down from our side.
    pub(super) fn drop_phone(&mut self, now_ms: u64, names: &mut Names) -> Actions {
        let Some(mut phone) = self.phone.take() else { return Vec::new() };
        self.held = false;
        if phone.answered {
            let branch = names.branch();
            let bytes = phone.party.ask("BYE", &self.own, &branch, &[], b"");
            self.resend.sent(now_ms, Kind::Request, &branch, phone.party.peer, bytes.clone());
            return vec![Action::Send(phone.party.peer, bytes)];
        }
        phone.unwanted = true;
        // RFC 3261, 9.1: CANCEL waits for a first sign of the phone.
        let out = if phone.rings { self.cancel(now_ms, &phone) } else { Vec::new() };
        self.leaving.push(phone);
        out
    }

    pub(super) fn cancel(&mut self, now_ms: u64, phone: &Phone) -> Actions {
        let bytes = phone.party.write("CANCEL", phone.party.cseq, &self.own, &phone.branch, &[], b"");
        self.resend.sent(now_ms, Kind::Request, &phone.branch, phone.party.peer, bytes.clone());
        vec![Action::Send(phone.party.peer, bytes)]
    }

    pub(super) fn phone_left(&mut self, now_ms: u64, from: Peer, message: &Message, names: &mut Names) -> Actions {
        let mut out = vec![Action::Send(from, message.answer(200, "OK", "", &[], b""))];
        let is_it = self.phone.as_ref().is_some_and(|phone| phone.party.call_id == message.call_id && phone.answered);
        if is_it && self.phase == Phase::Talking {
            self.phone = None;
            out.push(Action::AgentHungUp);
            out.extend(self.end(now_ms, names));
        }
        out
    }

    /// The answer of a phone to its first INVITE.
    pub(super) fn phone_said(&mut self, now_ms: u64, code: u16, message: &Message, names: &mut Names) -> Actions {
        let at = self.leaving.iter().position(|phone| phone.branch == message.branch);
        if code < 200 {
            if let Some(at) = at {
                let phone = self.leaving[at].clone();
                self.leaving[at].rings = true;
                return if phone.rings { Vec::new() } else { self.cancel(now_ms, &phone) };
            }
            if let Some(phone) = &mut self.phone {
                if !phone.rings {
                    self.resend.rings(&phone.branch, now_ms + PICK_UP_MS);
                }
                phone.rings = true;
            }
            return Vec::new();
        }
        self.resend.answered(Kind::Invite, &message.branch);
        if let Some(at) = at {
            let mut phone = self.leaving.remove(at);
            return self.late(now_ms, code, message, &mut phone, names);
        }
        let Some(phone) = &mut self.phone else { return Vec::new() };
        if code >= 300 {
            let ack = phone.party.write("ACK", message.cseq, &self.own, &message.branch, &[], b"");
            let mut out = vec![Action::Send(phone.party.peer, ack)];
            self.phone = None;
            out.extend(self.phone_failed(now_ms, &format!("phone: {code}"), names));
            return out;
        }
        // RFC 3261, 13.2.2.4: every 200 gets its ACK, one that comes again too.
        let is_first = !phone.answered;
        if is_first {
            phone.party.answered(message);
            phone.answered = true;
        }
        let ack = phone.party.write("ACK", message.cseq, &self.own, &names.branch(), &[], b"");
        let mut out = vec![Action::Send(phone.party.peer, ack)];
        if is_first {
            let of_phone = phone.party.sdp.clone();
            out.extend(self.put_caller_through(now_ms, &of_phone, names));
        }
        out
    }

    pub(super) fn put_caller_through(&mut self, now_ms: u64, of_phone: &[u8], names: &mut Names) -> Actions {
        self.phase = Phase::Talking;
        self.held = false;
        let body = self.caller.describe(of_phone, false);
        if self.answered {
            return self.invite_caller_again(now_ms, &body, names);
        }
        self.answered = true;
        self.quiet();
        let extra = [self.contact(), ALLOW.to_owned()];
        self.last = self.invite.answer(200, "OK", &self.caller.local_tag, &extra, &body);
        self.resend.sent(now_ms, Kind::Final, &self.invite.branch, self.caller.peer, self.last.clone());
        vec![Action::Send(self.caller.peer, self.last.clone())]
    }

    /// A phone that was not wanted any more has answered: thanked if it refused, and put down if it did not.
    pub(super) fn late(
        &mut self,
        now_ms: u64,
        code: u16,
        message: &Message,
        phone: &mut Phone,
        names: &mut Names,
    ) -> Actions {
        if code >= 300 {
            let ack = phone.party.write("ACK", message.cseq, &self.own, &message.branch, &[], b"");
            return vec![Action::Send(phone.party.peer, ack)];
        }
        phone.party.answered(message);
        let ack = phone.party.write("ACK", message.cseq, &self.own, &names.branch(), &[], b"");
        let branch = names.branch();
        let bye = phone.party.ask("BYE", &self.own, &branch, &[], b"");
        self.resend.sent(now_ms, Kind::Request, &branch, phone.party.peer, bye.clone());
        vec![Action::Send(phone.party.peer, ack), Action::Send(phone.party.peer, bye)]
    }

    pub(super) fn phone_failed(&mut self, now_ms: u64, why: &str, names: &mut Names) -> Actions {
        let was_leaving = self.refer.is_none() && self.phase == Phase::Leaving;
        let mut out = self.drop_phone(now_ms, names);
        if was_leaving {
            out.extend(self.end(now_ms, names));
            return out;
        }
        if self.phase != Phase::Over {
            self.phase = Phase::Waiting;
            out.push(Action::PhoneFailed(why.to_owned()));
        }
        out
    }

    /// Calls the target of a transfer as if it were a phone of ours. It has to be where the caller's exchange is, which is the
    /// one address that is known to be reached.
    pub(super) fn put_through(&mut self, now_ms: u64, target: &str, names: &mut Names) -> Actions {
        let at = self.caller.peer;
        let out = self.call_phone(now_ms, target, at, names);
        self.phase = Phase::Leaving;
        out
    }
}
