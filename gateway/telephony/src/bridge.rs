//! One caller at the door: their dialog with us, the agent's phone, and what is between the two. A signalling-only
//! back-to-back user agent (RFC 3261, 6). Pure: messages, times and how the caller stands come in, what to send and to
//! tell comes out.
//!
//! | the log says | the caller hears | the agent's phone |
//! |---|---|---|
//! | (offered) | 100, then 180, again every minute | |
//! | queued | 182 with their place, again every minute; 183 and an announcement | |
//! | talking | 200, or INVITE again after a hand-over | INVITE, to be picked up by itself |
//! | held | INVITE, silent | INVITE, silent |
//! | waiting again | INVITE, silent | CANCEL or BYE |
//! | transferred | REFER; where that is refused the target is called and put through | BYE |
//! | over | 480 before an answer, BYE after it | CANCEL or BYE |

mod phone;
mod wait;

use crate::{
    Gone, QueuePlace, Standing,
    limits::GIVE_UP_MS,
    message::{Message, Start},
    party::{Names, Party},
    resend::{Kind, Peer, Resend},
};

/// What the door shall do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Send it.
    Send(Peer, Vec<u8>),
    /// Tell that the caller is gone.
    Gone(Gone),
    /// Tell that the agent hung up.
    AgentHungUp,
    /// Tell that the phone was not put through.
    PhoneFailed(String),
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The cluster has not answered the offer.
    Offering,
    /// Nobody talks with the caller.
    Waiting,
    /// The phone is called.
    Connecting,
    /// They talk, or one waits in the middle of it.
    Talking,
    /// The caller goes on elsewhere, by themselves.
    Leaving,
    /// Nothing but late messages.
    Over,
}

/// The phone at the other end.
#[derive(Clone, Debug)]
struct Phone {
    party: Party,
    /// As the log has it.
    uri: String,
    branch: String,
    answered: bool,
    /// It rings, so that CANCEL may be sent.
    rings: bool,
    /// Not wanted any more, and not heard of yet.
    unwanted: bool,
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Bridge {
    own: String,
    invite: Message,
    caller: Party,
    phase: Phase,
    /// The caller has our 200.
    answered: bool,
    held: bool,
    /// What was answered to the INVITE last, for when it comes again.
    last: Vec<u8>,
    phone: Option<Phone>,
    /// Phones that are not wanted any more and have yet to say so.
    leaving: Vec<Phone>,
    resend: Resend,
    ring_again_ms: u64,
    /// Where they are in the queue, as it was told last; none: they are in none.
    place: Option<QueuePlace>,
    /// Where they hear the announcement until somebody answers.
    early: Option<wait::Early>,
    /// Branch of the REFER, and where it sends the caller.
    refer: Option<(String, String)>,
    over_ms: u64,
}

type Actions = Vec<Action>;

impl Bridge {
    /// A caller's INVITE.
    pub(crate) fn new(invite: Message, peer: Peer, own: &str, names: &mut Names) -> (Self, Actions) {
        let caller = Party::caller(&invite, peer, names);
        let trying = invite.answer(100, "Trying", "", &[], b"");
        let bridge = Self {
            own: own.to_owned(),
            caller,
            invite,
            phase: Phase::Offering,
            answered: false,
            held: false,
            last: trying.clone(),
            phone: None,
            leaving: Vec::new(),
            resend: Resend::default(),
            ring_again_ms: u64::MAX,
            place: None,
            early: None,
            refer: None,
            over_ms: u64::MAX,
        };
        (bridge, vec![Action::Send(peer, trying)])
    }

    /// `Call-ID`s of the phones of this call.
    pub(crate) fn phone_ids(&self) -> impl Iterator<Item = &str> {
        self.phone.iter().chain(&self.leaving).map(|phone| phone.party.call_id.as_str())
    }

    /// The cluster took the offer, or this is what the caller hears.
    pub(crate) fn offered(&mut self, now_ms: u64, refused: Option<(u16, &str)>) -> Actions {
        if self.phase != Phase::Offering {
            return Vec::new();
        }
        if let Some((code, reason)) = refused {
            return self.refuse(now_ms, code, reason);
        }
        self.phase = Phase::Waiting;
        self.ring(now_ms)
    }

