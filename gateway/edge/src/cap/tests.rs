//! Every message is one by the schema; what is in a record neither breaks out nor is lost.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use domain::{AdminUnitCode, GeoCircle, IncidentId, PersonId, WarningContent, WarningId, WarningStatus};
use proptest::{prelude::*, sample::select};

use super::*;

fn text(language: &str, words: &str) -> WarningText {
    WarningText {
        language: language.into(),
        event: "Lũ".into(),
        headline: words.into(),
        description: format!("{words}\nMực nước vượt báo động III"),
        instruction: "Rời khỏi bãi sông ngay".into(),
    }
}

fn area(polygon: Vec<GeoPoint>, circle: Option<GeoCircle>) -> WarningArea {
    WarningArea {
        admin_unit: AdminUnitCode::new("19774").unwrap(),
        name: "Phường Thuận Hóa".into(),
        name_en: "Thuan Hoa ward".into(),
        polygon,
        circle,
    }
}

fn reference_to(number: u64) -> WarningReference {
    let warning = WarningId::new(&format!("W{number}")).unwrap();
    WarningReference { warning, sender: "ioc.example.vn".into(), sent_at_ms: Millis(1_763_800_000_000 + number) }
}

fn warning(message: WarningMessage, purpose: WarningPurpose) -> Warning {
    let follows = message != WarningMessage::Alert;
    Warning {
        id: WarningId::new("W3").unwrap(),
        incident: IncidentId::new("I12").unwrap(),
        kind: IncidentKind::Flood,
        admin_unit: AdminUnitCode::new("19774").unwrap(),
        message,
        content: WarningContent {
            purpose,
            sender: "ioc.example.vn".into(),
            sender_name: "Trung tâm điều hành".into(),
            severity: Severity::Critical,
            urgency: WarningUrgency::Immediate,
            certainty: WarningCertainty::Observed,
            response: WarningResponse::Evacuate,
            onset_at_ms: Millis(0),
            expires_at_ms: Millis(1_763_890_000_000),
            contact: "0234 3 822 000".into(),
            texts: vec![text("vi", "Nước sông Hương lên nhanh"), text("en", "The Huong river rises fast")],
            areas: vec![area(Vec::new(), None)],
        },
        of: follows.then(|| WarningId::new("W2").unwrap()),
        references: if follows { vec![reference_to(1), reference_to(2)] } else { Vec::new() },
        status: WarningStatus::Published,
        drafted_by: PersonId::new("lan-who-wrote-it").unwrap(),
        drafted_at_ms: Millis(1_763_800_000_000),
        decided_by: Some(PersonId::new("minh-who-read-it").unwrap()),
        sent_at_ms: Millis(1_763_830_800_000),
        ended_at_ms: Millis(0),
        reason: String::new(),
        version: 2,
    }
}

/// One that everybody can read.
pub(crate) fn published() -> Warning {
    warning(WarningMessage::Alert, WarningPurpose::Actual)
}

#[test]
fn every_message_of_every_purpose_is_one_by_the_schema() {
    for message in WarningMessage::ALL {
        for purpose in WarningPurpose::ALL {
            let xml = alert(&warning(*message, *purpose));
            strict::check(&xml).unwrap_or_else(|wrong| panic!("{wrong}\n{xml}"));
        }
    }
}

#[test]
fn the_checker_finds_what_is_wrong() {
    let xml = alert(&warning(WarningMessage::Update, WarningPurpose::Exercise));
    let wrong = [
        ("<scope>Public</scope>", ""),
        ("<scope>Public</scope>", "<scope>Public</scope><scope>Public</scope>"),
        ("<status>Exercise</status>", "<status>Drill</status>"),
        ("+07:00</sent>", "Z</sent>"),
        ("<sender>ioc.example.vn", "<sender>ioc example.vn"),
        ("<msgType>Update</msgType>", "<msgType>Alert</msgType>"),
        ("<urgency>Immediate</urgency>", ""),
        ("urn:oasis:names:tc:emergency:cap:1.2", "urn:oasis:names:tc:emergency:cap:1.1"),
    ];
    for (right, wrong) in wrong {
        let changed = xml.replacen(right, wrong, 1);
        assert_ne!(changed, xml, "{right}");
        assert!(strict::check(&changed).is_err(), "{right} as {wrong}");
    }
}

#[test]
fn a_cancellation_names_all_that_came_before_it_and_nobody_by_name() {
    let xml = alert(&warning(WarningMessage::Cancel, WarningPurpose::Actual));
    assert!(
        xml.contains(
            "<references>ioc.example.vn,trongdong-W1-1763800000001,2025-11-22T15:26:40+07:00 \
         ioc.example.vn,trongdong-W2-1763800000002,2025-11-22T15:26:40+07:00</references>"
        ),
        "{xml}"
    );
    assert!(xml.contains("<sent>2025-11-23T00:00:00+07:00</sent>"), "{xml}");
    assert!(xml.contains("<identifier>trongdong-W3-1763830800000</identifier>"));
    assert!(
        xml.contains("<areaDesc>Phường Thuận Hóa</areaDesc>") && xml.contains("<areaDesc>Thuan Hoa ward</areaDesc>")
    );
    assert!(xml.contains("<value>19774</value>"));
    assert!(!xml.contains("who-"), "no person of ours gets out");
}

