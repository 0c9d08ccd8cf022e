//! The heads of chains in other chains.

use domain::{Command, GroupId, RaisePolicyFloor, SwitchFeature, audit::FEATURE, limits};

use super::world::{SECOND, World, accepted};

#[tokio::test(start_paused = true)]
async fn heads_are_anchored_while_they_move_and_only_where_it_is_switched_on() {
    let world = World::new();
    world.node(1);
    world.lead(1).await;
    tokio::time::sleep(3600 * SECOND).await;
    assert_eq!(world.proposed(GroupId::COMMAND, "AnchorAudit"), 0);
    for group in GroupId::all() {
        accepted(world.apply(group, SwitchFeature { feature: FEATURE }));
    }
    tokio::time::sleep(601 * SECOND).await;
    let field = usize::try_from(limits::FIELD_GROUPS).unwrap();
    assert_eq!(world.proposed(GroupId::COMMAND, "AnchorAudit"), field);
    assert_eq!(world.proposed(GroupId(1), "AnchorAudit"), 1);
    assert_eq!(world.proposed(GroupId(2), "AnchorAudit"), 0);
    // From now on only the two chains that anchor each other move.
    tokio::time::sleep(601 * SECOND).await;
    assert_eq!(world.proposed(GroupId::COMMAND, "AnchorAudit"), field + 1);
}

#[tokio::test(start_paused = true)]
async fn a_head_is_anchored_once_every_backup_that_holds_the_anchor_holds_it() {
    let world = World::new();
    for group in GroupId::all() {
        accepted(world.apply(group, SwitchFeature { feature: FEATURE }));
    }
    world.node(1);
    world.lead(1).await;
    let anchored = || {
        let of = |command: &Command| match command {
            Command::AnchorAudit(it) if it.group == GroupId(2) => Some(it.number),
            _ => None,
        };
        world.read_proposed(GroupId::COMMAND, |proposed| proposed.iter().filter_map(of).collect::<Vec<_>>())
    };
    // The heads are taken after a minute and anchored two minutes later: what a group records in between is not named. A backup that
    // freezes group 2 before that and group 0 after it is whole.
    tokio::time::sleep(100 * SECOND).await;
    let head = world.read(GroupId(2), |state| state.audit_head().number);
    accepted(world.apply(GroupId(2), RaisePolicyFloor { floor: 1 }));
    tokio::time::sleep(60 * SECOND).await;
    assert!(anchored().is_empty());
    tokio::time::sleep(40 * SECOND).await;
    assert_eq!(anchored(), [head]);
    tokio::time::sleep(600 * SECOND).await;
    assert_eq!(anchored(), [head, head + 1], "with the next one it is");
}
