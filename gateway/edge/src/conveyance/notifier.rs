//! One subscriber's line as a notifier sees it. Pure: what comes and what the time is go in, what to say and to do comes out.

use serde_json::Value;

use super::{
    message::{
        BAD, Ended, Event, EventResponse, NAME_BYTES_MAX, NOT_IMPLEMENTED, OK, Response, Subscribe, SubscribeResponse,
        Subscribed, TOO_LARGE, ToNotifier, ToSubscriber, UNKNOWN, words,
    },
    uuid,
};

/// Effects of one message or tick, at most.
pub(crate) const EFFECTS_MAX: usize = 2;
/// How long a subscription lasts that asks for no time.
const EXPIRES_S: u64 = 3_600;
/// The shortest and the longest that one lasts.
const EXPIRES_S_WITHIN: (u64, u64) = (30, 86_400);
/// The shortest and the longest silence that a subscriber may ask for.
const MIN_RATE_S_WITHIN: (u64, u64) = (5, 3_600);
/// The longest pause between two events that a subscriber may ask for.
const MAX_RATE_S_MAX: u64 = 60;
/// An event that is not acknowledged by then cuts the line: when the subscriber is back it gets it again.
const ACKNOWLEDGED_MS_MAX: u64 = 15_000;
/// Wait after a subscriber said "not now"; twice as long each time, up to the second.
const AGAIN_MS: (u64, u64) = (1_000, 60_000);

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    Say(ToSubscriber),
    /// The notice of this number is acknowledged.
    Taken(u64),
    /// The subscriber will never take it.
    GivenUp(u64, String),
    Close(&'static str),
}

struct Subscription {
    id: String,
    expires_ms: u64,
    min_rate_ms: Option<u64>,
    max_rate_ms: u64,
    /// When the last event was sent; none yet: when it began.
    sent_ms: u64,
    has_sent: bool,
}

struct UnderWay {
    number: u64,
    transaction: String,
    due_ms: u64,
}

/// See the module.
pub(crate) struct Notifier {
    name: String,
    subscriptions: u64,
    subscription: Option<Subscription>,
    under_way: Option<UnderWay>,
    failures: u32,
    again_ms: u64,
    keep_alives: u64,
}

