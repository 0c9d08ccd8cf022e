//! Photos and clips over HTTP: who may put and see one, what is stored of it, what is refused and in which words.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use domain::{
    AnswerReport, Digest, GroupId, Person, PersonId, PutPerson, ReportCode, Role, StoredFile, UnitId,
    limits::{CLIP_BYTES_MAX, FILE_BYTES_MAX, REPORT_FILES_MAX},
};
use futures::future::BoxFuture;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use super::{
    http::{User, answer, client, user},
    province::{Served, accepted, config, person, province, serve},
};
use crate::{
    EdgeConfig,
    cluster::read,
    files::{Files, FilesError},
    picture::{
        self,
        film::{Track, film},
        seeds::SECRET,
    },
    public::code,
};

/// The disks of all nodes, in memory.
#[derive(Default)]
struct Shelf {
    held: Mutex<BTreeMap<Digest, Bytes>>,
    /// What happens to the next file that is to be kept.
    trouble: Mutex<Option<FilesError>>,
}

impl Files for Shelf {
    fn keep(&self, sha256: Digest, bytes: Bytes, _: Duration) -> BoxFuture<'static, Result<(), FilesError>> {
        let kept = match self.trouble.lock().unwrap().take() {
            Some(trouble) => Err(trouble),
            None => {
                self.held.lock().unwrap().insert(sha256, bytes);
                Ok(())
            }
        };
        Box::pin(std::future::ready(kept))
    }

    fn fetch(&self, file: StoredFile, _: Duration) -> BoxFuture<'static, Result<Bytes, FilesError>> {
        let found = self.held.lock().unwrap().get(&file.sha256).cloned().ok_or(FilesError::Missing);
        Box::pin(std::future::ready(found))
    }
}

fn served() -> (Served, Arc<Shelf>) {
    let shelf = Arc::new(Shelf::default());
    let files: Arc<dyn Files> = shelf.clone();
    (serve(&province(), 1, EdgeConfig { files: Some(files), ..config() }), shelf)
}

fn photo() -> Vec<u8> {
    picture::seeds::seeds().swap_remove(0)
}

/// Another photo for each number.
fn photo_of(width: u16) -> Vec<u8> {
    picture::tests::jpeg(width, 8, &[], &[0x12])
}

fn put(user: &User, served: &Served, seq: u64, what: &str, photo: Vec<u8>) -> RequestBuilder {
    let request = user.client.post(served.url(&format!("/api/files?{what}"))).header("cookie", &user.cookie);
    request.header("x-request-seq", seq).header("content-type", "image/jpeg").body(photo)
}

async fn listed(user: &User, served: &Served, what: &str) -> Vec<Value> {
    let (status, listed) = answer(user.get(served, &format!("/api/files?{what}"))).await;
    assert_eq!(status, 200, "{listed}");
    listed["items"].as_array().unwrap().clone()
}

fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

#[tokio::test]
async fn a_node_that_is_behind_takes_a_photo_of_what_another_one_has_just_opened() {
    let (one, shelf) = served();
    let files: Arc<dyn Files> = shelf.clone();
    let late = serve(&one.cluster, 2, EdgeConfig { files: Some(files), ..config() });
    let lan = user(&one, "lan").await;
    assert_eq!(answer(lan.get(&late, "/api/session")).await.0, 200);
    late.node.follows.store(false, Ordering::SeqCst);
    let place = json!({"latitude_e7": 1, "longitude_e7": 2, "admin_unit": "u1"});
    let opening = json!({"kind": "flood", "severity": "high", "place": place, "summary": "Ngập"});
    let (status, opened) = answer(lan.post(&one, 1, "/api/incidents", &opening)).await;
    assert_eq!(status, 200, "{opened}");
    let what = format!("incident={}", opened["entity"].as_str().unwrap());
    let (status, done) = answer(put(&lan, &late, 2, &what, photo())).await;
    assert_eq!(status, 200, "{done}");
    assert_eq!(listed(&lan, &one, &what).await.len(), 1);
    assert_eq!(answer(put(&lan, &late, 3, "incident=I99", photo())).await.0, 404, "what is nowhere");
}

