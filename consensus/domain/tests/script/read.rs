//! A line of a transcript as a command. `key=value` names a field, what has no key is the subject or a list; a list
//! within a value is parted by `/`. Fields that a line leaves out take the values written here.

use bytes::Bytes;
use domain::*;

use super::{Failure, Runner, session_id};

/// The arguments of one line, each taken once.
pub(crate) struct Args<'a> {
    keyed: Vec<(&'a str, &'a str)>,
    plain: std::collections::VecDeque<&'a str>,
}

impl<'a> Args<'a> {
    pub(crate) fn new(line: &'a goldenscript::Command) -> Self {
        let keyed = line.args.iter().filter_map(|arg| Some((arg.key.as_deref()?, arg.value.as_str()))).collect();
        let plain = line.args.iter().filter(|arg| arg.key.is_none()).map(|arg| arg.value.as_str()).collect();
        Self { keyed, plain }
    }

    pub(crate) fn maybe(&mut self, key: &str) -> Option<&'a str> {
        let at = self.keyed.iter().position(|(found, _)| *found == key)?;
        Some(self.keyed.remove(at).1)
    }

    pub(super) fn or(&mut self, key: &str, default: &'static str) -> &'a str {
        self.maybe(key).unwrap_or(default)
    }

    pub(crate) fn next(&mut self, what: &str) -> Result<&'a str, Failure> {
        self.plain.pop_front().ok_or_else(|| format!("name the {what}").into())
    }

    pub(super) fn number<T: std::str::FromStr>(&mut self, key: &str, default: T) -> Result<T, Failure>
    where
        T::Err: std::error::Error + 'static,
    {
        Ok(self.maybe(key).map(str::parse).transpose()?.unwrap_or(default))
    }

    pub(super) fn micro(&mut self, key: &str, default: i64) -> Result<Micro, Failure> {
        self.maybe(key).map_or(Ok(Micro(default)), micro)
    }

    pub(super) fn time(&mut self, key: &str, default: Millis) -> Result<Millis, Failure> {
        self.maybe(key).map_or(Ok(default), millis)
    }

    pub(super) fn rest(&mut self) -> impl Iterator<Item = &'a str> + '_ {
        self.plain.drain(..)
    }

    pub(crate) fn done(&self) -> Result<(), Failure> {
        if self.keyed.is_empty() && self.plain.is_empty() {
            return Ok(());
        }
        Err(format!("left over: {:?} {:?}", self.keyed, self.plain).into())
    }
}

/// "90s", "2m", "8h", "500ms", "0".
pub(crate) fn millis(text: &str) -> Result<Millis, Failure> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "h" => 3_600_000,
        "m" => 60_000,
        "s" => 1000,
        "ms" => 1,
        "" if digits == "0" => 0,
        other => return Err(format!("{other:?} is no unit of time").into()),
    };
    Ok(Millis(digits.parse::<u64>()? * unit))
}

/// "1.25", in millionths.
pub(super) fn micro(text: &str) -> Result<Micro, Failure> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |text| (-1, text));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = format!("{part:0<6}");
    Ok(Micro(sign * (whole.parse::<i64>()? * 1_000_000 + part.parse::<i64>()?)))
}

pub(crate) fn role(text: &str) -> Result<Role, Failure> {
    Role::from_name(text).ok_or_else(|| format!("no role {text}").into())
}

pub(super) fn place(text: &str) -> Result<Place, Failure> {
    let (text, latitude_e7) = text.strip_suffix("/beyond").map_or((text, 164_600_000), |text| (text, 900_000_001));
    Ok(Place {
        latitude_e7,
        longitude_e7: 1_075_900_000,
        admin_unit: AdminUnitCode::new(text)?,
        address: String::new(),
    })
}

pub(super) fn list<T>(text: &str, new: impl Fn(&str) -> Result<T, wire::Malformed>) -> Result<Vec<T>, Failure> {
    Ok(text.split('/').filter(|item| !item.is_empty()).map(new).collect::<Result<_, _>>()?)
}

macro_rules! named {
    ($($function:ident $type:ident)+) => {$(
        pub(super) fn $function(text: &str) -> Result<$type, Failure> {
            $type::from_name(text).ok_or_else(|| format!("no {} {text}", stringify!($type)).into())
        }
    )+};
}

