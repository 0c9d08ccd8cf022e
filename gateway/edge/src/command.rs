//! A person's command on its way into the log: rights, the session's window in the right group, and the retry that changes
//! nothing.

use std::{sync::PoisonError, time::Duration};

use domain::{
    Accepted, AdminUnitCode, AlarmKey, Command, DistrictId, EntityId, Grant, GroupId, IncidentId, OpenSession,
    RaisePolicyFloor, RefusalCode, Reply, RequestId, audit::why, policy,
};
use futures::future::join_all;

use crate::{
    app::App,
    auth::{Caller, renewed},
    cluster::{RoadError, read},
    error::ApiError,
    limits::{BARRIER_DEADLINE, COMMAND_DEADLINE},
};

/// Who asks for something to be changed, and under which number.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) caller: Caller,
    /// `x-request-seq`.
    pub(crate) seq: u64,
    /// Of the request as it was sent.
    pub(crate) fingerprint: [u8; 32],
}

impl App {
    /// Proposes a person's command and waits for what became of it.
    ///
    /// # Errors
    /// The refusal, or that the outcome is unknown: the same request, with the same number, learns it.
    pub(crate) async fn run(&self, ask: &Ask, command: impl Into<Command>) -> Result<Accepted, ApiError> {
        let command = command.into();
        let grant = self.foreseen(&ask.caller.grant, &command).await?;
        if why::has_to_be_said(&command) && grant.why.trim().is_empty() {
            return Err(ApiError::why_needed());
        }
        let group = self.group_of(&command).await?;
        if !self.remember(ask, group) {
            return Err(ApiError::seq_reused(ask.seq));
        }
        let grant = self.fresh_grant(grant, group).await?;
        let session = ask.caller.session;
        let propose = |command: Command| {
            let request = RequestId { session, seq: ask.seq };
            self.road.command(Some(group), command, Some(request), Some(grant.clone()), COMMAND_DEADLINE)
        };
        let mut reply = propose(command.clone()).await?;
        let is_unknown = matches!(&reply, Reply::Refused(refusal) if refusal.code == RefusalCode::UnknownSession);
        if is_unknown && group.is_field() {
            // Sessions reach a field group with their first command there.
            let expires_at_ms = ask.caller.expires_at_ms;
            let open = OpenSession { session, person: ask.caller.person.id.clone(), expires_at_ms };
            if let Reply::Refused(refusal) =
                self.road.command(Some(group), open.into(), None, None, COMMAND_DEADLINE).await?
            {
                return Err(refusal.into());
            }
            reply = propose(command).await?;
        }
        match reply {
            Reply::Accepted(accepted) => Ok(accepted),
            Reply::Refused(refusal) => Err(refusal.into()),
        }
    }

    /// Proposes a command that is idempotent by what it names, and so needs no number.
    ///
    /// # Errors
    /// The refusal, or that the outcome is unknown: the same request learns it.
    pub(crate) async fn run_idempotent(
        &self,
        caller: &Caller,
        command: impl Into<Command>,
    ) -> Result<Accepted, ApiError> {
        self.run_as(&caller.grant, command.into()).await
    }

    /// The same by a grant: of a service account.
    ///
    /// # Errors
    /// The refusal, or that the outcome is unknown: the same request learns it.
    pub(crate) async fn run_as(&self, grant: &Grant, command: Command) -> Result<Accepted, ApiError> {
        policy::allows(grant, policy::action_of(&command), None)?;
        let proposed = self.road.command(Some(GroupId::COMMAND), command, None, Some(grant.clone()), COMMAND_DEADLINE);
        match proposed.await? {
            Reply::Accepted(accepted) => Ok(accepted),
            Reply::Refused(refusal) => Err(refusal.into()),
        }
    }

    /// After a change of rights: grants given before it must no longer count anywhere. Done when every group has answered.
    ///
    /// # Errors
    /// That a group has not: the change stands, and the same request asks the groups again.
    pub(crate) async fn revoke_older_grants(&self) -> Result<(), ApiError> {
        let confirm = || ApiError::unknown("it is changed, and not every group has confirmed it: send it again");
        let floor = self.source.read_barrier(GroupId::COMMAND, BARRIER_DEADLINE).await.map_err(|_| confirm())?;
        let raising = GroupId::field().map(|group| {
            self.road.command(Some(group), RaisePolicyFloor { floor }.into(), None, None, COMMAND_DEADLINE)
        });
        for raised in join_all(raising).await {
            if !matches!(raised, Ok(Reply::Accepted(_))) {
                return Err(confirm());
            }
        }
        Ok(())
    }

    fn remember(&self, ask: &Ask, group: GroupId) -> bool {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.take(ask.caller.session, group, ask.seq, ask.fingerprint)
    }

    /// The grant by which the command would be taken, by what this node has applied: the caller's, or a newer one. `apply` decides;
    /// this only spares the way.
    async fn foreseen(&self, grant: &Grant, command: &Command) -> Result<Grant, ApiError> {
        let foresee = |grant: &Grant| {
            let place = self.place_of(command);
            let foreseen = |state: &domain::State| policy::foresee(state, grant, command, place.as_ref());
            read(&*self.source, GroupId::COMMAND, foreseen).map_err(ApiError::from)
        };
        self.by_newest(grant, foresee).await
    }

