//! Rights that become others.

use domain::{
    BreakGlass, Command, Delegation, DelegationId, EndGlass, GroupId, Millis, PutDelegation, PutDistrict,
    RaisePolicyFloor, TakeDelegation, policy::Noun,
};

use super::super::super::province::district;
use super::{Doing, LASTS_MS, Ledger, Record, Step, Then, id_of, put_person, put_remit, text};

impl Ledger {
    pub(super) fn of_rights(&mut self, step: &Step, part: usize, now: u64) -> Option<Doing> {
        if part > 0 && !matches!(step, Step::Lend { .. }) {
            return None;
        }
        let (by, command, then): (Option<String>, Command, Then) = match step.clone() {
            Step::Person { who, role, scope, disabled } => {
                let command = put_person(who, role, scope.as_deref(), disabled).into();
                let then: Then = Box::new(move |ledger, _, _| {
                    let known = &mut ledger.people[who];
                    (known.role, known.scope, known.disabled) = (role, scope, disabled);
                    None
                });
                (None, command, then)
            }
            Step::Remit { who, work } => {
                let command = put_remit(who, &work).into();
                let then: Then = Box::new(move |ledger, _, _| {
                    ledger.people[who].work = work;
                    None
                });
                (None, command, then)
            }
            Step::District { district: n, communes } => {
                let put = PutDistrict { district: district(&format!("d{n}"), &communes, u32::try_from(n).unwrap()) };
                let then: Then = Box::new(move |ledger, _, _| {
                    ledger.districts.insert(n, communes.into_iter().collect());
                    None
                });
                (None, put.into(), then)
            }
            Step::Lend { giver, deputy } => return self.lend(giver, deputy, part, now),
            Step::LayDown { who } => {
                let then: Then = Box::new(move |ledger, _, _| {
                    ledger.people[who].lent = None;
                    None
                });
                (Some(format!("p{who}")), TakeDelegation { delegation: None }.into(), then)
            }
            Step::Glass { who } => {
                let word = self.word();
                let then: Then = Box::new(move |ledger, _, now| {
                    ledger.people[who].glass_until = now + LASTS_MS;
                    ledger.told_of_people(word)
                });
                (Some(format!("p{who}")), BreakGlass { reason: text(word), lasts_ms: LASTS_MS }.into(), then)
            }
            Step::EndGlass { who } => {
                let then: Then = Box::new(move |ledger, _, _| {
                    ledger.people[who].glass_until = 0;
                    None
                });
                (None, EndGlass { person: id_of(who) }.into(), then)
            }
            _ => (None, RaisePolicyFloor { floor: 0 }.into(), Box::new(|_, _, _| None)),
        };
        Some(Doing { group: GroupId(0), by, command, then })
    }

    /// It is given, and then taken.
    fn lend(&mut self, giver: usize, deputy: usize, part: usize, now: u64) -> Option<Doing> {
        // The newest word is why it was given.
        let number = if part == 0 { self.word() } else { self.words.len() - 1 };
        let id = DelegationId::new(&format!("q{number}")).unwrap();
        let (by, command, then): (Option<String>, Command, Then) = match part {
            0 => {
                self.lent_until = now + LASTS_MS;
                let delegation = Delegation {
                    id,
                    giver: id_of(giver),
                    deputy: id_of(deputy),
                    from_ms: Millis(now),
                    until_ms: Millis(self.lent_until),
                    reason: text(number),
                };
                let then: Then = Box::new(move |ledger, _, _| ledger.told_of_people(number));
                (None, PutDelegation { delegation }.into(), then)
            }
            1 => {
                let until = self.lent_until;
                let then: Then = Box::new(move |ledger, _, _| {
                    ledger.people[deputy].lent = Some((giver, until));
                    None
                });
                (Some(format!("p{deputy}")), TakeDelegation { delegation: Some(id) }.into(), then)
            }
            _ => return None,
        };
        Some(Doing { group: GroupId(0), by, command, then })
    }

    /// Why rights changed is told to who sees people, and stays in no picture.
    fn told_of_people(&mut self, word: usize) -> Option<usize> {
        let record = Record { is_held: false, ..Record::new(Noun::Person, None, Some(word)) };
        self.put(format!("why/{word}"), record)
    }
}
