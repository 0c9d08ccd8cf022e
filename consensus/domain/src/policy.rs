//! Who may do what. Pure functions of a grant: the same for `apply`, which decides, and for the edge, which asks beforehand.
//!
//! | role | may |
//! |---|---|
//! | admin | administer, and whatever any other person may |
//! | operator | alarms and incidents, assignments, tasks and suggestions included; give instructions, hold clocks; see models |
//! | agent | take calls; see who calls; open and note incidents; reports; do instructions, report progress |
//! | dispatcher | assign, note, acknowledge, resolve incidents; tasks; shifts; set and move units (by radio); end a mayday; instructions as an agent |
//! | responder | set and move the unit that they crew, check in, call mayday, answer for its agency, note incidents |
//! | viewer | see |
//! | admin, operator | warn the public: one drafts, another approves |
//! | admin, operator, dispatcher | hand an incident over, answer an offer |
//! | operator, agent | take calls, call back; only their own status |
//! | agent whose seat dispatches | assign units to incidents as well (`policy/seat.rs`) |
//! | operator for everywhere | start and end exercises |
//! | operator, dispatcher | show scenes to other rooms, follow them |
//! | operator, agent, dispatcher | write and acknowledge hand-overs, write into a room's log |
//! | anybody but a device or an exchange | do the instruction that is theirs, and say how far it is with a photo |
//! | who gave it; admin, operator, not of their own | put off an instruction that serves no incident, without a photo |
//! | operator, agent, dispatcher; whoever was told | acknowledge that a clock is late |
//! | anybody but a device or an exchange | choose a second factor, give their rights to somebody for a time, take what was given |
//! | admin, operator, agent, dispatcher | break the glass: the whole province for an hour, with a reason |
//! | device | readings and its own status |
//! | telephony | calls: what an exchange knows of them |
//! | admin, auditor for everywhere | read the record: who did what, from where and why, and who broke the glass |
//!
//! An auditor reads the record and nothing else: no picture, no list, no command but that of having read, and their own second factor.
//!
//! Scope: the administrative unit of what is acted on must be in the grant, unless the grant is for everywhere. What
//! belongs to no place (people, districts, the hierarchy, switches) takes an administrator for everywhere.
//! What is beyond a role (`policy/beyond.rs`) is in the grant's terms: a giver's rights by a delegation, a broken glass, the
//! scopes of a service key, and when all this ends by itself.
//! A remit (`policy/matter.rs`) bounds fields and agencies as well, of whatever role.
//! For a responder the unit that they crew is the scope, and the incident that this unit is in: help crosses districts.

mod action;
mod beyond;
mod matter;
mod places;
mod seat;
mod target;

pub use action::{Action, Noun, action_of};
pub use beyond::grant_of_key;
pub use matter::Matter;
pub use places::place_of_warning;

pub(crate) use target::{Target, targets};

use std::collections::BTreeSet;

use crate::{
    AdminUnitCode, AnswerTask, Command, FileOwner, Grant, GroupId, IncidentId, Instruction, Millis, PersonId, Refusal,
    RefusalCode, Role, State, UnitId, VOCABULARY_2, limits,
};

/// Where it lies is not said: whoever may not see it learns nothing of it by being refused.
const OUTSIDE: &str = "this lies outside of your districts: ask the room of its district";

/// What a person may do by the state of group 0 at `index`; none: no such person, or disabled.
///
/// Administrative units past `limits::DISTRICT_UNITS_MAX` are left out, in order of their codes: a bound that is passed
/// takes rights away and never gives any. `PutPerson` refuses a person with more.
#[must_use]
pub fn grant(state0: &State, person: &PersonId, index: u64) -> Option<Grant> {
    grant_at(state0, person, index, state0.clock())
}