named! { severity Severity kind IncidentKind unit_status UnitStatus device_status DeviceStatus health CameraHealth }

pub(super) fn alarm_key(text: &str) -> Result<AlarmKey, Failure> {
    let (entity, condition) = text.split_once('/').ok_or("an alarm is named entity/condition")?;
    Ok(AlarmKey { entity: EntityId::new(entity)?, condition: Condition::new(condition)? })
}

fn sealed(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub(crate) fn command(name: &str, args: &mut Args<'_>, runner: &Runner) -> Result<Command, Failure> {
    Ok(match name {
        "open-session" => OpenSession {
            session: session_id(args.next("session")?),
            person: PersonId::new(args.or("person", "an"))?,
            expires_at_ms: args.time("until", runner.now.plus(3_600_000))?,
        }
        .into(),
        "close-session" => CloseSession { session: session_id(args.next("session")?) }.into(),
        "raise-policy-floor" => RaisePolicyFloor { floor: args.next("floor")?.parse()? }.into(),
        "switch-feature" => SwitchFeature { feature: args.next("feature")?.parse()? }.into(),
        "set-retention" => SetRetention {
            days: args.number("days", 0)?,
            kinds: (args.plain.drain(..))
                .map(|own| {
                    let (kind, days) = own.split_once('/').ok_or("a kind is kept for kind/days")?;
                    let kind = SensorKind::from_name(kind).ok_or_else(|| format!("no kind {kind}"))?;
                    Ok::<_, Failure>(KindRetention { kind, days: days.parse()? })
                })
                .collect::<Result<_, _>>()?,
        }
        .into(),
        "put-admin-units" => PutAdminUnits { admin_units: admin_units(args)? }.into(),
        "put-district" => PutDistrict {
            district: District {
                id: DistrictId::new(args.next("district")?)?,
                name: args.or("name", "Khu").into(),
                name_en: String::new(),
                admin_units: args.plain.drain(..).map(AdminUnitCode::new).collect::<Result<_, _>>()?,
                group: GroupId(args.number("group", 1)?),
                load: None,
            },
        }
        .into(),
        "put-person" => PutPerson { person: person(args)? }.into(),
        "place" => {
            let group = GroupId(args.number("group", 1)?);
            let entities = args.plain.drain(..).map(EntityId::new).collect::<Result<Vec<_>, _>>()?;
            PlaceEntities { placements: entities.into_iter().map(|entity| Placement { entity, group }).collect() }
                .into()
        }
        "set-live-nodes" => SetLiveNodes {
            nodes: args.plain.drain(..).map(str::parse).collect::<Result<_, _>>()?,
            epoch: args.number("epoch", 1)?,
        }
        .into(),
        "put-unit" => PutUnit { unit: unit(args)? }.into(),
        "set-unit-status" => SetUnitStatus {
            unit: UnitId::new(args.next("unit")?)?,
            expected_status: unit_status(args.next("expected status")?)?,
            status: unit_status(args.next("status")?)?,
            tapped_at_ms: args.time("tapped", Millis(0))?,
            assignment: args.number("assignment", 0)?,
            reason: args.or("reason", "").into(),
        }
        .into(),
        "move-unit" => MoveUnit {
            unit: UnitId::new(args.next("unit")?)?,
            position: place(args.or("to", "thuan-hoa"))?,
            at_ms: args.time("sampled", runner.now)?,
        }
        .into(),
        "take-out-of-service" => TakeOutOfService {
            entity: EntityId::new(args.next("entity")?)?,
            condition: args.maybe("condition").map(Condition::new).transpose()?,
            reason: args.or("reason", "").into(),
            until_ms: millis(args.maybe("until").ok_or("until=")?)?,
        }
        .into(),
        "return-to-service" => ReturnToService {
            entity: EntityId::new(args.next("entity")?)?,
            condition: args.maybe("condition").map(Condition::new).transpose()?,
        }
        .into(),
        "register-sensor" => RegisterSensor { sensor: sensor(args)? }.into(),
        "set-device-status" => SetDeviceStatus {
            sensor: SensorId::new(args.next("sensor")?)?,
            status: device_status(args.next("status")?)?,
        }
        .into(),
        "record" => RecordReadings { readings: readings(args)? }.into(),
        "register-camera" => RegisterCamera { camera: camera(args)? }.into(),
        "record-camera-health" => RecordCameraHealth {
            camera: CameraId::new(args.next("camera")?)?,
            health: health(args.next("health")?)?,
            epoch: args.number("epoch", 1)?,
        }
        .into(),
        "suggest" | "decide-suggestion" | "report-silence" | "report-load" => super::model::command(name, args)?,
        "put-run-card"
        | "set-unit-shift"
        | "check-in-unit"
        | "raise-mayday"
        | "clear-mayday"
        | "expire-offer"
        | "remind-offer"
        | "escalate-check-in"
        | "acknowledge-attention"
        | "give-task"
        | "answer-task"
        | "combine-answer" => super::dispatch::command(name, args)?,
        _ if name.ends_with("-report") && !name.contains("alarm") => super::dispatch::report(name, args)?,
        _ if name.ends_with("-model") => super::model::command(name, args)?,
        "put-calendar" | "put-deadline-policy" | "put-duty-post" => super::deadline::put(name, args)?,
        "report-progress" | "fire-deadline" => super::deadline::clock_command(name, args)?,
        "put-receiver" | "confirm-notices" => super::notice::command(name, args)?,
        _ if name.ends_with("-clock") => super::deadline::clock_command(name, args)?,
        _ if name.ends_with("-instruction") => super::deadline::instruction_command(name, args)?,
        _ if name.ends_with("-alarm") || name.ends_with("-alarm-report") => alarm_command(name, args)?,
        _ => incident_command(name, args, runner)?,
    })
}

/// "unusual=0.8/spike", or "passing=high/0.7/90s/30s/120s" with "quantiles=1/2/3/4/5".
fn finding(args: &mut Args<'_>) -> Result<Option<Finding>, Failure> {
    let unusual = args.maybe("unusual").map(|text| -> Result<_, Failure> {
        let (score, reason) = text.split_once('/').ok_or("score/reason")?;
        let reason = UnusualReason::from_name(reason).ok_or("no such reason")?;
        Ok(Found::Unusual(Unusual { score_micro: micro(score)?, reason }))
    });
    let passing = args.maybe("passing").map(|text| -> Result<_, Failure> {
        let parts: Vec<_> = text.split('/').collect();
        let &[condition, probability, at, earliest, latest] = parts.as_slice() else {
            return Err("condition/probability/at/earliest/latest".into());
        };
        let quantiles = args.or("quantiles", "1/1.5/2.1/2.5/3").split('/').map(micro);
        Ok(Found::Passing(Passing {
            condition: Condition::new(condition)?,
            probability_micro: micro(probability)?,
            at_ms: millis(at)?,
            earliest_ms: millis(earliest)?,
            latest_ms: millis(latest)?,
            quantiles_micro: quantiles.collect::<Result<_, _>>()?,
        }))
    });
    let by = (args.or("model", "watch"), args.or("by-version", "v1"));
    let Some(found) = unusual.or(passing).transpose()? else { return Ok(None) };
    Ok(Some(Finding { model: ModelName::new(by.0)?, model_version: VersionName::new(by.1)?, found }))
}

fn alarm_command(name: &str, args: &mut Args<'_>) -> Result<Command, Failure> {
    let key = alarm_key(args.next("alarm")?)?;
    Ok(match name {
        "raise-alarm" => RaiseAlarm {
            key,
            episode: args.number("episode", 1)?,
            severity: severity(args.or("severity", "high"))?,
            value_micro: args.micro("value", 3_000_000)?,
            limit_micro: args.micro("limit", 2_000_000)?,
            exercise: args.number("exercise", false)?,
            finding: finding(args)?,
        }
        .into(),
        "clear-alarm" => {
            ClearAlarm { key, episode: args.number("episode", 1)?, value_micro: args.micro("value", 1_000_000)? }.into()
        }
        "acknowledge-alarm" => AcknowledgeAlarm { key, episode: args.number("episode", 1)? }.into(),
        "shelve-alarm" => ShelveAlarm {
            key,
            reason: args.or("reason", "").into(),
            until_ms: millis(args.maybe("until").ok_or("until=")?)?,
        }
        .into(),
        "unshelve-alarm" => UnshelveAlarm { key }.into(),
        "confirm-alarm-report" => ConfirmAlarmReport {
            key,
            episode: args.number("episode", 1)?,
            version: args.number("version", 1)?,
            incident: args.maybe("incident").map(IncidentId::new).transpose()?,
        }
        .into(),
        _ => return Err(format!("no command {name}").into()),
    })
}

fn incident_command(name: &str, args: &mut Args<'_>, runner: &Runner) -> Result<Command, Failure> {
    if name == "open-incident" {
        let origin = match (args.maybe("report"), args.maybe("from")) {
            (_, Some(person)) => Origin::Person(PersonId::new(person)?),
            (report, None) => Origin::Report(report.unwrap_or("call-1").into()),
        };
        return Ok(OpenIncident {
            kind: kind(args.or("kind", "flood"))?,
            severity: severity(args.or("severity", "high"))?,
            place: place(args.or("in-unit", "thuan-hoa"))?,
            summary: args.or("summary", "water in the street").into(),
            source: Source { origin, episode: 0, version: 0, active: false, at_ms: Millis(0), alarm_report: None },
            exercise: args.number("exercise", false)?,
            place_is_mapped: false,
            advice: None,
        }
        .into());
    }
    if name == "feed-incident" {
        let mut alarm = runner.alarm(&alarm_key(args.next("alarm")?)?)?;
        alarm.version = args.number("version", alarm.version)?;
        return Ok(FeedIncident { alarm, kind: IncidentKind::Flood, summary: "water over the limit".into() }.into());
    }
    let incident = IncidentId::new(args.next("incident")?)?;
    let expected_version = args.number("version", 1)?;
    let text = |args: &mut Args<'_>, key| args.maybe(key).unwrap_or_default().to_owned();
    Ok(match name {
        "amend-incident" => AmendIncident {
            incident,
            expected_version,
            kind: kind(args.or("kind", "flood"))?,
            severity: severity(args.or("severity", "high"))?,
            place: place(args.or("in-unit", "thuan-hoa"))?,
            summary: args.or("summary", "water in the street").into(),
        }
        .into(),
        "note-incident" => NoteIncident { incident, note: text(args, "note") }.into(),
        "acknowledge-incident" => AcknowledgeIncident { incident, expected_version }.into(),
        "assign-incident" => AssignIncident {
            incident,
            expected_version,
            units: args.plain.drain(..).map(UnitId::new).collect::<Result<_, _>>()?,
        }
        .into(),
        "resolve-incident" => ResolveIncident { incident, expected_version, note: text(args, "note") }.into(),
        "close-incident" => CloseIncident { incident, expected_version, note: text(args, "note") }.into(),
        "reopen-incident" => ReopenIncident { incident, expected_version, reason: text(args, "reason") }.into(),
        "merge-incident" => {
            MergeIncident { incident, expected_version, into: IncidentId::new(args.or("into", "I1"))? }.into()
        }
        "unmerge-incident" => UnmergeIncident { incident, expected_version }.into(),
        "escalate-incident" => EscalateIncident { incident, from_level: args.number("from-level", 0)? }.into(),
        _ => return Err(format!("no command {name}").into()),
    })
}

/// `code` for a top, `code=parent` for what lies below, in the order of the line only within each kind: tops first.
fn admin_units(args: &mut Args<'_>) -> Result<Vec<AdminUnit>, Failure> {
    let name = args.or("name", "Hue").to_owned();
    let tops = args.plain.drain(..).map(|code| (code, None)).collect::<Vec<_>>();
    let below = args.keyed.drain(..).map(|(code, parent)| (code, Some(parent)));
    let unit = |(code, parent): (&str, Option<&str>)| {
        Ok(AdminUnit {
            code: AdminUnitCode::new(code)?,
            name: name.clone(),
            name_en: String::new(),
            parent: parent.map(AdminUnitCode::new).transpose()?,
            aliases: Vec::new(),
            valid_from_ms: Millis(0),
            valid_until_ms: Millis(0),
        })
    };
    tops.into_iter().chain(below).map(unit).collect()
}

fn person(args: &mut Args<'_>) -> Result<Person, Failure> {
    Ok(Person {
        id: PersonId::new(args.next("person")?)?,
        name: args.or("name", "Somebody").into(),
        role: role(args.or("role", "viewer"))?,
        districts: list(args.or("districts", ""), DistrictId::new)?,
        everywhere: args.number("everywhere", false)?,
        disabled: args.number("disabled", false)?,
        credential_sealed: sealed(args.or("credential", "")),
        unit: args.maybe("unit").map(UnitId::new).transpose()?,
    })
}

fn unit(args: &mut Args<'_>) -> Result<Unit, Failure> {
    let station = place(args.maybe("station").unwrap_or("thuan-hoa"))?;
    Ok(Unit {
        id: UnitId::new(args.next("unit")?)?,
        name: args.or("name", "Unit").into(),
        agency: "Fire".into(),
        skills: list(args.or("skills", ""), |skill| Ok(skill.to_owned()))?,
        position: station.clone(),
        station,
        position_at_ms: Millis(0),
        status: unit_status(args.or("status", "available"))?,
        status_at_ms: Millis(0),
        incident: None,
        version: 0,
        duty: Duty::default(),
    })
}

/// `rate:high`: while high holds, rate is suppressed.
fn suppression(text: &str) -> Result<Suppression, Failure> {
    let (condition, while_active) = text.split_once(':').ok_or("condition:while-active")?;
    Ok(Suppression { condition: Condition::new(condition)?, while_active: Condition::new(while_active)? })
}

fn sensor(args: &mut Args<'_>) -> Result<Sensor, Failure> {
    let hysteresis_micro = args.micro("hysteresis", 100_000)?;
    let threshold = |condition: &str| {
        Ok(Threshold {
            condition: Condition::new(condition)?,
            above: true,
            limit_micro: Micro(2_000_000),
            hysteresis_micro,
            debounce_ms: 0,
            severity: Severity::High,
        })
    };
    Ok(Sensor {
        exercise: false,
        suppressions: args.maybe("suppress").map(suppression).transpose()?.into_iter().collect(),
        out_of_service: Vec::new(),
        id: SensorId::new(args.next("sensor")?)?,
        name: args.or("name", "Gauge").into(),
        kind: args.maybe("kind").map_or(Some(SensorKind::RiverLevel), SensorKind::from_name).ok_or("no such kind")?,
        unit_of_measure: args.or("unit", "m").into(),
        place: place(args.or("place", "thuan-hoa"))?,
        thresholds: list(args.or("thresholds", "high"), threshold)?,
        period_ms: 60_000,
        silence_periods: 3,
        rate_limit_micro_per_min: 0,
        range_min_micro: args.micro("min", 0)?,
        range_max_micro: args.micro("max", 0)?,
        status: DeviceStatus::Measuring,
        last_at_ms: Millis(0),
        last_micro: Micro(0),
        last_recorded_at_ms: Millis(0),
        version: 0,
    })
}

/// `gauge/10s/1.5` and, after it, a unit of measure or a status.
fn readings(args: &mut Args<'_>) -> Result<Vec<Reading>, Failure> {
    let reading = |text: &str| {
        let parts: Vec<_> = text.split('/').collect();
        let [sensor, at, value, rest @ ..] = parts.as_slice() else { return Err("sensor/time/value".into()) };
        let status = rest.iter().find_map(|word| DeviceStatus::from_name(word));
        let unit = rest.iter().find(|word| DeviceStatus::from_name(word).is_none());
        Ok(Reading {
            sensor: SensorId::new(sensor)?,
            at_ms: millis(at)?,
            value_micro: micro(value)?,
            status: status.unwrap_or(DeviceStatus::Measuring),
            unit_of_measure: unit.map(|unit| (*unit).to_owned()).unwrap_or_default(),
        })
    };
    args.plain.drain(..).map(reading).collect()
}

fn camera(args: &mut Args<'_>) -> Result<Camera, Failure> {
    Ok(Camera {
        id: CameraId::new(args.next("camera")?)?,
        name: args.or("name", "Cam").into(),
        rtsp_url: args.or("url", "rtsp://10.0.0.1:554/main").into(),
        place: place(args.or("place", "thuan-hoa"))?,
        azimuth_deg: args.number("azimuth", 0)?,
        field_of_view_deg: 90,
        credential_sealed: sealed(args.or("credential", "")),
        health: CameraHealth::Live,
        health_at_ms: Millis(0),
        version: 0,
        sensitive: false,
        out_of_service: Vec::new(),
    })
}
