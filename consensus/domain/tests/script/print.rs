//! What came of a command, a line for the reply and one for each event.

use domain::*;

pub(crate) fn time(at: Millis) -> String {
    match at.0 {
        0 => "-".into(),
        ms if ms % 1000 == 0 => format!("{}s", ms / 1000),
        ms => format!("{ms}ms"),
    }
}

pub(crate) fn applied(applied: &Applied) -> String {
    let mut lines = vec![reply(&applied.reply)];
    for (ordinal, event) in applied.events.iter().enumerate() {
        assert_eq!(usize::try_from(event.ordinal).unwrap(), ordinal);
        lines.push(format!("  {}", self::event(event)));
    }
    lines.join("\n")
}

fn reply(reply: &Reply) -> String {
    match reply {
        Reply::Accepted(accepted) => {
            let mut words = vec!["accepted".to_owned()];
            if !accepted.entity.is_empty() {
                words.push(accepted.entity.clone());
            }
            if accepted.version > 0 {
                words.push(format!("v{}", accepted.version));
            }
            words.extend(accepted.verdicts.iter().map(ToString::to_string));
            words.extend(accepted.stayed.iter().map(|unit| format!("stayed {unit}")));
            words.join(" ")
        }
        Reply::Refused(refusal) if refusal.field.is_empty() => {
            format!("refused {}: {}", refusal.code.as_str(), refusal.message)
        }
        Reply::Refused(refusal) => format!("refused {}: {} {}", refusal.code.as_str(), refusal.field, refusal.message),
    }
}

pub(crate) fn event(event: &Event) -> String {
    let mut line = event.kind.to_string();
    if let Some(subject) = &event.subject {
        line += &format!(" {}", self::subject(subject));
    }
    if !event.note.is_empty() {
        line += &format!(" {:?}", event.note);
    }
    if let Some(by) = &event.by {
        line += &format!(" by {by}");
    }
    line
}

fn subject(subject: &Subject) -> String {
    match subject {
        Subject::AdminUnit(unit) => match &unit.parent {
            Some(parent) => format!("{} below {parent}", unit.code),
            None => unit.code.to_string(),
        },
        Subject::District(district) => {
            let mut line = format!("{} [{}] group {}", district.id, names(&district.admin_units), district.group);
            if let Some(load) = &district.load {
                let (count, low, high) = (load.count, load.low, load.high);
                line += &format!(
                    " {{{} {} {}: {count}, expected {low} to {high}, reported {}}}",
                    load.model,
                    load.model_version,
                    load.side,
                    time(load.reported_at_ms)
                );
            }
            line
        }
        Subject::Person(person) => {
            assert!(person.credential_sealed.is_empty(), "an event shows a credential");
            let scope = if person.everywhere { "everywhere".into() } else { format!("[{}]", names(&person.districts)) };
            let crew = person.unit.as_ref().map(|unit| format!(" crews {unit}")).unwrap_or_default();
            format!("{} {} {scope}{crew}{}", person.id, person.role, if person.disabled { " disabled" } else { "" })
        }
        Subject::Unit(unit) => {
            let incident = unit.incident.as_ref().map(|id| format!(" on {id}")).unwrap_or_default();
            let since = time(unit.status_at_ms);
            format!(
                "{} {} since {since}{incident} at {}{} v{}",
                unit.id,
                unit.status,
                unit.position.admin_unit,
                super::dispatch::duty(&unit.duty),
                unit.version
            )
        }
        Subject::Incident(incident) => self::incident(incident),
        Subject::Sensor(sensor) => {
            let last = format!("{} at {}", sensor.last_micro, time(sensor.last_at_ms));
            let out = out_of_service(&sensor.out_of_service);
            format!("{} {} last {last}{out} v{}", sensor.id, sensor.status, sensor.version)
        }
        Subject::Readings(readings) => self::readings(readings),
        Subject::Camera(camera) => {
            assert!(camera.credential_sealed.is_empty(), "an event shows a credential");
            let (since, out) = (time(camera.health_at_ms), out_of_service(&camera.out_of_service));
            format!("{} {} since {since}{out} v{}", camera.id, camera.health, camera.version)
        }
        Subject::Alarm(alarm) => self::alarm(alarm),
        Subject::Model(model) => self::model(model),
        Subject::Tally(tally) => self::tally(tally),
        Subject::Instruction(instruction) => self::instruction(instruction),
        Subject::Call(call) => format!("{} {} on {} v{}", call.id, call.status, call.line, call.version),
        Subject::Agent(agent) => format!("{} {} v{}", agent.person, agent.status, agent.version),
        Subject::Warning(warning) => {
            format!("{} {} of {} v{}", warning.id, warning.status, warning.incident, warning.version)
        }
        Subject::CallDesk(desk) => format!("overloaded since {} v{}", time(desk.overloaded_since_ms), desk.version),
        Subject::LiveNodes(live) => format!("{:?} epoch {}", live.nodes, live.epoch),
        Subject::Exercise(it) => format!("{} {:?} ended {} v{}", it.id, it.name, time(it.ended_at_ms), it.version),
        Subject::Room(it) => {
            let follows = it.follows.as_ref().map_or("nobody", |id| id.as_str());
            format!("{} follows {follows} v{}", it.id, it.version)
        }
        Subject::ShiftNote(it) => format!("{} of {} due {} v{}", it.id, it.room, time(it.due_at_ms), it.version),
        Subject::DutyEntry(it) => format!("{} #{} {:?}", it.room, it.number, it.text),
        Subject::WaitingReport(it) => super::dispatch::waiting_words(it),
    }
}

