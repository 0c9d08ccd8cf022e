//! Calls over HTTP: an exchange offers, an agent answers, who may see callers, and what is kept of a form.

use domain::{GroupId, PutPerson, Role};
use serde_json::{Value, json};

use super::{
    http::{answer, client, user},
    province::{PASSWORD, Served, accepted, config, person, province, serve},
};
use crate::cluster::read;

const NUMBER: &str = "0912345678";

fn served() -> Served {
    let cluster = province();
    for (id, role) in [("mai", Role::Agent), ("huy", Role::Agent), ("may", Role::Telephony), ("crew", Role::Responder)]
    {
        accepted(cluster.commit(GroupId::COMMAND, PutPerson { person: person(id, role, &[]) }));
    }
    serve(&cluster, 1, config())
}

/// What an exchange asks, under its own key.
async fn exchange(served: &Served, leg: &str, what: &str, body: Value) -> (u16, Value) {
    let path = served.url(&format!("/api/telephony/calls/{leg}/{what}"));
    answer(client().post(path).basic_auth("may", Some(PASSWORD)).json(&body)).await
}

async fn come(served: &Served, admin_seq: u64, agent: &str) -> super::http::User {
    let admin = user(served, "admin").await;
    let seat = json!({"person": agent, "lines": ["1022"], "phone": "sip:101@10.0.0.7"});
    assert_eq!(answer(admin.post(served, admin_seq, "/api/agents", &seat)).await.0, 200);
    let agent_user = user(served, agent).await;
    let body = json!({"expected_version": 1, "status": "available"});
    assert_eq!(answer(agent_user.post(served, 1, &format!("/api/agents/{agent}/status"), &body)).await.0, 200);
    agent_user
}

fn version(served: &Served) -> u64 {
    read(&*served.node, GroupId::COMMAND, |state| state.calls()["C1"].version)
}

#[tokio::test]
async fn an_exchange_offers_and_an_agent_answers_once() {
    let served = served();
    let mai = come(&served, 1, "mai").await;
    let huy = come(&served, 1, "huy").await;
    let offer = json!({"line": "1022", "number": "0912 345-678"});
    let (status, standing) = exchange(&served, "a@b", "offer", offer.clone()).await;
    assert_eq!((status, &standing["status"], &standing["agent"]), (200, &json!("ringing"), &json!("mai")));
    assert_eq!(standing["phone"], json!("sip:101@10.0.0.7"));
    assert_eq!(exchange(&served, "a@b", "offer", offer).await.1["call"], json!("C1"), "it is the same caller");
    let body = json!({"expected_version": version(&served)});
    assert_eq!(answer(huy.post(&served, 2, "/api/calls/C1/answer", &body)).await.0, 409);
    assert_eq!(answer(mai.post(&served, 2, "/api/calls/C1/answer", &body)).await.0, 200);
    let end = json!({"expected_version": version(&served), "outcome": "served"});
    assert_eq!(answer(huy.post(&served, 3, "/api/calls/C1/end", &end)).await.0, 403);
    assert_eq!(exchange(&served, "a@b", "hold", json!({"held": true})).await.1["status"], json!("held"));
    assert_eq!(exchange(&served, "a@b", "hold", json!({"held": false})).await.1["status"], json!("answered"));
    assert_eq!(exchange(&served, "a@b", "end", json!({"cause": "hung_up"})).await.1["status"], json!("ended"));
    assert_eq!(exchange(&served, "a@b", "end", json!({"cause": "hung_up"})).await.0, 200);
    assert_eq!(exchange(&served, "a@b", "end", json!({"cause": "tired"})).await.0, 422);
    assert_eq!(exchange(&served, "other", "end", json!({"cause": "hung_up"})).await.0, 404);
}

