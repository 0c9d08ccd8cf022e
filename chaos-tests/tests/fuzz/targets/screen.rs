//! What people, their screens and other systems send to the gateway.

use domain::wire::generated::{Hello, Ping, Position, Subscribe, ToServer, WatchCamera, to_server::Body};
use prost::Message;

use super::{bytes_of, device};

pub(crate) const BODY: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "true",
    "\"\"",
    "\"expected_version\":1",
    "\"place\":{\"latitude_e7\":164600000,\"longitude_e7\":1075900000,\"admin_unit\":\"hue\"}",
    "\"kind\":\"flood\"",
    "\"severity\":\"high\"",
    "\"reference\":\"call-1\"",
    "\"note\":\"",
    "18446744073709551616",
    "-9223372036854775809",
    "1e400",
    "\\ud83d",
    "\\u0000",
];

pub(crate) const HEAD: &[&str] = &[
    "\n",
    "authorization: Bearer ",
    "authorization: Basic ",
    "cookie: td_session=",
    "x-request-seq: ",
    "18446744073709551615",
    "from_ms=",
    "to_ms=",
    "%ff",
    "%",
    "&",
    "=",
    "sec-websocket-key: \u{7f}",
    "origin: https://other.example",
    "origin: ://",
    "host: ",
];

pub(crate) const PUBLIC: &[&str] = &[
    "service_code=",
    "attribute[commune]=",
    "address_id=hue",
    "&lat=91",
    "&long=NaN",
    "%C4%91",
    "%",
    "%f",
    "+",
    "&",
    "=",
    "-",
    "000000000000000",
    ".json",
    ".xml",
    "\u{2028}",
];

/// What words can say of formats whose marks are bytes beyond text.
pub(crate) const PICTURE: &[&str] = &[
    "Exif\u{0}\u{0}MM\u{0}*",
    "JFIF\u{0}",
    "Adobe",
    "IHDR",
    "IDAT",
    "IEND",
    "PLTE",
    "tRNS",
    "eXIf",
    "RIFF",
    "WEBP",
    "VP8 ",
    "VP8L",
    "VP8X",
    "ALPH",
    "EXIF",
    "\u{0}\u{0}\u{0}\u{0}",
];

pub(crate) const MESSAGE: &[&str] = &[
    "{\"hello\":{}}",
    "{\"ping\":{\"nonce\":1}}",
    "{\"subscribe\":{}}",
    "{\"watch_camera\":{\"camera\":\"gate\"}}",
    "\"districts\":[\"west\"]",
    "\"nouns\":[\"alarm\"]",
    "\"from\":[{\"epoch\":7,\"group\":2,\"index\":9,\"ordinal\":1}]",
    "incident",
    "vi",
    "\u{0}\u{0}\u{0}\u{0}",
];

