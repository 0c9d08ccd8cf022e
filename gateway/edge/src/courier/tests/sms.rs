//! Text messages through a gateway on loopback.

use domain::{
    AdminUnitCode, Attention, AttentionKind, Entry, GroupId, Incident, IncidentKind, OpenIncident, Origin, Place,
    Severity, Source, State, UnitId,
};

use super::*;

/// An incident whose words and place are somebody's own, and for which a crew did not answer.
fn unanswered() -> Incident {
    let open = OpenIncident {
        kind: IncidentKind::Fire,
        severity: Severity::High,
        place: Place {
            latitude_e7: 215_000_000,
            longitude_e7: 1_058_000_000,
            admin_unit: AdminUnitCode::new("05512").unwrap(),
            address: "nhà bà Lan, tổ 5".into(),
        },
        summary: "Bà Lan 0905 000 001 kêu cứu".into(),
        source: Source {
            origin: Origin::Report("114-7".into()),
            episode: 0,
            version: 0,
            active: true,
            at_ms: Millis(0),
            alarm_report: None,
        },
        exercise: false,
        place_is_mapped: false,
        advice: None,
    };
    let mut state = State::new(GroupId::COMMAND);
    let entry = Entry { at_ms: Millis(5), request: None, grant: None, command: open.into(), salt: Bytes::new() };
    state.apply(1, &entry);
    let mut incident = state.incidents().values().next().unwrap().clone();
    incident.dispatch.attentions.push(Attention {
        number: 1,
        kind: AttentionKind::OfferUnanswered,
        unit: UnitId::new("xe-1").unwrap(),
        raised_at_ms: Millis(5),
        next: None,
        acknowledged_at_ms: Millis(0),
        acknowledged_by: None,
    });
    incident
}

fn event(incident: Incident) -> Event {
    let (kind, note) = (EventKind::IncidentAttentionRaised, "offer_unanswered: bà Lan".to_owned());
    Event { kind, by: None, note, at_ms: Millis(5), ordinal: 0, subject: Some(incident.into()) }
}

fn told(kind: EventKind, incident: Incident) -> Notice {
    let event = Event { kind, ..event(incident) };
    Notice { event: event.encode().into(), ..notice() }
}

/// The text that a gateway got.
fn text(body: &Bytes) -> String {
    serde_json::from_slice::<serde_json::Value>(body).unwrap()["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_order_that_nobody_answers_is_texted_once_and_without_anybodys_words() {
    let (desk, url) = desk().await;
    *desk.answers.lock().unwrap() = vec![StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE];
    let receiver = receiver(format!("sms+{url}#+84905123456"), b"secret");
    let (courier, notice) = (courier(), told(EventKind::IncidentAttentionRaised, unanswered()));
    let failed = courier.deliver(receiver.clone(), notice.clone()).await.unwrap_err();
    assert!(matches!(&failed, Undelivered::Again(said) if said.contains("503")), "{failed}");
    courier.deliver(receiver, notice).await.unwrap();
    let came = desk.came.lock().unwrap();
    let expected = r#"{"to":"+84905123456","text":"Đội xe-1 không trả lời lệnh · I1: cháy, mức 4/5"}"#;
    for (headers, body) in came.iter() {
        assert_eq!(std::str::from_utf8(body).unwrap(), expected);
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(headers["idempotency-key"], "3-police-12");
        assert_eq!(headers["trongdong-signature"].to_str().unwrap(), signature(b"secret", body));
    }
    assert_eq!(came.len(), 2, "the gateway knows by its key what it was given before");
}

#[tokio::test]
async fn a_text_says_what_happened_is_marked_in_a_drill_and_is_given_up_where_it_is_never_taken() {
    let (desk, url) = desk().await;
    let receiver = receiver(format!("sms+{url}#+84905123456"), b"");
    let courier = courier();
    courier.deliver(receiver.clone(), told(EventKind::IncidentEscalated, unanswered())).await.unwrap();
    let mut passed_on = unanswered();
    passed_on.dispatch.attentions[0].next = Some(UnitId::new("xe-2").unwrap());
    courier.deliver(receiver.clone(), told(EventKind::IncidentAttentionRaised, passed_on)).await.unwrap();
    let drilled = Incident { exercise: true, ..unanswered() };
    courier.deliver(receiver.clone(), told(EventKind::IncidentAttentionRaised, drilled)).await.unwrap();
    let reminded = Event { kind: EventKind::UnitOfferReminded, note: "xe-1".to_owned(), ..event(unanswered()) };
    courier.deliver(receiver.clone(), Notice { event: reminded.encode().into(), ..notice() }).await.unwrap();
    courier.deliver(receiver.clone(), notice()).await.unwrap();
    let texts: Vec<_> = desk.came.lock().unwrap().iter().map(|(_, body)| text(body)).collect();
    assert_eq!(
        texts,
        [
            "Sự việc chưa ai tiếp nhận · I1: cháy, mức 4/5",
            "Đội xe-1 không trả lời lệnh, chuyển xe-2 · I1: cháy, mức 4/5",
            "[DIỄN TẬP] Đội xe-1 không trả lời lệnh · I1: cháy, mức 4/5",
            "Đội xe-1: lệnh đang chờ trả lời · I1: cháy, mức 4/5",
            "Quá hạn",
        ]
    );
    *desk.answers.lock().unwrap() = vec![StatusCode::UNPROCESSABLE_ENTITY];
    let refused = courier.deliver(receiver, notice()).await.unwrap_err();
    assert!(matches!(refused, Undelivered::Never(_)), "{refused}");
}
