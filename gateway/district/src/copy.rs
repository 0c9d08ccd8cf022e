//! The copy: what the line has brought, group by group, and the tail of it that the room's screens follow. Pure.
//!
//! Two numberings meet here. *Places* are the province's: a frame is taken only when its `from` is the last `through`, and a
//! place is what the line resumes by. *Indexes* are this node's own: they count what changed here since the process started,
//! and the room's screens resume by them. So a picture from the province, and a record that left the view, are changes like
//! any other for a screen, though the province's numbers do not move with them.

use std::{collections::VecDeque, sync::Arc};

use domain::{
    EntityId, Event, EventBatch, EventKind, GroupId, Millis, Person, Position, Remit, Replica, Session, SessionId,
    Subject,
    wire::{Field, Malformed, Record, generated, generated::to_screen::Body},
};
use edge::{AppliedAt, BelowFloor};

use crate::limits::{RECORDS_PER_PART, TAIL_BATCHES_MAX};

/// One group of the copy.
#[derive(Clone, Debug)]
struct Group {
    replica: Replica,
    /// Up to where the copy holds, in the province's numbers; none: a picture is wanted.
    place: Option<Position>,
    /// A picture that is coming in. What is shown until it is whole is the one before: old and marked is better than empty.
    building: Option<Building>,
    at_ms: Millis,
    /// This node's own count of changes.
    index: u64,
    /// The tail is whole behind it.
    floor: u64,
    tail: VecDeque<Arc<EventBatch>>,
}

#[derive(Clone, Debug)]
struct Building {
    through: Position,
    next_part: u32,
    replica: Replica,
}

/// What came of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Folded {
    /// It changed what is shown of this group, or may have.
    Changed(GroupId),
    /// It changed only how far the group is, or what is coming in.
    Moved(GroupId),
    /// It was known already, or is nothing that is kept.
    Nothing,
    /// It does not follow on what is there: subscribe again from the places that are left.
    Gap,
}

/// What the line has brought.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    groups: Vec<Group>,
}

impl Group {
    fn new(group: GroupId) -> Self {
        Self {
            replica: Replica::new(group),
            place: None,
            building: None,
            at_ms: Millis(0),
            // 0 is what a screen that has nothing might claim.
            index: 1,
            floor: 1,
            tail: VecDeque::new(),
        }
    }

    /// Something changed that no event tells of: every screen of the room gets a picture.
    fn void(&mut self) {
        self.index += 1;
        self.floor = self.index;
        self.tail.clear();
    }

    fn push(&mut self, mut events: Vec<Event>) {
        self.index += 1;
        for (ordinal, event) in (0..).zip(&mut events) {
            event.ordinal = ordinal;
        }
        self.tail.push_back(Arc::new(EventBatch { index: self.index, at_ms: self.at_ms, events }));
        if self.tail.len() > TAIL_BATCHES_MAX
            && let Some(oldest) = self.tail.pop_front()
        {
            self.floor = oldest.index;
        }
    }

    fn set_clock(&mut self, at_ms: Millis) {
        self.at_ms = self.at_ms.max(at_ms);
        self.replica.set_clock(at_ms);
    }
}

/// Where a message comes from, and so how strictly a frame has to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    /// Over the line: only what continues the place.
    Line,
    /// From this node's own file, where what moved a place and showed nothing was left out.
    File,
}

impl Copy {
    /// A copy of which nothing is there.
    pub(crate) fn new() -> Self {
        Self { groups: GroupId::all().map(Group::new).collect() }
    }

    fn group(&self, group: GroupId) -> Option<&Group> {
        self.groups.get(usize::try_from(group.0).ok()?)
    }

    fn group_mut(&mut self, group: GroupId) -> Option<&mut Group> {
        self.groups.get_mut(usize::try_from(group.0).ok()?)
    }

    /// The state of a group as far as it is known.
    pub(crate) fn replica(&self, group: GroupId) -> Option<&Replica> {
        self.group(group).map(|group| &group.replica)
    }

    /// How far a group is, in this node's own numbers.
    pub(crate) fn applied(&self, group: GroupId) -> AppliedAt {
        self.group(group).map_or_else(AppliedAt::default, |it| AppliedAt { index: it.index, at_ms: it.at_ms })
    }

    /// Batches after `index`, in this node's own numbers.
    pub(crate) fn events_after(
        &self,
        group: GroupId,
        index: u64,
        batches_max: usize,
    ) -> Result<Vec<Arc<EventBatch>>, BelowFloor> {
        let Some(group) = self.group(group) else { return Ok(Vec::new()) };
        if index < group.floor {
            return Err(BelowFloor { floor: group.floor });
        }
        let after = group.tail.iter().skip_while(|batch| batch.index <= index);
        Ok(after.take(batches_max).cloned().collect())
    }

    /// Where the line resumes: the places of the groups that have one.
    pub(crate) fn places(&self) -> Vec<Position> {
        self.groups.iter().filter_map(|group| group.place).collect()
    }

