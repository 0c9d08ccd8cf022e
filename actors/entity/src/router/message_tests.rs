use domain::{
    Accepted, DeviceStatus, IncidentId, Logged, Micro, Millis, NoteIncident, PersonId, ReadingVerdict, Refusal,
    RefusalCode, Role, SensorId, SessionId,
};
use proptest::prelude::*;

use super::*;

fn reading(at: u64) -> Reading {
    Reading {
        sensor: SensorId::new("S1").unwrap(),
        at_ms: Millis(at),
        value_micro: Micro(-1),
        status: DeviceStatus::Fault,
        unit_of_measure: "m".into(),
    }
}

fn note() -> Envelope {
    let grant = Grant {
        person: PersonId::new("lan").unwrap(),
        role: Role::Agent,
        everywhere: true,
        admin_units: Default::default(),
        index: 7,
        from: "10.0.0.7".into(),
        why: "a drill".into(),
        terms: domain::Terms::default(),
    };
    let note = NoteIncident { incident: IncidentId::new("I1").unwrap(), note: "đã gọi".into() };
    Envelope {
        group: GroupId(0),
        request: Some(RequestId { session: SessionId([3; 32]), seq: 9 }),
        grant: Some(grant),
        body: Body::Command(Box::new(note.into())),
    }
}

#[test]
fn a_message_arrives_as_it_was_sent() {
    let readings =
        Envelope { group: GroupId(8), request: None, grant: None, body: Body::Readings(vec![reading(1), reading(2)]) };
    for envelope in [note(), readings] {
        let deadline = Duration::from_millis(1234);
        assert_eq!(Envelope::decode(envelope.encode(deadline, 1)).unwrap(), (envelope, deadline));
    }
}

#[test]
fn a_wrong_message_is_refused_by_its_field() {
    let wrong = |edit: &dyn Fn(&mut generated::Tell)| {
        let mut tell = generated::Tell::decode(note().encode(Duration::ZERO, 1)).unwrap();
        edit(&mut tell);
        Envelope::decode(tell.encode_to_vec().into()).unwrap_err().field
    };
    assert_eq!(wrong(&|tell| tell.group = 9), "tell.group");
    assert_eq!(wrong(&|tell| tell.hops = HOPS_MAX + 1), "tell.hops");
    assert_eq!(wrong(&|tell| tell.message = None), "tell.message");
    let many = generated::Readings { readings: vec![reading(1).to_wire(); READINGS_PER_COMMAND_MAX + 1] };
    let many = Some(generated::tell::Message::Readings(many));
    assert_eq!(wrong(&|tell| tell.message = many.clone()), "tell.readings");
}

#[test]
fn every_answer_arrives_as_it_was_given() {
    let verdicts = vec![ReadingVerdict::Recorded, ReadingVerdict::TooLate];
    let logged = Some(Logged { group: GroupId(8), index: 77, term: 5, again: true });
    let accepted =
        Reply::Accepted(Accepted { entity: "I1".into(), version: 3, verdicts, logged, ..Accepted::default() });
    let refusal = Refusal { code: RefusalCode::NotDue, field: "x".into(), message: "y".into() };
    let served = [
        Ok(accepted),
        Ok(Reply::Refused(refusal)),
        Err(ServeError::NotLeader(None)),
        Err(ServeError::NotLeader(Some(3))),
        Err(ServeError::Overloaded),
        Err(ServeError::DiskFull),
        Err(ServeError::Unknown),
        Err(ServeError::Stopped),
    ];
    for served in served {
        assert_eq!(decode_told(&encode_told(served.clone())).unwrap(), Outcome::from(served));
    }
    let other = generated::TellFailure { code: "of a later version".into(), leader: 0 };
    let other = generated::Told { outcome: Some(generated::told::Outcome::Failure(other)) };
    assert_eq!(decode_told(&other.encode_to_vec()).unwrap(), Outcome::Failed(Failure::Unknown));
}

#[test]
fn only_what_has_an_identity_is_sent_again() {
    assert!(note().is_idempotent());
    assert!(!Envelope { request: None, ..note() }.is_idempotent());
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_told(&bytes);
        if let Ok((envelope, deadline)) = Envelope::decode(bytes.into()) {
            prop_assert_eq!(Envelope::decode(envelope.encode(deadline, 0)).unwrap(), (envelope, deadline));
        }
    }

    #[test]
    fn a_damaged_message_is_read_or_refused(at in 0usize..80, byte in any::<u8>()) {
        let mut bytes = note().encode(Duration::from_secs(1), 1).to_vec();
        if let Some(slot) = bytes.get_mut(at) {
            *slot = byte;
        }
        let _ = Envelope::decode(bytes.into());
    }
}
