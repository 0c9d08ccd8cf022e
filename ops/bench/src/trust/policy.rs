//! How many rights are decided a second on one core: the pure function that the log, the push, reads, exports and commands ask, over
//! people and questions mixed as in a province. Most questions are those of a push: may this screen see that.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use domain::{
    AdminUnitCode, Grant, IncidentKind, Millis, PersonId, Remit, Role, Terms,
    policy::{self, Action, Matter, Noun},
};
use serde_json::json;
use tokio::task::spawn_blocking;

use crate::{
    Result,
    parts::{Found, Setting},
    stats::rounded,
};

/// Communes of the province.
const COMMUNES: usize = 180;
/// Communes of one district room.
const COMMUNES_OF_A_DISTRICT: usize = 9;
/// People who are signed in.
const PEOPLE: usize = 500;
/// Of a hundred people: how many work for a field and an agency, and not for all.
const REMITS: usize = 40;
/// Fields, each with the agency whose it is first.
const FIELDS: [(IncidentKind, &str); 4] = [
    (IncidentKind::Fire, "PCCC"),
    (IncidentKind::Medical, "Y tế"),
    (IncidentKind::Traffic, "CSGT"),
    (IncidentKind::Flood, "PCTT"),
];
/// Questions that are asked round and round: more than a branch predictor learns.
const QUESTIONS: usize = 1 << 16;
/// Questions between two looks at the clock.
const BLOCK: usize = 4096;

/// Of a hundred people: how many of each role, and how many of those work for everywhere.
const ROLES: [(Role, usize, usize); 8] = [
    (Role::Operator, 34, 6),
    (Role::Agent, 18, 18),
    (Role::Dispatcher, 14, 2),
    (Role::Responder, 18, 0),
    (Role::Viewer, 8, 4),
    (Role::Device, 5, 1),
    (Role::Admin, 2, 2),
    (Role::Telephony, 1, 1),
];

/// Of a hundred questions: how many ask what.
const ACTIONS: [(Action, usize); 18] = [
    (Action::See(Noun::Reading), 22),
    (Action::See(Noun::Incident), 16),
    (Action::See(Noun::Unit), 12),
    (Action::See(Noun::Alarm), 9),
    (Action::See(Noun::Sensor), 6),
    (Action::See(Noun::Camera), 5),
    (Action::See(Noun::Instruction), 4),
    (Action::See(Noun::Call), 3),
    (Action::See(Noun::Person), 1),
    (Action::SeeCaller, 2),
    (Action::ReportDevice, 5),
    (Action::NoteIncident, 4),
    (Action::AssignIncident, 3),
    (Action::DecideIncident, 2),
    (Action::HandleAlarm, 2),
    (Action::DoInstruction, 2),
    (Action::RecordRead, 1),
    (Action::Administer, 1),
];

/// One question: who, what, where, and of which matter, if it has one.
#[derive(Clone, Copy, Debug)]
struct Question {
    grant: usize,
    action: Action,
    commune: usize,
    matter: Option<usize>,
}

/// Measures.
pub(crate) async fn measure(setting: &Setting) -> Result<Found> {
    let within = Duration::from_secs(setting.choose(8, 1));
    let asked = spawn_blocking(move || ask(within)).await?;
    let (decisions, allowed, seconds) = asked.map_err(|error| format!("policy: {error}"))?;
    let mut found = Found::default();
    found.figure("policy_decisions_per_s", Some(decisions as f64 / seconds));
    found.note("decisions", decisions);
    found.note("allowed_percent", rounded(100.0 * allowed as f64 / decisions as f64));
    found.note("people", PEOPLE);
    found.note("with_a_remit_percent", REMITS);
    found.note("questions_of_a_matter_percent", of_matter_percent());
    found.note("communes", COMMUNES);
    found.note("questions", QUESTIONS);
    found.note("roles_of_a_hundred", json!(ROLES.map(|(role, count, _)| format!("{role} {count}"))));
    Ok(found)
}

/// Asks for so long; questions, how many were answered with yes, seconds.
fn ask(within: Duration) -> std::result::Result<(u64, u64, f64), String> {
    let communes = communes()?;
    let grants = grants(&communes)?;
    let (questions, matters) = (questions(), matters());
    let (mut asked, mut allowed) = (0_u64, 0_u64);
    let begun = Instant::now();
    for block in questions.chunks(BLOCK).cycle() {
        for question in block {
            let (Some(grant), Some(place)) = (grants.get(question.grant), communes.get(question.commune)) else {
                continue;
            };
            let (grant, action, place) = (black_box(grant), black_box(question.action), Some(black_box(place)));
            let answer = match question.matter.and_then(|matter| matters.get(matter)) {
                Some(matter) => policy::allows_of(grant, action, place, black_box(matter)),
                None => policy::allows(grant, action, place),
            };
            allowed += u64::from(answer.is_ok());
            asked += 1;
            drop(black_box(answer));
        }
        if begun.elapsed() >= within {
            break;
        }
    }
    Ok((asked, allowed, begun.elapsed().as_secs_f64()))
}

fn communes() -> std::result::Result<Vec<AdminUnitCode>, String> {
    let code =
        |number: usize| AdminUnitCode::new(&format!("{:05}", 5000 + 3 * number)).map_err(|error| error.to_string());
    (0..COMMUNES).map(code).collect()
}

/// Whether what is asked of has a field or an agency: incidents and units do.
fn has_matter(action: Action) -> bool {
    matches!(
        action,
        Action::See(Noun::Incident | Noun::Unit)
            | Action::NoteIncident
            | Action::AssignIncident
            | Action::DecideIncident
    )
}

