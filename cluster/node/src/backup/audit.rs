//! Whether the rows of a backup are what its manifest says, and a state that could have been. Pure.

use domain::{GroupId, Row, State, Violation, chunk, rows, wire::Malformed};
use edge::{Sealer, person_context};
use raft::backup::{OutOfOrder, Summing};

use super::manifest::{GroupManifest, Manifest};

/// Rows that must not become a state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// They are not in key order.
    #[error("thứ tự dòng sai / {0}")]
    Order(#[from] OutOfOrder),
    /// They are others than were written down.
    #[error("các dòng không khớp bản kê / its rows are not those of the manifest")]
    Sum,
    /// They are no state.
    #[error("không dựng lại được trạng thái / no state comes of its rows: {0}")]
    Rows(#[from] Malformed),
    /// The state cannot be.
    #[error("trạng thái không hợp lệ / its state breaks {0}")]
    Violation(#[from] Violation),
    /// The state gives other rows than it was made of.
    #[error("mã băm trạng thái không khớp / the digest of its state is not the manifest's")]
    Digest,
    /// A field group names an index of the command group that the backup does not hold.
    #[error(
        "mốc quyền {floor} vượt chỉ số {index} của nhóm 0 / its policy floor {floor} is above index {index} of group 0"
    )]
    PolicyFloor {
        /// The floor.
        floor: u64,
        /// What the command group's rows hold.
        index: u64,
    },
}

/// One group, row by row.
pub struct GroupAudit<'m> {
    manifest: &'m GroupManifest,
    summing: Summing,
    state_rows: Vec<Row>,
}

impl<'m> GroupAudit<'m> {
    /// Begins with a group.
    #[must_use]
    pub fn new(manifest: &'m GroupManifest) -> Self {
        Self { manifest, summing: Summing::default(), state_rows: Vec::new() }
    }

    /// Looks at the next rows.
    ///
    /// # Errors
    /// They do not follow those before.
    pub fn add(&mut self, rows: Vec<Row>) -> Result<(), AuditError> {
        for row in rows {
            self.summing.add(&row)?;
            if row.key.first() == Some(&rows::READING_CHUNKS) {
                chunk::decode(&row.value)?;
            }
            if rows::is_state(&row.key) {
                self.state_rows.push(row);
            }
        }
        Ok(())
    }

    /// The state that the rows are.
    ///
    /// # Errors
    /// [`AuditError`].
    pub fn finish(self) -> Result<State, AuditError> {
        if self.summing.finish() != self.manifest.sum() {
            return Err(AuditError::Sum);
        }
        // The sum held, so these are the rows of the manifest. What an older program wrote the state gives as it is read now.
        let mut as_read = Summing::default();
        for row in &self.state_rows {
            as_read.add(&State::row_as_read(row.clone())?)?;
        }
        let state = State::from_rows(GroupId(self.manifest.group), self.state_rows)?;
        state.check()?;
        if state_sha256(&state)? != as_read.finish().state_sha256 {
            return Err(AuditError::Digest);
        }
        Ok(state)
    }
}

/// The digest of a state: SHA-256 over its rows in key order, as `raft::backup::Sum` has it.
///
/// # Errors
/// Two of its rows have one key.
pub fn state_sha256(state: &State) -> Result<[u8; 32], AuditError> {
    // They come by table and noun, which is not everywhere the order of keys.
    let mut rows = state.rows();
    rows.sort_unstable_by(|one, other| one.key.cmp(&other.key));
    let mut summing = Summing::default();
    rows.iter().try_for_each(|row| summing.add(row))?;
    Ok(summing.finish().state_sha256)
}

/// What must hold between the groups: `state` is of one of `manifest`.
///
/// # Errors
/// The group names what the command group does not hold.
pub fn across(manifest: &Manifest, state: &State) -> Result<(), AuditError> {
    let index = manifest.groups.first().map_or(0, |command| command.index);
    let floor = state.policy_floor();
    if state.group().is_field() && floor > index {
        return Err(AuditError::PolicyFloor { floor, index });
    }
    Ok(())
}

/// The person whose credential this key does not open, if there is one: then it is not the key of that cluster.
#[must_use]
pub fn sealed_under_another(command: &State, key: &[u8; 32]) -> Option<domain::PersonId> {
    let sealer = Sealer::new(key);
    let persons = command.persons().values().filter(|person| !person.credential_sealed.is_empty());
    let mut closed = persons.filter(|it| sealer.open(&person_context(&it.id), &it.credential_sealed).is_err());
    closed.next().map(|person| person.id.clone())
}

#[cfg(test)]
mod tests {
    use domain::{
        AssignIncident, Command, Duty, Entry, IncidentId, IncidentKind, Millis, OpenIncident, Origin, Place, PutUnit,
        Reply, Severity, Source, Unit, UnitId, UnitStatus, wire::Record,
    };

    use super::*;
    use crate::backup::{
        collect::Collector,
        tests::{SEALING_KEY, command_state, parts},
    };

    fn manifest() -> Manifest {
        let mut collector = Collector::default();
        for part in parts(3) {
            collector.take(part).unwrap();
        }
        collector.finish("n".into()).unwrap()
    }

    fn audit(manifest: &GroupManifest, rows: Vec<Row>) -> Result<State, AuditError> {
        let mut audit = GroupAudit::new(manifest);
        audit.add(rows)?;
        audit.finish()
    }

