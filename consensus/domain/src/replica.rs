//! A copy of one group's state that is told what happened and decides nothing: what a district centre's node shows of the
//! province. It holds what the line brings, so the invariants of [`State::check`] that span records do not hold of it: an
//! incident may name a unit that the copy's account does not see.

use crate::{
    EntityId, GroupId, Millis, Person, PersonId, Readings, Remit, Session, SessionId, State, Subject, WaitReason,
};

/// A group as it was told. Its state changes here and nowhere else, and never by [`State::apply`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    state: State,
}

impl Replica {
    /// A group of which nothing is known.
    #[must_use]
    pub fn new(group: GroupId) -> Self {
        Self { state: State::new(group) }
    }

    /// What is known.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// State's clock where the copy stands. It never goes back.
    pub fn set_clock(&mut self, at: Millis) {
        self.state.clock = self.state.clock.max(at);
    }

    /// Takes a record as it stands after an event that was recorded at `at`. Readings move their sensors on; people are not
    /// taken from the line, see [`Replica::put_person`].
    pub fn show(&mut self, subject: &Subject, at: Millis) {
        let state = &mut self.state;
        match subject {
            Subject::AdminUnit(it) => {
                state.admin_units.insert(it.code.clone(), it.clone());
            }
            Subject::District(it) => {
                state.districts.insert(it.id.clone(), it.clone());
            }
            Subject::Unit(it) => {
                state.units.insert(it.id.clone(), it.clone());
            }
            Subject::Incident(it) => state.keep_incident(it.clone()),
            Subject::Instruction(it) => state.keep_instruction(it.clone()),
            Subject::Sensor(it) => {
                state.sensors.insert(it.id.clone(), it.clone());
            }
            Subject::Camera(it) => {
                state.cameras.insert(it.id.clone(), it.clone());
            }
            Subject::Alarm(it) => state.keep_alarm(it.clone()),
            Subject::LiveNodes(it) => state.live_nodes = it.clone(),
            Subject::Model(it) => {
                // A version that has left takes its tally with it.
                let is_known = |version: &crate::VersionName| it.versions.iter().any(|known| known.version == *version);
                state.tallies.retain(|(model, version), _| *model != it.name || is_known(version));
                state.models.insert(it.name.clone(), it.clone());
            }
            Subject::Tally(it) => {
                state.tallies.insert((it.model.clone(), it.version.clone()), it.clone());
            }
            Subject::Readings(it) => self.read(it, at),
            Subject::Exercise(it) => {
                state.board.exercises.insert(it.id.clone(), it.clone());
            }
            Subject::Room(it) => {
                state.board.rooms.insert(it.id.clone(), it.clone());
            }
            Subject::ShiftNote(it) => {
                state.board.shift_notes.insert(it.id.clone(), it.clone());
            }
            Subject::WaitingReport(it) if it.why == WaitReason::Settled => {
                state.waiting.remove(&it.code);
            }
            Subject::WaitingReport(it) => {
                state.waiting.insert(it.code.clone(), it.clone());
            }
            // The log of a room is history, which is asked for in the province.
            Subject::DutyEntry(_) => {}
            // Calls are taken in the province only: whoever talks to a caller needs the line.
            // Warnings go over no line either: whoever writes or approves one asks the province.
            Subject::Person(_) | Subject::Call(_) | Subject::Agent(_) | Subject::CallDesk(_) | Subject::Warning(_) => {}
        }
    }

    /// A reading that comes late fills a history that the copy has not; the newest device time is what a sensor shows.
    fn read(&mut self, readings: &Readings, at: Millis) {
        for reading in &readings.readings {
            let Some(sensor) = self.state.sensors.get_mut(&reading.sensor) else { continue };
            if reading.at_ms > sensor.last_at_ms {
                sensor.status = reading.status;
                sensor.last_at_ms = reading.at_ms;
                sensor.last_micro = reading.value_micro;
                sensor.last_recorded_at_ms = at;
            }
        }
    }

