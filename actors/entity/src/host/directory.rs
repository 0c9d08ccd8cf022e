//! Which actor is whose, in one group on one node. ractor's own registry is global to the process and is not used.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{CameraId, EntityId, IncidentId, UnitId};
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, ActorRuntime, ActorStatus, SupervisionEvent};

use crate::counters::{Counters, count};

/// Who an actor is. Sensors' actors are known to their district only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    District(EntityId),
    Camera(CameraId),
    Incident(IncidentId),
    Unit(UnitId),
    Reporter,
    Keeper,
    Usher,
}

/// The actors that are awake. Bounded by the entities of the group.
#[derive(Default)]
pub(crate) struct Directory(Mutex<HashMap<Key, ActorCell>>);

impl Directory {
    /// Sends to the actor, waking it if it sleeps. Under the directory's lock, so that an actor that goes to sleep
    /// ([`Self::forget`]) has received all that was ever sent to it.
    pub(crate) fn tell<A: Actor>(
        &self,
        key: &Key,
        message: A::Msg,
        supervisor: &ActorCell,
        wake: impl FnOnce() -> (A, A::Arguments),
    ) {
        let mut actors = self.actors();
        let awake = actors.get(key).filter(|actor| actor.get_status() < ActorStatus::Draining);
        let actor = match awake {
            Some(actor) => ActorRef::<A::Msg>::from(actor.clone()),
            None => {
                let (actor, arguments) = wake();
                let spawned = ActorRuntime::spawn_linked_instant(None, actor, arguments, supervisor.clone());
                // Without a name there is nothing that could be taken already.
                let Ok((actor, _)) = spawned else { return };
                actors.insert(key.clone(), actor.get_cell());
                actor
            }
        };
        // An actor that ends at this moment answers nobody; whoever waits for it hears that the outcome is unknown.
        let _ = actor.cast(message);
    }

    /// Sends to the actor if it is awake.
    pub(crate) fn tell_awake<M: ractor::Message>(&self, key: &Key, message: M) {
        if let Some(actor) = self.actors().get(key) {
            let _ = ActorRef::<M>::from(actor.clone()).cast(message);
        }
    }

    /// The actor is no longer the one to send to. It may still work through what it has.
    pub(crate) fn forget(&self, id: ActorId) {
        self.actors().retain(|_, actor| actor.get_id() != id);
    }

    fn actors(&self) -> MutexGuard<'_, HashMap<Key, ActorCell>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The parent of all actors of a reign. One that fails is forgotten and counted; its next use wakes a new one, which
/// begins from the state.
pub(crate) struct Supervisor {
    pub(crate) directory: Arc<Directory>,
    pub(crate) counters: Arc<Counters>,
}

impl Actor for Supervisor {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<()>,
        event: SupervisionEvent,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(actor, error) => {
                count(&self.counters.actor_failures);
                tracing::error!(%error, "an actor failed and begins anew on its next use");
                self.directory.forget(actor.get_id());
            }
            SupervisionEvent::ActorTerminated(actor, ..) => self.directory.forget(actor.get_id()),
            _ => {}
        }
        Ok(())
    }
}
