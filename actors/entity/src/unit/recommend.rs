//! Whom to send: the units of the province in order, each with the reasons that put it there. Pure and deterministic; a
//! person, or the timer of an offer that ran out, decides.
//!
//! A unit costs the seconds until it is there, and seconds on top for what speaks against it. The sum is the order, so every
//! place in the list is explained by what stands beside it.

use std::collections::BTreeSet;

use domain::{
    AssignmentEnd, Incident, IncidentId, Millis, RunCard, SkillNeed, State, Unit, UnitId, UnitStatus,
    travel::{road_m, travel_s},
};

/// Units in one recommendation.
pub const RECOMMENDED_MAX: usize = 20;
/// A crew that was cleared less than so long ago should rest.
const REST_MS: u64 = 1_800_000;
/// A position that is older says little.
const POSITION_FRESH_MS: u64 = 600_000;
/// A crew that let an offer run out less than so long ago may do so again.
const UNANSWERED_MS: u64 = 1_800_000;

/// Seconds that something costs on top of the way.
mod cost_s {
    pub(super) const NO_SKILL: u64 = 3_600;
    /// For a crew that was cleared this moment; less in proportion.
    pub(super) const NO_REST_MAX: u64 = 600;
    pub(super) const STALE_POSITION: u64 = 300;
    pub(super) const UNANSWERED: u64 = 1_800;
    pub(super) const OFF_SHIFT: u64 = 7_200;
    pub(super) const DECLINED: u64 = 14_400;
    /// An agency that has a task here and no unit yet gains so much.
    pub(super) const AGENCY_GAIN: u64 = 300;
}

/// One thing that speaks for or against a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The way along roads and the time that it takes.
    Travel {
        /// Metres.
        distance_m: u64,
        /// Seconds.
        travel_s: u64,
    },
    /// Nobody needs it elsewhere.
    Free,
    /// It cannot be sent now.
    Busy {
        /// What it is doing.
        status: UnitStatus,
        /// Where it is needed.
        incident: Option<IncidentId>,
    },
    /// It can do what is still needed.
    Skill {
        /// What.
        skills: Vec<String>,
    },
    /// It can do nothing of what is still needed.
    NoSkill,
    /// Since when it rests, milliseconds; none: it was not out.
    Rested {
        /// Milliseconds since it was cleared.
        for_ms: Option<u64>,
    },
    /// It was cleared a short while ago.
    Tired {
        /// Milliseconds since it was cleared.
        for_ms: u64,
    },
    /// Nobody knows where it is now; the last known place counts.
    StalePosition {
        /// Milliseconds since the last position; none: never seen, so its station counts.
        age_ms: Option<u64>,
    },
    /// It is not on duty.
    OffShift,
    /// It let an offer run out a short while ago.
    Unanswered,
    /// It refused this incident, or let its offer run out.
    Declined,
    /// Its agency has a task here, and no unit yet.
    AgencyTask,
    /// Its crew is in danger.
    Mayday,
}

/// One unit, and why it stands where it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recommended {
    /// Which.
    pub unit: UnitId,
    /// It can be sent now.
    pub can_send: bool,
    /// Seconds of the way and of what speaks against it: the order among those that can be sent.
    pub cost_s: u64,
    /// In the order in which they are judged.
    pub reasons: Vec<Reason>,
}

/// What the run card asks for, and what of it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// What has to be done.
    pub skill: String,
    /// Units that the card asks for.
    pub count: u32,
    /// Units on the incident that can do it.
    pub covered: u32,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recommendation {
    /// There is a run card for this kind and severity.
    pub has_card: bool,
    /// Its needs; empty without a card.
    pub needs: Vec<Need>,
    /// The best first, at most [`RECOMMENDED_MAX`].
    pub units: Vec<Recommended>,
}

/// Whom to send to the incident at `now`, of the units that `sees` lets through.
#[must_use]
pub fn recommend(state: &State, incident: &Incident, now: Millis, sees: &dyn Fn(&Unit) -> bool) -> Recommendation {
    let card = state.run_cards().get(&(incident.kind, incident.severity));
    let needs = card.map_or_else(Vec::new, |card| covered(state, incident, card));
    let wanted = wanted(&needs);
    let mut units = ranked(state, incident, &wanted, now, sees);
    units.truncate(RECOMMENDED_MAX);
    Recommendation { has_card: card.is_some(), needs, units }
}

/// The unit that takes over an offer which nobody answered: the best that can be sent, is on duty and has not declined this
/// incident. Without a run card it should do something that the first one could.
pub(crate) fn next_for(state: &State, incident: &Incident, unanswered: &Unit, now: Millis) -> Option<UnitId> {
    let without = Incident {
        units: incident.units.iter().filter(|id| **id != unanswered.id).cloned().collect(),
        ..incident.clone()
    };
    let card = state.run_cards().get(&(incident.kind, incident.severity));
    let needs = card.map_or_else(Vec::new, |card| covered(state, &without, card));
    let wanted = if card.is_some() { wanted(&needs) } else { unanswered.skills.iter().cloned().collect() };
    let is_fit = |it: &&Recommended| {
        let unfit = |reason: &Reason| matches!(reason, Reason::Declined | Reason::OffShift | Reason::NoSkill);
        it.can_send && !it.reasons.iter().any(unfit)
    };
    ranked(state, &without, &wanted, now, &|_| true).iter().find(is_fit).map(|it| it.unit.clone())
}

