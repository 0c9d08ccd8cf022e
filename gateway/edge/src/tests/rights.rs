//! Who may see and do what, over HTTP.

use domain::{GroupId, PersonId};
use serde_json::{Value, json};

use super::{
    http::{answer, login, user},
    province::{KEY, Served, config, province, serve},
};
use crate::{
    cluster::read,
    seal::{Sealer, person_context},
};

fn served() -> Served {
    serve(&province(), 1, config())
}

fn ids(listed: &Value) -> Vec<String> {
    listed["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn lists_hold_what_lies_in_the_persons_districts() {
    let served = served();
    for (person, of_room) in [("lan", "1"), ("xem", "2")] {
        let user = user(&served, person).await;
        for (path, prefix) in [("sensors", "s"), ("cameras", "c"), ("units", "xe"), ("incidents", "I")] {
            let (status, listed) = answer(user.get(&served, &format!("/api/{path}"))).await;
            assert_eq!((status, ids(&listed)), (200, vec![format!("{prefix}{of_room}")]), "{person} {path}");
        }
        assert_eq!(answer(user.get(&served, "/api/people")).await.0, 403);
        assert_eq!(answer(user.get(&served, "/api/quarantine")).await.0, 403);
        assert_eq!(ids(&answer(user.get(&served, "/api/districts")).await.1), ["d1", "d2"]);
    }
    let admin = user(&served, "admin").await;
    assert_eq!(ids(&answer(admin.get(&served, "/api/sensors")).await.1), ["s1", "s2"]);
    let people = answer(admin.get(&served, "/api/people")).await.1;
    assert_eq!(people["items"].as_array().unwrap().len(), 4);
    assert!(!people.to_string().contains("credential") && !people.to_string().contains("argon2"));
    assert_eq!(answer(admin.get(&served, "/api/quarantine")).await, (200, json!([])));
    assert_eq!(answer(user(&served, "tram").await.get(&served, "/api/sensors")).await.0, 403, "a device sees nothing");
}

#[tokio::test]
async fn a_person_is_put_with_a_sealed_hash_and_older_grants_are_void_everywhere() {
    let served = served();
    let admin = user(&served, "admin").await;
    let body =
        json!({"id": "minh", "name": "Minh", "role": "operator", "districts": ["d2"], "password": "một mật khẩu"});
    let (status, done) = answer(admin.post(&served, 1, "/api/people", &body)).await;
    assert_eq!((status, &done["entity"]), (200, &json!("minh")));
    let sealed = read(&*served.node, GroupId(0), |state0| state0.persons()["minh"].credential_sealed.clone());
    let context = person_context(&PersonId::new("minh").unwrap());
    let phc = String::from_utf8(Sealer::new(&KEY).open(&context, &sealed).unwrap()).unwrap();
    assert!(phc.starts_with("$argon2id$"));
    let index = read(&*served.node, GroupId(0), domain::State::clock);
    assert!(index.is_set());
    for group in GroupId::field() {
        let floor = read(&*served.node, group, domain::State::policy_floor);
        assert!(floor > 0, "group {group} knows that older grants are void");
    }
    assert_eq!(login(&served, "minh", "một mật khẩu").await.status(), 200);
    let short = json!({"id": "minh", "name": "Minh", "role": "operator", "password": "ngắn"});
    assert_eq!(answer(admin.post(&served, 2, "/api/people", &short)).await.1["field"], "password");

    let disabled = json!({"id": "minh", "name": "Minh", "role": "operator", "disabled": true});
    assert_eq!(answer(admin.post(&served, 3, "/api/people", &disabled)).await.0, 200);
    assert_eq!(login(&served, "minh", "một mật khẩu").await.status(), 401);
}

#[tokio::test]
async fn a_grant_that_is_older_than_the_floor_is_taken_anew() {
    let served = served();
    let late = serve(&served.cluster, 2, config());
    let (admin, lan) = (user(&served, "admin").await, user(&served, "lan").await);
    assert_eq!(answer(lan.get(&late, "/api/session")).await.0, 200);
    late.node.follows.store(false, std::sync::atomic::Ordering::SeqCst);
    let district = json!({"id": "d1", "name": "d1", "admin_units": ["u1", "u2", "u3"], "group": 1});
    assert_eq!(answer(admin.post(&served, 1, "/api/districts", &district)).await.0, 200);
    // The late node has heard of the floor and not yet of the change in group 0.
    for group in GroupId::field() {
        late.node.apply(group, usize::MAX);
    }
    let key = json!({"entity": "s1", "condition": "high", "reason": "bảo trì", "until_ms": 1});
    let (status, body) = answer(lan.post(&late, 1, "/api/alarms/shelve", &key)).await;
    // Not `stale_grant`: it was asked with a grant that counts, and only the end of the shelf is wrong.
    assert_eq!((status, &body["field"]), (422, &json!("ShelveAlarm.until_ms")), "{body}");
}

#[tokio::test]
async fn a_right_that_one_node_has_just_given_counts_at_another_that_is_behind() {
    let one = served();
    let late = serve(&one.cluster, 2, config());
    let (admin, xem) = (user(&one, "admin").await, user(&one, "xem").await);
    assert_eq!(answer(xem.get(&late, "/api/session")).await.0, 200);
    let shelve = json!({"entity": "s1", "condition": "high", "reason": "bảo trì", "until_ms": 1});
    assert_eq!(answer(xem.post(&late, 1, "/api/alarms/shelve", &shelve)).await.0, 403);
    late.node.follows.store(false, std::sync::atomic::Ordering::SeqCst);
    let promoted = json!({"id": "xem", "name": "Xem", "role": "operator", "districts": ["d1"]});
    assert_eq!(answer(admin.post(&one, 1, "/api/people", &promoted)).await.0, 200);
    let (status, body) = answer(xem.post(&late, 2, "/api/alarms/shelve", &shelve)).await;
    // Only the end of the shelf is wrong.
    assert_eq!((status, &body["field"]), (422, &json!("ShelveAlarm.until_ms")), "{body}");
    late.node.quorum.store(false, std::sync::atomic::Ordering::SeqCst);
    let person = json!({"id": "minh", "name": "Minh", "role": "viewer", "password": "một mật khẩu"});
    assert_eq!(answer(xem.post(&late, 3, "/api/people", &person)).await.0, 503, "nobody can be asked whether it is so");
}

#[tokio::test]
async fn who_is_put_again_at_a_node_that_is_behind_keeps_the_secret_that_another_one_has_taken() {
    let one = served();
    let late = serve(&one.cluster, 2, config());
    let admin = user(&one, "admin").await;
    assert_eq!(answer(admin.get(&late, "/api/session")).await.0, 200);
    late.node.follows.store(false, std::sync::atomic::Ordering::SeqCst);
    let entered = json!({"id": "minh", "name": "Minh", "role": "operator", "password": "một mật khẩu"});
    assert_eq!(answer(admin.post(&one, 1, "/api/people", &entered)).await.0, 200);
    let amended = json!({"id": "minh", "name": "Minh Anh", "role": "operator"});
    assert_eq!(answer(admin.post(&late, 2, "/api/people", &amended)).await.0, 200);
    assert_eq!(login(&one, "minh", "một mật khẩu").await.status(), 200);

    let place = json!({"latitude_e7": 215_000_000, "longitude_e7": 1_058_000_000, "admin_unit": "u4"});
    let camera = json!({"id": "cam-4", "name": "Cầu", "rtsp_url": "rtsp://10.0.0.9/1", "place": place});
    let mut with = camera.clone();
    (with["user"], with["password"]) = (json!("a"), json!("b"));
    assert_eq!(answer(admin.post(&one, 3, "/api/cameras", &with)).await.0, 200);
    assert_eq!(answer(admin.post(&late, 4, "/api/cameras", &camera)).await.0, 200);
    let sealed = read(&*one.node, GroupId(2), |state| state.cameras()["cam-4"].credential_sealed.clone());
    assert_eq!(Sealer::new(&KEY).open("camera/cam-4", &sealed), Ok(b"a:b".to_vec()));
}

#[tokio::test]
async fn devices_are_placed_in_the_group_of_their_district_room() {
    let served = served();
    let admin = user(&served, "admin").await;
    let place = json!({"latitude_e7": 215_000_000, "longitude_e7": 1_058_000_000, "admin_unit": "u4"});
    let sensor = json!({"id": "mua-4", "name": "Đo mưa", "kind": "rain", "unit_of_measure": "mm", "place": place});
    let (status, done) = answer(admin.post(&served, 1, "/api/sensors", &sensor)).await;
    assert_eq!((status, &done["entity"]), (200, &json!("mua-4")), "{done}");
    assert!(read(&*served.node, GroupId(2), |state| state.sensors().contains_key("mua-4")));

    let url = "rtsp://10.0.0.9/1";
    let camera = json!({"id": "cam-4", "name": "Cầu", "rtsp_url": url, "place": place, "user": "a", "password": "b"});
    assert_eq!(answer(admin.post(&served, 2, "/api/cameras", &camera)).await.0, 200);
    let sealed = read(&*served.node, GroupId(2), |state| state.cameras()["cam-4"].credential_sealed.clone());
    assert_eq!(Sealer::new(&KEY).open("camera/cam-4", &sealed), Ok(b"a:b".to_vec()));
    let with_user = json!({"id": "cam-4", "name": "Cầu", "rtsp_url": "rtsp://a:b@10.0.0.9/1", "place": place});
    assert_eq!(answer(admin.post(&served, 3, "/api/cameras", &with_user)).await.1["field"], "rtsp_url");
    let listed = answer(admin.get(&served, "/api/cameras")).await.1.to_string();
    assert!(!listed.contains("credential"));
    let lan = user(&served, "lan").await;
    assert_eq!(answer(lan.post(&served, 1, "/api/sensors", &sensor)).await.0, 403);
}

#[tokio::test]
async fn a_device_is_taken_out_of_service_and_back_by_who_handles_alarms_there() {
    let served = served();
    let lan = user(&served, "lan").await;
    let until_ms = read(&*served.node, GroupId(1), domain::State::clock).plus(3_600_000).0;
    let out = json!({"entity": "s1", "condition": "high", "reason": "rửa cảm biến", "until_ms": until_ms});
    let (status, done) = answer(lan.post(&served, 1, "/api/alarms/out-of-service", &out)).await;
    assert_eq!((status, &done["entity"]), (200, &json!("s1")), "{done}");
    let reason = |state: &domain::State| state.sensors()["s1"].out_of_service.first().map(|out| out.reason.clone());
    assert_eq!(read(&*served.node, GroupId(1), reason).as_deref(), Some("rửa cảm biến"));
    let back = json!({"entity": "s1", "condition": "high"});
    assert_eq!(answer(lan.post(&served, 2, "/api/alarms/return-to-service", &back)).await.0, 200);
    assert_eq!(read(&*served.node, GroupId(1), reason), None);
    let unknown = json!({"entity": "s-9", "reason": "x", "until_ms": until_ms});
    assert_eq!(answer(lan.post(&served, 3, "/api/alarms/out-of-service", &unknown)).await.0, 404);
}
