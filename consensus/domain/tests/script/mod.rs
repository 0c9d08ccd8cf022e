//! Runs a transcript against the groups of a small province.

mod deadline;
mod dispatch;
mod model;
mod notice;
mod print;
mod read;

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
};

use bytes::Bytes;
use domain::{
    AdminUnitCode, Applied, Command, Entry, Event, Grant, GroupId, IncidentId, InstructionId, Millis, PersonId,
    Readings, Reply, RequestId, Row, RowChange, SessionId, State, policy, rows, wire::Record,
};
use goldenscript::Command as Line;

pub(crate) type Failure = Box<dyn Error>;

/// One group: its state, its log's end, and its rows as a disk would hold them.
struct Group {
    state: State,
    index: u64,
    disk: BTreeMap<Bytes, Bytes>,
}

impl Group {
    fn new(id: GroupId) -> Self {
        Self { state: State::new(id), index: 0, disk: BTreeMap::new() }
    }

    fn apply(&mut self, entry: &Entry) -> Applied {
        // Every command passes through the log, so it must survive its encoding.
        let entry = Entry::decode(&entry.encode()).unwrap();
        self.index += 1;
        let applied = self.state.apply(self.index, &entry);
        for change in &applied.rows {
            match change {
                RowChange::Put(row) => self.disk.insert(row.key.clone(), row.value.clone()),
                RowChange::Delete(key) => self.disk.remove(key),
            };
        }
        self.state.check().unwrap();
        let state_rows: BTreeMap<_, _> = self.state.rows().into_iter().map(|row| (row.key, row.value)).collect();
        let on_disk: BTreeMap<_, _> = self.disk.clone().into_iter().filter(|(key, _)| rows::is_state(key)).collect();
        assert_eq!(on_disk, state_rows);
        let as_rows = self.disk.iter().map(|(key, value)| Row { key: key.clone(), value: value.clone() });
        assert_eq!(State::from_rows(self.state.group(), as_rows).unwrap(), self.state);
        if matches!(applied.reply, Reply::Refused(_)) {
            assert_eq!(applied.events, []);
        }
        applied
    }
}

/// Group 0, field group 1, and the time.
pub(crate) struct Runner {
    groups: BTreeMap<GroupId, Group>,
    now: Millis,
}

impl Runner {
    pub(crate) fn new() -> Self {
        let groups = [GroupId::COMMAND, GroupId(1)].map(|id| (id, Group::new(id)));
        Self { groups: BTreeMap::from(groups), now: Millis(1000) }
    }

    fn state0(&self) -> &State {
        &self.groups[&GroupId::COMMAND].state
    }

    /// The grant that a gateway would give: as in group 0, or made up where group 0 does not know the person.
    fn grant(&self, person: &str, line: &mut read::Args<'_>) -> Result<Grant, Failure> {
        let person = PersonId::new(person)?;
        let known = policy::grant(self.state0(), &person, self.groups[&GroupId::COMMAND].index);
        let mut grant = known.unwrap_or(Grant {
            person,
            role: domain::Role::Viewer,
            everywhere: false,
            admin_units: BTreeSet::new(),
            index: 0,
            from: String::new(),
            why: String::new(),
            terms: domain::Terms::default(),
        });
        if let Some(role) = line.maybe("role") {
            grant.role = read::role(role)?;
        }
        if let Some(scope) = line.maybe("scope") {
            grant.admin_units = scope.split('/').map(AdminUnitCode::new).collect::<Result<_, _>>()?;
        }
        if let Some(index) = line.maybe("grant-index") {
            grant.index = index.parse()?;
        }
        Ok(grant)
    }