    /// Whether every group has its picture.
    pub(crate) fn is_whole(&self) -> bool {
        self.groups.iter().all(|group| group.place.is_some())
    }

    /// Folds one message in.
    ///
    /// # Errors
    /// A record that this version does not know how to read; nothing of the message was taken.
    pub(crate) fn fold(&mut self, body: &Body, via: Via) -> Result<Folded, Malformed> {
        match body {
            Body::Snapshot(part) => self.fold_part(part),
            Body::Frame(frame) => self.fold_frame(frame, via),
            Body::Reset(reset) => {
                let Some(group) = self.group_mut(GroupId(reset.group)) else { return Ok(Folded::Nothing) };
                group.place = None;
                group.building = None;
                // What is there is shown until the new picture is whole, which then takes away what may not be seen.
                Ok(Folded::Moved(GroupId(reset.group)))
            }
            _ => Ok(Folded::Nothing),
        }
    }

    fn fold_part(&mut self, part: &generated::Snapshot) -> Result<Folded, Malformed> {
        let Some(through) = part.through else { return Err(Malformed::new("snapshot.through", "is required")) };
        let through = Position::from_wire(through)?;
        let subjects = subjects(part)?;
        let number = through.group;
        let Some(group) = self.group_mut(number) else { return Ok(Folded::Nothing) };
        if part.part == 0 {
            group.place = None;
            group.building = Some(Building { through, next_part: 0, replica: Replica::new(number) });
        }
        let Some(building) = group.building.as_mut().filter(|it| it.through == through && it.next_part == part.part)
        else {
            group.place = None;
            group.building = None;
            return Ok(Folded::Gap);
        };
        building.next_part += 1;
        for subject in &subjects {
            building.replica.show(subject, Millis(part.at_ms));
        }
        if !part.last {
            return Ok(Folded::Moved(number));
        }
        if let Some(Building { mut replica, .. }) = group.building.take() {
            std::mem::swap(&mut group.replica, &mut replica);
            group.replica.succeed(replica);
        }
        group.place = Some(through);
        group.set_clock(Millis(part.at_ms));
        group.void();
        self.place_devices(number);
        Ok(Folded::Changed(number))
    }

    fn fold_frame(&mut self, frame: &generated::Frame, via: Via) -> Result<Folded, Malformed> {
        let (Some(from), Some(through)) = (frame.from, frame.through) else {
            return Err(Malformed::new("frame.through", "is required, and `from` too"));
        };
        let (from, through) = (Position::from_wire(from)?, Position::from_wire(through)?);
        let events: Vec<Event> = Field::read("frame.events", frame.events.clone())?;
        let number = through.group;
        let Some(group) = self.group_mut(number) else { return Ok(Folded::Nothing) };
        // Before the picture is whole there is no place to go on from: the frame belongs to what it will replace.
        let Some(held) = group.place else { return Ok(Folded::Nothing) };
        if via == Via::Line && from != held {
            let is_known =
                through.epoch == held.epoch && (through.index, through.ordinal) <= (held.index, held.ordinal);
            if is_known {
                return Ok(Folded::Nothing);
            }
            group.place = None;
            return Ok(Folded::Gap);
        }
        group.place = Some(through);
        group.set_clock(Millis(frame.at_ms));
        let mut devices = Vec::new();
        for event in &events {
            if let Some(subject) = &event.subject {
                devices.extend(device(subject));
                group.replica.show(subject, event.at_ms);
            }
        }
        for name in &frame.withdrawn {
            group.replica.withdraw(name);
        }
        if !frame.withdrawn.is_empty() {
            group.void();
        } else if events.is_empty() {
            return Ok(Folded::Moved(number));
        } else {
            group.push(events);
        }
        for entity in devices {
            self.place(entity, number);
        }
        Ok(Folded::Changed(number))
    }

    fn place(&mut self, entity: EntityId, number: GroupId) {
        if let Some(group0) = self.groups.first_mut() {
            group0.replica.place(entity, number);
        }
    }

    fn place_devices(&mut self, number: GroupId) {
        let Some(state) = self.replica(number).map(Replica::state) else { return };
        let sensors = state.sensors().keys().map(EntityId::from);
        let entities: Vec<EntityId> = sensors.chain(state.cameras().keys().map(EntityId::from)).collect();
        for entity in entities {
            self.place(entity, number);
        }
    }

    /// Who somebody is. Screens whose rights hang on it are told.
    pub(crate) fn put_person(&mut self, person: &Person, remit: &Remit) {
        let Some(group0) = self.groups.first_mut() else { return };
        let state0 = group0.replica.state();
        let known = state0.remit(&person.id).cloned().unwrap_or_default();
        if state0.persons().get(&person.id) == Some(person) && known == *remit {
            return;
        }
        group0.replica.put_person(person.clone(), remit.clone());
        let event = Event {
            kind: EventKind::PersonPut,
            by: None,
            note: String::new(),
            at_ms: group0.at_ms,
            ordinal: 0,
            subject: Some(Subject::Person(person.clone())),
        };
        group0.push(vec![event]);
    }

