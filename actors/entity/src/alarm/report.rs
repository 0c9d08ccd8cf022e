//! What the command group is told of an alarm. Pure.

use domain::{
    Alarm, Camera, Command, ConfirmAlarmReport, District, FeedIncident, IncidentId, IncidentKind, Sensor, SensorKind,
    Severity,
};

use crate::alarm::{condition, summary};

/// What an alarm is about, as far as it is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) sensor: Option<Sensor>,
    pub(crate) camera: Option<Camera>,
    pub(crate) district: Option<District>,
}

/// How an alarm is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// The command group is told, and answers which incident the alarm feeds.
    Feed(Box<FeedIncident>),
    /// It is told of the flood of alarms in the district instead, and the alarm counts as part of it.
    Fold(Box<FeedIncident>),
    /// Nothing is to be told; the alarm keeps feeding what it feeds.
    Keep(Option<IncidentId>),
}

/// Decides how. `flood` is the district's flood alarm, active or not, with the district.
pub(crate) fn report(alarm: &Alarm, about: &About, flood: Option<(&Alarm, &About)>) -> Report {
    if alarm.severity == Severity::Info {
        return Report::Keep(None);
    }
    // A shelved alarm makes no noise; when its shelf ends it changes, and is reported then.
    if alarm.shelf.is_some() && alarm.incident.is_none() {
        return Report::Keep(None);
    }
    // A drill is no part of a real flood.
    let flood = flood.filter(|(flood, _)| flood.key != alarm.key && flood.exercise == alarm.exercise);
    if let Some((flood, district)) = flood {
        let is_folded = alarm.incident.is_some() && alarm.incident == flood.incident;
        if is_folded {
            return Report::Keep(alarm.incident.clone());
        }
        let is_new = alarm.active && alarm.incident.is_none();
        if flood.active && is_new && alarm.severity <= Severity::Medium {
            return Report::Fold(Box::new(feed(flood, district)));
        }
    }
    Report::Feed(Box::new(feed(alarm, about)))
}

/// Says that the command group has heard.
pub(crate) fn confirm(alarm: &Alarm, incident: Option<IncidentId>) -> Command {
    let (key, episode, version) = (alarm.key.clone(), alarm.episode, alarm.version);
    ConfirmAlarmReport { key, episode, version, incident }.into()
}

fn feed(alarm: &Alarm, about: &About) -> FeedIncident {
    // On which days it called is its own group's matter.
    let told = Alarm { raised_days: Vec::new(), ..alarm.clone() };
    FeedIncident { alarm: told, kind: kind(alarm, about), summary: summary::summary(alarm, about) }
}

/// What an incident would be that the alarm opens.
fn kind(alarm: &Alarm, about: &About) -> IncidentKind {
    let condition = &alarm.key.condition;
    let is_device = [&condition::SILENCE, &condition::FAULT, &condition::NO_SIGNAL].iter().any(|c| ***c == *condition);
    if is_device {
        return IncidentKind::Device;
    }
    // A reading that is merely unlike the others may as well be the device's fault.
    if *condition == *condition::UNUSUAL {
        return IncidentKind::Other;
    }
    match about.sensor.as_ref().map(|sensor| sensor.kind) {
        Some(SensorKind::RiverLevel | SensorKind::Rain) => IncidentKind::Flood,
        Some(SensorKind::Air) => IncidentKind::Pollution,
        Some(SensorKind::Fire) => IncidentKind::Fire,
        Some(SensorKind::Traffic) => IncidentKind::Traffic,
        Some(SensorKind::Temperature | SensorKind::Other) | None => IncidentKind::Other,
    }
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