    fn propose(&mut self, line: &Line) -> Result<String, Failure> {
        let mut args = read::Args::new(line);
        let grant = args.maybe("by").map(|by| self.grant(by, &mut args)).transpose()?;
        let session = args.maybe("session");
        let seq = args.maybe("seq").map(str::parse).transpose()?;
        let request = match (session, seq) {
            (Some(session), Some(seq)) => Some(RequestId { session: session_id(session), seq }),
            _ => None,
        };
        let at = args.maybe("at").map(read::millis).transpose()?.unwrap_or(self.now);
        let chosen = args.maybe("in").map(str::parse).transpose()?.map(GroupId);
        let command = read::command(&line.name, &mut args, self)?;
        args.done()?;
        let group = chosen.unwrap_or_else(|| home(&command));
        let group = self.groups.get_mut(&group).ok_or("no such group in transcripts")?;
        Ok(print::applied(&group.apply(&Entry {
            at_ms: at,
            request,
            grant,
            command,
            salt: Bytes::from_static(b"salt"),
        })))
    }

    fn history<'a>(&'a self, group: GroupId, range: &'a (Bytes, Bytes)) -> impl Iterator<Item = &'a Bytes> {
        self.groups[&group].disk.range(range.0.clone()..range.1.clone()).map(|(_, value)| value)
    }

    /// The alarm as it stands in its own group, as an actor would send it to group 0.
    fn alarm(&self, key: &domain::AlarmKey) -> Result<domain::Alarm, Failure> {
        let alarm = self.groups[&GroupId(1)].state.alarms().get(key).cloned();
        alarm.ok_or_else(|| format!("no alarm {key}").into())
    }
}

/// The group that keeps what the command is about, as a router would choose it.
fn home(command: &Command) -> GroupId {
    let is_device = matches!(
        command,
        Command::RegisterSensor(_)
            | Command::SetRetention(_)
            | Command::SetDeviceStatus(_)
            | Command::RecordReadings(_)
            | Command::RegisterCamera(_)
            | Command::RecordCameraHealth(_)
            | Command::RaiseAlarm(_)
            | Command::ClearAlarm(_)
            | Command::AcknowledgeAlarm(_)
            | Command::ShelveAlarm(_)
            | Command::UnshelveAlarm(_)
            | Command::ConfirmAlarmReport(_)
            | Command::TakeOutOfService(_)
            | Command::ReturnToService(_)
    );
    if is_device { GroupId(1) } else { GroupId::COMMAND }
}

pub(crate) fn session_id(name: &str) -> SessionId {
    let mut id = [0; 32];
    id[..name.len()].copy_from_slice(name.as_bytes());
    SessionId(id)
}

/// A province with two communes, two rooms, a person of each role, three units, a sensor and a camera.
const WORLD: &str = "\
put-admin-units hue thuan-hoa=hue phu-vang=hue
put-district west thuan-hoa group=1
put-district east phu-vang group=1
put-unit boat-1 station=thuan-hoa
put-unit boat-2 station=thuan-hoa
put-unit truck-1 station=phu-vang
put-person an role=admin everywhere=true
put-person oanh role=operator districts=west
put-person anh role=agent districts=west
put-person dung role=dispatcher districts=west
put-person rin role=responder districts=west unit=boat-1
put-person vy role=viewer districts=west/east
put-person tram role=device districts=west
register-sensor gauge place=thuan-hoa
register-sensor far-gauge place=phu-vang
register-camera cam place=thuan-hoa
";