#[tokio::test]
async fn a_photo_is_stripped_kept_and_shown_as_nothing_but_a_picture() {
    let (served, shelf) = served();
    let lan = user(&served, "lan").await;
    let what = "incident=I1&note=C%E1%BA%A7u%20s%E1%BA%ADp&taken_at_ms=7";
    let (status, done) = answer(put(&lan, &served, 1, what, photo())).await;
    assert_eq!((status, &done["entity"]), (200, &json!("1")), "{done}");
    let (status, mut again) = answer(put(&lan, &served, 1, what, photo())).await;
    assert_eq!(again["log"]["again"].take(), json!(true), "{again}");
    again["log"]["again"] = json!(false);
    assert_eq!((status, again), (200, done), "sent again it is put once");
    assert_eq!(answer(put(&lan, &served, 1, what, photo_of(9))).await.0, 409, "the number was used for another");
    let items = listed(&lan, &served, "incident=I1").await;
    assert_eq!(items.len(), 1);
    let item = &items[0];
    assert_eq!((&item["note"], &item["by"], &item["taken_at_ms"]), (&json!("Cầu sập"), &json!("lan"), &json!(7)));
    assert_eq!((&item["kind"], &item["width"]), (&json!("jpeg"), &json!(8)));
    let path = format!("/api/files/{}?incident=I1", item["sha256"].as_str().unwrap());
    let response = lan.get(&served, &path).send().await.unwrap();
    assert_eq!(response.status(), 200);
    for (name, value) in [
        ("content-type", "image/jpeg"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cache-control", "private, max-age=31536000, immutable"),
    ] {
        assert_eq!(header(&response, name), value, "{name}");
    }
    // A picture of a page sends no header: what it belongs to is why it is looked at.
    served.cluster.commit(GroupId(0), domain::SwitchFeature { feature: domain::audit::FEATURE });
    assert_eq!(lan.get(&served, &path).send().await.unwrap().status(), 200);
    assert_eq!(served.cluster.newest_grant(GroupId(0)).unwrap().why, "incident/I1");
    assert!(header(&response, "content-disposition").ends_with(".jpg\""));
    let bytes = response.bytes().await.unwrap();
    assert!(!bytes.windows(SECRET.len()).any(|found| found == SECRET), "where it was taken is gone");
    assert_eq!(shelf.held.lock().unwrap().values().next(), Some(&bytes));
}

#[tokio::test]
async fn who_may_not_see_the_incident_sees_no_photo_and_the_hash_alone_opens_nothing() {
    let (served, shelf) = served();
    let (lan, xem, admin) = (user(&served, "lan").await, user(&served, "xem").await, user(&served, "admin").await);
    assert_eq!(answer(put(&xem, &served, 1, "incident=I2", photo())).await.0, 403, "a viewer puts nothing");
    assert_eq!(answer(put(&lan, &served, 1, "incident=I2", photo())).await.0, 403, "another room's");
    assert_eq!(answer(put(&lan, &served, 2, "incident=I9", photo())).await.0, 404);
    assert_eq!(answer(put(&lan, &served, 3, "", photo())).await.0, 422, "of nothing");
    assert_eq!(answer(put(&lan, &served, 4, "incident=I1&report=x", photo())).await.0, 422, "of two");
    assert!(shelf.held.lock().unwrap().is_empty(), "nothing was stored of what was refused");
    assert_eq!(answer(put(&lan, &served, 5, "incident=I1", photo())).await.0, 200);
    let items = listed(&lan, &served, "incident=I1").await;
    let file = items[0]["sha256"].as_str().unwrap();
    let status = async |user: &User, path: String| answer(user.get(&served, &path)).await.0;
    assert_eq!(status(&admin, format!("/api/files/{file}?incident=I1")).await, 200);
    assert_eq!(status(&lan, format!("/api/files/{file}")).await, 422, "of what?");
    assert_eq!(status(&admin, format!("/api/files/{file}?incident=I2")).await, 404, "it does not name it");
    assert_eq!(status(&xem, format!("/api/files/{file}?incident=I1")).await, 404);
    assert_eq!(status(&xem, format!("/api/files/{file}?incident=I2")).await, 404);
    assert_eq!(status(&xem, "/api/files?incident=I1".into()).await, 404);
    assert_eq!(status(&xem, "/api/files?report=x".into()).await, 403);
    let nobody = client().get(served.url(&format!("/api/files/{file}?incident=I1")));
    assert_eq!(answer(nobody).await.0, 401);
}

#[tokio::test]
async fn a_crew_puts_and_sees_photos_of_its_order_wherever_it_is() {
    let (served, _) = served();
    let crew = Person { unit: Some(UnitId::new("xe1").unwrap()), ..person("doi", Role::Responder, &["d1"]) };
    accepted(served.cluster.commit(GroupId(0), PutPerson { person: crew }));
    let doi = user(&served, "doi").await;
    assert_eq!(answer(put(&doi, &served, 1, "incident=I2", photo())).await.0, 403);
    let incident = domain::IncidentId::new("I2").unwrap();
    let expected_version = read(&*served.node, GroupId(0), |state| state.incidents()[&incident].version);
    let units = vec![UnitId::new("xe1").unwrap()];
    accepted(served.cluster.commit(GroupId(0), domain::AssignIncident { incident, expected_version, units }));
    assert_eq!(answer(put(&doi, &served, 2, "incident=I2", photo())).await.0, 200);
    assert_eq!(listed(&doi, &served, "incident=I2").await.len(), 1);
    let by = read(&*served.node, GroupId(0), |state| state.attachments()[&1].by.clone());
    assert_eq!(by, Some(PersonId::new("doi").unwrap()));
}

#[tokio::test]
async fn what_is_no_photo_or_too_much_is_refused_in_words() {
    let (served, shelf) = served();
    let lan = user(&served, "lan").await;
    for wrong in [&b"%PDF-1.7"[..], b"", b"<svg/>", &[0xff, 0xd8, 0xff, 0xd9]] {
        let (status, body) = answer(put(&lan, &served, 1, "incident=I1", wrong.to_vec())).await;
        assert_eq!((status, &body["field"]), (422, &json!("body")), "{body}");
        assert!(body["message"].as_str().unwrap().len() > 20, "{body}");
    }
    let bomb = picture::tests::jpeg(60_000, 60_000, &[], &[0x12]);
    assert_eq!(answer(put(&lan, &served, 1, "incident=I1", bomb)).await.0, 422);
    let huge = vec![0xff; usize::try_from(FILE_BYTES_MAX).unwrap() + 1];
    assert_eq!(answer(put(&lan, &served, 1, "incident=I1", huge)).await.0, 413);
    for (trouble, expected) in [
        (FilesError::NoQuorum, 503),
        (FilesError::Busy, 429),
        (FilesError::DiskFull, 507),
        (FilesError::Disk("broken".into()), 503),
    ] {
        *shelf.trouble.lock().unwrap() = Some(trouble);
        assert_eq!(answer(put(&lan, &served, 1, "incident=I1", photo())).await.0, expected);
        assert!(read(&*served.node, GroupId(0), |state| state.attachments().is_empty()), "nothing names it");
    }
    assert_eq!(answer(put(&lan, &served, 1, "incident=I1", photo())).await.0, 200, "the same number, when it is over");
    shelf.held.lock().unwrap().clear();
    let items = listed(&lan, &served, "incident=I1").await;
    let path = format!("/api/files/{}?incident=I1", items[0]["sha256"].as_str().unwrap());
    assert_eq!(answer(lan.get(&served, &path)).await.0, 503, "no node has it now");
}

#[tokio::test]
async fn an_administrator_says_how_long_and_who_decides_takes_one_away() {
    let (served, _) = served();
    let (lan, admin) = (user(&served, "lan").await, user(&served, "admin").await);
    assert_eq!(answer(lan.post(&served, 1, "/api/file-retention", &json!({"days": 30}))).await.0, 403);
    assert_eq!(answer(admin.post(&served, 1, "/api/file-retention", &json!({"days": 30}))).await.0, 200);
    assert_eq!(answer(admin.get(&served, "/api/file-retention")).await.1, json!({"days": 30}));
    assert_eq!(answer(put(&lan, &served, 2, "incident=I1", photo())).await.0, 200);
    assert_eq!(answer(lan.post(&served, 3, "/api/files/1/remove", &json!({"reason": ""}))).await.0, 422);
    assert_eq!(answer(lan.post(&served, 4, "/api/files/1/remove", &json!({"reason": "mặt người"}))).await.0, 200);
    assert!(listed(&lan, &served, "incident=I1").await.is_empty());
}

/// Files a report as a citizen; its code as it is kept, and its path.
async fn reported(served: &Served) -> (ReportCode, String) {
    let body = json!({"key": "a-key-of-chance-0001", "text": "Cầu sập", "place": {"admin_unit": "u1"}});
    let (status, filed) = answer(client().post(served.url("/api/public/reports")).json(&body)).await;
    assert_eq!(status, 201, "{filed}");
    let shown = filed["code"].as_str().unwrap();
    (code::parse(shown).unwrap(), format!("/api/public/reports/{shown}"))
}

fn send(served: &Served, path: &str, photo: Vec<u8>) -> RequestBuilder {
    client().post(served.url(&format!("{path}/files"))).header("content-type", "image/jpeg").body(photo)
}

#[tokio::test]
async fn a_citizen_sends_photos_and_is_shown_those_of_the_answer_only() {
    let (served, _) = served();
    let (report, path) = reported(&served).await;
    assert_eq!(
        answer(send(&served, &path, photo())).await,
        (201, json!({"photos": 1, "photos_max": REPORT_FILES_MAX}))
    );
    assert_eq!(answer(send(&served, &path, photo())).await.1["photos"], 1, "sent again it is one");
    let seen = answer(client().get(served.url(&path))).await.1;
    assert_eq!((&seen["photos_sent"], &seen["answer_photos"]), (&json!(1), &json!([])));
    let lan = user(&served, "lan").await;
    let items = listed(&lan, &served, &format!("report={report}")).await;
    let file = items[0]["sha256"].as_str().unwrap().to_owned();
    let public = |file: &str| client().get(served.url(&format!("{path}/files/{file}")));
    assert_eq!(answer(public(&file)).await.0, 404, "what was sent is not shown to whoever has the code");

    let expected_version = read(&*served.node, GroupId(0), |state| state.reports()[&report].version);
    let answered = AnswerReport { report: report.clone(), expected_version, answer: "Đã rào".into() };
    let show = json!({"sha256": file, "note": "Rào chắn"});
    assert_eq!(answer(lan.post(&served, 1, &format!("/api/reports/{report}/photos"), &show)).await.0, 409);
    accepted(served.cluster.commit(GroupId(0), answered));
    assert_eq!(answer(lan.post(&served, 2, &format!("/api/reports/{report}/photos"), &show)).await.0, 200);
    let unknown = json!({"sha256": "0".repeat(64), "note": ""});
    assert_eq!(answer(lan.post(&served, 3, &format!("/api/reports/{report}/photos"), &unknown)).await.0, 404);
    let seen = answer(client().get(served.url(&path))).await.1;
    let shown = &seen["answer_photos"][0];
    assert_eq!((&shown["note"], &shown["width"]), (&json!("Rào chắn"), &json!(8)));
    let response = client().get(served.url(shown["url"].as_str().unwrap())).send().await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "content-type")), (200, "image/jpeg".into()));
    let open311 =
        answer(client().get(served.url(&format!("/open311/v2/requests/{}.json", code::shown(&report))))).await.1;
    assert_eq!(open311[0]["media_url"], format!("http://trongdong.test{}", shown["url"].as_str().unwrap()));
    assert_eq!(answer(send(&served, &path, photo_of(9))).await.0, 409, "it has its answer");
}