    /// As if the group had held these rows.
    fn sum_anew(group: &mut GroupManifest, rows: &[Row]) {
        let mut summing = Summing::default();
        rows.iter().for_each(|row| summing.add(row).unwrap());
        let sum = summing.finish();
        (group.rows, group.bytes) = (sum.rows, sum.bytes);
        (group.rows_sha256.0, group.state_sha256.0) = (sum.rows_sha256, sum.state_sha256);
    }

    /// A unit on an incident.
    fn send_boat(state: &mut State) {
        let admin_unit = state.admin_units().keys().next().unwrap().clone();
        let place = Place { latitude_e7: 215_900_000, longitude_e7: 1_058_400_000, admin_unit, address: String::new() };
        let unit = Unit {
            id: UnitId::new("boat").unwrap(),
            name: "Xuồng".into(),
            agency: String::new(),
            skills: Vec::new(),
            station: place.clone(),
            position: place.clone(),
            position_at_ms: Millis(0),
            status: UnitStatus::Available,
            status_at_ms: Millis(0),
            incident: None,
            version: 0,
            duty: Duty::default(),
        };
        let opened = OpenIncident {
            kind: IncidentKind::Flood,
            severity: Severity::High,
            place,
            summary: "Ngập".into(),
            source: Source {
                origin: Origin::Report("114".into()),
                episode: 0,
                version: 0,
                active: false,
                at_ms: Millis(0),
                alarm_report: None,
            },
            exercise: false,
            place_is_mapped: false,
            advice: None,
        };
        let sent = AssignIncident {
            incident: IncidentId::new("I1").unwrap(),
            expected_version: 1,
            units: vec![unit.id.clone()],
        };
        let commands: [Command; 3] = [PutUnit { unit }.into(), opened.into(), sent.into()];
        for (index, command) in (100..).zip(commands) {
            let entry =
                Entry { at_ms: Millis(index * 1_000), request: None, grant: None, command, salt: bytes::Bytes::new() };
            let reply = state.apply(index, &entry).reply;
            assert!(matches!(reply, Reply::Accepted(_)), "{reply:?}");
        }
    }

    #[test]
    fn the_state_comes_back() {
        let (manifest, state) = (manifest(), command_state(3));
        assert_eq!(audit(&manifest.groups[0], state.rows()), Ok(state));
    }

    #[test]
    fn other_rows_are_refused() {
        let (manifest, state) = (manifest(), command_state(3));
        let mut fewer = state.rows();
        fewer.pop();
        assert_eq!(audit(&manifest.groups[0], fewer), Err(AuditError::Sum));
        let mut swapped = state.rows();
        swapped.swap(0, 1);
        assert!(matches!(audit(&manifest.groups[0], swapped), Err(AuditError::Order(_))));
    }

    #[test]
    fn rows_that_add_up_and_are_no_state_are_refused() {
        let mut manifest = manifest();
        let mut rows = command_state(3).rows();
        // The scalars are gone, and the manifest knows nothing of them.
        rows.remove(0);
        let group = &mut manifest.groups[0];
        sum_anew(group, &rows);
        assert!(matches!(audit(group, rows), Err(AuditError::Rows(_))));
    }

    #[test]
    fn a_chunk_of_readings_that_cannot_be_read_is_refused() {
        let (manifest, mut held) = (manifest(), command_state(3).rows());
        let sensor = domain::SensorId::new("s1").unwrap();
        let key = rows::reading_chunk_key(&sensor, domain::Millis(1), 1, 0);
        held.push(Row { key, value: bytes::Bytes::from_static(b"\xff") });
        held.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        assert!(matches!(audit(&manifest.groups[0], held), Err(AuditError::Rows(_))));
    }

    #[test]
    fn a_unit_that_an_older_program_wrote_is_no_damage() {
        let (mut manifest, mut state) = (manifest(), command_state(3));
        send_boat(&mut state);
        let mut rows = state.rows();
        let stored = rows.iter_mut().find(|row| row.key.first() == Some(&rows::UNITS)).unwrap();
        let older = Unit { duty: Duty::default(), ..Unit::decode(&stored.value).unwrap() };
        stored.value = older.encode().into();
        rows.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        let group = &mut manifest.groups[0];
        sum_anew(group, &rows);
        let read = audit(group, rows).unwrap();
        assert!(read.units()["boat"].duty.assignment.is_some());
    }

    #[test]
    fn a_key_of_another_cluster_is_known_by_what_it_does_not_open() {
        let state = command_state(3);
        assert_eq!(sealed_under_another(&state, &SEALING_KEY), None);
        assert_eq!(sealed_under_another(&state, &[0; 32]).unwrap().as_str(), "quan-tri");
    }

    #[test]
    fn a_field_group_names_no_index_that_the_command_group_has_not() {
        let mut manifest = manifest();
        let mut field = State::new(GroupId(1));
        let raise = domain::Entry {
            at_ms: domain::Millis(1),
            request: None,
            grant: None,
            command: domain::RaisePolicyFloor { floor: 12 }.into(),
            salt: bytes::Bytes::new(),
        };
        assert!(matches!(field.apply(1, &raise).reply, domain::Reply::Accepted(_)));
        manifest.groups[0].index = 12;
        assert_eq!(across(&manifest, &field), Ok(()));
        manifest.groups[0].index = 11;
        assert_eq!(across(&manifest, &field), Err(AuditError::PolicyFloor { floor: 12, index: 11 }));
    }
}