/// The same at another time than state's clock, which stands still while nothing happens: what ends by itself has ended.
#[must_use]
pub fn grant_at(state0: &State, person: &PersonId, index: u64, now: Millis) -> Option<Grant> {
    let person = state0.persons.get(person).filter(|person| !person.disabled)?;
    let (rights, everywhere, terms) = beyond::standing(state0, person, now);
    let districts = rights.districts.iter().filter_map(|district| state0.districts.get(district));
    let admin_units: BTreeSet<_> = districts.flat_map(|district| &district.admin_units).collect();
    Some(Grant {
        person: person.id.clone(),
        role: rights.role,
        everywhere,
        admin_units: admin_units.into_iter().take(limits::DISTRICT_UNITS_MAX).cloned().collect(),
        index,
        from: String::new(),
        why: String::new(),
        terms,
    })
}

/// Whether the grant allows the action on what lies in `place`; none: on what belongs to no place.
///
/// # Errors
/// `Forbidden`, with what would be needed.
pub fn allows(grant: &Grant, action: Action, place: Option<&AdminUnitCode>) -> Result<(), Refusal> {
    if !role_allows(grant.role, action) {
        return Err(forbidden(format!("role {} may not do this: ask somebody who may", grant.role)));
    }
    if !grant.terms.allow(action) {
        return Err(forbidden("this key is not for this: use one with that scope, or sign in"));
    }
    if matches!(action, Action::Administer | Action::ReadRecord) && grant.terms.broken_glass {
        return Err(forbidden("a broken glass is for an emergency, and neither administers nor audits: end it first"));
    }
    match place {
        Some(place) if !covers(grant, place) => Err(forbidden(OUTSIDE)),
        None if matches!(action, Action::Administer | Action::LeadExercise | Action::ReadRecord)
            && !grant.everywhere =>
        {
            Err(forbidden("this concerns the whole province: ask somebody who works for everywhere"))
        }
        _ => Ok(()),
    }
}

/// The same of a record that has a field, or is of an agency: what is read, pushed, exported and shown is asked of this.
///
/// # Errors
/// `Forbidden`, with what would be needed.
pub fn allows_of(grant: &Grant, action: Action, place: Option<&AdminUnitCode>, matter: &Matter) -> Result<(), Refusal> {
    allows(grant, action, place)?;
    matter::judge(grant, matter)
}

/// The same of what holds the words of every field and agency at once: an export of the record, a backup.
///
/// # Errors
/// `Forbidden`, with what would be needed.
pub fn allows_every_field(grant: &Grant, action: Action) -> Result<(), Refusal> {
    allows(grant, action, None)?;
    if grant.terms.remit.is_all() {
        return Ok(());
    }
    Err(forbidden("this holds what every field and agency wrote: ask somebody who works for all of them"))
}

/// Whether the place is in the grant's scope.
#[must_use]
pub fn covers(grant: &Grant, place: &AdminUnitCode) -> bool {
    grant.everywhere || grant.admin_units.contains(place)
}