#[tokio::test]
async fn the_publics_photos_are_few_and_each_refusal_is_in_words() {
    let (served, shelf) = served();
    let (_, path) = reported(&served).await;
    let refused = async |request: RequestBuilder, status: u16| {
        let (found, body) = answer(request).await;
        assert_eq!(found, status, "{body}");
        for language in ["message", "message_en"] {
            assert!(body[language].as_str().is_some_and(|text| text.len() > 10), "{body}");
        }
        body["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused(send(&served, &path, b"%PDF".to_vec()), 422).await, "invalid");
    let huge = vec![0xff; usize::try_from(FILE_BYTES_MAX).unwrap() + 1];
    assert_eq!(refused(send(&served, &path, huge), 413).await, "too_large");
    *shelf.trouble.lock().unwrap() = Some(FilesError::NoQuorum);
    refused(send(&served, &path, photo()), 503).await;
    for width in 1..=u16::try_from(REPORT_FILES_MAX).unwrap() {
        assert_eq!(answer(send(&served, &path, photo_of(width))).await.0, 201);
    }
    assert_eq!(refused(send(&served, &path, photo_of(99)), 409).await, "enough");
    assert_eq!(answer(send(&served, &path, photo_of(1))).await.0, 201, "the same again is not one more");
    let unknown =
        path.replace(path.rsplit('/').next().unwrap(), &code::shown(&code::derive(&[1; 32], "another-key-0001")));
    assert_eq!(refused(send(&served, &unknown, photo()), 404).await, "not_found");
    assert_eq!(refused(send(&served, "/api/public/reports/slip", photo()), 422).await, "invalid");
}

#[tokio::test]
async fn without_a_place_for_files_nothing_is_taken() {
    let served = serve(&province(), 1, config());
    let lan = user(&served, "lan").await;
    let (status, body) = answer(put(&lan, &served, 1, "incident=I1", photo())).await;
    assert_eq!((status, &body["code"]), (503, &json!("unavailable")));
}

#[tokio::test]
async fn a_progress_note_shows_a_photo_of_its_incident() {
    let (served, _) = served();
    let (admin, lan) = (user(&served, "admin").await, user(&served, "lan").await);
    let post = json!({"id": "desk", "name": "Trực ban", "above": null, "shifts": []});
    assert_eq!(answer(admin.post(&served, 1, "/api/duty-posts", &post)).await.0, 200);
    let policy = json!({
        "id": "answer", "name": "Trả lời trong ngày", "obligation": "answer", "kinds": [], "agency": "",
        "admin_unit": null, "calendar": null, "within_ms": 86_400_000, "disabled": false,
        "steps": [{"stage": "late", "offset_ms": 0, "post": "desk"}],
    });
    assert_eq!(answer(admin.post(&served, 2, "/api/deadline-policies", &policy)).await.0, 200);
    let open = json!({"kind": "flood", "severity": "low", "place": super::province::place(1), "summary": "Ngập"});
    let (status, opened) = answer(lan.post(&served, 1, "/api/incidents", &open)).await;
    assert_eq!(status, 200, "{opened}");
    let incident = opened["entity"].as_str().unwrap();
    let promised_at_ms = read(&*served.node, GroupId(0), domain::State::clock).plus(7_200_000).0;
    let progress = |photo: &str| {
        json!({
            "clock": {"of": {"incident": incident}, "number": 1}, "expected_version": 1, "note": "Đang bơm",
            "photo_sha256": photo, "promised_at_ms": promised_at_ms,
        })
    };
    assert_eq!(answer(put(&lan, &served, 2, "incident=I1", photo())).await.0, 200);
    let elsewhere = listed(&lan, &served, "incident=I1").await[0]["sha256"].as_str().unwrap().to_owned();
    let (status, refused) = answer(lan.post(&served, 3, "/api/clocks/progress", &progress(&elsewhere))).await;
    assert_eq!((status, &refused["field"]), (422, &json!("photo_sha256")), "another incident's");
    assert_eq!(answer(put(&lan, &served, 4, &format!("incident={incident}"), photo_of(9))).await.0, 200);
    let here = listed(&lan, &served, &format!("incident={incident}")).await[0]["sha256"].as_str().unwrap().to_owned();
    let (status, done) = answer(lan.post(&served, 5, "/api/clocks/progress", &progress(&here))).await;
    assert_eq!(status, 200, "{done}");
}

/// A clip of H.264 that tells where it was recorded.
fn clip() -> Vec<u8> {
    let pictures = Track { handler: *b"vide", codec: *b"avc1", samples: vec![vec![7; 900], vec![8; 100]] };
    let places = Track { handler: *b"meta", codec: *b"mebx", samples: vec![SECRET.to_vec()] };
    film(*b"qt  ", &[pictures, places])
}

fn put_clip(user: &User, served: &Served, seq: u64, clip: Vec<u8>) -> RequestBuilder {
    let request = user.client.post(served.url("/api/files?incident=I1")).header("cookie", &user.cookie);
    request.header("x-request-seq", seq).header("content-type", "video/quicktime").body(clip)
}

#[tokio::test]
async fn a_clip_is_stripped_kept_and_shown_in_parts_to_who_seeks_in_it() {
    let (served, shelf) = served();
    let lan = user(&served, "lan").await;
    assert_eq!(answer(put_clip(&lan, &served, 1, clip())).await.0, 200);
    assert_eq!(answer(put_clip(&lan, &served, 1, clip())).await.0, 200, "sent again it is put once");
    let items = listed(&lan, &served, "incident=I1").await;
    assert_eq!(items.len(), 1);
    assert_eq!(
        (&items[0]["kind"], &items[0]["width"], &items[0]["height"]),
        (&json!("quicktime"), &json!(48), &json!(64))
    );
    let kept = shelf.held.lock().unwrap().values().next().unwrap().clone();
    assert_eq!(kept.len(), clip().len(), "nothing has moved");
    assert!(!kept.windows(SECRET.len()).any(|found| found == SECRET), "where it was recorded is gone");

    let path = format!("/api/files/{}?incident=I1", items[0]["sha256"].as_str().unwrap());
    let asked = async |range: Option<&str>| {
        let request = lan.get(&served, &path);
        let request = match range {
            Some(range) => request.header("range", range),
            None => request,
        };
        let response = request.send().await.unwrap();
        let told = (response.status().as_u16(), header(&response, "content-range"));
        let kind = [header(&response, "content-type"), header(&response, "x-content-type-options")];
        (told, kind, header(&response, "accept-ranges"), response.bytes().await.unwrap())
    };
    let length = kept.len();
    let as_clip = ["video/quicktime".to_owned(), "nosniff".to_owned()];
    let (told, kind, ranges, bytes) = asked(None).await;
    assert_eq!((told, kind, ranges.as_str()), ((200, String::new()), as_clip.clone(), "bytes"));
    assert_eq!(bytes, kept);
    let (told, kind, _, bytes) = asked(Some("bytes=100-299")).await;
    assert_eq!((told, kind), ((206, format!("bytes 100-299/{length}")), as_clip.clone()));
    assert_eq!(bytes, kept.slice(100..300));
    let (told, kind, _, bytes) = asked(Some("bytes=-8")).await;
    assert_eq!((told, kind), ((206, format!("bytes {}-{}/{length}", length - 8, length - 1)), as_clip));
    assert_eq!(bytes, kept.slice(length - 8..));
    let (told, _, _, bytes) = asked(Some(&format!("bytes={length}-"))).await;
    assert_eq!((told, bytes.len()), ((416, format!("bytes */{length}")), 0));
}

#[tokio::test]
async fn a_clip_that_is_too_large_or_no_film_is_refused_with_what_to_do() {
    let (served, shelf) = served();
    let lan = user(&served, "lan").await;
    let bytes = |most: u32| usize::try_from(most).unwrap();
    let mut whole = clip();
    whole.resize(bytes(CLIP_BYTES_MAX) + 1, 0);
    assert_eq!(answer(put_clip(&lan, &served, 1, whole)).await.0, 413);
    let (status, body) = answer(put_clip(&lan, &served, 1, vec![0xff; bytes(FILE_BYTES_MAX) + 1])).await;
    assert_eq!(status, 413, "a photo is one, however it is called");
    assert!(body["message"].as_str().unwrap().contains(&FILE_BYTES_MAX.to_string()), "{body}");
    let sound = Track { handler: *b"soun", codec: *b"mp4a", samples: vec![vec![7; 900]] };
    let (status, body) = answer(put_clip(&lan, &served, 1, film(*b"mp42", &[sound]))).await;
    assert_eq!((status, &body["field"]), (422, &json!("body")));
    assert!(body["message"].as_str().unwrap().contains("record it with the phone's camera"), "{body}");
    assert!(shelf.held.lock().unwrap().is_empty(), "nothing was stored of what was refused");

    // Larger than a photo may be, and all film.
    let pictures = Track { handler: *b"vide", codec: *b"hvc1", samples: vec![vec![7; bytes(FILE_BYTES_MAX)]] };
    assert_eq!(answer(put_clip(&lan, &served, 1, film(*b"mp42", &[pictures]))).await.0, 200);
}

#[tokio::test]
async fn a_citizen_sends_a_clip_and_is_told_when_it_is_too_large() {
    let (served, _) = served();
    let (report, path) = reported(&served).await;
    let send_clip = |clip: Vec<u8>| {
        client().post(served.url(&format!("{path}/files"))).header("content-type", "video/mp4").body(clip)
    };
    let (status, body) = answer(send_clip(vec![0; usize::try_from(CLIP_BYTES_MAX).unwrap() + 1])).await;
    assert_eq!((status, &body["code"]), (413, &json!("too_large")));
    let said = |language: &str| body[language].as_str().unwrap().to_owned();
    assert!(said("message").contains("16 MB") && said("message_en").contains("16 MiB"), "{body}");
    let (status, body) = answer(send_clip(clip()[..200].to_vec())).await;
    assert_eq!((status, &body["field"]), (422, &json!("photo")));
    assert_eq!(answer(send_clip(clip())).await, (201, json!({"photos": 1, "photos_max": REPORT_FILES_MAX})));
    let lan = user(&served, "lan").await;
    let items = listed(&lan, &served, &format!("report={report}")).await;
    let expected_version = read(&*served.node, GroupId(0), |state| state.reports()[&report].version);
    accepted(
        served
            .cluster
            .commit(GroupId(0), AnswerReport { report: report.clone(), expected_version, answer: "Đã rào".into() }),
    );
    let show = json!({"sha256": items[0]["sha256"], "note": "Rào chắn"});
    assert_eq!(answer(lan.post(&served, 1, &format!("/api/reports/{report}/photos"), &show)).await.0, 200);
    let shown = answer(client().get(served.url(&path))).await.1["answer_photos"][0].clone();
    assert_eq!(shown["kind"], "quicktime");
    let part = client().get(served.url(shown["url"].as_str().unwrap())).header("range", "bytes=0-11");
    let part = part.send().await.unwrap();
    assert_eq!((part.status().as_u16(), header(&part, "content-type")), (206, "video/quicktime".into()));
    assert_eq!(part.bytes().await.unwrap()[4..], *b"ftypqt  ");
}