impl goldenscript::Runner for Runner {
    fn run(&mut self, line: &Line) -> Result<String, Failure> {
        let mut args = read::Args::new(line);
        match line.name.as_str() {
            "world" => {
                for line in WORLD.lines() {
                    let command = parse_line(line)?;
                    let said = self.propose(&command)?;
                    assert!(said.starts_with("accepted"), "{line}: {said}");
                }
                Ok(String::new())
            }
            "pass" => {
                self.now = self.now.plus(read::millis(args.next("time")?)?.0);
                Ok(format!("it is {}", print::time(self.now)))
            }
            "timeline" => {
                let range = rows::timeline_range(&IncidentId::new(args.next("incident")?)?);
                let events = self.history(GroupId::COMMAND, &range).map(|value| Event::decode(value).unwrap());
                Ok(events
                    .map(|event| format!("{} {}", print::time(event.at_ms), print::event(&event)))
                    .collect::<Vec<_>>()
                    .join("\n"))
            }
            "instruction-timeline" => {
                let range = rows::instruction_timeline_range(&InstructionId::new(args.next("instruction")?)?);
                let events = self.history(GroupId::COMMAND, &range).map(|value| Event::decode(value).unwrap());
                Ok(events
                    .map(|event| format!("{} {}", print::time(event.at_ms), print::event(&event)))
                    .collect::<Vec<_>>()
                    .join("\n"))
            }
            "due" => {
                let due = self.state0().clocks_due().map(|(at, clock)| format!("{clock} at {}", print::time(at)));
                Ok(due.collect::<Vec<_>>().join("\n"))
            }
            "notices" => notice::waiting(self.state0(), args.next("receiver")?),
            "readings" => {
                let range = rows::readings_range(Millis(0), Millis(u64::MAX));
                let stored = self.history(GroupId(1), &range).map(|value| Readings::decode(value).unwrap());
                Ok(stored.map(|readings| print::readings(&readings)).collect::<Vec<_>>().join("\n"))
            }
            "kept-from" => {
                let state = &self.groups[&GroupId(1)].state;
                let from = state.sensors().keys().map(|id| format!("{id} {}", print::time(state.readings_from(id))));
                Ok(from.collect::<Vec<_>>().join("\n"))
            }
            "alarm-state" => {
                let key = read::alarm_key(args.next("alarm")?)?;
                Ok(print::alarm_state(&self.groups[&GroupId(1)].state, &self.alarm(&key)?, self.now).to_owned())
            }
            "unreported" => {
                let alarms = self.groups[&GroupId(1)].state.unreported_alarms();
                Ok(alarms.map(print::alarm).collect::<Vec<_>>().join("\n"))
            }
            "answers" => {
                let id = session_id(args.next("session")?);
                let session = self.state0().sessions().get(&id).ok_or("no such session")?;
                let seqs: Vec<_> = session.answered.iter().map(|answered| answered.seq.to_string()).collect();
                Ok(format!("newest {}, kept {}", session.seq_max, seqs.join(" ")))
            }
            "silent-models" => {
                let silent =
                    self.state0().silent_models().map(|(model, cause)| format!("{} {}", model.name, cause.as_str()));
                Ok(silent.collect::<Vec<_>>().join("\n"))
            }
            "sources" => {
                let incident = self.state0().incidents().get(args.next("incident")?).ok_or("no such incident")?;
                let origins = incident.sources.iter().map(|source| match &source.origin {
                    domain::Origin::Alarm(key) => key.to_string(),
                    domain::Origin::Report(code) => code.clone(),
                    domain::Origin::Person(person) => person.to_string(),
                });
                Ok(format!("{} at v{}", origins.collect::<Vec<_>>().join(" "), incident.version))
            }
            "reports" => {
                let reports = self.state0().reports().values();
                Ok(reports.map(dispatch::report_words).collect::<Vec<_>>().join("\n"))
            }
            "sessions" => Ok(format!("{} open", self.state0().sessions().len())),
            "credential" => {
                let person = self.state0().persons().get(args.next("person")?).ok_or("no such person")?;
                Ok(format!("{:?}", person.credential_sealed))
            }
            _ => self.propose(line),
        }
    }
}

/// Reads one line with the parser of the transcripts, by running it through a runner that keeps it.
fn parse_line(line: &str) -> Result<Line, Failure> {
    struct Keep(Option<Line>);
    impl goldenscript::Runner for Keep {
        fn run(&mut self, line: &Line) -> Result<String, Failure> {
            self.0 = Some(line.clone());
            Ok(String::new())
        }
    }
    let mut keep = Keep(None);
    goldenscript::generate(&mut keep, &format!("{line}\n---\n"))?;
    keep.0.ok_or_else(|| "an empty line".into())
}
