//! What a model may raise: findings about sensors, at a bounded severity, beside alarms of the limits and never over them.

use super::valid;
use crate::{
    Alarm, AlarmKey, Condition, Found, Passing, RaiseAlarm, Refusal, Sensor, SensorId, State, is_of_model, limits,
};

/// Whether the command is right as far as findings go: one with a finding is, and one without has no model's condition.
pub(super) fn check(state: &State, command: &RaiseAlarm) -> Result<(), Refusal> {
    let key = &command.key;
    let Some(finding) = &command.finding else {
        let is_missing = is_of_model(&key.condition);
        let message = format!("is missing: {} is raised by models only", key.condition);
        return if is_missing { Err(valid::invalid("finding", message)) } else { Ok(()) };
    };
    let own = finding.found.condition();
    if key.condition.as_str() != own {
        return Err(valid::invalid("key.condition", format!("of such a finding is {own}: name that")));
    }
    if command.severity > limits::FINDING_SEVERITY_MAX {
        let remedy = format!("of a finding is at most {}: choose a lower one", limits::FINDING_SEVERITY_MAX);
        return Err(valid::invalid("severity", remedy));
    }
    let sensor = state.sensors.get(&SensorId::from(&key.entity));
    let sensor = sensor.ok_or_else(|| valid::not_found("key.entity", &key.entity))?;
    match &finding.found {
        Found::Unusual(unusual) => {
            valid::probability("finding.unusual.score_micro", unusual.score_micro)?;
            refuse_beside(state, key, |_| true)
        }
        Found::Passing(passing) => {
            check_passing(sensor, passing)?;
            refuse_beside(state, key, |condition| *condition == passing.condition)
        }
    }
}

fn check_passing(sensor: &Sensor, passing: &Passing) -> Result<(), Refusal> {
    valid::probability("finding.passing.probability_micro", passing.probability_micro)?;
    if !sensor.thresholds.iter().any(|threshold| threshold.condition == passing.condition) {
        return Err(valid::not_found("finding.passing.condition", &passing.condition));
    }
    let is_timed = passing.at_ms.is_set()
        && passing.earliest_ms <= passing.at_ms
        && (!passing.latest_ms.is_set() || passing.at_ms <= passing.latest_ms);
    if !is_timed {
        return Err(valid::invalid(
            "finding.passing.at_ms",
            "lies outside of earliest_ms and latest_ms: send it between",
        ));
    }
    let quantiles = &passing.quantiles_micro;
    if quantiles.len() != crate::FORECAST_QUANTILES_PERCENT.len() || !quantiles.is_sorted() {
        let remedy = format!("send {} rising values", crate::FORECAST_QUANTILES_PERCENT.len());
        return Err(valid::invalid("finding.passing.quantiles_micro", remedy));
    }
    Ok(())
}

/// What the device itself has raised already needs no model to say it.
fn refuse_beside(state: &State, key: &AlarmKey, counts: impl Fn(&Condition) -> bool) -> Result<(), Refusal> {
    let mut active = alarms_of(state, key).filter(|alarm| alarm.active && alarm.finding.is_none());
    match active.find(|alarm| counts(&alarm.key.condition)) {
        Some(alarm) => Err(valid::wrong_status("key", format!("{} is active: nothing is to be added", alarm.key))),
        None => Ok(()),
    }
}

fn alarms_of<'a>(state: &'a State, key: &'a AlarmKey) -> impl Iterator<Item = &'a Alarm> {
    // A name begins with no byte below a hyphen, so all conditions of the entity stand from here on.
    let first = Condition::new("-").map(|condition| AlarmKey { entity: key.entity.clone(), condition });
    let from = first.into_iter().flat_map(move |first| state.alarms.range(first..));
    from.take_while(move |(other, _)| other.entity == key.entity).map(|(_, alarm)| alarm)
}
