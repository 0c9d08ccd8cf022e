//! Counts for `/metrics`, in the OpenMetrics text format. No personal data.

use std::fmt::Write;

use domain::GroupId;
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::{app::App, screen::message::ByeCode};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByeLabels {
    code: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    status: u16,
}

/// Counts of this node's edge.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    byes: Family<ByeLabels, Counter>,
    messages_sent: Counter,
    bytes_sent: Counter,
    frames_missing: Counter,
    frames_doubled: Counter,
    pub(crate) connections_refused: Counter,
    pub(crate) logins_failed: Counter,
    connections: Gauge,
    sockets: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("trongdong_edge");
        let metrics = Self {
            registry: Registry::default(),
            requests: Family::default(),
            byes: Family::default(),
            messages_sent: Counter::default(),
            bytes_sent: Counter::default(),
            frames_missing: Counter::default(),
            frames_doubled: Counter::default(),
            connections_refused: Counter::default(),
            logins_failed: Counter::default(),
            connections: Gauge::default(),
            sockets: Gauge::default(),
        };
        registry.register("requests", "HTTP requests answered", metrics.requests.clone());
        registry.register("screens_let_go", "screens closed by this node, by reason", metrics.byes.clone());
        registry.register("screen_messages_sent", "messages written to screens", metrics.messages_sent.clone());
        registry.register("screen_bytes_sent", "bytes written to screens", metrics.bytes_sent.clone());
        registry.register("screen_frames_missing", "frames missing, as screens told", metrics.frames_missing.clone());
        registry.register("screen_frames_doubled", "frames twice, as screens told", metrics.frames_doubled.clone());
        registry.register("connections_refused", "connections closed at a bound", metrics.connections_refused.clone());
        registry.register("logins_failed", "logins refused", metrics.logins_failed.clone());
        registry.register("connections", "open connections", metrics.connections.clone());
        registry.register("screens", "open screens", metrics.sockets.clone());
        Self { registry, ..metrics }
    }

    /// A request was answered. `route` is the pattern, so that the number of series is bounded.
    pub(crate) fn answered(&self, route: &str, status: u16) {
        self.requests.get_or_create(&RequestLabels { route: route.to_owned(), status }).inc();
    }

    /// A screen was let go.
    pub(crate) fn bye(&self, code: ByeCode) {
        self.byes.get_or_create(&ByeLabels { code: code.as_str().to_owned() }).inc();
    }

    /// Messages were written to a screen.
    pub(crate) fn sent(&self, messages: usize, bytes: usize) {
        self.messages_sent.inc_by(messages as u64);
        self.bytes_sent.inc_by(bytes as u64);
    }

    /// A screen told of frames that were missing or came twice.
    pub(crate) fn frames_told(&self, missing: u32, doubled: u32) {
        self.frames_missing.inc_by(u64::from(missing));
        self.frames_doubled.inc_by(u64::from(doubled));
    }

    /// Everything, as text.
    pub(crate) fn text(&self, app: &App) -> Result<String, std::fmt::Error> {
        self.connections.set(i64::try_from(app.connections.taken()).unwrap_or(i64::MAX));
        self.sockets.set(i64::try_from(app.sockets.taken()).unwrap_or(i64::MAX));
        let mut out = String::new();
        text::encode_registry(&mut out, &self.registry)?;
        for (name, help) in [
            ("trongdong_group_applied_index", "log index applied on this node"),
            ("trongdong_group_quorum_age_ms", "milliseconds since a quorum was heard of"),
            ("trongdong_group_leader", "node id of the leader, 0: none known"),
        ] {
            writeln!(out, "# HELP {name} {help}.\n# TYPE {name} gauge")?;
            for group in GroupId::all() {
                let age = app.source.group_age(group);
                let value = match name {
                    "trongdong_group_applied_index" => u128::from(app.source.applied(group).index),
                    "trongdong_group_quorum_age_ms" => age.quorum_age.as_millis(),
                    _ => u128::from(age.leader.unwrap_or_default()),
                };
                writeln!(out, "{name}{{group=\"{group}\"}} {value}")?;
            }
        }
        for (name, value) in app.config.more_metrics.as_ref().map(|more| more()).unwrap_or_default() {
            writeln!(out, "# TYPE trongdong_{name} unknown\ntrongdong_{name} {value}")?;
        }
        text::encode_eof(&mut out)?;
        Ok(out)
    }
}