    /// Lets a session in.
    pub(crate) fn admit(&mut self, session: Session) {
        if let Some(group0) = self.groups.first_mut() {
            group0.replica.admit(session);
        }
    }

    /// Ends a session; its screens are let go with the next heartbeat.
    pub(crate) fn dismiss(&mut self, session: &SessionId) {
        if let Some(group0) = self.groups.first_mut() {
            group0.replica.dismiss(session);
        }
    }

    /// Whether nothing is half there, so that [`Copy::messages`] loses nothing.
    pub(crate) fn is_settled(&self) -> bool {
        self.groups.iter().all(|group| group.building.is_none())
    }

    /// The copy as messages that make the same copy again.
    pub(crate) fn messages(&self) -> Vec<generated::ToScreen> {
        let mut messages = Vec::new();
        for group in &self.groups {
            let Some(through) = group.place else { continue };
            let subjects: Vec<Subject> = group.replica.subjects().collect();
            let mut chunks: Vec<&[Subject]> = subjects.chunks(RECORDS_PER_PART).collect();
            if chunks.is_empty() {
                chunks.push(&[]);
            }
            let last = chunks.len() - 1;
            for (number, chunk) in (0_u32..).zip(chunks) {
                let mut part = generated::Snapshot {
                    through: Some(through.to_wire()),
                    last: usize::try_from(number) == Ok(last),
                    part: number,
                    at_ms: group.at_ms.0,
                    ..generated::Snapshot::default()
                };
                chunk.iter().for_each(|subject| add(&mut part, subject));
                messages.push(generated::ToScreen { body: Some(Body::Snapshot(part)) });
            }
        }
        messages
    }
}

/// Which device a record is of.
fn device(subject: &Subject) -> Option<EntityId> {
    match subject {
        Subject::Sensor(it) => Some(EntityId::from(&it.id)),
        Subject::Camera(it) => Some(EntityId::from(&it.id)),
        _ => None,
    }
}

fn subjects(part: &generated::Snapshot) -> Result<Vec<Subject>, Malformed> {
    fn read<R: Record + Into<Subject>>(wire: &[R::Wire]) -> Result<Vec<Subject>, Malformed>
    where
        R::Wire: Clone,
    {
        wire.iter().map(|record| Ok(R::from_wire(record.clone())?.into())).collect()
    }
    let mut all = read::<domain::AdminUnit>(&part.admin_units)?;
    all.extend(read::<domain::District>(&part.districts)?);
    all.extend(read::<domain::Unit>(&part.units)?);
    all.extend(read::<domain::Incident>(&part.incidents)?);
    all.extend(read::<domain::Instruction>(&part.instructions)?);
    all.extend(read::<domain::Sensor>(&part.sensors)?);
    all.extend(read::<domain::Camera>(&part.cameras)?);
    all.extend(read::<domain::Alarm>(&part.alarms)?);
    all.extend(read::<domain::Model>(&part.models)?);
    all.extend(read::<domain::Tally>(&part.tallies)?);
    all.extend(read::<domain::Exercise>(&part.exercises)?);
    all.extend(read::<domain::Room>(&part.rooms)?);
    all.extend(read::<domain::ShiftNote>(&part.shift_notes)?);
    all.extend(read::<domain::WaitingReport>(&part.waiting_reports)?);
    all.extend(part.live_nodes.clone().map(domain::LiveNodes::from_wire).transpose()?.map(Subject::LiveNodes));
    Ok(all)
}

fn add(part: &mut generated::Snapshot, subject: &Subject) {
    match subject {
        Subject::AdminUnit(it) => part.admin_units.push(it.to_wire()),
        Subject::District(it) => part.districts.push(it.to_wire()),
        Subject::Unit(it) => part.units.push(it.to_wire()),
        Subject::Incident(it) => part.incidents.push(it.to_wire()),
        Subject::Instruction(it) => part.instructions.push(it.to_wire()),
        Subject::Sensor(it) => part.sensors.push(it.to_wire()),
        Subject::Camera(it) => part.cameras.push(it.to_wire()),
        Subject::Alarm(it) => part.alarms.push(it.to_wire()),
        Subject::Model(it) => part.models.push(it.to_wire()),
        Subject::Tally(it) => part.tallies.push(it.to_wire()),
        Subject::LiveNodes(it) => part.live_nodes = Some(it.to_wire()),
        Subject::Exercise(it) => part.exercises.push(it.to_wire()),
        Subject::Room(it) => part.rooms.push(it.to_wire()),
        Subject::ShiftNote(it) => part.shift_notes.push(it.to_wire()),
        Subject::WaitingReport(it) => part.waiting_reports.push(it.to_wire()),
        // Calls are taken in the province only; see `domain::replica`.
        Subject::Person(_)
        | Subject::Readings(_)
        | Subject::Call(_)
        | Subject::Agent(_)
        | Subject::CallDesk(_)
        | Subject::Warning(_) => {}
        Subject::DutyEntry(_) => {}
    }
}

#[cfg(test)]
mod tests;