fn role_allows(role: Role, action: Action) -> bool {
    use Role::{Admin, Agent, Auditor, Device, Dispatcher, Operator, Responder, Telephony, Viewer};
    let is_person = !matches!(role, Device | Telephony);
    // Who looks at what others did has no part in it.
    let takes_part = is_person && role != Auditor;
    match action {
        Action::RunSystem => false,
        Action::Administer => role == Admin,
        Action::ReportDevice => matches!(role, Admin | Device),
        Action::HandleAlarm | Action::DecideIncident | Action::GiveInstruction | Action::HoldClock => {
            matches!(role, Admin | Operator)
        }
        // Whose instruction it is may do it, whatever they are there for; `authorize` sees to the rest.
        Action::DoInstruction | Action::ReportProgress | Action::AcknowledgeClock => takes_part,
        Action::OpenIncident => matches!(role, Admin | Operator | Agent),
        Action::NoteIncident => matches!(role, Admin | Operator | Agent | Dispatcher | Responder),
        Action::AcknowledgeIncident | Action::ResolveIncident | Action::AssignIncident => {
            matches!(role, Admin | Operator | Dispatcher)
        }
        Action::HandleReport => matches!(role, Admin | Operator | Agent | Dispatcher),
        Action::AnswerTask => matches!(role, Admin | Operator | Dispatcher | Responder),
        Action::SetUnitStatus | Action::MoveUnit => matches!(role, Admin | Dispatcher | Responder),
        Action::WarnPublic => matches!(role, Admin | Operator),
        Action::HandOver => matches!(role, Admin | Operator | Dispatcher),
        Action::DriveTelephony => matches!(role, Admin | Telephony),
        Action::TakeCall => matches!(role, Admin | Operator | Agent | Telephony),
        Action::HandleCall | Action::SeeCaller => matches!(role, Admin | Operator | Agent),
        Action::RecordRead | Action::SecureSelf => is_person,
        Action::Delegate => takes_part,
        Action::ReadRecord => matches!(role, Admin | Auditor),
        Action::BreakGlass => matches!(role, Admin | Operator | Agent | Dispatcher),
        Action::LeadExercise => matches!(role, Admin | Operator),
        Action::LeadRoom => matches!(role, Admin | Operator | Dispatcher),
        Action::KeepLog => matches!(role, Admin | Operator | Agent | Dispatcher),
        // What rooms say among themselves is not for crews.
        Action::See(Noun::Room | Noun::ShiftNote | Noun::DutyEntry) => {
            matches!(role, Admin | Operator | Agent | Dispatcher | Viewer)
        }
        Action::See(Noun::Person) => role == Admin,
        // Whoever works with advice is told which model gave it and when it is silent.
        Action::See(Noun::Model) => matches!(role, Admin | Operator | Agent | Dispatcher),
        // What a citizen wrote is for who does something about it.
        Action::See(Noun::Report) => role_allows(role, Action::HandleReport),
        // How many wait is for every room; a crew has its order.
        Action::See(Noun::Call) => matches!(role, Admin | Operator | Agent | Dispatcher | Viewer),
        Action::See(_) => takes_part,
    }
}

fn forbidden(message: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::Forbidden, "", message)
}

/// That the place is outside. Before `VOCABULARY_2` the reply, which is kept for a retry, says which one it is.
fn outside(state: &State, place: &AdminUnitCode) -> Refusal {
    if state.has_feature(VOCABULARY_2) {
        return forbidden(OUTSIDE);
    }
    forbidden(format!("{place} is outside of your districts: ask its district room"))
}

/// By what right an entry acts: none is the system itself. `person` is the one whose session names the request.
///
/// In group 0 rights come from state and nothing that the entry says of them is believed. In a field group the grant is
/// believed as long as it is not older than the floor.
pub(crate) fn right(
    state: &State,
    index: u64,
    carried: Option<&Grant>,
    person: Option<&PersonId>,
) -> Result<Option<Grant>, Refusal> {
    let Some(who) = carried.map(|grant| &grant.person).or(person) else { return Ok(None) };
    if person.is_some_and(|person| person != who) {
        return Err(forbidden("the grant is another person's than the session: sign in again"));
    }
    if state.group == GroupId::COMMAND {
        // A key bounds what its account may; whether it counts is in state, and an entry that names it is held to it.
        let right = match carried.and_then(|carried| carried.terms.key.as_ref()) {
            Some(key) => grant_of_key(state, key, index, state.clock()).filter(|right| right.person == *who),
            None => grant(state, who, index),
        };
        return right
            .map(Some)
            .ok_or_else(|| forbidden(format!("{who} is not there or disabled: ask an administrator")));
    }
    let Some(carried) = carried else {
        return Err(forbidden("a person's request carries a grant here: send one"));
    };
    if carried.index < state.policy_floor {
        let message = format!("rights changed at {} since {}: take a new grant", state.policy_floor, carried.index);
        return Err(Refusal::new(RefusalCode::StaleGrant, "", message));
    }
    if carried.terms.is_over(state.clock()) {
        let message = format!("these rights ended at {}: take a new grant", carried.terms.until_ms);
        return Err(Refusal::new(RefusalCode::StaleGrant, "", message));
    }
    Ok(Some(carried.clone()))
}

