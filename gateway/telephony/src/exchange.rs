//! All callers at the door: which message belongs to which, who may call, and how many there can be. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use crate::{
    QueuePlace, Ringing, Standing,
    announce::Announcement,
    bridge::{Action, Bridge, not_allowed},
    limits::{BRIDGES_MAX, LISTENERS_MAX},
    message::{Message, Start},
    party::Names,
    resend::Peer,
};

/// What the door shall do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Send it.
    Send(Peer, Vec<u8>),
    /// Offer a caller to the cluster.
    Offer(Ringing),
    /// Do what concerns one caller.
    Tell(String, Action),
}

/// See the module.
pub(crate) struct Exchange {
    own: String,
    trunks: BTreeSet<IpAddr>,
    /// What those hear who are in the queue, and the address that it comes from.
    announcement: Option<(Arc<Announcement>, SocketAddr)>,
    names: Names,
    /// By connection.
    bridges: BTreeMap<String, Bridge>,
}

impl Exchange {
    pub(crate) fn new(own: String, trunks: BTreeSet<IpAddr>, seed: u64) -> Self {
        Self { own, trunks, announcement: None, names: Names(seed), bridges: BTreeMap::new() }
    }

    /// Those who are in the queue hear this, from that address.
    pub(crate) fn announce(&mut self, announcement: Arc<Announcement>, from: SocketAddr) {
        self.announcement = Some((announcement, from));
    }

    /// Connections of callers who are here.
    pub(crate) fn connections(&self) -> impl Iterator<Item = &String> {
        self.bridges.iter().filter(|(_, bridge)| !bridge.is_over()).map(|(connection, _)| connection)
    }

    /// A message came.
    pub(crate) fn receive(&mut self, now_ms: u64, from: Peer, message: &Message) -> Vec<Deed> {
        let connection = connection_of(from, &message.call_id);
        if let Some(known) = self.find(&connection, &message.call_id) {
            return self.with(&known, |bridge, names| bridge.receive(now_ms, from, message, names));
        }
        let Start::Request { method, user, .. } = &message.start else { return Vec::new() };
        let say = |code, reason| vec![Deed::Send(from, message.answer(code, reason, "trongdong", &[], b""))];
        match method.as_str() {
            "ACK" => Vec::new(),
            "OPTIONS" => say(200, "OK"),
            "INVITE" if !self.trunks.contains(&from.at.ip()) => say(403, "Forbidden"),
            // A tag says that there was a dialog, which is not known here any more.
            "INVITE" if !message.to.tag.is_empty() => say(481, "Call/Transaction Does Not Exist"),
            "INVITE" if message.body.is_empty() => say(488, "Not Acceptable Here"),
            "INVITE" if self.bridges.len() >= BRIDGES_MAX => say(503, "Service Unavailable"),
            "INVITE" => {
                let (bridge, actions) = Bridge::new(message.clone(), from, &self.own, &mut self.names);
                self.bridges.insert(connection.clone(), bridge);
                let ringing = Ringing {
                    connection: connection.clone(),
                    line: user.clone(),
                    number: number_of(&message.from.user),
                };
                let mut deeds = told(&connection, actions);
                deeds.push(Deed::Offer(ringing));
                deeds
            }
            "BYE" | "CANCEL" | "NOTIFY" | "INFO" => say(481, "Call/Transaction Does Not Exist"),
            _ => vec![Deed::Send(from, not_allowed(message))],
        }
    }

    /// The cluster answered an offer.
    pub(crate) fn offered(&mut self, now_ms: u64, connection: &str, refused: Option<(u16, &str)>) -> Vec<Deed> {
        self.with(connection, |bridge, _| bridge.offered(now_ms, refused))
    }

    /// How a caller stands.
    pub(crate) fn standing(
        &mut self,
        now_ms: u64,
        connection: &str,
        standing: &Standing,
        phone_at: Option<Peer>,
    ) -> Vec<Deed> {
        self.with(connection, |bridge, names| bridge.standing(now_ms, standing, phone_at, names))
    }

    /// A caller is in the queue.
    pub(crate) fn queued(&mut self, now_ms: u64, connection: &str, place: QueuePlace) -> Vec<Deed> {
        let is_room = self.bridges.values().filter(|bridge| bridge.is_heard()).count() < LISTENERS_MAX;
        let from = self.announcement.as_ref().map(|(_, from)| *from).filter(|_| is_room);
        let Some(bridge) = self.bridges.get_mut(connection) else { return Vec::new() };
        let is_trunk = |ip: IpAddr| self.trunks.contains(&ip);
        told(connection, bridge.queued(now_ms, place, from, is_trunk, &mut self.names))
    }

    /// Connections of callers whose place in the queue has to be told again.
    pub(crate) fn places_due(&self, now_ms: u64) -> Vec<String> {
        let due = self.bridges.iter().filter(|(_, bridge)| bridge.is_place_due(now_ms));
        due.map(|(connection, _)| connection.clone()).collect()
    }

    /// Whether anybody hears the announcement.
    pub(crate) fn is_heard(&self) -> bool {
        self.announcement.is_some() && self.bridges.values().any(Bridge::is_heard)
    }

    /// The announcement's next packets, and where they go.
    pub(crate) fn packets(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        let Some((announcement, _)) = &self.announcement else { return Vec::new() };
        self.bridges.values_mut().filter_map(|bridge| bridge.packet(announcement)).collect()
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, now_ms: u64) -> Vec<Deed> {
        let due = self.bridges.iter().filter(|(_, bridge)| bridge.next_ms().is_some_and(|at| at <= now_ms));
        let due: Vec<_> = due.map(|(connection, _)| connection.clone()).collect();
        let mut deeds = Vec::new();
        for connection in due {
            deeds.extend(self.with(&connection, |bridge, names| bridge.tick(now_ms, names)));
        }
        self.bridges.retain(|_, bridge| !bridge.is_done(now_ms));
        deeds
    }

    /// When to call [`Self::tick`] next.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        self.bridges.values().filter_map(Bridge::next_ms).min()
    }

    /// The caller whose message this is: by their own connection, or by that of their phone.
    fn find(&self, connection: &str, call_id: &str) -> Option<String> {
        if self.bridges.contains_key(connection) {
            return Some(connection.to_owned());
        }
        let of_phone = self.bridges.iter().find(|(_, bridge)| bridge.phone_ids().any(|id| id == call_id));
        of_phone.map(|(connection, _)| connection.clone())
    }

    fn with(&mut self, connection: &str, act: impl FnOnce(&mut Bridge, &mut Names) -> Vec<Action>) -> Vec<Deed> {
        let Some(bridge) = self.bridges.get_mut(connection) else { return Vec::new() };
        told(connection, act(bridge, &mut self.names))
    }
}

fn told(connection: &str, actions: Vec<Action>) -> Vec<Deed> {
    let deed = |action| match action {
        Action::Send(to, bytes) => Deed::Send(to, bytes),
        action => Deed::Tell(connection.to_owned(), action),
    };
    actions.into_iter().map(deed).collect()
}

/// An exchange cannot speak for another's callers.
fn connection_of(from: Peer, call_id: &str) -> String {
    format!("{}/{call_id}", from.at.ip())
}

/// A number, if that is what the caller's address has; `anonymous` and names are none.
fn number_of(user: &str) -> String {
    let digits = user.strip_prefix('+').unwrap_or(user);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { user.to_owned() } else { String::new() }
}
