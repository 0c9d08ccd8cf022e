//! Codes of reports that a device's alarm files: derived, so that every replica files the same one, once for each occurrence.

use sha2::{Digest as _, Sha256};

use crate::{AlarmKey, Digest, ReportCode};

/// What each of them begins with. A code that somebody is given to follow has no dot, so none of these can be asked for in the open.
const PREFIX: &str = "device.";
/// What the derivation is for.
const CONTEXT: &[u8] = b"trongdong device report 1\0";
/// Hexadecimal digits of the hash in a code: 96 bits.
const SHOWN_DIGITS: usize = 24;

impl ReportCode {
    /// Of the occurrence that began with this episode of the alarm. Drills have their own.
    pub(crate) fn of_device(key: &AlarmKey, episode: u32, exercise: bool) -> Option<Self> {
        let mut hash = Sha256::new();
        hash.update(CONTEXT);
        // No name holds a zero byte, so two keys never give the same bytes.
        hash.update(key.entity.as_str());
        hash.update([0_u8]);
        hash.update(key.condition.as_str());
        hash.update([0, u8::from(exercise)]);
        hash.update(episode.to_be_bytes());
        let digits = Digest(hash.finalize().into()).to_string();
        Self::new(&format!("{PREFIX}{}", digits.get(..SHOWN_DIGITS)?)).ok()
    }

    /// Whether it is one that a device's alarm may have: nobody else can take it.
    pub(crate) fn is_of_device(&self) -> bool {
        self.as_str().starts_with(PREFIX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Condition, EntityId};

    fn key(entity: &str, condition: &str) -> AlarmKey {
        AlarmKey { entity: EntityId::new(entity).unwrap(), condition: Condition::new(condition).unwrap() }
    }

    #[test]
    fn each_occurrence_has_a_code_of_its_own_and_always_the_same() {
        let of = |key: &AlarmKey, episode, exercise| ReportCode::of_device(key, episode, exercise).unwrap();
        let (first, other) = (key("wl-1", "level-2"), key("wl-12", "level-"));
        let code = of(&first, 1, false);
        assert_eq!(code, of(&first, 1, false));
        assert!(code.is_of_device() && code.as_str().len() == PREFIX.len() + SHOWN_DIGITS, "{code}");
        for different in [of(&first, 2, false), of(&first, 1, true), of(&other, 1, false)] {
            assert_ne!(code, different);
        }
    }
}
