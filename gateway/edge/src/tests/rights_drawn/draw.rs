//! What is drawn: people with their rights and wishes, and what happens.

use domain::{HandoverStatus, IncidentKind, Role};
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
        12 => outward(),
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

/// Warnings, hand-overs, photos and what calls become.
fn outward() -> impl Strategy<Value = Step> {
    let (n, at, kind) = (0_usize..3, 1_usize..5, select(&KINDS[..]));
    let room = prop::option::weighted(0.7, 0..ROOMS.len());
    let answers = [HandoverStatus::Accepted, HandoverStatus::Refused, HandoverStatus::Withdrawn];
    prop_oneof![
        2 => n.clone().prop_map(|incident| Step::Warn { incident }),
        2 => (n.clone(), any::<bool>()).prop_map(|(warning, is_published)| Step::Decide { warning, is_published }),
        2 => (n.clone(), room).prop_map(|(incident, room)| Step::Offer { incident, room }),
        2 => (n.clone(), select(answers.to_vec())).prop_map(|(incident, answer)| Step::Answer { incident, answer }),
        1 => (kind, at.clone()).prop_map(|(kind, at)| Step::Receive { kind, at }),
        3 => (n.clone(), any::<bool>()).prop_map(|(of, is_of_report)| Step::Photo { of, is_of_report }),
        1 => (n.clone(), at).prop_map(|(call, at)| Step::CallReport { call, at }),
        1 => n.prop_map(|call| Step::Draft { call }),
    ]
}

/// What comes first where it is to be sure that there is a warning, a hand-over, a photo, and a call with a draft.
pub(super) fn opening() -> impl Strategy<Value = Vec<Step>> {
    let one = (select(&KINDS[..]), 1_usize..5, any::<bool>());
    one.prop_map(|(kind, at, is_published)| {
        let first = 0;
        vec![
            Step::Incident { kind, at, exercise: false },
            Step::Warn { incident: first },
            Step::Offer { incident: first, room: Some(0) },
            Step::Photo { of: first, is_of_report: false },
            Step::Call,
            Step::Draft { call: first },
            Step::Decide { warning: first, is_published },
        ]
    })
}