pub(crate) fn bodies() -> Vec<Vec<u8>> {
    const PLACE: &str =
        r#"{"latitude_e7":164600000,"longitude_e7":1075900000,"admin_unit":"hue","address":"cầu Trường Tiền"}"#;
    let with_place = [
        r#"{"kind":"flood","severity":"high","place":PLACE,"summary":"Nước lên","exercise":true}"#,
        r#"{"reference":"call-1","kind":"fire","severity":"critical","place":PLACE,"summary":"Cháy","place_is_mapped":false}"#,
        r#"{"expected_version":3,"kind":"fire","severity":"low","place":PLACE,"summary":"Đã dập"}"#,
        r#"{"id":"boat-1","name":"Xuồng 1","agency":"PCCC","skills":["rescue"],"station":PLACE}"#,
        r#"{"position":PLACE,"at_ms":1757810000000}"#,
        r#"{"id":"gauge","name":"Cầu","kind":"river_level","unit_of_measure":"m","place":PLACE,"thresholds":[{"condition":
            "high","above":true,"limit_micro":27000000,"hysteresis_micro":100000,"debounce_ms":0,"severity":"high"}],
            "period_ms":60000,"silence_periods":3}"#,
        r#"{"id":"gate","name":"Cổng","rtsp_url":"rtsp://10.0.0.9/main","place":PLACE,"azimuth_deg":90,
            "field_of_view_deg":60,"sensitive":true,"user":"u","password":"p"}"#,
    ];
    let mut seeds: Vec<Vec<u8>> = with_place.iter().map(|body| body.replace("PLACE", PLACE).into_bytes()).collect();
    seeds.extend(bytes_of(&[
        r#"{"person":"lan","password":"mật khẩu"}"#,
        r#"{"expected_version":18446744073709551615}"#,
        r#"{"expected_version":2,"note":"xong"}"#,
        r#"{"group":0,"before":7,"by":"lan","kind":"right","text":"lũ","from_ms":1,"to_ms":2,"reason":"kiểm tra"}"#,
        r#"{"expected_version":2,"reason":"còn khói"}"#,
        r#"{"note":"đã gọi"}"#,
        r#"{"name":"Diễn tập lũ","scenario":"Vỡ đê"}"#,
        r#"{"id":"tinh","name":"Trung tâm tỉnh","name_en":"Centre","admin_unit":"hue","post":"desk"}"#,
        r#"{"scene":{"title":"Vỡ đê","layers":["sensor"],"incidents":["I1"],"cameras":["gate"],"place":null,
            "view":{"latitude_e7":164600000,"longitude_e7":1075900000,"zoom_centi":1250},"exercise":false}}"#,
        r#"{"leader":"tinh"}"#,
        r#"{"note":"Đập xả lũ","incidents":["I1"],"within_ms":600000,"exercise":false}"#,
        r#"{"text":"Gọi đập","incident":"I1","corrects":7,"exercise":true}"#,
        r#"{"expected_version":2,"units":["boat-1","truck-1"]}"#,
        r#"{"expected_version":2,"into":"I1"}"#,
        r#"{"entity":"gauge","condition":"high","episode":1}"#,
        r#"{"entity":"gauge","condition":"high","reason":"thử","until_ms":1757810000000}"#,
        r#"{"entity":"gauge","condition":"high"}"#,
        r#"{"status":"on_scene","expected_status":"en_route","tapped_at_ms":1757810000000}"#,
        r#"{"id":"lan","name":"Lan","role":"operator","districts":["west"],"password":"mật khẩu","unit":null}"#,
        r#"{"id":"west","name":"Phía tây","name_en":"West","admin_units":["hue"],"group":1}"#,
        r#"{"admin_units":[{"code":"hue","name":"Huế","name_en":"Hue","parent":null,"aliases":["Huế cũ"],
            "valid_from_ms":0,"valid_until_ms":0}]}"#,
    ]));
    seeds
}

/// Open311 forms. A code is right under one cluster's key only, so none stands here.
pub(crate) fn publics() -> Vec<Vec<u8>> {
    bytes_of(&[
        "service_code=fire&attribute%5Bcommune%5D=hue&lat=16.46&long=107.59&description=Kh%C3%B3i+l%E1%BB%9Bn&phone=0905",
        "service_code=other&address_id=hue&address_string=c%E1%BA%A7u+Tr%C6%B0%E1%BB%9Dng+Ti%E1%BB%81n",
    ])
}

/// Codes of an application, recovery codes and service keys.
pub(crate) fn proofs() -> Vec<Vec<u8>> {
    let key = format!("tdk_mua-son-la_{}", "A".repeat(43));
    ["123456", "123 456", "MZXW-6YTB-MZXW-6YTB", "mzxw6ytbmzxw6ytb", key.as_str()]
        .map(|text| text.as_bytes().to_vec())
        .to_vec()
}

/// Pieces of objects that offer incidents, and of answers.
pub(crate) const HANDOVER: &[&str] = &[
    "\"$id\":",
    "\"eidoVersion\":\"1.0\"",
    "\"incidentComponent\":{",
    "\"locationComponent\":[",
    "\"notesComponent\":[",
    "\"$ref\":\"a\"",
    "<gml:pos>16.46 107.59</gml:pos>",
    "<ca:ADDCODE>19774</ca:ADDCODE>",
    "&lt;p&gt;",
    "-90.0000001",
    "\"handover\":\"I1.1\"",
    "\"accept\":true",
];

pub(crate) fn handovers() -> Vec<Vec<u8>> {
    let place = "<gml:Point><gml:pos>16.4637 107.5909</gml:pos></gml:Point><ca:ADDCODE>19774</ca:ADDCODE>";
    let eido = r#"{"$id":"urn:emergency:uid:incidentid:9:other.example","eidoVersion":"1.0","issuingElementIdentification":"o",
        "incidentComponent":{"$id":"i","incidentTypeCommonRegistryText":"Fire","incidentCommonPriorityNumber":1,
        "locationReference":[{"$ref":"l"}],"notesReference":[{"$ref":"n"}]},
        "locationComponent":[{"$id":"l","locationTypeDescriptionRegistryText":"Incident","locationByValue":"PLACE"}],
        "notesComponent":[{"$id":"n","notesActionComments":"<p>Ch\u00e1y r\u1eebng</p>"}],"agencyComponent":[]}"#;
    let answer = br#"{"handover":"I1.1","accept":false,"answer":"b\u1eadn","answered_for":"k\u00edp 2"}"#;
    vec![eido.replace("PLACE", place).into_bytes(), answer.to_vec()]
}