#[tokio::test]
async fn who_calls_is_seen_by_who_takes_calls() {
    let served = served();
    exchange(&served, "1", "offer", json!({"line": "1022", "number": NUMBER, "wanted": "chuyển từ 113"})).await;
    for (who, role_sees) in [("mai", true), ("lan", true), ("admin", true), ("xem", false)] {
        let user = user(&served, who).await;
        let (status, listed) = answer(user.get(&served, "/api/calls")).await;
        assert_eq!(status, 200, "{who}");
        assert_eq!(listed.to_string().contains(NUMBER), role_sees, "{who}: {listed}");
        assert_eq!(listed.to_string().contains("chuyển từ"), role_sees, "{who}");
        let pop = answer(user.get(&served, "/api/calls/C1/caller")).await.0;
        assert_eq!(pop, if role_sees { 200 } else { 403 }, "{who}");
        assert_eq!(
            answer(user.get(&served, &format!("/api/calls?number={NUMBER}"))).await.0 == 200,
            role_sees,
            "{who}"
        );
    }
    for (who, path) in
        [("crew", "/api/calls"), ("crew", "/api/agents"), ("crew", "/api/call-desk"), ("may", "/api/calls")]
    {
        assert_eq!(answer(user(&served, who).await.get(&served, path)).await.0, 403, "{who} {path}");
    }
    // Nobody but an exchange offers callers, and an exchange does nothing else.
    let mai = user(&served, "mai").await;
    let path = "/api/telephony/calls/2/offer";
    let offer = json!({"line": "1022"});
    assert_eq!(answer(mai.post(&served, 1, path, &offer)).await.0, 403);
    let may = user(&served, "may").await;
    assert_eq!(answer(may.get(&served, "/api/incidents")).await.0, 403);
    assert_eq!(
        answer(may.post(&served, 1, "/api/agents/mai/status", &json!({"expected_version": 1, "status": "off"})))
            .await
            .0,
        403
    );
    let mut desk = answer(mai.get(&served, "/api/call-desk")).await.1;
    assert_eq!(answer(mai.post(&served, 2, "/api/call-desk", &desk)).await.0, 403);
    let admin = user(&served, "admin").await;
    // A desk that is sent without the field leaves no caller to themselves.
    desk.as_object_mut().unwrap().remove("callback_always").unwrap();
    assert_eq!(answer(admin.post(&served, 1, "/api/call-desk", &desk)).await.0, 200);
    assert_eq!(answer(mai.get(&served, "/api/call-desk")).await.1["callback_always"], json!(true));
}

