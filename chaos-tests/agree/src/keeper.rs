//! What the actors of a leader do, as plainly as can be: when a deadline of state has passed they propose what follows from
//! it, and they report alarms to the command group. They wake by [`raft::Lead::is_self_ready`], as the actors do, and die with
//! their node.
//!
//! It is a stand-in: what is tried here is what the actors rely on. They themselves are played in `chaos-tests/city`.

use std::{sync::Arc, time::Duration};

use domain::{
    Alarm, Command, ConfirmAlarmReport, EscalateCheckIn, EscalateIncident, ExpireOffer, FeedIncident, GroupId,
    IncidentId, IncidentKind, IncidentStatus, Millis, Reply, State, Unit, UnitStatus,
};
use raft::{Groups, NodeId, Proposal};
use tokio::time::sleep;

use crate::{
    client::{ATTEMPT_MAX, Client},
    judge::promises::Fate,
    stage,
    world::{FIELD, World},
};

/// How often it looks at its clock.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Of so many in a thousand of what is proposed a second timer proposes the same once more, later.
const TWICE_PER_MILLE: u64 = 300;

/// How much later, in ms.
const LATER_MS_MAX: u64 = 4_000;

/// Acts for a group whenever this node leads it, until the node ends.
pub async fn keep(world: Arc<World>, node: NodeId, group: GroupId, groups: Groups) {
    let mut leads = groups.lead_watch(group);
    let mut client = Client::new(Arc::clone(&world), node);
    while leads.wait_for(|lead| lead.is_self_ready).await.is_ok() {
        while leads.borrow().is_self_ready {
            let now = Millis(stage::wall_ms(node));
            for command in groups.read(group, |state| due(state, now)) {
                propose(&world, node, group, &groups, command).await;
            }
            if group == FIELD {
                for alarm in groups.read(group, |state| state.unreported_alarms().cloned().collect::<Vec<_>>()) {
                    report(&mut client, &groups, alarm).await;
                }
            }
            sleep(LOOK_EVERY).await;
        }
    }
}

/// What follows from the deadlines that have passed.
fn due(state: &State, now: Millis) -> Vec<Command> {
    let has_passed = |due: Millis| due.is_set() && due <= now;
    let late = state
        .incidents()
        .values()
        .filter(|incident| incident.status == IncidentStatus::Opened && has_passed(incident.acknowledge_due_at_ms));
    let mut commands: Vec<Command> = late
        .map(|incident| {
            EscalateIncident { incident: incident.id.clone(), from_level: incident.escalation_level }.into()
        })
        .collect();
    for unit in state.units().values() {
        let Some(assignment) = &unit.duty.assignment else { continue };
        let (id, number) = (unit.id.clone(), assignment.number);
        if has_passed(assignment.offer_due_at_ms) {
            let is_free = |other: &&Unit| other.status == UnitStatus::Available && other.id != id;
            let next = state.units().values().find(is_free).map(|next| next.id.clone());
            commands.push(ExpireOffer { unit: id, assignment: number, next }.into());
        } else if has_passed(assignment.check_in_due_at_ms) {
            let from_level = assignment.check_in_level;
            commands.push(EscalateCheckIn { unit: id, assignment: number, from_level }.into());
        }
    }
    commands
}

async fn propose(world: &Arc<World>, node: NodeId, group: GroupId, groups: &Groups, command: Command) {
    let later = {
        let mut chance = world.chance();
        chance.per_mille(TWICE_PER_MILLE).then(|| chance.ms(0, LATER_MS_MAX))
    };
    if let Some(later) = later {
        let (groups, command) = (groups.clone(), command.clone());
        stage::spawn_on(node, async move {
            sleep(later).await;
            // Whatever comes of it: it is decided by what it names.
            let _ = groups.propose(group, Proposal::system(command), ATTEMPT_MAX).await;
        });
    }
    // The next look decides anew.
    let _ = groups.propose(group, Proposal::system(command), ATTEMPT_MAX).await;
}

/// The command group is told until it answers, and the alarm is marked: at least once.
async fn report(client: &mut Client, groups: &Groups, alarm: Alarm) {
    let (key, episode, version) = (alarm.key.clone(), alarm.episode, alarm.version);
    let summary = format!("a-{key}");
    let feed = FeedIncident { alarm, kind: IncidentKind::Other, summary };
    let (committed, fate) = client.ask(GroupId::COMMAND, Proposal::system(feed), true).await;
    let Some(Reply::Accepted(accepted)) = committed.filter(|_| fate == Fate::Acknowledged).map(|it| it.reply) else {
        return;
    };
    let incident = IncidentId::new(&accepted.entity).ok();
    let confirm = ConfirmAlarmReport { key, episode, version, incident };
    // Unanswered, the alarm stays marked and is reported again.
    let _ = groups.propose(FIELD, Proposal::system(confirm), ATTEMPT_MAX).await;
}
