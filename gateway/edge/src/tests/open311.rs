//! Open311 GeoReport v2 as another service's app meets it, in both formats.

use domain::{AnswerReport, GroupId, ReportCode};
use serde_json::Value;

use super::{
    http::client,
    province::{Served, accepted, config, province, serve},
};
use crate::{cluster::read, public::code};

const FORM: &str = "service_code=infrastructure&attribute%5Bcommune%5D=u1&lat=21.5&long=105.8&description=%E1%BB%94+g%C3%A0+%3Cto%3E\
                    &first_name=An&phone=0905&address_string=T%E1%BB%95+5";

async fn get(served: &Served, path: &str) -> (u16, String, String) {
    let response = client().get(served.url(&format!("/open311/v2/{path}"))).send().await.unwrap();
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    (response.status().as_u16(), kind, response.text().await.unwrap())
}

async fn post(served: &Served, path: &str, key: Option<&str>, form: &str) -> (u16, String) {
    let request = client().post(served.url(&format!("/open311/v2/{path}"))).body(form.to_owned());
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let request = if let Some(key) = key { request.header("idempotency-key", key) } else { request };
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// What stands in the first element of that name.
fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let inner = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}")).1;
    inner.split_once(&format!("</{name}>")).unwrap().0
}

fn served() -> Served {
    serve(&province(), 1, config())
}

#[tokio::test]
async fn services_and_their_definitions_say_what_to_send() {
    let served = served();
    let (status, kind, text) = get(&served, "services.json").await;
    assert_eq!((status, kind.as_str()), (200, "application/json; charset=utf-8"));
    let services = json(&text);
    for service in services.as_array().unwrap() {
        for field in ["service_code", "service_name", "description", "metadata", "type", "keywords", "group"] {
            assert!(service.get(field).is_some(), "{field} of {service}");
        }
        let (status, _, text) =
            get(&served, &format!("services/{}.json", service["service_code"].as_str().unwrap())).await;
        let commune = &json(&text)["attributes"][0];
        assert_eq!((status, &commune["code"], &commune["required"]), (200, &"commune".into(), &true.into()));
        assert_eq!(commune["values"][0]["key"], "u1");
    }
    let (_, kind, xml) = get(&served, "services.xml").await;
    assert_eq!(kind, "text/xml; charset=utf-8");
    assert!(
        xml.starts_with("<?xml")
            && element(&xml, "services").starts_with("<service><service_code>flood</service_code>")
    );
    let (_, _, xml) = get(&served, "services/fire.xml").await;
    assert_eq!(element(element(&xml, "service_definition"), "key"), "u1");
    assert_eq!(get(&served, "services/device.json").await.0, 404, "our own devices are not reported by others");
}

#[tokio::test]
async fn a_request_is_put_and_followed_in_both_formats() {
    let served = served();
    let (status, text) = post(&served, "requests.json", None, FORM).await;
    assert_eq!(status, 201, "{text}");
    let id = json(&text)[0]["service_request_id"].as_str().unwrap().to_owned();
    let report: ReportCode = code::parse(&id).unwrap();
    let (status, _, text) = get(&served, &format!("requests/{id}.json")).await;
    let request = json(&text)[0].clone();
    assert_eq!((status, &request["status"], &request["description"]), (200, &"open".into(), &"Ổ gà <to>".into()));
    assert_eq!(
        (&request["lat"], &request["long"], &request["address"]),
        (&21.5.into(), &105.8.into(), &"Tổ 5, Xã 1".into())
    );
    let requested = request["requested_datetime"].as_str().unwrap();
    assert!(requested.ends_with("+07:00") && requested.len() == 25, "{requested}");
    assert!(!text.contains("0905"), "how to reach the sender is nobody else's business");

    let answer = "Đã vá & <xong>".to_owned();
    accepted(
        served.cluster.commit(GroupId::COMMAND, AnswerReport { report: report.clone(), expected_version: 1, answer }),
    );
    let (_, _, xml) = get(&served, &format!("requests/{id}.xml")).await;
    assert_eq!((element(&xml, "status"), element(&xml, "status_notes")), ("closed", "Đã vá &amp; &lt;xong&gt;"));
    let (_, _, text) = get(&served, &format!("requests.json?service_request_id={id}")).await;
    assert_eq!(json(&text)[0]["service_request_id"], id.as_str());
    let (_, _, text) = get(&served, &format!("servicerequestupdates.json?service_request_id={id}")).await;
    let updates = json(&text);
    let states: Vec<_> = updates.as_array().unwrap().iter().map(|update| update["status"].as_str().unwrap()).collect();
    assert_eq!(states, ["OPEN", "CLOSED"]);
    let (_, _, xml) = get(&served, &format!("servicerequestupdates.xml?service_request_id={id}")).await;
    assert_eq!(element(element(&xml, "service_request_updates"), "update_id"), format!("{id}.1"));
    let contact = read(&*served.node, GroupId::COMMAND, |state| state.reports()[&report].contact.clone());
    assert_eq!(contact, "An 0905");
}

#[tokio::test]
async fn with_a_key_a_request_that_is_sent_again_is_one() {
    let served = served();
    let key = Some("a-key-of-an-app-0001");
    let (_, first) = post(&served, "requests.json", key, FORM).await;
    assert_eq!(post(&served, "requests.json", key, FORM).await.1, first);
    assert_ne!(post(&served, "requests.json", None, FORM).await.1, first);
    assert_eq!(read(&*served.node, GroupId::COMMAND, |state| state.reports().len()), 2);
}

#[tokio::test]
async fn refusals_are_the_standards_errors_in_the_format_that_was_asked_for() {
    let served = served();
    let (status, xml) = post(&served, "requests.xml", None, "service_code=fire&description=x").await;
    assert_eq!((status, element(element(&xml, "errors"), "code")), (422, "422"));
    assert!(element(&xml, "description").starts_with("attribute[commune]: "), "{xml}");
    let (status, text) = post(&served, "requests.json", None, "service_code=fire&address_id=u1").await;
    assert_eq!((status, &json(&text)[0]["code"]), (422, &422.into()), "without a description");
    assert_eq!(post(&served, "requests.json", None, "service_code=bomb").await.0, 404);
    assert_eq!(post(&served, "requests.json", None, "service_code=fire&address_id=u9&description=x").await.0, 422);
    assert_eq!(post(&served, "requests.json", Some("short"), FORM).await.0, 422);
    assert_eq!(post(&served, "requests.json", None, &"x".repeat(17_000)).await.0, 413);
    assert_eq!(post(&served, "services.json", None, FORM).await.0, 404);
    let (status, _, text) = get(&served, "requests.json").await;
    assert_eq!((status, &json(&text)[0]["code"]), (403, &403.into()), "nobody gets a list of other people's reports");
    assert_eq!(get(&served, "requests/7K3F.json").await.0, 422);
    assert_eq!(get(&served, "nothing.json").await.0, 404);
    let many = vec!["7K3F"; 21].join(",");
    assert_eq!(get(&served, &format!("requests.json?service_request_id={many}")).await.0, 422);
}
