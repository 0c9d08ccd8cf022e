//! One target for each parser that faces the network, in one table. A target is a function of bytes: it feeds a parser by
//! the entrance that the product uses, panics when a promise is broken, and says whether the bytes were taken whole.

mod centre;
mod device;
mod node;
mod partner;
mod provider;
mod screen;
mod state;

/// A parser, and what to feed it.
pub(crate) struct Target {
    /// Its name, as in `TRONGDONG_FUZZ_TARGET`.
    pub(crate) name: &'static str,
    /// The files whose reading it covers, from the root of the checkout.
    pub(crate) parsers: &'static [&'static str],
    /// Feeds it; true when the bytes were taken whole.
    pub(crate) run: fn(&[u8]) -> bool,
    /// Inputs that are right: each is taken whole.
    pub(crate) seeds: fn() -> Vec<Vec<u8>>,
    /// Pieces of its grammar, for mutation.
    pub(crate) words: &'static [&'static str],
}

/// Every target.
pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "mqtt_packet",
        parsers: &["gateway/ingest/src/mqtt/connection.rs"],
        run: ingest::fuzzing::fuzz_mqtt_packet,
        seeds: device::mqtt_packets,
        words: device::MQTT,
    },
    Target {
        name: "mqtt_publish",
        parsers: &[
            "gateway/ingest/src/mqtt/topic.rs",
            "gateway/ingest/src/reading.rs",
            "gateway/ingest/src/rfc3339.rs",
        ],
        run: ingest::fuzzing::fuzz_publish,
        seeds: device::publishes,
        words: device::READING,
    },
    Target {
        name: "reading_json",
        parsers: &["gateway/ingest/src/reading.rs", "gateway/ingest/src/rfc3339.rs"],
        run: ingest::fuzzing::fuzz_reading_json,
        seeds: device::readings_json,
        words: device::READING,
    },
    Target {
        name: "reading_protobuf",
        parsers: &["gateway/ingest/src/reading.rs"],
        run: ingest::fuzzing::fuzz_reading_protobuf,
        seeds: device::readings_protobuf,
        words: device::READING,
    },
    Target {
        name: "text",
        parsers: &[
            "gateway/ingest/src/rfc3339.rs",
            "gateway/ingest/src/mqtt/topic.rs",
            "gateway/ingest/src/rtsp/address.rs",
        ],
        run: ingest::fuzzing::fuzz_text,
        seeds: device::texts,
        words: device::TEXT,
    },
    Target {
        name: "rtsp_session",
        parsers: &[
            "gateway/ingest/src/rtsp/session.rs",
            "gateway/ingest/src/rtsp/sdp.rs",
            "gateway/ingest/src/rtsp/auth.rs",
            "gateway/ingest/src/rtsp/depacketize.rs",
        ],
        run: ingest::fuzzing::fuzz_rtsp_session,
        seeds: device::rtsp_sessions,
        words: device::RTSP,
    },
    Target {
        name: "sdp",
        parsers: &["gateway/ingest/src/rtsp/sdp.rs", "gateway/ingest/src/rtsp/h264.rs"],
        run: ingest::fuzzing::fuzz_sdp,
        seeds: device::descriptions,
        words: device::SDP,
    },
    Target {
        name: "rtp",
        parsers: &["gateway/ingest/src/rtsp/depacketize.rs", "gateway/ingest/src/rtsp/h264.rs"],
        run: ingest::fuzzing::fuzz_rtp,
        seeds: device::rtp,
        words: device::RTP,
    },
    Target {
        name: "challenge",
        parsers: &["gateway/ingest/src/rtsp/auth.rs"],
        run: ingest::fuzzing::fuzz_challenge,
        seeds: device::challenges,
        words: device::CHALLENGE,
    },
    Target {
        name: "sip_message",
        parsers: &["gateway/telephony/src/message.rs"],
        run: telephony::fuzzing::fuzz_message,
        seeds: telephony::fuzzing::message_seeds,
        words: telephony::fuzzing::WORDS,
    },
    Target {
        name: "sip_door",
        parsers: &[
            "gateway/telephony/src/bridge.rs",
            "gateway/telephony/src/bridge/phone.rs",
            "gateway/telephony/src/bridge/wait.rs",
            "gateway/telephony/src/exchange.rs",
            "gateway/telephony/src/sdp.rs",
        ],
        run: telephony::fuzzing::fuzz_door,
        seeds: telephony::fuzzing::door_seeds,
        words: telephony::fuzzing::WORDS,
    },
    Target {
        name: "http_body",
        parsers: &["gateway/edge/src/api/body.rs"],
        run: edge::fuzzing::fuzz_body,
        seeds: screen::bodies,
        words: screen::BODY,
    },
    Target {
        name: "proof",
        parsers: &["gateway/edge/src/totp.rs", "gateway/edge/src/service_key.rs"],
        run: edge::fuzzing::fuzz_proof,
        seeds: screen::proofs,
        words: &["tdk_", "_", "-", "MZXW6YTB", "123456"],
    },
    Target {
        name: "oidc_discovery",
        parsers: &["gateway/edge/src/oidc/discovery.rs"],
        run: edge::fuzzing::fuzz_discovery,
        seeds: provider::documents,
        words: provider::DISCOVERY,
    },
    Target {
        name: "oidc_keys",
        parsers: &["gateway/edge/src/oidc/keys.rs"],
        run: edge::fuzzing::fuzz_keys,
        seeds: provider::sets,
        words: provider::KEYS,
    },
    Target {
        name: "oidc_token",
        parsers: &["gateway/edge/src/oidc/id_token.rs", "gateway/edge/src/oidc/passage.rs"],
        run: edge::fuzzing::fuzz_id_token,
        seeds: provider::tokens,
        words: provider::TOKEN,
    },
    Target {
        name: "http_push",
        parsers: &["gateway/edge/src/api/reading.rs", "gateway/ingest/src/reading.rs"],
        run: edge::fuzzing::fuzz_push,
        seeds: screen::pushes,
        words: device::READING,
    },
    Target {
        name: "http_head",
        parsers: &[
            "gateway/edge/src/api/body.rs",
            "gateway/edge/src/api/reading.rs",
            "gateway/edge/src/auth.rs",
            "gateway/edge/src/screen/upgrade.rs",
        ],
        run: edge::fuzzing::fuzz_head,
        seeds: screen::heads,
        words: screen::HEAD,
    },
    Target {
        name: "public",
        parsers: &[
            "gateway/edge/src/public/code.rs",
            "gateway/edge/src/public/words.rs",
            "gateway/edge/src/public/open311/form.rs",
            "gateway/edge/src/public/open311/node.rs",
        ],
        run: edge::fuzzing::fuzz_public,
        seeds: screen::publics,
        words: screen::PUBLIC,
    },
    Target {
        name: "handover",
        parsers: &["gateway/edge/src/api/handover.rs", "gateway/edge/src/eido.rs", "gateway/edge/src/eido/pidf.rs"],
        run: edge::fuzzing::fuzz_handover,
        seeds: screen::handovers,
        words: screen::HANDOVER,
    },
    Target {
        name: "conveyance",
        parsers: &["gateway/edge/src/conveyance/message.rs", "gateway/edge/src/conveyance/notifier.rs"],
        run: edge::fuzzing::fuzz_conveyance,
        seeds: partner::conveyances,
        words: partner::CONVEYANCE,
    },
    Target {
        name: "smtp_reply",
        parsers: &["gateway/edge/src/courier/smtp.rs"],
        run: edge::fuzzing::fuzz_smtp_reply,
        seeds: partner::replies,
        words: partner::REPLY,
    },
    Target {
        name: "to_server",
        parsers: &["gateway/edge/src/screen/message.rs", "consensus/domain/src/wire.rs"],
        run: edge::fuzzing::fuzz_to_server,
        seeds: screen::messages,
        words: screen::MESSAGE,
    },
    Target {
        name: "district_line",
        parsers: &["gateway/district/src/line.rs", "gateway/district/src/copy.rs"],
        run: district::fuzzing::fuzz_line_message,
        seeds: centre::messages,
        words: centre::WORDS,
    },
    Target {
        name: "district_file",
        parsers: &["gateway/district/src/record.rs", "gateway/district/src/copy.rs"],
        run: district::fuzzing::fuzz_copy_file,
        seeds: centre::files,
        words: centre::WORDS,
    },
    Target {
        name: "district_people",
        parsers: &[
            "gateway/district/src/front/sign_in.rs",
            "gateway/district/src/people.rs",
            "gateway/district/src/province.rs",
        ],
        run: district::fuzzing::fuzz_people,
        seeds: centre::people,
        words: centre::PEOPLE,
    },
    Target {
        name: "district_route",
        parsers: &["gateway/district/src/routes.rs"],
        run: district::fuzzing::fuzz_route,
        seeds: centre::routes,
        words: centre::PATHS,
    },
    Target {
        name: "websocket",
        parsers: &["gateway/edge/src/screen/message.rs"],
        run: edge::fuzzing::fuzz_websocket,
        seeds: screen::sockets,
        words: screen::MESSAGE,
    },
    Target {
        name: "peer_frame",
        parsers: &[
            "cluster/peer/src/frame.rs",
            "cluster/peer/src/message.rs",
            "cluster/peer/src/handshake.rs",
            "cluster/peer/src/format.rs",
        ],
        run: peer::fuzzing::fuzz_frames,
        seeds: peer::fuzzing::frame_seeds,
        words: &[],
    },
    Target {
        name: "peer_connection",
        parsers: &["cluster/peer/src/connection.rs", "cluster/peer/src/frame.rs", "cluster/peer/src/message.rs"],
        run: peer::fuzzing::fuzz_connection,
        seeds: peer::fuzzing::connection_seeds,
        words: &[],
    },
    Target {
        name: "peer_certificate",
        parsers: &["cluster/peer/src/identity.rs"],
        run: peer::fuzzing::fuzz_certificate,
        seeds: Vec::new,
        words: &["trongdong://here/node/7", "/node/", "\u{6}\u{3}U\u{1d}\u{11}"],
    },
    Target {
        name: "raft_append",
        parsers: &["consensus/raft/src/types.rs"],
        run: raft::fuzzing::fuzz_append,
        seeds: node::appends,
        words: &[],
    },
    Target {
        name: "raft_call",
        parsers: &["consensus/raft/src/serve.rs", "consensus/raft/src/change.rs"],
        run: raft::fuzzing::fuzz_call,
        seeds: raft::fuzzing::call_seeds,
        words: &[],
    },
    Target {
        name: "raft_answer",
        parsers: &["consensus/raft/src/network.rs", "consensus/raft/src/read.rs", "consensus/raft/src/change.rs"],
        run: raft::fuzzing::fuzz_answer,
        seeds: raft::fuzzing::answer_seeds,
        words: &[],
    },
    Target {
        name: "raft_snapshot",
        parsers: &[
            "consensus/raft/src/snapshot.rs",
            "consensus/raft/src/serve.rs",
            "consensus/raft/src/machine.rs",
            "consensus/domain/src/stored.rs",
            "consensus/domain/src/stored/own.rs",
        ],
        run: raft::fuzzing::fuzz_snapshot,
        seeds: node::snapshots,
        words: &[],
    },
    Target {
        name: "backup",
        parsers: &["consensus/raft/src/backup/frame.rs"],
        run: raft::backup::fuzzing::fuzz_backup,
        seeds: raft::backup::fuzzing::backup_seeds,
        words: &[],
    },
    Target {
        name: "tell",
        parsers: &["actors/entity/src/router.rs", "actors/entity/src/router/message.rs"],
        run: node::tell,
        seeds: node::tells,
        words: &["not-leader", "timeout"],
    },
    Target {
        name: "picture",
        parsers: &[
            "gateway/edge/src/picture.rs",
            "gateway/edge/src/picture/clip.rs",
            "gateway/edge/src/picture/exif.rs",
            "gateway/edge/src/picture/jpeg.rs",
            "gateway/edge/src/picture/png.rs",
            "gateway/edge/src/picture/webp.rs",
        ],
        run: edge::fuzzing::fuzz_picture,
        seeds: edge::fuzzing::picture_seeds,
        words: screen::PICTURE,
    },
    Target {
        name: "file_header",
        parsers: &["cluster/node/src/files/line.rs"],
        run: ::node::fuzzing::fuzz_file_header,
        seeds: ::node::fuzzing::file_header_seeds,
        words: &[],
    },
    Target {
        name: "admission",
        parsers: &["cluster/node/src/admission.rs", "cluster/node/src/invitation.rs", "cluster/node/src/membership.rs"],
        run: ::node::fuzzing::fuzz_admission,
        seeds: ::node::fuzzing::admission_seeds,
        words: &[],
    },
    Target {
        name: "look",
        parsers: &["cluster/node/src/drill/look.rs"],
        run: ::node::fuzzing::fuzz_look,
        seeds: ::node::fuzzing::look_seeds,
        words: &[
            "\"voters\":",
            "\"leader\":",
            "\"offset_ms\":",
            "18446744073709551615",
            "-9223372036854775808",
            "null",
        ],
    },
    Target {
        name: "relay",
        parsers: &["cluster/node/src/relay.rs"],
        run: node::relay,
        seeds: node::relays,
        words: &["avc1.42C01E"],
    },
    Target {
        name: "entry",
        parsers: &["consensus/domain/src/wire.rs", "consensus/raft/src/machine.rs"],
        run: state::entry,
        seeds: state::entries,
        words: state::NAMES,
    },
    Target {
        name: "rows",
        parsers: &[
            "consensus/domain/src/stored.rs",
            "consensus/domain/src/stored/own.rs",
            "consensus/domain/src/rows.rs",
            "consensus/domain/src/access_book.rs",
            "consensus/domain/src/call_book.rs",
            "consensus/domain/src/room_book.rs",
            "consensus/domain/src/file_book.rs",
        ],
        run: state::rows,
        seeds: state::row_sets,
        words: state::NAMES,
    },
    Target {
        name: "reading_chunk",
        parsers: &["consensus/domain/src/chunk.rs", "consensus/domain/src/chunk/bits.rs"],
        run: state::reading_chunk,
        seeds: state::reading_chunks,
        words: &[],
    },
    Target {
        name: "apply",
        parsers: &["consensus/raft/src/machine.rs", "consensus/domain/src/erasure/words.rs"],
        run: state::apply,
        seeds: state::logs,
        words: state::NAMES,
    },
    Target {
        name: "audit_export",
        parsers: &[
            "consensus/domain/src/audit.rs",
            "consensus/domain/src/audit/export.rs",
            "consensus/domain/src/audit/verify.rs",
        ],
        run: state::audit_export,
        seeds: state::audit_exports,
        words: state::NAMES,
    },
];

/// Pieces, each after two bytes of length; the last may be shorter than it says.
fn pieces(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = data.split_first_chunk::<2>()?;
        let (piece, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)).min(rest.len()));
        data = rest;
        Some(piece)
    })
}

/// Puts two bytes of length before each piece.
fn with_lengths(pieces: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let with_length = |piece: Vec<u8>| {
        let length = u16::try_from(piece.len()).expect("a seed's piece is short");
        [&length.to_be_bytes()[..], &piece].concat()
    };
    pieces.into_iter().flat_map(with_length).collect()
}

/// Texts as inputs.
fn bytes_of(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}
