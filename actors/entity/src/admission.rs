//! Admission: what may be under way in each group at a time. A mailbox of ractor has no bound, so every message from
//! outside carries a permit, and gives it back when it is done with.

use std::sync::Arc;

use domain::GroupId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    config::{COMMANDS_IN_FLIGHT_MAX, READINGS_IN_FLIGHT_MAX},
    error::TellError,
};

/// Room for one message. Clones share it; the last that is dropped gives it back.
#[derive(Clone, Debug)]
pub(crate) struct Permit(#[allow(dead_code, reason = "held, not read")] Arc<OwnedSemaphorePermit>);

impl Permit {
    pub(crate) fn new(permit: OwnedSemaphorePermit) -> Self {
        Self(Arc::new(permit))
    }
}

/// The bounds of one group, of one direction (from here, or from other nodes).
struct Door {
    readings: Arc<Semaphore>,
    commands: Arc<Semaphore>,
}

/// The bounds of all groups.
pub(crate) struct Admission(Vec<Door>);

impl Admission {
    pub(crate) fn new() -> Self {
        let door = |_| Door {
            readings: Arc::new(Semaphore::new(READINGS_IN_FLIGHT_MAX)),
            commands: Arc::new(Semaphore::new(COMMANDS_IN_FLIGHT_MAX)),
        };
        Self(GroupId::all().map(door).collect())
    }

    /// Room for that many readings of one message.
    pub(crate) fn readings(&self, group: GroupId, readings: usize) -> Result<Permit, TellError> {
        // A message takes room of its own, so that empty ones are bounded too.
        let readings = u32::try_from(readings.max(1)).unwrap_or(u32::MAX);
        let door = self.door(group)?;
        let permit = door.readings.clone().try_acquire_many_owned(readings);
        permit.map(Permit::new).map_err(|_| TellError::Overloaded)
    }

    /// Room for one command.
    pub(crate) fn command(&self, group: GroupId) -> Result<Permit, TellError> {
        let permit = self.door(group)?.commands.clone().try_acquire_owned();
        permit.map(Permit::new).map_err(|_| TellError::Overloaded)
    }

    fn door(&self, group: GroupId) -> Result<&Door, TellError> {
        // There is a door for each group of `GroupId::all`; any other number is nobody's.
        usize::try_from(group.0).ok().and_then(|at| self.0.get(at)).ok_or(TellError::NoLeader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_group_refuses_and_another_does_not() {
        let admission = Admission::new();
        let (one, two) = (GroupId(1), GroupId(2));
        let held: Vec<_> = (0..COMMANDS_IN_FLIGHT_MAX).map(|_| admission.command(one).unwrap()).collect();
        assert_eq!(admission.command(one).unwrap_err(), TellError::Overloaded);
        admission.command(two).unwrap();
        drop(held);
        admission.command(one).unwrap();
    }

    #[test]
    fn readings_are_counted_one_by_one_and_a_shared_permit_is_given_back_last() {
        let admission = Admission::new();
        let group = GroupId(8);
        let permit = admission.readings(group, READINGS_IN_FLIGHT_MAX).unwrap();
        let shared = permit.clone();
        drop(permit);
        assert_eq!(admission.readings(group, 0).unwrap_err(), TellError::Overloaded);
        drop(shared);
        admission.readings(group, 1).unwrap();
        assert_eq!(admission.readings(group, READINGS_IN_FLIGHT_MAX + 1).unwrap_err(), TellError::Overloaded);
        assert_eq!(admission.command(GroupId(9)).unwrap_err(), TellError::NoLeader);
    }
}