/// What the state will say of the grant's right to the command, as far as it can be told beforehand: by role, place and remit, and
/// by the seat of who takes calls.
///
/// # Errors
/// The refusal.
pub fn foresee(state0: &State, grant: &Grant, command: &Command, place: Option<&AdminUnitCode>) -> Result<(), Refusal> {
    let action = action_of(command);
    if is_theirs(state0, grant, command) {
        return allows(grant, action, None);
    }
    seat::authorize(state0, grant, command).unwrap_or_else(|| allows(grant, action, place))?;
    // A crew acts by its order, whatever field that is in; `authorize` looks at it.
    if grant.role == Role::Responder { Ok(()) } else { of_remit(state0, grant, command) }
}

/// Whether the grant allows this command on the state as it is.
pub(crate) fn authorize(state: &State, grant: &Grant, command: &Command) -> Result<(), Refusal> {
    if state.has_feature(VOCABULARY_2) && is_own_session(state, grant, command) {
        return Ok(());
    }
    if let Some(judged) = seat::authorize(state, grant, command) {
        return judged.and_then(|()| of_remit(state, grant, command));
    }
    let action = action_of(command);
    if !role_allows(grant.role, action) || !grant.terms.allow(action) {
        return allows(grant, action, None);
    }
    if let Some(judged) = beyond::authorize(state, grant, command) {
        return judged;
    }
    let acts_for = grant.terms.acts_for.as_ref();
    if grant.role == Role::Responder {
        let crewed = state.persons.get(acts_for.unwrap_or(&grant.person)).and_then(|person| person.unit.as_ref());
        match command {
            Command::SetUnitStatus(command) => return of_crew(crewed, &command.unit),
            Command::MoveUnit(command) => return of_crew(crewed, &command.unit),
            Command::CheckInUnit(command) => return of_crew(crewed, &command.unit),
            Command::RaiseMayday(command) => return of_crew(crewed, &command.unit),
            Command::AnswerTask(command) => return of_agency(state, crewed, command),
            Command::NoteIncident(command) if on_incident(state, crewed, &command.incident) => return Ok(()),
            Command::AttachFile(command) if matches!(&command.owner, FileOwner::Incident(id) if on_incident(state, crewed, id)) =>
            {
                return Ok(());
            }
            _ => {}
        }
    }
    if is_theirs(state, grant, command) {
        return Ok(());
    }
    without_photo(state, grant, command)?;
    if matches!(grant.role, Role::Viewer | Role::Responder) {
        match action {
            Action::DoInstruction | Action::ReportProgress => {
                return Err(forbidden("this is not yours to do: ask whose it is"));
            }
            Action::AcknowledgeClock => return Err(forbidden("this called others than you: ask who is on duty")),
            _ => {}
        }
    }
    if let Command::SetAgentStatus(command) = command
        && grant.role != Role::Admin
        && command.agent != grant.person
    {
        return Err(forbidden("each agent says for themselves what they do: ask them, or an administrator"));
    }
    if matches!(action, Action::LeadRoom | Action::KeepLog | Action::HandOver)
        && places::room_of(state, command).is_some_and(|place| place.is_none())
        && !grant.everywhere
    {
        return Err(forbidden("this is the province's room: ask somebody who works for everywhere"));
    }
    let places = places::places(state, command);
    if places.is_empty() && matches!(action, Action::Administer | Action::LeadExercise) {
        return allows(grant, action, None);
    }
    places.into_iter().try_for_each(|place| {
        let is_within = covers(grant, place);
        allows(grant, action, Some(place)).map_err(|refusal| if is_within { refusal } else { outside(state, place) })
    })?;
    of_remit(state, grant, command)
}

/// Whether the command opens or ends a session of whoever is named: the gateway has seen who they are, and names them so that the
/// record has who it was and from where.
fn is_own_session(state: &State, grant: &Grant, command: &Command) -> bool {
    match command {
        Command::OpenSession(command) => command.person == grant.person,
        // One that is gone was ended already: ending it again changes nothing.
        Command::CloseSession(command) => {
            state.sessions.get(&command.session).is_none_or(|session| session.person == grant.person)
        }
        _ => false,
    }
}

