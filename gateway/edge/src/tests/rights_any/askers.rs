//! Somebody of every role in every scope with every remit, and which of them ask a path.

use domain::{
    GroupId, IncidentKind, Millis, OpenSession, PersonId, PutPerson, PutRemit, Remit, Role, policy, policy::Action,
};

use super::super::{
    double::{Cluster, Node},
    province::{accepted, person},
};
use super::{declared::Asked, furnished::AGENCIES};
use crate::{auth::Token, cluster::read};

/// Rooms; none: everywhere.
const SCOPES: [&[&str]; 3] = [&["d1"], &["d2"], &[]];

/// Of each field by itself, with and without an agency; of two; of an agency alone; of all.
pub(super) fn remits() -> Vec<Remit> {
    let remit = |fields: &[IncidentKind], agencies: &[&str]| Remit {
        fields: fields.to_vec(),
        agencies: agencies.iter().map(ToString::to_string).collect(),
    };
    let with = |n: usize| if n.is_multiple_of(2) { &AGENCIES[n / 2 % 3..=n / 2 % 3] } else { &[] };
    let each = IncidentKind::ALL.iter().enumerate().map(|(n, field)| remit(&[*field], with(n)));
    let rest = [remit(&[IncidentKind::Flood, IncidentKind::Fire], &["114"]), remit(&[], &["115"]), Remit::default()];
    each.chain(rest).collect()
}

/// Somebody of one role in one scope with one remit.
pub(super) struct Asker {
    pub(super) name: String,
    pub(super) token: Token,
    pub(super) grant: domain::Grant,
}

/// A session that outlives the test.
pub(super) fn signed_in(cluster: &Cluster, node: &Node, person: &PersonId) -> Token {
    let token = Token::random().unwrap();
    let expires_at_ms: Millis = read(node, GroupId(0), domain::State::clock).plus(40_000_000);
    let open = OpenSession { session: token.session(), person: person.clone(), expires_at_ms };
    accepted(cluster.commit(GroupId(0), open));
    token
}

/// Everybody: of each role in each scope with each remit.
pub(super) struct Askers {
    roles: Vec<Role>,
    remits: usize,
    all: Vec<Asker>,
}

impl Askers {
    /// Of every role.
    pub(super) fn new(cluster: &Cluster, node: &Node) -> Self {
        Self::of(Role::ALL, cluster, node)
    }

    /// Of these roles.
    pub(super) fn of(roles: &[Role], cluster: &Cluster, node: &Node) -> Self {
        let remits = remits();
        let mut all = Vec::new();
        for role in roles {
            for (n, scope) in SCOPES.iter().enumerate() {
                for (field, remit) in remits.iter().enumerate() {
                    let name = format!("{role}-{n}-{field}");
                    let id = PersonId::new(&name).unwrap();
                    accepted(cluster.commit(GroupId(0), PutPerson { person: person(&name, *role, scope) }));
                    accepted(cluster.commit(GroupId(0), PutRemit { person: id.clone(), remit: remit.clone() }));
                    let token = signed_in(cluster, node, &id);
                    let grant = read(node, GroupId(0), |state0| policy::grant(state0, &id, 1)).unwrap();
                    all.push(Asker { name, token, grant });
                }
            }
        }
        Self { roles: roles.to_vec(), remits: remits.len(), all }
    }

    pub(super) fn all(&self) -> &[Asker] {
        &self.all
    }

    fn at(&self, role: usize, scope: usize, remit: usize) -> &Asker {
        &self.all[(role * SCOPES.len() + scope % SCOPES.len()) * self.remits + remit % self.remits]
    }

    /// Who asks the `turn`-th path: of each role that has the right at all half of the remits, each in a scope, so that every role
    /// meets every remit within two paths and in every scope within six; of each that has not, two; of what is everybody's, two in all.
    pub(super) fn of_path(&self, asked: Asked, turn: usize) -> Vec<&Asker> {
        if matches!(asked, Asked::Nobody) {
            return self.of_command(turn).into_iter().take(2).collect();
        }
        let mut chosen = Vec::new();
        for role in 0..self.roles.len() {
            let everybody = self.at(role, SCOPES.len() - 1, self.remits - 1);
            if is_refused(asked, everybody) {
                chosen.extend([self.at(role, turn, turn), self.at(role, turn + 1, turn + self.remits / 2)]);
                continue;
            }
            let remits = (0..self.remits).filter(|remit| (remit + role + turn).is_multiple_of(2));
            chosen.extend(remits.map(|remit| self.at(role, remit / 2 + role + turn, remit)));
        }
        chosen
    }

    /// Who is refused the `turn`-th command: two of each role, of other scopes and remits each turn.
    pub(super) fn of_command(&self, turn: usize) -> Vec<&Asker> {
        let of_role = |role: usize| [self.at(role, turn, turn + role), self.at(role, turn + 1, turn * 5 + role + 3)];
        (0..self.roles.len()).flat_map(of_role).collect()
    }
}

/// Whether the policy refuses the route to this right.
pub(super) fn is_refused(asked: Asked, asker: &Asker) -> bool {
    match asked {
        Asked::Asks(actions) => actions.iter().all(|action| policy::allows(&asker.grant, *action, None).is_err()),
        Asked::AsksWhole(action) => policy::allows_every_field(&asker.grant, action).is_err(),
        Asked::Nobody | Asked::Anybody | Asked::Other => false,
    }
}

/// Whether the record's words, of whatever field, may be met by this right.
pub(super) fn reads_record(asker: &Asker) -> bool {
    policy::allows_every_field(&asker.grant, Action::ReadRecord).is_ok()
}