impl Notifier {
    /// A line without a subscription. `name` is its own and begins the ids of its subscriptions.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            subscriptions: 0,
            subscription: None,
            under_way: None,
            failures: 0,
            again_ms: 0,
            keep_alives: 0,
        }
    }

    /// What a message asks for.
    pub(crate) fn received(&mut self, now_ms: u64, message: ToNotifier) -> Vec<Effect> {
        match message {
            ToNotifier::Subscribe(asked) => vec![Effect::Say(self.subscribe(now_ms, asked))],
            ToNotifier::Unsubscribe(asked) => vec![Effect::Say(self.unsubscribe(asked))],
            ToNotifier::EventResponse(answer) => self.acknowledged(now_ms, answer),
            ToNotifier::TerminateResponse(_) => vec![Effect::Close("the subscription is over")],
        }
    }

    fn subscribe(&mut self, now_ms: u64, asked: Subscribe) -> ToSubscriber {
        let request_id = asked.request_id;
        let refused = |status_code| {
            ToSubscriber::SubscribeResponse(SubscribeResponse {
                request_id: request_id.clone(),
                status_code,
                status_text: words(status_code),
                ..SubscribeResponse::default()
            })
        };
        if request_id.len() > NAME_BYTES_MAX {
            return ToSubscriber::SubscribeResponse(SubscribeResponse {
                status_code: BAD,
                status_text: words(BAD),
                ..SubscribeResponse::default()
            });
        }
        let is_known = |id: &String| self.subscription.as_ref().is_some_and(|known| known.id == *id);
        let renews = asked.subscription_id.filter(|id| !id.is_empty());
        if renews.as_ref().is_some_and(|id| !is_known(id)) {
            return refused(UNKNOWN);
        }
        if renews.is_none() {
            if !asked.request_type.is_some_and(|kind| kind.eq_ignore_ascii_case("eido")) {
                return refused(BAD);
            }
            // Who asks for a part would get the whole: that it is not done here has to be said.
            let is_given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
            let is_all = asked.request_sub_type.is_none_or(|sub| sub.eq_ignore_ascii_case("new"));
            if !is_all || is_given(&asked.qual_filter) || is_given(&asked.incident_id) {
                let status_text = words(NOT_IMPLEMENTED);
                return ToSubscriber::Response(Response { request_id, status_code: NOT_IMPLEMENTED, status_text });
            }
        }
        let (shortest, longest) = EXPIRES_S_WITHIN;
        let expires_s = asked.expires.unwrap_or(EXPIRES_S).clamp(shortest, longest);
        let (least, most) = MIN_RATE_S_WITHIN;
        let min_rate_s = asked.min_rate.filter(|rate| *rate > 0).map(|rate| rate.clamp(least, most));
        let max_rate_s = asked.max_rate.unwrap_or(0).min(MAX_RATE_S_MAX);
        let former = self.subscription.take();
        if former.is_none() {
            self.subscriptions += 1;
        }
        let (id, sent_ms, has_sent) = match former {
            Some(former) => (former.id, former.sent_ms, former.has_sent),
            None => (format!("{}-{}", self.name, self.subscriptions), now_ms, false),
        };
        self.subscription = Some(Subscription {
            id: id.clone(),
            expires_ms: now_ms + expires_s * 1_000,
            min_rate_ms: min_rate_s.map(|rate| rate * 1_000),
            max_rate_ms: max_rate_s * 1_000,
            sent_ms,
            has_sent,
        });
        ToSubscriber::SubscribeResponse(SubscribeResponse {
            request_id,
            subscription_id: Some(id),
            min_rate: min_rate_s,
            max_rate: (max_rate_s > 0).then_some(max_rate_s),
            expires: Some(expires_s),
            status_code: OK,
            status_text: words(OK),
        })
    }

    fn unsubscribe(&mut self, asked: Subscribed) -> ToSubscriber {
        let is_it = self.subscription.as_ref().is_some_and(|known| known.id == asked.subscription_id);
        if is_it {
            self.subscription = None;
            self.under_way = None;
        }
        let status_code = if is_it { OK } else { UNKNOWN };
        let cut = |name: String| if name.len() <= NAME_BYTES_MAX { name } else { String::new() };
        ToSubscriber::UnsubscribeResponse(Ended {
            request_id: cut(asked.request_id),
            subscription_id: cut(asked.subscription_id),
            status_code,
            status_text: words(status_code),
        })
    }

    /// Of an event that is not under way: a keep-alive, or late; it says nothing new.
    fn acknowledged(&mut self, now_ms: u64, answer: EventResponse) -> Vec<Effect> {
        let Some(under_way) = self.under_way.take_if(|it| it.transaction == answer.transaction_id) else {
            return Vec::new();
        };
        match answer.status_code {
            OK => {
                self.failures = 0;
                vec![Effect::Taken(under_way.number)]
            }
            BAD | 404 | TOO_LARGE => {
                self.failures = 0;
                let said: String =
                    answer.status_text.chars().filter(|c| !c.is_control()).take(NAME_BYTES_MAX).collect();
                vec![Effect::GivenUp(under_way.number, format!("{} {said}", answer.status_code))]
            }
            UNKNOWN => vec![Effect::Close("the subscriber does not know its subscription")],
            _ => {
                let (first, last) = AGAIN_MS;
                self.again_ms = now_ms + first.saturating_mul(2u64.saturating_pow(self.failures)).min(last);
                self.failures = self.failures.saturating_add(1);
                Vec::new()
            }
        }
    }

    /// Whether an object can be sent now.
    pub(crate) fn may_send(&self, now_ms: u64) -> bool {
        let is_quiet =
            |it: &Subscription| now_ms < it.expires_ms && (!it.has_sent || now_ms >= it.sent_ms + it.max_rate_ms);
        self.under_way.is_none() && now_ms >= self.again_ms && self.subscription.as_ref().is_some_and(is_quiet)
    }

    /// Sends the object of a notice. `transaction` names it, whenever it is sent.
    pub(crate) fn send(&mut self, now_ms: u64, number: u64, transaction: String, eido: Value) -> Effect {
        let Some(subscription) = &mut self.subscription else { return Effect::Close("there is no subscription") };
        (subscription.sent_ms, subscription.has_sent) = (now_ms, true);
        self.under_way =
            Some(UnderWay { number, transaction: transaction.clone(), due_ms: now_ms + ACKNOWLEDGED_MS_MAX });
        let subscription_id = subscription.id.clone();
        Effect::Say(ToSubscriber::Event(Event {
            subscription_id,
            transaction_id: transaction,
            notification: vec![eido],
        }))
    }

    /// What the time asks for.
    pub(crate) fn tick(&mut self, now_ms: u64) -> Vec<Effect> {
        if self.under_way.as_ref().is_some_and(|it| now_ms >= it.due_ms) {
            return vec![Effect::Close("an event was not acknowledged in time")];
        }
        let Some(subscription) = &mut self.subscription else { return Vec::new() };
        let subscription_id = subscription.id.clone();
        if now_ms >= subscription.expires_ms {
            self.subscription = None;
            let ends = Subscribed { request_id: format!("{subscription_id}-end"), subscription_id };
            return vec![Effect::Say(ToSubscriber::Terminate(ends))];
        }
        let is_due = subscription.min_rate_ms.is_some_and(|rate| now_ms >= subscription.sent_ms + rate);
        if !is_due || self.under_way.is_some() {
            return Vec::new();
        }
        subscription.sent_ms = now_ms;
        self.keep_alives += 1;
        let transaction_id = uuid(&format!("{subscription_id}-alive-{}", self.keep_alives));
        vec![Effect::Say(ToSubscriber::Event(Event { subscription_id, transaction_id, notification: Vec::new() }))]
    }

    /// When the time asks for something, or allows it again.
    pub(crate) fn due_ms(&self, now_ms: u64) -> Option<u64> {
        let due = self.under_way.as_ref().map(|it| it.due_ms);
        let again = Some(self.again_ms).filter(|again| *again > now_ms);
        let of = self.subscription.as_ref();
        let keep_alive = of.and_then(|it| Some(it.sent_ms + it.min_rate_ms?)).filter(|_| due.is_none());
        let pause = of.filter(|it| it.has_sent).map(|it| it.sent_ms + it.max_rate_ms).filter(|end| *end > now_ms);
        [due, again, of.map(|it| it.expires_ms), keep_alive, pause].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(change: impl Fn(&mut Subscribe)) -> ToNotifier {
        let mut asked = Subscribe {
            request_id: "r1".into(),
            request_type: Some("EIDO".into()),
            request_sub_type: Some("new".into()),
            min_rate: Some(20),
            expires: Some(600),
            ..Subscribe::default()
        };
        change(&mut asked);
        ToNotifier::Subscribe(asked)
    }

    fn status(effects: &[Effect]) -> u16 {
        match effects {
            [Effect::Say(ToSubscriber::SubscribeResponse(answer))] => answer.status_code,
            [Effect::Say(ToSubscriber::UnsubscribeResponse(answer))] => answer.status_code,
            [Effect::Say(ToSubscriber::Response(answer))] => answer.status_code,
            other => panic!("{other:?}"),
        }
    }

    fn subscribed() -> Notifier {
        let mut notifier = Notifier::new("7-b");
        assert_eq!(status(&notifier.received(0, asked(|_| {}))), OK);
        notifier
    }

    fn answer(transaction: &str, status_code: u16) -> ToNotifier {
        let (transaction_id, status_text) = (transaction.to_owned(), "said".to_owned());
        ToNotifier::EventResponse(EventResponse { transaction_id, status_code, status_text })
    }

    #[test]
    fn one_object_is_under_way_until_it_is_acknowledged() {
        let mut notifier = subscribed();
        assert!(notifier.may_send(0));
        let sent = notifier.send(0, 5, "t5".into(), json!({"$id": "x"}));
        let Effect::Say(ToSubscriber::Event(event)) = sent else { panic!("an event") };
        assert_eq!((event.subscription_id.as_str(), event.notification.len()), ("7-b-1", 1));
        assert!(!notifier.may_send(1));
        assert_eq!(notifier.received(1, answer("another", OK)), []);
        assert_eq!(notifier.received(1, answer("t5", OK)), [Effect::Taken(5)]);
        assert_eq!(notifier.received(1, answer("t5", OK)), [], "said twice, it is taken once");
        assert!(notifier.may_send(1));
    }

    #[test]
    fn who_acknowledges_nothing_is_cut_and_who_says_not_now_is_asked_later_and_later() {
        let mut notifier = subscribed();
        notifier.send(0, 1, "t".into(), json!({}));
        assert_eq!(notifier.due_ms(0), Some(ACKNOWLEDGED_MS_MAX));
        assert!(matches!(notifier.tick(ACKNOWLEDGED_MS_MAX)[..], [Effect::Close(_)]));
        let mut notifier = subscribed();
        let mut now_ms = 0;
        for wait in [1_000, 2_000, 4_000] {
            notifier.send(now_ms, 1, "t".into(), json!({}));
            assert_eq!(notifier.received(now_ms, answer("t", 503)), []);
            assert!(!notifier.may_send(now_ms + wait - 1) && notifier.may_send(now_ms + wait));
            assert_eq!(notifier.due_ms(now_ms), Some(now_ms + wait));
            now_ms += wait;
        }
        notifier.send(now_ms, 1, "t".into(), json!({}));
        assert_eq!(notifier.received(now_ms, answer("t", BAD)), [Effect::GivenUp(1, "400 said".into())]);
    }

    #[test]
    fn a_subscription_is_renewed_ended_and_runs_out() {
        let mut notifier = subscribed();
        let renew = |id: &str| asked(|it| (it.subscription_id, it.request_type) = (Some(id.to_owned()), None));
        assert_eq!(status(&notifier.received(1, renew("7-b-1"))), OK);
        assert_eq!(status(&notifier.received(1, renew("7-b-2"))), UNKNOWN);
        assert!(
            matches!(&notifier.tick(20_000)[..], [Effect::Say(ToSubscriber::Event(it))] if it.notification.is_empty())
        );
        assert_eq!(notifier.tick(20_001), []);
        assert!(matches!(&notifier.tick(600_001)[..], [Effect::Say(ToSubscriber::Terminate(_))]));
        assert!(!notifier.may_send(600_001) && notifier.tick(600_002).is_empty());
        let mut notifier = subscribed();
        let ended =
            |id: &str| ToNotifier::Unsubscribe(Subscribed { request_id: "u".into(), subscription_id: id.into() });
        assert_eq!(status(&notifier.received(1, ended("x"))), UNKNOWN);
        assert_eq!(status(&notifier.received(1, ended("7-b-1"))), OK);
        assert!(!notifier.may_send(2));
    }

    #[test]
    fn what_is_not_done_here_is_said() {
        let mut notifier = Notifier::new("7-b");
        assert!(!notifier.may_send(0), "nobody asked");
        let parts: [fn(&mut Subscribe); 3] = [
            |it| it.request_sub_type = Some("single".into()),
            |it| it.qual_filter = Some("x".into()),
            |it| it.incident_id = Some("i".into()),
        ];
        for part in parts {
            assert_eq!(status(&notifier.received(0, asked(part))), NOT_IMPLEMENTED);
        }
        assert_eq!(status(&notifier.received(0, asked(|it| it.request_type = None))), BAD);
        assert_eq!(status(&notifier.received(0, asked(|it| it.request_id = "x".repeat(300)))), BAD);
        let spaced = notifier.received(0, asked(|it| (it.max_rate, it.expires) = (Some(10), Some(1))));
        assert_eq!(status(&spaced), OK);
        notifier.send(0, 1, "t".into(), json!({}));
        notifier.received(0, answer("t", OK));
        assert!(!notifier.may_send(9_999) && notifier.may_send(10_000), "as seldom as was asked");
        assert_eq!(notifier.due_ms(0), Some(10_000));
    }
}
