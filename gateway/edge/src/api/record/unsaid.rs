//! Why a line stands there where nobody said: what its payload tells, and what is known still of keys and accounts. Pure.

use domain::{
    PersonId, Role, ServiceKeyId, State,
    audit::why::{Cause, Why},
};
use serde::Serialize;
use utoipa::ToSchema;

/// What stands in the place of words that are not for whoever asks.
const WITHHELD: &str = "withheld";

/// What stands where nobody said why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Unsaid {
    /// Why, as it follows from what stands there: `deadline_due`, `key`, `asked` and so on. `none_given`: a person gave no reason;
    /// `within`: it is in the command, and told by its export; `withheld`: it was said, and is not for whoever asks.
    #[schema(value_type = String)]
    code: &'static str,
    /// Of what, or whom; may be empty.
    of: String,
}

impl Unsaid {
    fn new(cause: Cause, of: &str) -> Self {
        Self { code: cause.code(), of: of.to_owned() }
    }

    pub(super) fn withheld() -> Self {
        Self { code: WITHHELD, of: String::new() }
    }

    /// Whether the text, in small letters, stands in it.
    pub(super) fn says(&self, text: &str) -> bool {
        self.code.contains(text) || self.of.to_lowercase().contains(text)
    }

    /// The same with what a key is for, which its name says, and with a service account that has no key of its own.
    pub(super) fn named(self, state0: &State, by: &str) -> Self {
        if self.code == Cause::Key.code() {
            let key = ServiceKeyId::new(&self.of).ok().and_then(|id| state0.service_keys().get(&id));
            return match key {
                Some(key) => Self { of: format!("{}: {}", key.id, key.name), ..self },
                // One that was revoked is not known any more.
                None => self,
            };
        }
        let is_service = |by: &PersonId| {
            let person = state0.persons().get(by);
            person.is_some_and(|it| matches!(it.role, Role::Device | Role::Telephony))
        };
        if self.code == Cause::NoneGiven.code() && PersonId::new(by).is_ok_and(|by| is_service(&by)) {
            return Self::new(Cause::Account, by);
        }
        self
    }
}

/// What somebody said, and what stands in its place where nobody did: one of them is empty.
pub(super) fn split(why: Why) -> (String, Option<Unsaid>) {
    match why {
        Why::Said(said) => (said, None),
        Why::Derived { cause, of } => (String::new(), Some(Unsaid::new(cause, &of))),
    }
}

#[cfg(test)]
mod tests {
    use domain::GroupId;

    use super::*;

    #[test]
    fn either_words_or_what_stands_in_their_place() {
        assert_eq!(split(Why::Said("lũ quét".into())), ("lũ quét".into(), None));
        let (said, unsaid) = split(Why::Derived { cause: Cause::DeadlineDue, of: "I1".into() });
        let unsaid = unsaid.unwrap();
        assert_eq!((said.as_str(), unsaid.code, unsaid.of.as_str()), ("", "deadline_due", "I1"));
        assert!(unsaid.says("deadline") && unsaid.says("i1") && !unsaid.says("i2"));
    }

    #[test]
    fn a_key_that_is_gone_is_named_by_its_id_and_a_person_is_no_service() {
        let state0 = State::new(GroupId::COMMAND);
        let key = Unsaid::new(Cause::Key, "mua-1");
        assert_eq!(key.clone().named(&state0, "tram-mua"), key);
        let none = Unsaid::new(Cause::NoneGiven, "");
        assert_eq!(none.clone().named(&state0, "lan"), none);
    }
}