    /// How the caller stands. `phone_at` is where the phone of [`Standing::Talking`], or the target of a transfer, is reached.
    pub(crate) fn standing(
        &mut self,
        now_ms: u64,
        standing: &Standing,
        phone_at: Option<Peer>,
        names: &mut Names,
    ) -> Actions {
        if !matches!(standing, Standing::Queued | Standing::Unknown) {
            self.place = None;
        }
        match (standing, self.phase) {
            (_, Phase::Over | Phase::Offering | Phase::Leaving) | (Standing::Unknown, _) => Vec::new(),
            (Standing::Waiting | Standing::Queued, Phase::Connecting | Phase::Talking) => {
                self.phase = Phase::Waiting;
                let mut out = self.drop_phone(now_ms, names);
                out.extend(self.hush(now_ms, names));
                out
            }
            (Standing::Waiting | Standing::Queued, Phase::Waiting) => Vec::new(),
            (Standing::Talking { phone }, _) => {
                if self.phone.as_ref().is_some_and(|known| known.uri == *phone) {
                    return self.hold(now_ms, false, names);
                }
                let mut out = self.drop_phone(now_ms, names);
                match phone_at {
                    Some(at) => out.extend(self.call_phone(now_ms, phone, at, names)),
                    None => {
                        self.phase = Phase::Waiting;
                        out.push(Action::PhoneFailed("no phone".to_owned()));
                    }
                }
                out
            }
            (Standing::Held, _) => self.hold(now_ms, true, names),
            (Standing::Transferred { to }, _) => self.transfer(now_ms, to, phone_at, names),
            (Standing::Over, _) => self.end(now_ms, names),
        }
    }

    /// A message of this call.
    pub(crate) fn receive(&mut self, now_ms: u64, from: Peer, message: &Message, names: &mut Names) -> Actions {
        let is_caller = message.call_id == self.caller.call_id;
        match &message.start {
            Start::Request { method, .. } => match (method.as_str(), is_caller) {
                ("ACK", true) => {
                    self.resend.acknowledged();
                    Vec::new()
                }
                ("ACK", false) => Vec::new(),
                ("INVITE", true) if message.cseq == self.invite.cseq && message.to.tag.is_empty() => {
                    vec![Action::Send(from, self.last.clone())]
                }
                ("INVITE", _) => vec![Action::Send(from, self.refresh(message))],
                ("CANCEL", true) => self.cancelled(now_ms, from, message, names),
                // Of the two dialogs that their one offer made, the announcement's alone ends.
                ("BYE", true) if self.answered && self.is_early(&message.to.tag) => {
                    vec![Action::Send(from, message.answer(200, "OK", "", &[], b""))]
                }
                ("BYE", true) => self.caller_left(now_ms, from, message, names),
                ("BYE", false) => self.phone_left(now_ms, from, message, names),
                ("OPTIONS" | "NOTIFY" | "INFO", _) => {
                    let mut out = vec![Action::Send(from, message.answer(200, "OK", "", &[], b""))];
                    if method == "NOTIFY" {
                        out.extend(self.notified(now_ms, message, names));
                    }
                    out
                }
                _ => vec![Action::Send(from, not_allowed(message))],
            },
            Start::Response { code } => self.answered_with(now_ms, *code, message, names),
        }
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, now_ms: u64, names: &mut Names) -> Actions {
        let (again, given_up) = self.resend.tick(now_ms);
        let mut out: Actions = again.into_iter().map(|(to, bytes)| Action::Send(to, bytes)).collect();
        for pending in given_up {
            match pending.kind {
                // Nobody says that they have our answer: the caller is not there.
                Kind::Final if self.phase != Phase::Over => {
                    out.push(Action::Gone(Gone::Lost));
                    out.extend(self.end(now_ms, names));
                }
                Kind::Invite if self.phone.as_ref().is_some_and(|phone| phone.branch == pending.branch) => {
                    out.extend(self.phone_failed(now_ms, "phone: no answer", names));
                }
                Kind::Request if self.refer.as_ref().is_some_and(|(branch, _)| *branch == pending.branch) => {
                    out.extend(self.end(now_ms, names));
                }
                _ => {}
            }
        }
        if now_ms >= self.ring_again_ms && !self.answered && self.phase != Phase::Over {
            out.extend(self.ring(now_ms));
        }
        out
    }

    /// When to call [`Self::tick`] next; none: not before something happens.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        let ring = (!self.answered && self.phase != Phase::Over).then_some(self.ring_again_ms);
        let all = [self.resend.next_ms(), ring, Some(self.over_ms)];
        all.into_iter().flatten().min().filter(|at| *at != u64::MAX)
    }

    /// Nothing will come of it any more.
    pub(crate) fn is_done(&self, now_ms: u64) -> bool {
        self.phase == Phase::Over && now_ms >= self.over_ms
    }

