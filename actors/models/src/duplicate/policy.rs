//! Whether a suggestion may be acted on without asking. A person set the policy; nothing here goes beyond it.

use serde::{Deserialize, Serialize};

use super::index::Suggestion;

/// No policy lets anything less probable be merged without asking, whatever it says.
pub const PROBABILITY_FLOOR: f32 = 0.9;

/// What may be merged without asking. The default is nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MergePolicy {
    /// Anything at all.
    pub automatic: bool,
    /// From this probability on; below [`PROBABILITY_FLOOR`] that one counts.
    pub probability_min: f32,
    /// No further apart than this.
    pub distance_m_max: f32,
    /// No longer apart than this.
    pub gap_ms_max: i64,
    /// Only if both say what they are about, and it is the same.
    pub same_kind_only: bool,
    /// An incident that has taken so many reports takes no more without asking: a wrong one draws others after it.
    pub merges_max: u32,
}

impl Default for MergePolicy {
    fn default() -> Self {
        Self {
            automatic: false,
            probability_min: 0.98,
            distance_m_max: 200.0,
            gap_ms_max: 30 * 60_000,
            same_kind_only: true,
            merges_max: 10,
        }
    }
}

/// What is known of the incident beside the suggestion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Neither resolved nor closed nor merged.
    pub open: bool,
    /// Both are of an exercise, or neither is.
    pub same_exercise: bool,
    /// Reports that were merged into it without asking.
    pub merged: u32,
}

/// What may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Merge without asking. It can be undone like any other.
    Merge,
    /// Ask, because of this.
    Ask(Because),
}

/// Why it must be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// The policy lets nothing be merged without asking.
    PolicyOff,
    /// The incident is not open.
    NotOpen,
    /// One is an exercise and the other is not.
    Exercise,
    /// Not probable enough.
    Probability,
    /// Too far apart.
    Distance,
    /// Too long apart.
    Gap,
    /// Not of the same kind.
    Kind,
    /// It has taken enough.
    Merges,
}

/// Whether the policy lets this be merged without asking.
#[must_use]
pub fn may_merge_automatically<K>(policy: &MergePolicy, suggestion: &Suggestion<K>, target: Target) -> Verdict {
    let probability = suggestion.score.probability;
    let least = policy.probability_min.max(PROBABILITY_FLOOR);
    // Written so that what is no number asks.
    let because = if !policy.automatic {
        Because::PolicyOff
    } else if !target.open {
        Because::NotOpen
    } else if !target.same_exercise {
        Because::Exercise
    } else if policy.probability_min.is_nan() || probability.is_nan() || probability < least {
        Because::Probability
    } else if policy.distance_m_max.is_nan()
        || suggestion.distance_m.is_nan()
        || suggestion.distance_m > policy.distance_m_max
    {
        Because::Distance
    } else if suggestion.gap_ms > policy.gap_ms_max {
        Because::Gap
    } else if policy.same_kind_only && !suggestion.same_kind {
        Because::Kind
    } else if target.merged >= policy.merges_max {
        Because::Merges
    } else {
        return Verdict::Merge;
    };
    Verdict::Ask(because)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::model::Score, *};

    const OPEN: Target = Target { open: true, same_exercise: true, merged: 0 };

    fn suggestion(probability: f32) -> Suggestion<u32> {
        let score = Score { probability, reasons: Vec::new() };
        Suggestion { key: 1, score, distance_m: 10.0, gap_ms: 60_000, same_kind: true }
    }

    fn on() -> MergePolicy {
        MergePolicy { automatic: true, ..MergePolicy::default() }
    }

    #[test]
    fn by_default_everything_is_asked() {
        let verdict = may_merge_automatically(&MergePolicy::default(), &suggestion(1.0), OPEN);
        assert_eq!(verdict, Verdict::Ask(Because::PolicyOff));
    }

    #[test]
    fn each_limit_asks_by_its_name() {
        let ask = |suggestion: Suggestion<u32>, target| may_merge_automatically(&on(), &suggestion, target);
        assert_eq!(ask(suggestion(0.99), OPEN), Verdict::Merge);
        assert_eq!(ask(suggestion(0.97), OPEN), Verdict::Ask(Because::Probability));
        assert_eq!(ask(suggestion(f32::NAN), OPEN), Verdict::Ask(Because::Probability));
        assert_eq!(ask(Suggestion { distance_m: 201.0, ..suggestion(1.0) }, OPEN), Verdict::Ask(Because::Distance));
        assert_eq!(ask(Suggestion { distance_m: f32::NAN, ..suggestion(1.0) }, OPEN), Verdict::Ask(Because::Distance));
        assert_eq!(ask(Suggestion { gap_ms: i64::MAX, ..suggestion(1.0) }, OPEN), Verdict::Ask(Because::Gap));
        assert_eq!(ask(Suggestion { same_kind: false, ..suggestion(1.0) }, OPEN), Verdict::Ask(Because::Kind));
        assert_eq!(ask(suggestion(1.0), Target { open: false, ..OPEN }), Verdict::Ask(Because::NotOpen));
        assert_eq!(ask(suggestion(1.0), Target { same_exercise: false, ..OPEN }), Verdict::Ask(Because::Exercise));
        assert_eq!(ask(suggestion(1.0), Target { merged: 10, ..OPEN }), Verdict::Ask(Because::Merges));
    }

    #[test]
    fn no_policy_goes_below_the_floor() {
        let lax = MergePolicy { probability_min: 0.0, ..on() };
        assert_eq!(may_merge_automatically(&lax, &suggestion(0.89), OPEN), Verdict::Ask(Because::Probability));
    }

    proptest! {
        #[test]
        fn what_is_merged_is_within_every_limit(
            automatic: bool, probability_min: f32, distance_m_max: f32, gap_ms_max: i64, same_kind_only: bool, merges_max: u32,
            probability: f32, distance_m: f32, gap_ms in 0i64.., same_kind: bool, merged: u32
        ) {
            let policy = MergePolicy { automatic, probability_min, distance_m_max, gap_ms_max, same_kind_only, merges_max };
            let suggestion = Suggestion { distance_m, gap_ms, same_kind, ..suggestion(probability) };
            if may_merge_automatically(&policy, &suggestion, Target { merged, ..OPEN }) == Verdict::Merge {
                prop_assert!(automatic && probability >= probability_min && probability >= PROBABILITY_FLOOR);
                prop_assert!(distance_m <= distance_m_max && gap_ms <= gap_ms_max && merged < merges_max);
                prop_assert!(same_kind || !same_kind_only);
            }
        }
    }
}
