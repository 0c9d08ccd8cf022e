//! Exercises and rooms over HTTP: who leads, who follows, who reads what a room wrote, and that a drill is no citizen's.

use domain::{GroupId, PutPerson, Role};
use serde_json::json;

use super::{
    http::{answer, user},
    province::{Served, accepted, config, person, province, serve},
};

/// The province with an operator and a viewer of d2, an operator for everywhere, and a crew.
fn served() -> Served {
    let cluster = province();
    for (id, role, districts) in [
        ("binh", Role::Operator, &[][..]),
        ("dung", Role::Operator, &["d2"][..]),
        ("crew", Role::Responder, &["d1"][..]),
    ] {
        accepted(cluster.commit(GroupId::COMMAND, PutPerson { person: person(id, role, districts) }));
    }
    serve(&cluster, 1, config())
}

/// A room of the province and one of commune u1.
async fn rooms(served: &Served) {
    let admin = user(served, "admin").await;
    for (seq, room) in [
        (1, json!({"id": "tinh", "name": "Trung tâm tỉnh"})),
        (2, json!({"id": "phu-binh", "name": "Phú Bình", "name_en": "Phu Binh", "admin_unit": "u1"})),
    ] {
        let (status, body) = answer(admin.post(served, seq, "/api/rooms", &room)).await;
        assert_eq!(status, 200, "{body}");
    }
}

#[tokio::test]
async fn an_exercise_is_led_by_who_works_for_everywhere() {
    let served = served();
    let (binh, lan, crew) = (user(&served, "binh").await, user(&served, "lan").await, user(&served, "crew").await);
    let drill = json!({"name": "Diễn tập lũ", "scenario": "Vỡ đê"});
    assert_eq!(answer(lan.post(&served, 1, "/api/exercises", &drill)).await.0, 403);
    assert_eq!(answer(crew.post(&served, 1, "/api/exercises", &drill)).await.0, 403);
    let (status, begun) = answer(binh.post(&served, 1, "/api/exercises", &drill)).await;
    assert_eq!((status, &begun["entity"]), (200, &json!("E1")), "{begun}");
    assert_eq!(answer(binh.post(&served, 2, "/api/exercises", &drill)).await.0, 409);
    // Whoever sees anything knows that one runs.
    for who in ["lan", "crew", "xem"] {
        let listed = answer(user(&served, who).await.get(&served, "/api/exercises")).await.1;
        assert_eq!(listed["items"][0]["name"], json!("Diễn tập lũ"), "{who}");
    }
    let open = json!({"kind": "flood", "severity": "low", "place": super::province::place(1), "summary": "Ngập", "exercise": true});
    let opened = answer(lan.post(&served, 2, "/api/incidents", &open)).await.1["entity"].clone();
    assert_eq!(answer(lan.post(&served, 3, "/api/exercises/E1/end", &json!({}))).await.0, 403);
    assert_eq!(answer(binh.post(&served, 3, "/api/exercises/E1/end", &json!({"note": "Đạt"}))).await.0, 200);
    let listed = answer(lan.get(&served, "/api/incidents")).await.1;
    let incidents = listed["items"].as_array().unwrap();
    let closed = incidents.iter().find(|it| it["id"] == opened).unwrap();
    assert_eq!((&closed["status"], &closed["exercise"]), (&json!("closed"), &json!(true)));
    assert!(incidents.iter().any(|it| it["status"] == json!("opened") && it["exercise"] == json!(false)));
}