fn names<T: ToString>(names: &[T]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn incident(incident: &Incident) -> String {
    let mut line = format!("{} {} {}", incident.id, incident.status, incident.severity);
    if !incident.units.is_empty() {
        line += &format!(" units [{}]", names(&incident.units));
    }
    for source in &incident.sources {
        if let Origin::Alarm(key) = &source.origin {
            let state = if source.active { "active" } else { "over" };
            line += &format!(" fed by {key} #{} v{} {state}", source.episode, source.version);
        }
    }
    if incident.acknowledge_due_at_ms.is_set() {
        line += &format!(" due {}", time(incident.acknowledge_due_at_ms));
    }
    if incident.escalation_level > 0 {
        line += &format!(" level {}", incident.escalation_level);
    }
    if let Some(into) = &incident.merged_into {
        line += &format!(" into {into}");
    }
    if incident.exercise {
        line += " exercise";
    }
    line += &super::dispatch::dispatch(&incident.dispatch);
    for suggestion in &incident.suggestions {
        line += &format!(" {{{}}}", self::suggestion(suggestion));
    }
    line += &clocks(&incident.clocks);
    format!("{line} v{}", incident.version)
}

fn instruction(instruction: &Instruction) -> String {
    let mut line = format!("{} {} {:?}", instruction.id, instruction.status, instruction.title);
    if let Some(incident) = &instruction.incident {
        line += &format!(" for {incident}");
    }
    if !instruction.agency.is_empty() {
        line += &format!(" of {}", instruction.agency);
    }
    if let Some(owner) = &instruction.owner {
        line += &format!(" by {owner}");
    }
    if instruction.exercise {
        line += " exercise";
    }
    if let Some(who) = &instruction.confirmed_by {
        line += &format!(" confirmed by {who} at {}", time(instruction.confirmed_at_ms));
    }
    format!("{line}{} v{}", clocks(&instruction.clocks), instruction.version)
}

fn clocks(clocks: &[Clock]) -> String {
    let one = |clock: &Clock| {
        let mut line = format!(" <{} {} {} {}", clock.number, clock.obligation, clock.status, clock.stage);
        if clock.round > 0 {
            line += &format!(" round {}", clock.round);
        }
        if clock.due_at_ms.is_set() {
            line += &format!(" due {}", time(clock.due_at_ms));
        }
        if clock.first_due_at_ms != clock.due_at_ms {
            line += &format!(" first {}", time(clock.first_due_at_ms));
        }
        if clock.next_at_ms.is_set() {
            line += &format!(" next {}", time(clock.next_at_ms));
        }
        if !clock.told.is_empty() {
            line += &format!(" told [{}]", names(&clock.told));
        }
        if let Some(who) = &clock.acknowledged_by {
            line += &format!(" seen by {who} at {}", time(clock.acknowledged_at_ms));
        }
        format!("{line} v{}>", clock.version)
    };
    clocks.iter().map(one).collect()
}

fn suggestion(suggestion: &Suggestion) -> String {
    let advice = &suggestion.advice;
    let mut line = format!("#{} {} {}", suggestion.number, suggestion.model, suggestion.model_version);
    if suggestion.shadow {
        line += " shadow";
    }
    let says = [
        advice.kind.map(|kind| kind.to_string()),
        advice.severity.map(|severity| severity.to_string()),
        advice.duplicate_of.as_ref().map(|other| format!("same as {other}")),
        (!advice.needs.is_empty()).then(|| format!("needs [{}]", names(&advice.needs))),
        (advice.people > 0).then(|| format!("{} people, {} vulnerable", advice.people, advice.vulnerable)),
        (!advice.reasons.is_empty()).then(|| format!("because [{}]", names(&advice.reasons))),
    ];
    for said in says.into_iter().flatten() {
        line += &format!(" {said}");
    }
    line += &format!(" at {} {}", advice.confidence_micro, suggestion.status);
    let chosen = [
        suggestion.chosen_kind.map(|kind| kind.to_string()),
        suggestion.chosen_severity.map(|severity| severity.to_string()),
        suggestion.chosen_duplicate_of.as_ref().map(|other| format!("same as {other}")),
    ];
    for chosen in chosen.into_iter().flatten() {
        line += &format!(" instead {chosen}");
    }
    line
}

fn model(model: &Model) -> String {
    let versions: Vec<_> = model.versions.iter().map(|known| &known.version).collect();
    let mut line = format!("{} {} {}", model.name, model.kind, if model.on { "on" } else { "off" });
    line += &format!(" [{}]", names(&versions));
    if let Some(active) = &model.active {
        line += &format!(" active {active}");
    }
    if let Some(shadow) = &model.shadow {
        line += &format!(" shadow {shadow}");
    }
    if !model.former.is_empty() {
        line += &format!(" former [{}]", names(&model.former));
    }
    format!("{line} r{}", model.revision)
}

fn tally(tally: &Tally) -> String {
    let mut line = format!("{} {} suggested {}", tally.model, tally.version, tally.suggested);
    let counts = [
        ("accepted", tally.accepted),
        ("overridden", tally.overridden),
        ("dismissed", tally.dismissed),
        ("late", tally.late),
        ("failed", tally.failed),
    ];
    for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        line += &format!(" {name} {count}");
    }
    for (at, bin) in tally.bins.iter().enumerate().filter(|(_, bin)| bin.decided > 0) {
        line += &format!(" bin {at}: {}/{}", bin.accepted, bin.decided);
    }
    for counted in &tally.kinds {
        line += &format!(" {} {}", counted.kind, counted.count);
    }
    line + if tally.silent { " silent" } else { "" }
}

