//! Who sees what, said a second time and in other words than `domain::policy`: of a role that sees the noun, in a place in scope,
//! about what they work on. It asks nothing of the policy, of a grant or of a record, so that a mistake in one of them is not made
//! here as well.

use std::collections::{BTreeMap, BTreeSet};

use domain::{IncidentKind, KeyScope, Role, policy::Noun};

/// Agencies of remits, units, tasks and instructions.
pub(super) const AGENCIES: [&str; 2] = ["114", "115"];

/// What somebody works on; empty: everything.
#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    pub(super) fields: Vec<IncidentKind>,
    pub(super) agencies: Vec<&'static str>,
}

/// What decides who sees a record.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) noun: Noun,
    /// The commune; none: of no place, and of what is written in rooms, the province's.
    pub(super) at: Option<usize>,
    pub(super) kind: Option<IncidentKind>,
    /// Those that have a part in it.
    pub(super) agencies: BTreeSet<&'static str>,
}

/// What somebody may see.
#[derive(Clone, Debug)]
pub(super) struct Rights {
    pub(super) role: Role,
    /// Communes; none: everywhere.
    pub(super) places: Option<BTreeSet<usize>>,
    pub(super) work: Work,
    /// By a key of these scopes.
    pub(super) key: Option<Vec<KeyScope>>,
    /// What they asked for; empty: everything.
    pub(super) asked: Vec<Noun>,
}

/// Whom a noun is for. A device, an exchange and an auditor see nothing.
fn readers(noun: Noun) -> &'static [Role] {
    use Role::{Admin, Agent, Dispatcher, Operator, Responder, Viewer};
    match noun {
        Noun::Person => &[Admin],
        Noun::Model | Noun::Report => &[Admin, Operator, Agent, Dispatcher],
        Noun::Call | Noun::Room | Noun::ShiftNote | Noun::DutyEntry => &[Admin, Operator, Agent, Dispatcher, Viewer],
        Noun::AdminUnit
        | Noun::District
        | Noun::LiveNodes
        | Noun::Exercise
        | Noun::Unit
        | Noun::Incident
        | Noun::Instruction
        | Noun::Warning
        | Noun::Sensor
        | Noun::Reading
        | Noun::Camera
        | Noun::Alarm => &[Admin, Operator, Agent, Dispatcher, Responder, Viewer],
    }
}

impl Rights {
    /// Whether they see such a record.
    pub(super) fn sees(&self, facts: &Facts) -> bool {
        self.is_reader(facts.noun) && self.is_asked(facts.noun) && self.reaches(facts) && self.works_on(facts)
    }

    /// Whether they see who calls, and what callers say.
    pub(super) fn sees_callers(&self) -> bool {
        let takes_calls = matches!(self.role, Role::Admin | Role::Operator | Role::Agent);
        takes_calls && self.key.is_none() && self.is_asked(Noun::Call)
    }

    /// Whether the role, and the key if there is one, is for the noun.
    pub(super) fn is_reader(&self, noun: Noun) -> bool {
        let is_of_key =
            |scopes: &Vec<KeyScope>| scopes.contains(&KeyScope::See) && noun != Noun::Person && noun != Noun::Report;
        readers(noun).contains(&self.role) && self.key.as_ref().is_none_or(is_of_key)
    }

    /// What cannot be asked for by itself is always told.
    fn is_asked(&self, noun: Noun) -> bool {
        let is_always = matches!(
            noun,
            Noun::Person | Noun::Room | Noun::ShiftNote | Noun::DutyEntry | Noun::Exercise | Noun::District
        );
        is_always || self.asked.is_empty() || self.asked.contains(&noun)
    }

    fn reaches(&self, facts: &Facts) -> bool {
        match (&self.places, facts.at) {
            (None, _) => true,
            (Some(places), Some(at)) => places.contains(&at),
            // What is written in the province's room is for who works for the province.
            (Some(_), None) => !matches!(facts.noun, Noun::ShiftNote | Noun::DutyEntry),
        }
    }

    /// What was told apart is for its field, and for agencies with a task in it; all else for the agencies that have a part in it,
    /// or for everybody if none has.
    pub(super) fn works_on(&self, facts: &Facts) -> bool {
        let Work { fields, agencies } = &self.work;
        let has_part = agencies.iter().any(|agency| facts.agencies.contains(agency));
        match facts.kind {
            Some(kind) if kind != IncidentKind::Other => has_part || fields.is_empty() || fields.contains(&kind),
            _ => has_part || agencies.is_empty() || facts.agencies.is_empty(),
        }
    }

    /// What is left of them on a screen that asks for these districts and nouns; none named: all.
    pub(super) fn narrowed(&self, wish: &Wish, districts: &BTreeMap<usize, BTreeSet<usize>>) -> Self {
        let mut narrowed = Self { asked: wish.nouns.clone(), ..self.clone() };
        if !wish.districts.is_empty() {
            let named: BTreeSet<usize> = communes(&wish.districts, districts);
            narrowed.places = Some(match &self.places {
                Some(places) => named.intersection(places).copied().collect(),
                None => named,
            });
        }
        narrowed
    }
}

/// What a screen asks for.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) districts: Vec<usize>,
    pub(super) nouns: Vec<Noun>,
}

fn communes(of: &[usize], districts: &BTreeMap<usize, BTreeSet<usize>>) -> BTreeSet<usize> {
    of.iter().filter_map(|district| districts.get(district)).flatten().copied().collect()
}

/// A person, as the test made them.
#[derive(Clone, Debug)]
pub(super) struct Somebody {
    pub(super) role: Role,
    /// Districts; none: everywhere.
    pub(super) scope: Option<Vec<usize>>,
    pub(super) work: Work,
    pub(super) disabled: bool,
    /// Whose rights they took, and until when.
    pub(super) lent: Option<(usize, u64)>,
    /// Until when the glass is broken.
    pub(super) glass_until: u64,
}

/// What somebody may see at a time; none: nothing, and no sign-in. Whose rights they took, they have instead of their own, with
/// what that person works on; a broken glass is every place and every field.
pub(super) fn rights(
    people: &[Somebody],
    who: usize,
    districts: &BTreeMap<usize, BTreeSet<usize>>,
    now: u64,
) -> Option<Rights> {
    let own = people.get(who).filter(|own| !own.disabled)?;
    let giver = own.lent.filter(|(_, until)| now < *until).map(|(giver, _)| &people[giver]);
    let holder = giver.filter(|giver| !giver.disabled).unwrap_or(own);
    let (role, key, asked) = (holder.role, None, Vec::new());
    if now < own.glass_until {
        return Some(Rights { role, places: None, work: Work::default(), key, asked });
    }
    let places = holder.scope.as_ref().map(|scope| communes(scope, districts));
    Some(Rights { role, places, work: holder.work.clone(), key, asked })
}
