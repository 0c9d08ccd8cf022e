//! What is written is read as it was meant, the components are those of the standard, and strangers are told what is wrong.

use domain::{
    AdminUnitCode, Dispatch, HandoverDirection, HandoverStatus, IncidentId, IncidentStatus, Millis, Place, ReceiverId,
};
use proptest::{prelude::*, sample::select};

use super::*;

fn handover(number: u32, status: HandoverStatus) -> Handover {
    Handover {
        number,
        direction: HandoverDirection::Out,
        party: Some(ReceiverId::new("115-hue").unwrap()),
        party_name: "Cấp cứu 115".into(),
        contact: String::new(),
        second: None,
        second_contact: "0234 115".into(),
        lead: true,
        reason: "Cần xe cấp cứu".into(),
        status,
        clock: 1,
        offered_at_ms: Millis(1_763_800_000_000),
        offered_by: None,
        escalated_at_ms: Millis(0),
        answered_at_ms: Millis(0),
        answered_by: None,
        answered_for: String::new(),
        answer: String::new(),
        reference: String::new(),
        withdrawn_at_ms: Millis(0),
    }
}

fn incident(kind: IncidentKind, severity: Severity, summary: &str, place: Place) -> Incident {
    Incident {
        id: IncidentId::new("I12").unwrap(),
        kind,
        severity,
        place,
        summary: summary.into(),
        status: IncidentStatus::Assigned,
        sources: Vec::new(),
        units: Vec::new(),
        opened_at_ms: Millis(1),
        opened_by: None,
        acknowledged_at_ms: Millis(0),
        acknowledged_by: None,
        closed_at_ms: Millis(0),
        merged_into: None,
        status_before_merge: None,
        acknowledge_due_at_ms: Millis(0),
        escalation_level: 0,
        reopened_count: 0,
        version: 4,
        exercise: false,
        place_is_mapped: false,
        suggestions: Vec::new(),
        dispatch: Dispatch { handovers: vec![handover(1, HandoverStatus::Offered)], ..Dispatch::default() },
        clocks: Vec::new(),
    }
}

fn place(latitude_e7: i32, longitude_e7: i32, address: &str) -> Place {
    Place { latitude_e7, longitude_e7, admin_unit: AdminUnitCode::new("19774").unwrap(), address: address.into() }
}

fn written(incident: &Incident) -> Value {
    write("trongdong-7", incident, incident.dispatch.handovers.last().unwrap(), Millis(1_763_800_000_000))
}

/// Every component begins as the standard has it, and what is referred to is there.
fn check_components(eido: &Value) {
    let mut ids = Vec::new();
    let mut references = Vec::new();
    let mut left = vec![eido];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(to) = fields.get("$ref") {
                    references.push(to.as_str().unwrap().to_owned());
                }
                if let Some(id) = fields.get("$id") {
                    ids.push(id.as_str().unwrap().to_owned());
                    assert!(
                        fields["lastUpdateTimeStamp"].is_string() && fields["updatedByAgencyReference"].is_object()
                    );
                }
                left.extend(fields.values());
            }
            Value::Array(items) => left.extend(items),
            _ => {}
        }
    }
    for to in references {
        assert!(ids.contains(&to), "{to} is referred to and is not there: {ids:?}");
    }
}

#[test]
fn an_object_has_what_the_standard_requires() {
    let incident =
        incident(IncidentKind::Medical, Severity::High, "Ngất xỉu", place(164_637_000, 1_075_909_000, "Cầu"));
    let eido = written(&incident);
    check_components(&eido);
    assert_eq!((&eido["eidoVersion"], &eido["issuingElementIdentification"]), (&json!("1.0"), &json!("trongdong-7")));
    assert_eq!(eido["incidentComponent"]["incidentTypeCommonRegistryText"], "Medical");
    assert_eq!(eido["incidentComponent"]["incidentCommonPriorityNumber"], 2);
    let owners: Vec<_> =
        eido["agencyComponent"].as_array().unwrap().iter().map(|it| &it["incidentOwningAgencyIndicator"]).collect();
    assert_eq!(owners, [&json!(true), &json!(false)], "an offer changes nothing yet");
    assert_eq!(eido[EXTENSION]["handover"], "I12.1");

    let mut taken = incident;
    taken.dispatch.handovers = vec![handover(1, HandoverStatus::Accepted)];
    assert_eq!(written(&taken)["agencyComponent"][1]["incidentOwningAgencyIndicator"], true);
}

