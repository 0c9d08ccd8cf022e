//! What devices, brokers and cameras send.

use domain::{DeviceStatus, Micro, Millis, Reading, Readings, SensorId, wire::Record};

use super::bytes_of;

pub(crate) const MQTT: &[&str] = &["\0\u{4}MQTT\u{4}", "\u{6}MQIsdp\u{3}", "trongdong/v1/readings", "\u{30}", "\u{10}"];

pub(crate) const READING: &[&str] = &[
    "\"readings\":[",
    "\"sensor\":\"gauge\"",
    "\"at_ms\":1757810000000",
    "\"at\":\"2026-02-28T23:59:60.999+07:00\"",
    "\"value\":",
    "-1e-7",
    "1e999",
    "999999999.9999999",
    "9223372036854775808",
    "\"unit\":\"m\"",
    "\"status\":\"calibrating\"",
    "null",
    "{",
    "}",
    "[",
    "]",
    ",",
    "\\ud800",
    "trongdong/v1/sensors/gauge/readings/pb\n",
    "trongdong/v1/readings\n",
];

pub(crate) const TEXT: &[&str] = &[
    "T",
    "Z",
    "+14:00",
    "-00:00",
    "2024-02-29",
    "23:59:60",
    ".999999999",
    "rtsp://",
    "user:pw@",
    "[::1]",
    ":554",
    "/pb",
];

pub(crate) const RTSP: &[&str] = &[
    "RTSP/1.0 200 OK\r\n",
    "RTSP/1.0 401 Unauthorized\r\n",
    "RTSP/1.0 454 Session Not Found\r\n",
    "CSeq: 1\r\n",
    "CSeq: 2\r\n",
    "CSeq: 3\r\n",
    "CSeq: 4\r\n",
    "\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 4294967296\r\n",
    "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", stale=true\r\n",
    "Session: 1;timeout=5\r\n",
    "Transport: RTP/AVP/TCP;interleaved=0-1\r\n",
    "Content-Base: rtsp://cam/live/\r\n",
    "OPTIONS * RTSP/1.0\r\n",
    "$\0\0\u{4}abcd",
    "m=video 0 RTP/AVP 96\r\n",
];

pub(crate) const SDP: &[&str] = &[
    "v=0\r\n",
    "m=video 0 RTP/AVP 96\r\n",
    "m=audio 0 RTP/AVP 0\r\n",
    "a=rtpmap:96 H264/90000\r\n",
    "a=rtpmap:300 H264/0\r\n",
    "a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0LAHg==,aM4=\r\n",
    "a=control:*\r\n",
    "a=rtpmap:\r\n",
    "a=fmtp:96\r\n",
    "4294967296",
];

pub(crate) const RTP: &[&str] = &["\u{78}\0\u{5}", "\u{7c}", "\u{65}", "\u{67}", "\u{68}", "\u{41}"];

pub(crate) const CHALLENGE: &[&str] = &[
    "Digest ",
    "Basic ",
    "realm=",
    "nonce=",
    "qop=\"auth,auth-int\"",
    "\"a\\\"b\"",
    ",",
    "=",
    "opaque=\"",
    "stale=true",
    "algorithm=MD5",
    "algorithm=SHA-256",
];

fn reading(at_ms: u64, status: DeviceStatus) -> Reading {
    Reading {
        sensor: SensorId::new("s").expect("a name"),
        at_ms: Millis(at_ms),
        value_micro: Micro(-4_250_000),
        status,
        unit_of_measure: "m".to_owned(),
    }
}

pub(crate) fn readings_json() -> Vec<Vec<u8>> {
    bytes_of(&[
        r#"{"at_ms":1757810000000,"value":4.25,"unit":"m","status":"measuring"}"#,
        r#"{"at":"2026-09-14T07:13:20.5+07:00","value":-0.000001}"#,
        r#"[{"sensor":"gauge","at_ms":1757810000000,"value":4},{"sensor":"rain","at_ms":1,"value":1e3,"status":"fault"}]"#,
        r#"{"readings":[{"sensor":"gauge","at":"2024-02-29T00:00:00Z","value":0,"unit":null}]}"#,
    ])
}

pub(crate) fn readings_protobuf() -> Vec<Vec<u8>> {
    let (one, other) = (reading(1_757_810_000_000, DeviceStatus::Measuring), reading(1, DeviceStatus::Fault));
    vec![one.encode(), other.encode(), Readings { readings: vec![one, other] }.encode()]
}

pub(crate) fn publishes() -> Vec<Vec<u8>> {
    let of = |topic: &str, payload: &[u8]| [topic.as_bytes(), b"\n", payload].concat();
    let (json, protobuf) = (readings_json(), readings_protobuf());
    vec![
        of("trongdong/v1/sensors/s/readings", &json[0]),
        of("trongdong/v1/sensors/s/readings", &json[1]),
        of("trongdong/v1/readings", &json[2]),
        of("trongdong/v1/readings", &json[3]),
        of("trongdong/v1/sensors/s/readings/pb", &protobuf[0]),
        of("trongdong/v1/readings/pb", &protobuf[2]),
    ]
}