    /// The grant that `judge` lets do it: this one, or a newer one. Before it says no it asks a quorum, because the right may have been
    /// given at another node a moment ago.
    ///
    /// # Errors
    /// Those of `judge`, or no quorum answered.
    pub(crate) async fn by_newest(
        &self,
        grant: &Grant,
        judge: impl Fn(&Grant) -> Result<(), ApiError>,
    ) -> Result<Grant, ApiError> {
        if judge(grant).is_ok() {
            return Ok(grant.clone());
        }
        self.catch_up().await?;
        let index = self.source.applied(GroupId::COMMAND).index;
        let renewed = renewed(&*self.source, grant, index).ok_or_else(ApiError::signed_out)?;
        judge(&renewed)?;
        Ok(renewed)
    }

    /// [`App::by_newest`], of what needs no place: for who asks before something that costs.
    ///
    /// # Errors
    /// The refusal, or no quorum answered.
    pub(crate) async fn allows(&self, grant: &Grant, action: policy::Action) -> Result<(), ApiError> {
        self.by_newest(grant, |grant| policy::allows(grant, action, None).map_err(ApiError::from)).await.map(drop)
    }

    /// The grant, not older than the group's floor: a refusal would be remembered under the request's number.
    async fn fresh_grant(&self, grant: Grant, group: GroupId) -> Result<Grant, ApiError> {
        let floor = read(&*self.source, group, domain::State::policy_floor);
        if !group.is_field() || grant.index >= floor {
            return Ok(grant);
        }
        let index = self.source.read_barrier(GroupId::COMMAND, BARRIER_DEADLINE).await;
        let index = index.map_err(|error| ApiError::unavailable(&error.to_string()))?;
        renewed(&*self.source, &grant, index).ok_or_else(ApiError::signed_out)
    }

    /// The group that decides about the command. What it acts on may have been placed at another node a moment ago.
    async fn group_of(&self, command: &Command) -> Result<GroupId, ApiError> {
        self.caught_up(|| self.group_known(command)).await
    }

    /// The same, by what this node has applied.
    fn group_known(&self, command: &Command) -> Result<GroupId, ApiError> {
        let entity = match command {
            Command::RegisterSensor(it) => EntityId::from(&it.sensor.id),
            Command::SetDeviceStatus(it) => EntityId::from(&it.sensor),
            Command::RegisterCamera(it) => EntityId::from(&it.camera.id),
            Command::TakeOutOfService(it) => it.entity.clone(),
            Command::ReturnToService(it) => it.entity.clone(),
            Command::AcknowledgeAlarm(it) => return self.group_of_alarm(&it.key),
            Command::ShelveAlarm(it) => return self.group_of_alarm(&it.key),
            Command::UnshelveAlarm(it) => return self.group_of_alarm(&it.key),
            _ => return Ok(GroupId::COMMAND),
        };
        self.placement(&entity).ok_or_else(|| ApiError::not_found("entity", entity.as_str()))
    }

    /// An alarm lives where its device does; that of a district room, where it was raised.
    fn group_of_alarm(&self, key: &AlarmKey) -> Result<GroupId, ApiError> {
        let raised = |group: &GroupId| read(&*self.source, *group, |state| state.alarms().contains_key(key));
        let of_district = || {
            let district = DistrictId::from(&key.entity);
            read(&*self.source, GroupId::COMMAND, |state0| state0.districts().get(&district).map(|it| it.group))
        };
        let placed = self.placement(&key.entity).or_else(|| GroupId::field().find(raised)).or_else(of_district);
        placed.ok_or_else(|| ApiError::not_found("alarm", &key.to_string()))
    }

    /// Where what the command acts on lies, by what this node has applied. `apply` decides; this only spares the way.
    fn place_of(&self, command: &Command) -> Option<AdminUnitCode> {
        let incident = |id: &IncidentId| {
            let place = |state0: &domain::State| state0.incidents().get(id).map(|it| it.place.admin_unit.clone());
            read(&*self.source, GroupId::COMMAND, place)
        };
        let alarm = |key: &AlarmKey| {
            let group = self.group_of_alarm(key).ok()?;
            read(&*self.source, group, |state| state.alarms().get(key).map(|it| it.place.admin_unit.clone()))
        };
        let device = |entity: &EntityId| {
            let place = |state: &domain::State| state.device_place(entity).map(|it| it.admin_unit.clone());
            read(&*self.source, self.placement(entity)?, place)
        };
        match command {
            Command::RegisterSensor(it) => Some(it.sensor.place.admin_unit.clone()),
            Command::RegisterCamera(it) => Some(it.camera.place.admin_unit.clone()),
            Command::PutUnit(it) => Some(it.unit.station.admin_unit.clone()),
            Command::OpenIncident(it) => Some(it.place.admin_unit.clone()),
            Command::AmendIncident(it) => incident(&it.incident),
            Command::AcknowledgeIncident(it) => incident(&it.incident),
            Command::AssignIncident(it) => incident(&it.incident),
            Command::ResolveIncident(it) => incident(&it.incident),
            Command::CloseIncident(it) => incident(&it.incident),
            Command::ReopenIncident(it) => incident(&it.incident),
            Command::DecideSuggestion(it) => incident(&it.incident),
            Command::AcknowledgeAlarm(it) => alarm(&it.key),
            Command::ShelveAlarm(it) => alarm(&it.key),
            Command::UnshelveAlarm(it) => alarm(&it.key),
            Command::TakeOutOfService(it) => device(&it.entity),
            Command::ReturnToService(it) => device(&it.entity),
            _ => None,
        }
    }
}

/// What a request is given at most; past it nobody knows what became of it.
pub(crate) const DEADLINE: Duration = Duration::from_millis(crate::limits::REQUEST_MS_MAX);

/// What is told when the deadline has passed.
pub(crate) fn too_late() -> ApiError {
    RoadError::Unknown.into()
}