/// Whether the grant acts by this person's right.
fn are_they(grant: &Grant, person: &PersonId) -> bool {
    *person == grant.person || grant.terms.acts_for.as_ref() == Some(person)
}

/// Whether who did not give an instruction may put it off without a photo: who leads may, and nobody their own.
fn without_photo(state: &State, grant: &Grant, command: &Command) -> Result<(), Refusal> {
    let Command::ReportProgress(progress) = command else { return Ok(()) };
    let Some(instruction) = instruction_of(state, command).filter(|_| progress.photo_sha256.is_none()) else {
        return Ok(());
    };
    let is_own = instruction.owner.as_ref().is_some_and(|owner| are_they(grant, owner));
    if is_own || allows(grant, Action::GiveInstruction, None).is_err() {
        return Err(forbidden("without a photo an instruction is put off by who gave it or who leads there: ask them"));
    }
    Ok(())
}

/// Whether the command is about an instruction of theirs, or a clock that called them: wherever they work, they are the one to answer.
fn is_theirs(state: &State, grant: &Grant, command: &Command) -> bool {
    let are_they = |person: &PersonId| are_they(grant, person);
    match command {
        Command::AcknowledgeClock(command) => {
            state.clock_of(&command.clock).is_some_and(|clock| clock.told.iter().any(are_they))
        }
        // Nothing shows how far it is: who said by when says by when now.
        Command::ReportProgress(progress) if progress.photo_sha256.is_none() => {
            instruction_of(state, command).and_then(|it| it.given_by.as_ref()).is_some_and(are_they)
        }
        _ if matches!(action_of(command), Action::DoInstruction | Action::ReportProgress) => {
            instruction_of(state, command).and_then(|it| it.owner.as_ref()).is_some_and(are_they)
        }
        _ => false,
    }
}

/// Whether what the command acts on is in the grant's remit. In a field group nothing is in a field: its grants carry the remit
/// all the same, so that one that is older than a change of it does not count.
fn of_remit(state: &State, grant: &Grant, command: &Command) -> Result<(), Refusal> {
    if grant.terms.remit.is_all() {
        return Ok(());
    }
    matter::matters(state, command).iter().try_for_each(|matter| matter::judge(grant, matter))
}

/// The instruction that the command is about, if it is about one.
fn instruction_of<'a>(state: &'a State, command: &Command) -> Option<&'a Instruction> {
    match targets(state, command) {
        [Some(Target::Instruction(id)), _] => state.instructions.get(id),
        _ => None,
    }
}

fn of_crew(crewed: Option<&UnitId>, unit: &UnitId) -> Result<(), Refusal> {
    if crewed == Some(unit) {
        return Ok(());
    }
    Err(forbidden(format!("you do not crew {unit}: ask its crew or a dispatcher")))
}

/// A crew answers for its own agency, on the incident that it is in.
fn of_agency(state: &State, crewed: Option<&UnitId>, command: &AnswerTask) -> Result<(), Refusal> {
    let agency = crewed.and_then(|unit| state.units.get(unit)).map(|unit| &unit.agency);
    let tasks = state.incidents.get(&command.incident).map(|incident| &incident.dispatch.tasks);
    let task = tasks.into_iter().flatten().find(|task| task.number == command.task);
    let is_own = task.is_some_and(|task| Some(&task.agency) == agency);
    if is_own && on_incident(state, crewed, &command.incident) {
        return Ok(());
    }
    Err(forbidden("the task is not of your agency on your incident: ask a dispatcher"))
}

fn on_incident(state: &State, crewed: Option<&UnitId>, incident: &IncidentId) -> bool {
    let unit = crewed.and_then(|unit| state.units.get(unit));
    unit.is_some_and(|unit| unit.incident.as_ref() == Some(incident))
}