/// Of a hundred questions: how many are asked of a matter.
fn of_matter_percent() -> usize {
    ACTIONS.iter().filter(|(action, _)| has_matter(*action)).map(|(_, count)| count).sum()
}

/// Incidents of each field, alone and with a task of another agency, and units of each agency.
fn matters() -> Vec<Matter> {
    let next = FIELDS.iter().cycle().skip(1);
    let of = |((field, agency), (_, other)): (&(IncidentKind, &str), &(IncidentKind, &str))| {
        let (own, other) = ((*agency).to_owned(), (*other).to_owned());
        [
            Matter { field: Some(*field), agencies: Vec::new() },
            Matter { field: Some(*field), agencies: vec![other] },
            Matter { field: None, agencies: vec![own] },
        ]
    };
    FIELDS.iter().zip(next).flat_map(of).collect()
}

/// What the person of this number works on.
fn remit(number: usize) -> Remit {
    let own = FIELDS.get(number % FIELDS.len()).filter(|_| number % 100 < REMITS);
    own.map_or_else(Remit::default, |(field, agency)| Remit {
        fields: vec![*field],
        agencies: vec![(*agency).to_owned()],
    })
}

/// What the people may do: roles as in [`ROLES`], each in the district of their number, [`REMITS`] of a hundred for one field and its
/// agency; one in a hundred has broken the glass, and one in fifty acts for somebody else until an hour that has not come.
fn grants(communes: &[AdminUnitCode]) -> std::result::Result<Vec<Grant>, String> {
    let of_hundred: Vec<(Role, bool)> = ROLES
        .iter()
        .flat_map(|(role, count, everywhere)| (0..*count).map(move |number| (*role, number < *everywhere)))
        .collect();
    let mut grants = Vec::with_capacity(PEOPLE);
    for (number, (role, everywhere)) in of_hundred.into_iter().cycle().take(PEOPLE).enumerate() {
        let first = number * COMMUNES_OF_A_DISTRICT % COMMUNES;
        let own = communes.iter().skip(first).take(COMMUNES_OF_A_DISTRICT).cloned();
        let person = |number: usize| PersonId::new(&format!("nguoi-{number}")).map_err(|error| error.to_string());
        let broken_glass = number % 100 == 7;
        let acts_for = if number % 50 == 3 { Some(person(number + 1)?) } else { None };
        let until_ms = if broken_glass || acts_for.is_some() { Millis(u64::MAX) } else { Millis(0) };
        grants.push(Grant {
            person: person(number)?,
            role,
            everywhere: everywhere || broken_glass,
            admin_units: own.collect(),
            index: 1,
            from: String::new(),
            why: String::new(),
            terms: Terms { acts_for, broken_glass, until_ms, remit: remit(number * 7), ..Terms::default() },
        });
    }
    Ok(grants)
}

/// Questions in an order that is the same each time.
fn questions() -> Vec<Question> {
    let of_hundred: Vec<Action> =
        ACTIONS.iter().flat_map(|(action, count)| std::iter::repeat_n(*action, *count)).collect();
    let mut drawn = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |bound: usize| {
        // Marsaglia's xorshift64, which needs no crate.
        drawn ^= drawn << 13;
        drawn ^= drawn >> 7;
        drawn ^= drawn << 17;
        usize::try_from(drawn >> 33).unwrap_or_default() % bound
    };
    let kinds_of_matter = matters().len();
    let question = |_| {
        let (grant, what) = (below(PEOPLE), below(of_hundred.len()));
        let action = of_hundred.get(what).copied().unwrap_or(Action::RecordRead);
        // Two in three are asked of where the person works: that is what they look at.
        let own = grant * COMMUNES_OF_A_DISTRICT % COMMUNES;
        let commune = if below(3) < 2 { (own + below(COMMUNES_OF_A_DISTRICT)) % COMMUNES } else { below(COMMUNES) };
        let matter = has_matter(action).then(|| below(kinds_of_matter));
        Question { grant, action, commune, matter }
    };
    (0..QUESTIONS).map(question).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remits_of_a_share_of_people_are_asked_and_close_what_is_others() {
        let communes = communes().unwrap();
        let (grants, matters) = (grants(&communes).unwrap(), matters());
        let bounded = grants.iter().filter(|grant| !grant.terms.remit.is_all()).count();
        assert_eq!(bounded, PEOPLE * REMITS / 100);
        let closes = |question: &&Question| {
            let (grant, place) = (&grants[question.grant], Some(&communes[question.commune]));
            let matter = question.matter.map(|matter| &matters[matter]);
            let is_allowed = policy::allows(grant, question.action, place).is_ok();
            is_allowed && matter.is_some_and(|it| policy::allows_of(grant, question.action, place, it).is_err())
        };
        let questions = questions();
        let of_matter = questions.iter().filter(|question| question.matter.is_some()).count();
        assert!(questions.len() / 4 < of_matter && of_matter < questions.len() / 2, "{of_matter}");
        let closed = questions.iter().filter(closes).count();
        assert!(questions.len() / 50 < closed, "{closed} of {}", questions.len());
    }

    #[test]
    fn shares_are_of_a_hundred_and_answers_are_mixed() {
        assert_eq!(ROLES.iter().map(|(_, count, _)| count).sum::<usize>(), 100);
        assert_eq!(ACTIONS.iter().map(|(_, count)| count).sum::<usize>(), 100);
        let (asked, allowed, _) = ask(Duration::ZERO).unwrap();
        assert_eq!(asked, BLOCK as u64);
        assert!(asked / 4 < allowed && allowed < asked, "{allowed} of {asked}");
    }
}