    /// Whether the door still has a caller here.
    pub(crate) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    fn refuse(&mut self, now_ms: u64, code: u16, reason: &str) -> Actions {
        self.over(now_ms);
        self.last = self.invite.answer(code, reason, &self.caller.local_tag, &[], b"");
        self.resend.sent(now_ms, Kind::Final, &self.invite.branch, self.caller.peer, self.last.clone());
        vec![Action::Send(self.caller.peer, self.last.clone())]
    }

    fn over(&mut self, now_ms: u64) {
        self.phase = Phase::Over;
        self.quiet();
        self.over_ms = now_ms + GIVE_UP_MS;
    }

    /// The caller who is on the line waits in silence.
    fn hush(&mut self, now_ms: u64, names: &mut Names) -> Actions {
        if !self.answered {
            return Vec::new();
        }
        let body = self.caller.describe(&self.caller.sdp.clone(), true);
        self.invite_caller_again(now_ms, &body, names)
    }

    fn invite_caller_again(&mut self, now_ms: u64, body: &[u8], names: &mut Names) -> Actions {
        let branch = names.branch();
        let bytes = self.caller.ask("INVITE", &self.own, &branch, &[], body);
        self.resend.sent(now_ms, Kind::Invite, &branch, self.caller.peer, bytes.clone());
        vec![Action::Send(self.caller.peer, bytes)]
    }

    /// Silent, or not any more, for both.
    fn hold(&mut self, now_ms: u64, held: bool, names: &mut Names) -> Actions {
        if self.phase != Phase::Talking || self.held == held {
            return Vec::new();
        }
        let Some(phone) = &mut self.phone else { return Vec::new() };
        self.held = held;
        let branch = names.branch();
        let to_phone = phone.party.describe(&self.caller.sdp, held);
        let bytes = phone.party.ask("INVITE", &self.own, &branch, &[], &to_phone);
        let (peer, of_phone) = (phone.party.peer, phone.party.sdp.clone());
        self.resend.sent(now_ms, Kind::Invite, &branch, peer, bytes.clone());
        let mut out = vec![Action::Send(peer, bytes)];
        let to_caller = self.caller.describe(&of_phone, held);
        out.extend(self.invite_caller_again(now_ms, &to_caller, names));
        out
    }

    fn transfer(&mut self, now_ms: u64, to: &str, at: Option<Peer>, names: &mut Names) -> Actions {
        let target = target_of(to, &self.invite.from.host);
        let mut out = self.drop_phone(now_ms, names);
        if !self.answered {
            out.extend(at.map(|at| self.call_phone(now_ms, &target, at, names)).unwrap_or_default());
            return out;
        }
        let branch = names.branch();
        let extra = [format!("Refer-To: <{target}>"), format!("Referred-By: <{}>", self.caller.local)];
        let bytes = self.caller.ask("REFER", &self.own, &branch, &extra, b"");
        self.resend.sent(now_ms, Kind::Request, &branch, self.caller.peer, bytes.clone());
        self.refer = Some((branch, target));
        self.phase = Phase::Leaving;
        out.push(Action::Send(self.caller.peer, bytes));
        out
    }