fn out_of_service(all: &[OutOfService]) -> String {
    let one = |out: &OutOfService| {
        let what = out.condition.as_ref().map_or("all", Condition::as_str);
        format!(" out {what} until {} {:?} by {}", time(out.until_ms), out.reason, out.by)
    };
    all.iter().map(one).collect()
}

pub(crate) fn readings(readings: &Readings) -> String {
    let one = |reading: &Reading| format!("{}={} at {}", reading.sensor, reading.value_micro, time(reading.at_ms));
    readings.readings.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// By its name in ISA-18.2.
pub(super) fn alarm_state(state: &State, alarm: &Alarm, now: Millis) -> &'static str {
    match state.inhibited(&alarm.key, now) {
        Some(Inhibited::OutOfService(_)) => "out-of-service",
        Some(Inhibited::Suppressed(_)) => "suppressed-by-design",
        None => alarm.state(),
    }
}

pub(crate) fn alarm(alarm: &Alarm) -> String {
    let mut line = format!("{} #{} {} {}", alarm.key, alarm.episode, alarm.state(), alarm.severity);
    if alarm.occurrences > 1 {
        line += &format!(" times {}", alarm.occurrences);
    }
    if let Some(shelf) = &alarm.shelf {
        line += &format!(" until {}", time(shelf.until_ms));
    }
    if let Some(incident) = &alarm.incident {
        line += &format!(" feeds {incident}");
    }
    if alarm.exercise {
        line += " exercise";
    }
    if let Some(finding) = &alarm.finding {
        line += &format!(" {{{}}}", self::finding(finding));
    }
    format!("{line} v{} reported v{}", alarm.version, alarm.reported_version)
}

fn finding(finding: &Finding) -> String {
    let by = format!("{} {}", finding.model, finding.model_version);
    match &finding.found {
        Found::Unusual(unusual) => format!("{by} {} {}", unusual.reason, unusual.score_micro),
        Found::Passing(passing) => {
            let (first, last) = (time(passing.earliest_ms), time(passing.latest_ms));
            let at = format!("at {} ({first} to {last})", time(passing.at_ms));
            let quantiles = names(&passing.quantiles_micro);
            format!("{by} {} {at} with {} [{quantiles}]", passing.condition, passing.probability_micro)
        }
    }
}