pub(crate) fn pushes() -> Vec<Vec<u8>> {
    let mut seeds = device::readings_json();
    // A body names its sensors itself.
    seeds.drain(..2);
    seeds.push(br#"{"sensor":"gauge","at_ms":1757810000000,"value":4.25,"unit":"m"}"#.to_vec());
    // One reading alone is no batch.
    seeds.extend(device::readings_protobuf().pop());
    seeds
}

pub(crate) fn heads() -> Vec<Vec<u8>> {
    const TOKEN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let with_token = [
        "/api/session\nauthorization: Bearer TOKEN",
        "/api/incidents\ncookie: a=b; td_session=TOKEN; c\nx-request-seq: 7",
        "/ws\nconnection: keep-alive, Upgrade\nupgrade: websocket\nsec-websocket-version: 13\n\
            sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\nsec-websocket-protocol: trongdong.v1.json\n\
            origin: https://node-1.example\nhost: node-1.example\ncookie: td_session=TOKEN",
    ];
    let mut seeds: Vec<Vec<u8>> = with_token.iter().map(|head| head.replace("TOKEN", TOKEN).into_bytes()).collect();
    seeds.extend(bytes_of(&[
        "/api/sensors/gauge/readings?from_ms=1757810000000&to_ms=1757820000000",
        "/api/readings\nauthorization: Basic Z2F1Z2Uta2V5OnNlY3JldA==",
        "/ws\nconnection: upgrade\nupgrade: websocket\nsec-websocket-version: 13\nsec-websocket-key: x\n\
            sec-websocket-protocol: trongdong.v1, other\norigin: https://other.example",
    ]));
    seeds
}

const JSON: &[&str] = &[
    r#"{"hello":{"token":"AAAA","language":"vi"}}"#,
    r#"{"subscribe":{"districts":["west"],"nouns":["alarm","incident"],"from":[{"epoch":7,"group":2,"index":9,"ordinal":1}]}}"#,
    r#"{"ping":{"nonce":18446744073709551615}}"#,
    r#"{"watch_camera":{"camera":"gate"}}"#,
    r#"{"unwatch_camera":{"camera":"gate"}}"#,
];

fn protobuf() -> Vec<Vec<u8>> {
    let subscribe = Subscribe {
        districts: vec!["west".to_owned()],
        nouns: vec!["alarm".to_owned(), "reading".to_owned()],
        from: vec![Position { epoch: 7, group: 2, index: 9, ordinal: 1 }],
    };
    let bodies = [
        Body::Hello(Hello { token: "AAAA".to_owned(), language: "en".to_owned(), why: "screen/wall".to_owned() }),
        Body::Subscribe(subscribe),
        Body::Ping(Ping { nonce: 5, gaps: 2, doubles: 1 }),
        Body::WatchCamera(WatchCamera { camera: "gate".to_owned(), why: "incident/I1".to_owned() }),
    ];
    bodies.map(|body| ToServer { body: Some(body) }.encode_to_vec()).to_vec()
}

pub(crate) fn messages() -> Vec<Vec<u8>> {
    let mut seeds = bytes_of(JSON);
    seeds.extend(protobuf());
    seeds
}

/// A WebSocket frame of a client (RFC 6455, section 5.2), masked with zeros, so that mutation meets the message itself.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("a short message");
    let length = match u8::try_from(length) {
        Ok(short @ 0..126) => vec![0x80 | short],
        _ => [&[0x80 | 126][..], &length.to_be_bytes()].concat(),
    };
    [&[first][..], &length, &[0; 4], payload].concat()
}

pub(crate) fn sockets() -> Vec<Vec<u8>> {
    let text: Vec<u8> = JSON.iter().flat_map(|message| frame(0x81, message.as_bytes())).collect();
    let binary: Vec<u8> = protobuf().iter().flat_map(|message| frame(0x82, message)).collect();
    // In two parts, with a ping between them, and a close.
    let hello = JSON[0].as_bytes();
    let parts = [frame(0x01, &hello[..9]), frame(0x89, b"ping"), frame(0x80, &hello[9..]), frame(0x88, b"\x03\xe8bye")];
    vec![[&[0][..], &binary].concat(), [&[1][..], &text].concat(), [&[1][..], &parts.concat()].concat()]
}