pub(crate) fn texts() -> Vec<Vec<u8>> {
    bytes_of(&[
        "2026-09-14T07:13:20Z",
        "2024-02-29t23:59:59.123456789+07:00",
        "1970-01-01 00:00:00-00:30",
        "trongdong/v1/readings/pb",
        "trongdong/v1/sensors/river-1/readings",
        "rtsp://10.0.0.9:8554/live/main?channel=1",
        "rtsp://[::1]/a",
    ])
}

/// A packet: its first byte, its length, its body.
fn packet(header: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len()).expect("a short packet");
    assert!(length < 0x80, "a length of one byte");
    [&[header, length], body].concat()
}

pub(crate) fn mqtt_packets() -> Vec<Vec<u8>> {
    let connect = packet(0x10, b"\0\x04MQTT\x04\xc2\0\x3c\0\x02c1\0\x04user\0\x03key");
    let with_will = packet(0x10, b"\0\x04MQTT\x04\x2e\0\x3c\0\x02c1\0\x01t\0\x01m");
    let publish = packet(0x32, b"\0\x15trongdong/v1/readings\0\x07[]");
    let best_effort = packet(0x30, b"\0\x15trongdong/v1/readings[]");
    let (subscribe, unsubscribe) = (packet(0x82, b"\0\x01\0\x01#\x01"), packet(0xa2, b"\0\x02\0\x01#"));
    let acknowledged = packet(0x40, b"\0\x07");
    let (ping, disconnect) = (packet(0xc0, b""), packet(0xe0, b""));
    let whole = [&connect[..], &publish, &best_effort, &ping, &disconnect].concat();
    vec![whole, connect, with_will, publish, best_effort, subscribe, unsubscribe, acknowledged, ping]
}

const DESCRIPTION: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=S\r\nt=0 0\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\n\
    a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0LAHg==,aM4=\r\na=control:stream=0\r\n";

pub(crate) fn descriptions() -> Vec<Vec<u8>> {
    let with_sound = DESCRIPTION.replacen("m=video", "m=audio 0 RTP/AVP 0\r\na=control:stream=1\r\nm=video", 1);
    vec![DESCRIPTION.into(), with_sound.into()]
}

/// An RTP packet of the track that the description names.
fn rtp_packet(sequence: u8, marker: bool, payload: &[u8]) -> Vec<u8> {
    let head = [0x80, u8::from(marker) << 7 | 96, 0, sequence, 0, 0, 0, 10, 0, 0, 0, 1];
    [&head[..], payload].concat()
}

/// A key frame in one packet; sets gathered in one packet and a key frame in fragments; a packet with an extension.
fn pictures() -> Vec<Vec<u8>> {
    let sets = [0x78, 0, 5, 0x67, 0x42, 0xc0, 0x1e, 9, 0, 3, 0x68, 1, 2];
    let mut extended = rtp_packet(6, true, &[0xbe, 0xde, 0, 1, 1, 2, 3, 4, 0x41, 7]);
    extended[0] |= 0x10;
    vec![
        rtp_packet(1, true, &[0x65, 7]),
        rtp_packet(2, false, &sets),
        rtp_packet(3, false, &[0x7c, 0x85, 1, 2]),
        rtp_packet(4, false, &[0x7c, 0x05, 3]),
        rtp_packet(5, true, &[0x7c, 0x45, 4]),
        extended,
    ]
}

pub(crate) fn rtp() -> Vec<Vec<u8>> {
    vec![super::with_lengths(pictures()), super::with_lengths([rtp_packet(255, true, &[0x65, 7])])]
}

pub(crate) fn rtsp_sessions() -> Vec<Vec<u8>> {
    let answer = |cseq: u32, status: &str, headers: &str, body: &str| {
        let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        format!("RTSP/1.0 {status}\r\nCSeq: {cseq}\r\n{headers}{length}\r\n{body}")
    };
    let setup = "Session: 4711 ; timeout=30\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";
    let base = "Content-Base: rtsp://cam/live/\r\n";
    let options = answer(1, "200 OK", "Public: OPTIONS, GET_PARAMETER\r\n", "");
    let open = [answer(2, "200 OK", base, DESCRIPTION), answer(3, "200 OK", setup, ""), answer(4, "200 OK", "", "")];
    let asked = answer(2, "401 Unauthorized", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n", "");
    let then = [answer(3, "200 OK", base, DESCRIPTION), answer(4, "200 OK", setup, ""), answer(5, "200 OK", "", "")];
    let interleaved = |packet: Vec<u8>| {
        let length = u16::try_from(packet.len()).expect("a short packet");
        [&b"$\0"[..], &length.to_be_bytes(), &packet].concat()
    };
    let video: Vec<u8> = pictures().into_iter().flat_map(interleaved).collect();
    let request = "OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n";
    vec![
        [options.as_bytes(), open.concat().as_bytes(), &video, request.as_bytes()].concat(),
        [options.as_bytes(), asked.as_bytes(), then.concat().as_bytes(), &video].concat(),
    ]
}

pub(crate) fn challenges() -> Vec<Vec<u8>> {
    bytes_of(&[
        "Basic realm=\"cam\"",
        "Digest realm=\"cam\", nonce=\"abc\", qop=\"auth\", opaque=\"x\", stale=true, algorithm=MD5",
        "Basic realm=\"a\", Digest realm=\"b\", nonce=\"c\\\"d\"",
    ])
}