#[test]
fn shapes_are_written_in_degrees_and_kilometres() {
    let mut shaped = warning(WarningMessage::Alert, WarningPurpose::Test);
    let point = |latitude_e7, longitude_e7| GeoPoint { latitude_e7, longitude_e7 };
    let (a, b, c) = (point(164_637_000, 1_075_909_000), point(-5, 0), point(900_000_000, -1_800_000_000));
    let circle = GeoCircle { center: a, radius_m: 2_050 };
    shaped.content.areas = vec![area(vec![a, b, c, a], Some(circle))];
    let xml = alert(&shaped);
    strict::check(&xml).unwrap();
    let ring = "16.4637000,107.5909000 -0.0000005,0.0000000 90.0000000,-180.0000000 16.4637000,107.5909000";
    assert!(xml.contains(&format!("<polygon>{ring}</polygon>")), "{xml}");
    assert!(xml.contains("<circle>16.4637000,107.5909000 2.050</circle>"), "{xml}");
}

#[test]
fn a_feed_marks_what_is_not_in_earnest() {
    let all = [
        warning(WarningMessage::Alert, WarningPurpose::Exercise),
        warning(WarningMessage::Cancel, WarningPurpose::Actual),
        warning(WarningMessage::Alert, WarningPurpose::Actual),
    ];
    let xml = feed("urn:trongdong:warnings:7", Millis(1), &all);
    assert_eq!(xml.matches("<entry>").count(), 3);
    let titles: Vec<_> = xml.split("<title>").skip(2).map(|rest| rest.split('<').next().unwrap()).collect();
    let headline = "Nước sông Hương lên nhanh";
    assert_eq!(titles, [format!("[DIỄN TẬP] {headline}"), format!("[HỦY] {headline}"), headline.to_owned()]);
    assert!(xml.contains("href=\"/api/public/warnings/W3\""));
    let empty = feed("urn:x", Millis(0), &[]);
    assert!(empty.contains("<updated>1970-01-01T07:00:00+07:00</updated>"), "{empty}");
}

/// Whether a checker that shares no code with ours takes the text as one by OASIS's own schema.
fn is_valid_by_the_published_schema(xml: &str) -> bool {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cap/CAP-v1.2.xsd");
    let checker = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema", schema, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut checker = checker.expect("xmllint checks what we publish: apt-get install libxml2-utils");
    checker.stdin.take().unwrap().write_all(xml.as_bytes()).unwrap();
    checker.wait().unwrap().success()
}

/// Every message of every purpose, and every word that one of them can hold.
fn all_that_can_be_published() -> Vec<Warning> {
    let mut all = Vec::new();
    for message in WarningMessage::ALL {
        all.extend(WarningPurpose::ALL.iter().map(|purpose| warning(*message, *purpose)));
    }
    let with = |change: &dyn Fn(&mut Warning)| {
        let mut changed = published();
        change(&mut changed);
        changed
    };
    all.extend(IncidentKind::ALL.iter().map(|kind| with(&|it| it.kind = *kind)));
    all.extend(Severity::ALL.iter().map(|severity| with(&|it| it.content.severity = *severity)));
    all.extend(WarningResponse::ALL.iter().map(|response| with(&|it| it.content.response = *response)));
    all.extend(WarningUrgency::ALL.iter().map(|urgency| with(&|it| it.content.urgency = *urgency)));
    all.extend(WarningCertainty::ALL.iter().map(|certainty| with(&|it| it.content.certainty = *certainty)));
    let point = |latitude_e7, longitude_e7| GeoPoint { latitude_e7, longitude_e7 };
    let (a, b, c) = (point(164_637_000, 1_075_909_000), point(-5, 0), point(900_000_000, -1_800_000_000));
    all.push(with(&|it| {
        let circle = GeoCircle { center: a, radius_m: 2_050 };
        it.content.areas = vec![area(vec![a, b, c, a], None), area(Vec::new(), Some(circle))];
        it.content.onset_at_ms = Millis(1_763_840_000_000);
        it.content.contact = String::new();
        it.content.texts[0].description = "a < b & \"c\" ]]> 'd' \u{1f6b0}".into();
    }));
    all
}

#[test]
fn the_published_schema_says_the_same() {
    for published in all_that_can_be_published() {
        let xml = alert(&published);
        assert!(is_valid_by_the_published_schema(&xml), "{xml}");
        strict::check(&xml).unwrap();
    }
    // What the schema forbids is seen to be forbidden: the checker checks. That an alert has no references is the standard's prose.
    let xml = alert(&warning(WarningMessage::Update, WarningPurpose::Exercise));
    let wrong = [
        ("<scope>Public</scope>", ""),
        ("<scope>Public</scope>", "<scope>Public</scope><scope>Public</scope>"),
        ("<status>Exercise</status>", "<status>Drill</status>"),
        ("+07:00</sent>", "Z</sent>"),
        ("<urgency>Immediate</urgency>", ""),
        ("urn:oasis:names:tc:emergency:cap:1.2", "urn:oasis:names:tc:emergency:cap:1.1"),
    ];
    for (right, wrong) in wrong {
        let changed = xml.replacen(right, wrong, 1);
        assert!(changed != xml && !is_valid_by_the_published_schema(&changed), "{right} as {wrong}");
    }
}

proptest! {
    #[test]
    fn no_words_get_out_of_their_element(
        headline in "\\PC{1,60}", description in any::<String>(), contact in "\\PC{0,20}",
        kind in select(IncidentKind::ALL), severity in select(Severity::ALL), response in select(WarningResponse::ALL),
    ) {
        prop_assume!(!headline.trim().is_empty() && contact.is_empty() == contact.trim().is_empty());
        let mut any = warning(WarningMessage::Update, WarningPurpose::Actual);
        any.kind = kind;
        any.content.severity = severity;
        any.content.response = response;
        any.content.contact = contact;
        any.content.texts[1].headline = headline;
        any.content.texts[0].description = format!("Nước {description}");
        let xml = alert(&any);
        prop_assert_eq!(strict::check(&xml), Ok(()), "{}", xml);
    }
}