#[test]
fn what_is_wrong_is_named() {
    let right = written(&incident(IncidentKind::Fire, Severity::Low, "Cháy", place(1, 2, "")));
    let field = |change: &dyn Fn(&mut Value)| {
        let mut eido = right.clone();
        change(&mut eido);
        read(&serde_json::to_vec(&eido).unwrap()).unwrap_err().field().to_owned()
    };
    assert_eq!(field(&|it| it["eidoVersion"] = json!("2.0")), "eidoVersion");
    assert_eq!(field(&|it| it["$id"] = json!("")), "$id");
    assert_eq!(field(&|it| it["incidentComponent"] = Value::Null), "incidentComponent");
    assert_eq!(field(&|it| it["locationComponent"] = json!([])), "locationComponent.locationByValue");
    assert_eq!(field(&|it| it["notesComponent"] = json!(vec![json!({"$id": "n"}); 257])), "notesComponent");
    assert_eq!(
        field(&|it| it["locationComponent"][0]["locationByValue"] = json!("<pos>91 0</pos>")),
        "locationComponent.locationByValue"
    );
    assert_eq!(read(b"{").unwrap_err().field(), "body");
}

#[test]
fn another_services_object_is_read_by_the_registrys_words() {
    let eido = json!({
        "$id": "urn:emergency:uid:incidentid:a56e:bcf.example", "eidoVersion": "1.0",
        "issuingElementIdentification": "idx.example",
        "incidentComponent": {"$id": "i", "incidentTypeCommonRegistryText": "Structure Fire", "incidentCommonPriorityNumber": 1},
        "locationComponent": [{"$id": "l", "locationTypeDescriptionRegistryText": "Caller",
            "locationByValue": "<gp:location-info><gml:Point><gml:pos>\n16.5 -107.25 </gml:pos></gml:Point><A3>Hu\u{1ebf}</A3>"}],
        "agencyComponent": []
    });
    let offered = read(&serde_json::to_vec(&eido).unwrap()).unwrap();
    assert_eq!(
        (offered.kind, offered.severity, offered.summary.as_str()),
        (IncidentKind::Fire, Severity::Critical, "Structure Fire")
    );
    assert_eq!(
        (offered.latitude_e7, offered.longitude_e7, offered.commune.as_str()),
        (165_000_000, -1_072_500_000, "Huế")
    );
    assert!(offered.lead && !offered.exercise && !offered.withdrawn);
}

#[test]
fn names_of_hand_overs_are_read_back() {
    assert_eq!(read_handover_name("I12.3"), Some((IncidentId::new("I12").unwrap(), 3)));
    assert_eq!(["I12", "I12.", ".3", "I 1.3", "I1.x"].map(read_handover_name), [const { None }; 5]);
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was_meant(
        kind in select(IncidentKind::ALL), severity in select(Severity::ALL), summary in "\\PC{1,80}", address in "\\PC{0,40}",
        latitude_e7 in -900_000_000..=900_000_000, longitude_e7 in -1_800_000_000..=1_800_000_000, exercise in any::<bool>(),
    ) {
        let (summary, address) = (tidy(&summary), crate::public::words::tidy_line(&address));
        prop_assume!(!summary.is_empty());
        let mut sent = incident(kind, severity, &summary, place(latitude_e7, longitude_e7, &address));
        sent.exercise = exercise;
        let offered = read(&serde_json::to_vec(&written(&sent)).unwrap()).unwrap();
        let expected = Offered {
            reference: "urn:emergency:uid:incidentid:I12:trongdong-7".into(),
            kind,
            severity,
            summary,
            latitude_e7,
            longitude_e7,
            commune: "19774".into(),
            address,
            lead: true,
            exercise,
            withdrawn: false,
        };
        prop_assert_eq!(offered, expected);
    }

    #[test]
    fn any_bytes_may_come(bytes in proptest::collection::vec(any::<u8>(), 0..300), xml in any::<String>()) {
        let _ = read(&bytes);
        let _ = pidf::read(&xml);
    }
}
