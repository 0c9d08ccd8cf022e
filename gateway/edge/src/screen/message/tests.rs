use proptest::prelude::*;

use super::*;

#[test]
fn both_forms_say_the_same() {
    let wire = generated::Subscribe {
        districts: vec!["d1".into()],
        nouns: vec!["alarm".into()],
        from: vec![generated::Position { epoch: 7, group: 2, index: 9, ordinal: 1 }],
    };
    let body = Some(generated::to_server::Body::Subscribe(wire));
    let protobuf = ToServer::from_protobuf(&generated::ToServer { body }.encode_to_vec());
    let from = r#"{"epoch":7,"group":2,"index":9,"ordinal":1}"#;
    let json = format!(r#"{{"subscribe":{{"districts":["d1"],"nouns":["alarm"],"from":[{from}]}}}}"#);
    assert_eq!(protobuf, ToServer::from_json(&json));
    let watch = |why: &str| Ok(ToServer::WatchCamera { camera: CameraId::new("c1").unwrap(), why: why.into() });
    assert_eq!(ToServer::from_json(r#"{"watch_camera":{"camera":"c1"}}"#), watch(""));
    let wire = generated::WatchCamera { camera: "c1".into(), why: "incident/I1\n".into() };
    let body = Some(generated::to_server::Body::WatchCamera(wire));
    assert_eq!(ToServer::from_protobuf(&generated::ToServer { body }.encode_to_vec()), watch("incident/I1"));
}

#[test]
fn what_is_wrong_is_named() {
    let field = |json: &str| ToServer::from_json(json).unwrap_err().field;
    assert_eq!(field(r#"{"hello":{"language":"fr"}}"#), "hello.language");
    assert_eq!(field(r#"{"subscribe":{"nouns":["sensors"]}}"#), "subscribe.nouns");
    assert_eq!(field(r#"{"subscribe":{"districts":["a/b"]}}"#), "subscribe.districts.district");
    assert_eq!(field(r#"{"watch_camera":{"camera":""}}"#), "camera");
    assert_eq!(field(r#"{"shout":{}}"#), "message");
    let many = vec!["alarm".to_owned(); SUBSCRIBE_ITEMS_MAX + 1];
    assert_eq!(ToServer::subscribe(Vec::new(), many, Vec::new()).unwrap_err().field, "subscribe");
    assert_eq!(ToServer::from_protobuf(b"").unwrap_err().field, "message");
}

#[test]
fn json_has_the_names_of_the_schema() {
    let text = |message: ToScreen<'_>| message.encode(Encoding::Json).into_text().unwrap().to_string();
    let bye = ToScreen::Bye { code: ByeCode::TooMany, message: "m".into() };
    assert_eq!(text(bye), r#"{"bye":{"code":"too-many","message":"m"}}"#);
    let reset = ToScreen::Reset { group: GroupId(3), reason: ResetReason::BelowFloor };
    assert_eq!(text(reset), r#"{"reset":{"group":3,"reason":"below-floor"}}"#);
    let camera = CameraId::new("c1").unwrap();
    let frame = VideoFrame { camera, timestamp_us: 1, key: true, data: Bytes::from_static(&[0, 0, 1]) };
    assert!(text(ToScreen::VideoFrame(frame)).contains(r#""data":"AAAB""#));
}

proptest! {
    #[test]
    fn any_bytes_may_come(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = ToServer::from_protobuf(&bytes);
        let _ = ToServer::from_json(&String::from_utf8_lossy(&bytes));
    }

    /// A well-formed envelope with arbitrary contents goes deeper than noise does.
    #[test]
    fn any_subscription_may_come(
        districts in proptest::collection::vec(".{0,12}", 0..4),
        nouns in proptest::collection::vec(".{0,12}", 0..4),
        group in any::<u32>(), index in any::<u64>(),
    ) {
        let from = vec![generated::Position { epoch: 1, group, index, ordinal: 0 }];
        let is_right = nouns.iter().all(|noun| SUBSCRIBABLE.iter().any(|(name, _)| name == noun))
            && districts.iter().all(|id| DistrictId::new(id).is_ok());
        let body = generated::to_server::Body::Subscribe(generated::Subscribe { districts, nouns, from });
        let read = ToServer::from_protobuf(&generated::ToServer { body: Some(body) }.encode_to_vec());
        prop_assert_eq!(read.is_ok(), is_right);
    }
}