#[tokio::test]
async fn a_form_is_kept_until_it_is_saved_and_the_next_pop_knows_the_place() {
    let served = served();
    let mai = come(&served, 1, "mai").await;
    exchange(&served, "1", "offer", json!({"line": "1022", "number": NUMBER})).await;
    let put = |seq: u64, form: Value| mai.post(&served, 0, "/api/calls/C1/draft", &json!({"seq": seq, "form": form}));
    assert_eq!(answer(mai.get(&served, "/api/calls/C1/draft")).await.0, 404);
    assert_eq!(answer(put(7, json!({"text": "Cháy\nở chợ"}))).await, (200, json!({"seq": 7})));
    assert_eq!(answer(put(6, json!({"text": "cũ"}))).await, (200, json!({"seq": 7})));
    assert_eq!(answer(mai.get(&served, "/api/calls/C1/draft")).await.1["form"], json!({"text": "Cháy\nở chợ"}));
    assert_eq!(answer(put(8, json!({"text": "a".repeat(9000)}))).await.0, 429);
    assert_eq!(answer(put(8, json!("text"))).await.0, 422);
    let place =
        json!({"latitude_e7": 215_000_000, "longitude_e7": 1_058_000_000, "admin_unit": "u1", "address": "chợ"});
    let report = json!({"text": "Cháy ở chợ", "place": place, "kind": "fire", "severity": "high"});
    let (status, saved) = answer(mai.post(&served, 2, "/api/calls/C1/report", &report)).await;
    assert_eq!(status, 200, "{saved}");
    assert_eq!(saved["code"].as_str().unwrap().len(), 17);
    let again = answer(mai.post(&served, 2, "/api/calls/C1/report", &report)).await.1;
    assert_eq!(saved["code"], again["code"], "the same request is the same report");
    assert_eq!(answer(mai.get(&served, "/api/calls/C1/draft")).await.0, 404);
    let body = json!({"expected_version": version(&served)});
    assert_eq!(answer(mai.post(&served, 3, "/api/calls/C1/answer", &body)).await.0, 200);
    exchange(&served, "1", "end", json!({"cause": "hung_up"})).await;
    exchange(&served, "2", "offer", json!({"line": "1022", "number": NUMBER})).await;
    let (status, pop) = answer(mai.get(&served, "/api/calls/C2/caller")).await;
    assert_eq!(status, 200, "{pop}");
    assert_eq!((&pop["calls_total"], &pop["calls"][0]["id"]), (&json!(1), &json!("C1")));
    assert_eq!(pop["reports"][0]["text"], json!("Cháy ở chợ"));
    let admin = user(&served, "admin").await;
    // One degree is 111 km: the first is 0.9 km north of the caller's last place, the second 1.1 km.
    let mut opened = Vec::new();
    for (seq, latitude_e7) in [(10, 215_081_000), (11, 215_099_000)] {
        let place =
            json!({"latitude_e7": latitude_e7, "longitude_e7": 1_058_000_000, "admin_unit": "u1", "address": ""});
        let open = json!({"kind": "fire", "severity": "low", "place": place, "summary": "Cháy rác"});
        let (status, body) = answer(admin.post(&served, seq, "/api/incidents", &open)).await;
        assert_eq!(status, 200, "{body}");
        opened.push(body["entity"].clone());
    }
    let pop = answer(mai.get(&served, "/api/calls/C2/caller")).await.1;
    let near: Vec<_> = pop["incidents"].as_array().unwrap().iter().map(|near| &near["incident"]["id"]).collect();
    assert!(near.contains(&&saved["incident"]) && near.contains(&&opened[0]), "{near:?}");
    assert!(!near.contains(&&opened[1]), "{near:?}");
    let erase = json!({"expected_version": version(&served)});
    assert_eq!(answer(mai.post(&served, 4, "/api/calls/C1/erase", &erase)).await.0, 403);
    assert_eq!(answer(admin.post(&served, 12, "/api/calls/C1/erase", &erase)).await.0, 200);
    let pop = answer(mai.get(&served, "/api/calls/C2/caller")).await.1;
    assert_eq!((&pop["calls_total"], &pop["place"]), (&json!(0), &Value::Null));
}

#[tokio::test]
async fn who_called_is_shown_by_name_when_they_call_again() {
    let served = served();
    let mai = come(&served, 1, "mai").await;
    exchange(&served, "1", "offer", json!({"line": "1022", "number": NUMBER})).await;
    assert_eq!(answer(mai.get(&served, "/api/calls/C1/caller")).await.1["name"], json!(""));
    let body = json!({"expected_version": version(&served)});
    assert_eq!(answer(mai.post(&served, 2, "/api/calls/C1/answer", &body)).await.0, 200);
    let named = json!({"name": "Bà Tư"});
    assert_eq!(answer(mai.post(&served, 3, "/api/calls/C1/name", &named)).await.0, 200);
    assert_eq!(answer(mai.post(&served, 4, "/api/calls/C1/name", &json!({"name": "a\nb"}))).await.0, 422);
    exchange(&served, "1", "end", json!({"cause": "hung_up"})).await;
    exchange(&served, "2", "offer", json!({"line": "1022", "number": NUMBER})).await;
    assert_eq!(answer(mai.get(&served, "/api/calls/C2/caller")).await.1["name"], json!("Bà Tư"));
    let crew = user(&served, "crew").await;
    assert_eq!(answer(crew.post(&served, 1, "/api/calls/C2/name", &named)).await.0, 403);
}