    /// What became of the caller's going on (RFC 3515, 2.4.5): they are through, or it failed.
    fn notified(&mut self, now_ms: u64, message: &Message, names: &mut Names) -> Actions {
        let said = String::from_utf8_lossy(&message.body);
        let code =
            said.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse::<u16>().ok());
        match code {
            Some(200..) if self.phase == Phase::Leaving => self.end(now_ms, names),
            _ => Vec::new(),
        }
    }

    fn end(&mut self, now_ms: u64, names: &mut Names) -> Actions {
        if self.phase == Phase::Over {
            return Vec::new();
        }
        let mut out = self.drop_phone(now_ms, names);
        if !self.answered {
            out.extend(self.refuse(now_ms, 480, "Temporarily Unavailable"));
            return out;
        }
        self.over(now_ms);
        let branch = names.branch();
        let bytes = self.caller.ask("BYE", &self.own, &branch, &[], b"");
        self.resend.sent(now_ms, Kind::Request, &branch, self.caller.peer, bytes.clone());
        out.push(Action::Send(self.caller.peer, bytes));
        out
    }

    /// A session that is refreshed is as it was; one that shall be another is refused, because whether sound flows is the
    /// desk's to say.
    fn refresh(&mut self, message: &Message) -> Vec<u8> {
        let is_caller = message.call_id == self.caller.call_id;
        let other = self.phone.as_ref().map(|phone| phone.party.sdp.clone());
        let of_caller = self.caller.sdp.clone();
        let party = if is_caller { Some(&mut self.caller) } else { self.phone.as_mut().map(|phone| &mut phone.party) };
        let (Some(party), Some(of_phone)) = (party, other) else {
            return message.answer(481, "Call/Transaction Does Not Exist", "", &[], b"");
        };
        if self.phase != Phase::Talking || (!message.body.is_empty() && message.body != party.sdp) {
            return message.answer(488, "Not Acceptable Here", "", &[], b"");
        }
        let body = party.describe(if is_caller { &of_phone } else { &of_caller }, self.held);
        let contact = format!("Contact: <sip:trongdong@{}>", self.own);
        message.answer(200, "OK", "", &[contact], &body)
    }

    fn cancelled(&mut self, now_ms: u64, from: Peer, message: &Message, names: &mut Names) -> Actions {
        let mut out = vec![Action::Send(from, message.answer(200, "OK", &self.caller.local_tag, &[], b""))];
        // What was answered is not cancelled (RFC 3261, 9.2).
        if self.answered || self.phase == Phase::Over {
            return out;
        }
        out.push(Action::Gone(Gone::HungUp));
        out.extend(self.drop_phone(now_ms, names));
        out.extend(self.refuse(now_ms, 487, "Request Terminated"));
        out
    }

    fn caller_left(&mut self, now_ms: u64, from: Peer, message: &Message, names: &mut Names) -> Actions {
        let mut out = vec![Action::Send(from, message.answer(200, "OK", "", &[], b""))];
        if self.phase == Phase::Over {
            return out;
        }
        if self.phase != Phase::Leaving {
            out.push(Action::Gone(Gone::HungUp));
        }
        self.resend.clear();
        out.extend(self.drop_phone(now_ms, names));
        if self.answered {
            self.over(now_ms);
        } else {
            out.extend(self.refuse(now_ms, 487, "Request Terminated"));
        }
        out
    }

    fn answered_with(&mut self, now_ms: u64, code: u16, message: &Message, names: &mut Names) -> Actions {
        if message.cseq_method != "INVITE" {
            if code < 200 || !self.resend.answered(Kind::Request, &message.branch) {
                return Vec::new();
            }
            let is_refer = self.refer.as_ref().is_some_and(|(branch, _)| *branch == message.branch);
            // A caller whose exchange cannot be sent on is put through from here.
            return match self.refer.take_if(|_| is_refer && code >= 300) {
                Some((_, target)) => self.put_through(now_ms, &target, names),
                None => Vec::new(),
            };
        }
        let is_phones_first = |phone: &&mut Phone| phone.branch == message.branch;
        if let Some(phone) = self.phone.iter_mut().chain(&mut self.leaving).find(is_phones_first) {
            if phone.party.call_id != message.call_id {
                return Vec::new();
            }
            return self.phone_said(now_ms, code, message, names);
        }
        // An answer to one of our later INVITEs: whatever it says, the transaction ends with an ACK.
        if code < 200 {
            return Vec::new();
        }
        let known = self.resend.answered(Kind::Invite, &message.branch);
        let is_caller = message.call_id == self.caller.call_id;
        let party = if is_caller { Some(&mut self.caller) } else { self.phone.as_mut().map(|phone| &mut phone.party) };
        let Some(party) = party else { return Vec::new() };
        if known && code < 300 && !message.body.is_empty() && !self.held {
            party.sdp = message.body.clone();
        }
        let branch = if code < 300 { names.branch() } else { message.branch.clone() };
        vec![Action::Send(party.peer, party.write("ACK", message.cseq, &self.own, &branch, &[], b""))]
    }
}

/// Where a transfer goes: an address as it is, a number at the caller's exchange.
pub(crate) fn target_of(to: &str, host: &str) -> String {
    if to.starts_with("sip:") || to.starts_with("sips:") {
        return to.chars().filter(|c| !c.is_control() && !matches!(c, '<' | '>' | ' ')).collect();
    }
    let user: String =
        to.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '*' | '#' | '-' | '_')).collect();
    format!("sip:{user}@{host}")
}

/// What may be asked here.
const ALLOW: &str = "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, INFO";

/// The refusal of what nobody asks here.
pub(crate) fn not_allowed(message: &Message) -> Vec<u8> {
    message.answer(405, "Method Not Allowed", "trongdong", &[ALLOW.to_owned()], b"")
}