fn covered(state: &State, incident: &Incident, card: &RunCard) -> Vec<Need> {
    let on_it: Vec<_> = incident.units.iter().filter_map(|id| state.units().get(id)).collect();
    let need = |SkillNeed { skill, count }: &SkillNeed| {
        let able = on_it.iter().filter(|unit| unit.skills.contains(skill)).count();
        Need { skill: skill.clone(), count: *count, covered: u32::try_from(able).unwrap_or(u32::MAX) }
    };
    card.needs.iter().map(need).collect()
}

fn wanted(needs: &[Need]) -> BTreeSet<String> {
    needs.iter().filter(|need| need.covered < need.count).map(|need| need.skill.clone()).collect()
}

/// Every unit that is not on the incident, the best first.
fn ranked(
    state: &State,
    incident: &Incident,
    wanted: &BTreeSet<String>,
    now: Millis,
    sees: &dyn Fn(&Unit) -> bool,
) -> Vec<Recommended> {
    let others = state.units().values().filter(|unit| !incident.units.contains(&unit.id) && sees(unit));
    let mut units: Vec<_> = others.map(|unit| judge(state, incident, wanted, unit, now)).collect();
    units.sort_by(|one, other| {
        other.can_send.cmp(&one.can_send).then(one.cost_s.cmp(&other.cost_s)).then_with(|| one.unit.cmp(&other.unit))
    });
    units
}

fn judge(state: &State, incident: &Incident, wanted: &BTreeSet<String>, unit: &Unit, now: Millis) -> Recommended {
    let duty = &unit.duty;
    let mut reasons = Vec::new();
    let distance_m = road_m(&unit.position, &incident.place);
    let travel_s = travel_s(distance_m);
    let mut cost = travel_s;
    reasons.push(Reason::Travel { distance_m, travel_s });
    let is_free = unit.status == UnitStatus::Available;
    if is_free {
        reasons.push(Reason::Free);
    } else {
        reasons.push(Reason::Busy { status: unit.status, incident: unit.incident.clone() });
    }
    if !wanted.is_empty() {
        let skills: Vec<_> = unit.skills.iter().filter(|skill| wanted.contains(*skill)).cloned().collect();
        if skills.is_empty() {
            cost += cost_s::NO_SKILL;
            reasons.push(Reason::NoSkill);
        } else {
            reasons.push(Reason::Skill { skills });
        }
    }
    let rest_ms = duty.cleared_at_ms.is_set().then(|| now.since(duty.cleared_at_ms));
    match rest_ms {
        Some(for_ms) if for_ms < REST_MS => {
            cost += cost_s::NO_REST_MAX * (REST_MS - for_ms) / REST_MS;
            reasons.push(Reason::Tired { for_ms });
        }
        for_ms => reasons.push(Reason::Rested { for_ms }),
    }
    let age_ms = unit.position_at_ms.is_set().then(|| now.since(unit.position_at_ms));
    if age_ms.is_none_or(|age_ms| age_ms > POSITION_FRESH_MS) {
        cost += cost_s::STALE_POSITION;
        reasons.push(Reason::StalePosition { age_ms });
    }
    if duty.shift.as_ref().is_some_and(|shift| now < shift.starts_at_ms || now >= shift.ends_at_ms) {
        cost += cost_s::OFF_SHIFT;
        reasons.push(Reason::OffShift);
    }
    if duty.unanswered_at_ms.is_set() && now.since(duty.unanswered_at_ms) < UNANSWERED_MS {
        cost += cost_s::UNANSWERED;
        reasons.push(Reason::Unanswered);
    }
    if has_declined(incident, unit) {
        cost += cost_s::DECLINED;
        reasons.push(Reason::Declined);
    }
    if is_awaited(state, incident, unit) {
        cost = cost.saturating_sub(cost_s::AGENCY_GAIN);
        reasons.push(Reason::AgencyTask);
    }
    if duty.mayday.is_some() {
        reasons.push(Reason::Mayday);
    }
    let can_send = is_free && duty.mayday.is_none();
    Recommended { unit: unit.id.clone(), can_send, cost_s: cost, reasons }
}

fn has_declined(incident: &Incident, unit: &Unit) -> bool {
    let of_unit = incident.dispatch.past.iter().filter(|assignment| assignment.unit == unit.id);
    let ends = of_unit.filter_map(|assignment| assignment.end);
    ends.into_iter().any(|end| matches!(end, AssignmentEnd::Refused | AssignmentEnd::Unanswered))
}

/// Its agency has an open task here, and no other unit of it is on the way.
fn is_awaited(state: &State, incident: &Incident, unit: &Unit) -> bool {
    let has_task = |task: &domain::Task| !task.status.is_settled() && task.agency == unit.agency;
    let is_of_agency = |id: &UnitId| state.units().get(id).is_some_and(|other| other.agency == unit.agency);
    incident.dispatch.tasks.iter().any(has_task) && !incident.units.iter().any(is_of_agency)
}

#[cfg(test)]
#[path = "recommend_tests.rs"]
mod tests;
