//! What is drawn: people with their rights and wishes, and what happens.

use domain::{IncidentKind, Role};
use proptest::{
    prelude::*,
    sample::{select, subsequence},
};

use super::{
    Asker, PEOPLE,
    scene::{ROOMS, Step},
    statement::{AGENCIES, Wish, Work},
};
use crate::screen::view::SUBSCRIBABLE;

const KINDS: [IncidentKind; 3] = [IncidentKind::Other, IncidentKind::Flood, IncidentKind::Fire];

/// Fields and agencies of a remit.
pub(super) fn work() -> impl Strategy<Value = Work> + Clone {
    let fields = subsequence(vec![IncidentKind::Flood, IncidentKind::Fire], 0..=2);
    let agencies = subsequence(AGENCIES.to_vec(), 0..=2);
    (fields, agencies).prop_map(|(fields, agencies)| Work { fields, agencies })
}

fn scope() -> impl Strategy<Value = Option<Vec<usize>>> + Clone {
    prop::option::weighted(0.7, subsequence(vec![1_usize, 2], 0..=2))
}

/// Somebody with a screen.
pub(super) fn asker() -> impl Strategy<Value = Asker> {
    let nouns = SUBSCRIBABLE.map(|(_, noun)| noun).to_vec();
    let nouns = prop_oneof![3 => Just(Vec::new()), 1 => subsequence(nouns, 1..5)];
    let districts = prop_oneof![3 => Just(Vec::new()), 1 => subsequence(vec![1_usize, 2], 1..=2)];
    (select(Role::ALL), scope(), work(), districts, nouns).prop_map(|(role, scope, work, districts, nouns)| Asker {
        role,
        scope,
        work,
        wish: Wish { districts, nouns },
    })
}

/// What happens once.
pub(super) fn step() -> impl Strategy<Value = Step> {
    let (n, at, who, room) = (0_usize..3, 1_usize..5, 0..PEOPLE, 0..ROOMS.len());
    let (kind, agency) = (select(&KINDS[..]), select(&AGENCIES[..]));
    let person = (who.clone(), select(Role::ALL), scope(), prop::bool::weighted(0.2));
    prop_oneof![
        5 => (kind.clone(), at.clone(), prop::bool::weighted(0.2))
            .prop_map(|(kind, at, exercise)| Step::Incident { kind, at, exercise }),
        4 => (n.clone(), kind.clone(), at.clone())
            .prop_map(|(incident, kind, at)| Step::Amend { incident, kind, at }),
        2 => n.clone().prop_map(|incident| Step::Note { incident }),
        3 => (n.clone(), agency.clone()).prop_map(|(incident, agency)| Step::Task { incident, agency }),
        2 => (n.clone(), any::<bool>()).prop_map(|(incident, is_shadow)| Step::Advice { incident, is_shadow }),
        4 => (n.clone(), at.clone(), agency.clone()).prop_map(|(unit, at, agency)| Step::Unit { unit, at, agency }),
        2 => (at.clone(), agency, any::<bool>())
            .prop_map(|(at, agency, to_person)| Step::Instruction { at, agency, to_person }),
        2 => (prop::option::of(kind), at.clone()).prop_map(|(told, at)| Step::Report { told, at }),
        3 => (n.clone(), at.clone()).prop_map(|(incident, at)| Step::ReportAgain { incident, at }),
        2 => (n.clone(), n.clone()).prop_map(|(report, incident)| Step::Link { report, incident }),
        3 => (n.clone(), at.clone()).prop_map(|(sensor, at)| Step::Sensor { sensor, at }),
        1 => (n.clone(), at).prop_map(|(camera, at)| Step::Camera { camera, at }),
        2 => n.prop_map(|sensor| Step::Alarm { sensor }),
        2 => Just(Step::Readings),
        1 => Just(Step::Call),
        1 => room.clone().prop_map(|room| Step::ShiftNote { room }),
        1 => room.prop_map(|room| Step::Log { room }),
        1 => Just(Step::Drill),
        3 => person.prop_map(|(who, role, scope, disabled)| Step::Person { who, role, scope, disabled }),
        2 => (who.clone(), work()).prop_map(|(who, work)| Step::Remit { who, work }),
        2 => (1_usize..3, subsequence(vec![1_usize, 2, 3, 4], 0..=4))
            .prop_map(|(district, communes)| Step::District { district, communes }),
        3 => (who.clone(), who.clone()).prop_map(|(giver, deputy)| Step::Lend { giver, deputy }),
        1 => who.clone().prop_map(|who| Step::LayDown { who }),
        2 => who.clone().prop_map(|who| Step::Glass { who }),
        1 => who.prop_map(|who| Step::EndGlass { who }),
        2 => Just(Step::Pass),
    ]
}