#[tokio::test]
async fn a_room_shows_a_scene_and_another_follows_leaves_and_comes_back() {
    let served = served();
    rooms(&served).await;
    let (binh, lan, dung) = (user(&served, "binh").await, user(&served, "lan").await, user(&served, "dung").await);
    let scene = json!({"scene": {
        "title": "Vỡ đê", "layers": ["sensor", "camera"], "incidents": ["I1"], "cameras": ["c1"],
        "view": {"latitude_e7": 215_000_000, "longitude_e7": 1_058_000_000, "zoom_centi": 1250},
        "place": {"latitude_e7": 215_100_000, "longitude_e7": 1_058_100_000, "admin_unit": "u1", "address": "Cầu Gia Bảy"},
    }});
    assert_eq!(answer(lan.post(&served, 1, "/api/rooms/tinh/scene", &scene)).await.0, 403, "not hers to lead");
    let (status, body) = answer(binh.post(&served, 1, "/api/rooms/tinh/scene", &scene)).await;
    assert_eq!(status, 200, "{body}");
    let follow = |leader| json!({"leader": leader});
    assert_eq!(answer(dung.post(&served, 1, "/api/rooms/phu-binh/follow", &follow(Some("tinh")))).await.0, 403);
    for (seq, leader) in (2..).zip([Some("tinh"), None, Some("tinh")]) {
        let (status, body) = answer(lan.post(&served, seq, "/api/rooms/phu-binh/follow", &follow(leader))).await;
        assert_eq!(status, 200, "{body}");
        let listed = answer(lan.get(&served, "/api/rooms")).await.1;
        assert_eq!(listed["items"][0]["follows"], json!(leader));
        let shown = &listed["items"][1]["scene"];
        assert_eq!(shown["pushed_by"], json!("binh"), "who leads is seen");
        for part in ["title", "layers", "incidents", "cameras", "view", "place"] {
            assert_eq!(shown[part], scene["scene"][part], "what is pushed is what is shown: {part}");
        }
    }
    let crowded: Vec<_> = (0..=domain::limits::SCENE_CAMERAS_MAX).map(|n| format!("c{n}")).collect();
    let crowded = json!({"scene": {"cameras": crowded}});
    let (status, body) = answer(binh.post(&served, 2, "/api/rooms/tinh/scene", &crowded)).await;
    assert_eq!((status, &body["field"]), (429, &json!("PushScene.scene.cameras")), "{body}");
    assert_eq!(answer(user(&served, "crew").await.get(&served, "/api/rooms")).await.0, 403);
}

#[tokio::test]
async fn what_a_room_wrote_is_read_by_whom_its_place_is_in_reach_of() {
    let served = served();
    rooms(&served).await;
    let (binh, lan, admin) = (user(&served, "binh").await, user(&served, "lan").await, user(&served, "admin").await);
    let left = json!({"note": "Đập xả lũ lúc 5 giờ", "incidents": ["I1"], "within_ms": 600_000});
    for (who, path) in [(&binh, "/api/rooms/tinh/shift-notes"), (&lan, "/api/rooms/phu-binh/shift-notes")] {
        let (status, body) = answer(who.post(&served, 1, path, &left)).await;
        assert_eq!(status, 200, "{path} {body}");
    }
    for (who, path) in [(&binh, "/api/rooms/tinh/log"), (&lan, "/api/rooms/phu-binh/log")] {
        let (status, body) = answer(who.post(&served, 2, path, &json!({"text": "Gọi Đập Núi Cốc"}))).await;
        assert_eq!(status, 200, "{path} {body}");
    }
    for (who, notes, of_room, of_province) in
        [("admin", 2, 200, 200), ("lan", 1, 200, 404), ("dung", 0, 404, 404), ("xem", 0, 404, 404)]
    {
        let reader = user(&served, who).await;
        let listed = answer(reader.get(&served, "/api/shift-notes")).await.1;
        assert_eq!(listed["items"].as_array().unwrap().len(), notes, "{who}");
        assert_eq!(answer(reader.get(&served, "/api/rooms/phu-binh/log")).await.0, of_room, "{who}");
        assert_eq!(answer(reader.get(&served, "/api/rooms/tinh/log")).await.0, of_province, "{who}");
    }
    // By time and by words, in either case of letters.
    for (asked, found) in [
        ("?from_ms=0&text=%C4%91%E1%BA%ADp", 1),
        ("?from_ms=0&text=thuy%E1%BB%81n", 0),
        ("?from_ms=0&to_ms=1", 0),
        ("?from_ms=0", 1),
    ] {
        let listed = answer(lan.get(&served, &format!("/api/rooms/phu-binh/log{asked}"))).await.1;
        assert_eq!(listed["items"].as_array().unwrap().len(), found, "{asked} {listed}");
    }
    assert_eq!(answer(lan.get(&served, "/api/rooms/phu-binh/log?from_ms=9&to_ms=1")).await.0, 422);
    // Whoever wrote it does not acknowledge it.
    let listed = answer(lan.get(&served, "/api/shift-notes")).await.1;
    let path = format!("/api/shift-notes/{}/acknowledge", listed["items"][0]["id"].as_str().unwrap());
    let seen = json!({"expected_version": 1, "remark": "Đã rõ"});
    assert_eq!(answer(lan.post(&served, 3, &path, &seen)).await.0, 403);
    assert_eq!(answer(admin.post(&served, 3, &path, &seen)).await.0, 200);
    let done = answer(lan.get(&served, "/api/shift-notes")).await.1;
    assert_eq!(done["items"][0]["acknowledged_by"], json!("admin"));
}
