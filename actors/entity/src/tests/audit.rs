//! The heads of chains in other chains.

use domain::{GroupId, SwitchFeature, audit::FEATURE, limits};

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