    /// Forgets what left the view, by its name in a frame ("noun/id"). What is not there is not there afterwards.
    pub fn withdraw(&mut self, name: &str) {
        let Some((noun, id)) = name.split_once('/') else { return };
        let state = &mut self.state;
        match noun {
            "unit" => state.units.retain(|key, _| key.as_str() != id),
            "incident" => {
                let gone = state.incidents.keys().find(|key| key.as_str() == id).cloned();
                gone.map(|id| state.drop_incident(&id));
            }
            "instruction" | "record" => {
                if let Some(id) = state.instructions.keys().find(|key| key.as_str() == id).cloned() {
                    state.drop_instruction(&id);
                }
            }
            "sensor" => state.sensors.retain(|key, _| key.as_str() != id),
            "report" => state.waiting.retain(|key, _| key.as_str() != id),
            "camera" => state.cameras.retain(|key, _| key.as_str() != id),
            "alarm" => {
                state.alarms.retain(|key, _| key.to_string() != id);
                state.unreported.retain(|key| key.to_string() != id);
            }
            _ => {}
        }
    }

    /// Which group keeps a device.
    pub fn place(&mut self, entity: EntityId, group: GroupId) {
        self.state.placements.insert(entity, group);
    }

    /// Who somebody is and what they work on, as the province said when they signed in.
    pub fn put_person(&mut self, person: Person, remit: Remit) {
        if remit.is_all() {
            self.state.access.remits.remove(&person.id);
        } else {
            self.state.access.remits.insert(person.id.clone(), remit);
        }
        self.state.persons.insert(person.id.clone(), person);
    }

    /// Forgets a person.
    pub fn drop_person(&mut self, person: &PersonId) {
        self.state.persons.remove(person);
        self.state.access.remits.remove(person);
    }

    /// Lets a session in.
    pub fn admit(&mut self, session: Session) {
        self.state.keep_session(session);
    }

    /// Ends a session.
    pub fn dismiss(&mut self, session: &SessionId) {
        self.state.drop_session(session);
    }

    /// Takes over what does not come with a picture: people, their sessions, and which group keeps what.
    pub fn succeed(&mut self, former: Self) {
        let former = former.state;
        self.state.persons = former.persons;
        self.state.access.remits = former.access.remits;
        self.state.placements = former.placements;
        self.state.sessions = former.sessions;
        self.state.session_ends = former.session_ends;
        self.set_clock(former.clock);
    }

    /// Every record that [`Replica::show`] takes, such that a new copy that is shown them all is this one, but for people,
    /// sessions, placements and the clock.
    pub fn subjects(&self) -> impl Iterator<Item = Subject> + '_ {
        let state = &self.state;
        let live_nodes = (state.live_nodes != crate::LiveNodes::default()).then(|| state.live_nodes.clone());
        (live_nodes.into_iter().map(Subject::LiveNodes))
            .chain(state.admin_units.values().cloned().map(Subject::AdminUnit))
            .chain(state.districts.values().cloned().map(Subject::District))
            .chain(state.units.values().cloned().map(Subject::Unit))
            .chain(state.incidents.values().cloned().map(Subject::Incident))
            .chain(state.instructions.values().cloned().map(Subject::Instruction))
            .chain(state.sensors.values().cloned().map(Subject::Sensor))
            .chain(state.cameras.values().cloned().map(Subject::Camera))
            .chain(state.alarms.values().cloned().map(Subject::Alarm))
            .chain(state.models.values().cloned().map(Subject::Model))
            .chain(state.tallies.values().cloned().map(Subject::Tally))
            .chain(state.board.exercises.values().cloned().map(Subject::Exercise))
            .chain(state.board.rooms.values().cloned().map(Subject::Room))
            .chain(state.board.shift_notes.values().cloned().map(Subject::ShiftNote))
            .chain(state.waiting.values().cloned().map(Subject::WaitingReport))
    }
}
