//! Warnings as the Common Alerting Protocol has them: CAP 1.2 (OASIS Standard, 1 July 2010; ITU-T X.1303 bis), and a feed of
//! them as Atom (RFC 4287). Pure functions of the record, so a message is the same bytes whoever asks and on whichever node.
//!
//! One `info` for each language, Vietnamese first; the areas stand in each, named in its language, with the official code of
//! the administrative unit as `geocode` and, where they were drawn, `polygon` and `circle`. Nobody's name gets out.

use std::fmt::Write;

use domain::{
    GeoPoint, IncidentKind, Millis, Severity, Warning, WarningArea, WarningCertainty, WarningMessage, WarningPurpose,
    WarningReference, WarningResponse, WarningText, WarningUrgency, calendar,
};

use crate::public::open311::node::escape;

/// The media type of a message.
pub(crate) const CAP_TYPE: &str = "application/cap+xml";
/// The media type of the feed.
pub(crate) const ATOM_TYPE: &str = "application/atom+xml; charset=utf-8";
/// What the codes of administrative units are by: the list that the Prime Minister's Decision 19/2025 gives.
const GEOCODE: &str = "VN-QD-19-2025";
/// Milliseconds of an hour.
const HOUR_MS: u64 = 3_600_000;

/// The message as a CAP alert.
pub(crate) fn alert(warning: &Warning) -> String {
    let mut xml = Xml::new();
    xml.open("alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"");
    let content = &warning.content;
    xml.leaf("identifier", &identifier(warning.id.as_str(), warning.sent_at_ms));
    xml.leaf("sender", &content.sender);
    xml.leaf("sent", &time(warning.sent_at_ms));
    xml.leaf("status", status(content.purpose));
    xml.leaf("msgType", message(warning.message));
    xml.leaf("scope", "Public");
    if content.purpose == WarningPurpose::Exercise {
        // Of a drill the standard asks which one it is.
        xml.leaf("note", &format!("Diễn tập {id} / Exercise {id}", id = warning.incident));
    }
    if !warning.references.is_empty() {
        let all: Vec<_> = warning.references.iter().map(reference).collect();
        xml.leaf("references", &all.join(" "));
    }
    xml.leaf("incidents", warning.incident.as_str());
    for text in &content.texts {
        info(&mut xml, warning, text);
    }
    xml.close("alert");
    xml.0
}

fn info(xml: &mut Xml, warning: &Warning, text: &WarningText) {
    let content = &warning.content;
    let is_english = text.language == "en";
    xml.open("info");
    xml.leaf("language", if is_english { "en" } else { "vi-VN" });
    xml.leaf("category", category(warning.kind));
    xml.leaf("event", &text.event);
    xml.leaf("responseType", response(content.response));
    xml.leaf("urgency", urgency(content.urgency));
    xml.leaf("severity", severity(content.severity));
    xml.leaf("certainty", certainty(content.certainty));
    xml.leaf("effective", &time(warning.sent_at_ms));
    if content.onset_at_ms.is_set() {
        xml.leaf("onset", &time(content.onset_at_ms));
    }
    xml.leaf("expires", &time(content.expires_at_ms));
    xml.leaf("senderName", &content.sender_name);
    xml.leaf("headline", &text.headline);
    xml.leaf("description", &text.description);
    xml.leaf("instruction", &text.instruction);
    if !content.contact.is_empty() {
        xml.leaf("contact", &content.contact);
    }
    for area in &content.areas {
        self::area(xml, area, is_english);
    }
    xml.close("info");
}

fn area(xml: &mut Xml, area: &WarningArea, is_english: bool) {
    let name = if is_english && !area.name_en.is_empty() { &area.name_en } else { &area.name };
    xml.open("area");
    xml.leaf("areaDesc", name);
    if !area.polygon.is_empty() {
        let points: Vec<_> = area.polygon.iter().map(point).collect();
        xml.leaf("polygon", &points.join(" "));
    }
    if let Some(circle) = &area.circle {
        let (km, m) = (circle.radius_m / 1_000, circle.radius_m % 1_000);
        xml.leaf("circle", &format!("{} {km}.{m:03}", point(&circle.center)));
    }
    xml.open("geocode");
    xml.leaf("valueName", GEOCODE);
    xml.leaf("value", area.admin_unit.as_str());
    xml.close("geocode");
    xml.close("area");
}

/// What the message is called for ever: its own number, and when it was sent, because numbers begin anew behind a restored
/// backup.
pub(crate) fn identifier(id: &str, sent: Millis) -> String {
    format!("trongdong-{id}-{sent}")
}

fn reference(former: &WarningReference) -> String {
    let sent = former.sent_at_ms;
    format!("{},{},{}", former.sender, identifier(former.warning.as_str(), sent), time(sent))
}

/// A feed of messages, the newest first; `id` names the feed for ever.
pub(crate) fn feed<'a>(id: &str, now: Millis, warnings: impl IntoIterator<Item = &'a Warning>) -> String {
    let warnings: Vec<_> = warnings.into_iter().collect();
    let updated = warnings.iter().map(|warning| warning.sent_at_ms).max().unwrap_or(now);
    let mut xml = Xml::new();
    xml.open("feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"vi\"");
    xml.leaf("id", id);
    xml.leaf("title", "Cảnh báo công cộng / Public warnings");
    xml.leaf("updated", &time(updated));
    xml.void("link rel=\"self\" type=\"application/atom+xml\" href=\"/api/public/warnings\"");
    for warning in warnings {
        entry(&mut xml, warning);
    }
    xml.close("feed");
    xml.0
}

fn entry(xml: &mut Xml, warning: &Warning) {
    let text = warning.content.texts.first();
    let headline = text.map_or("", |text| text.headline.as_str());
    // Before all else whoever reads the list sees that it is not in earnest, or over.
    let marks = match (warning.content.purpose, warning.message) {
        (WarningPurpose::Exercise, _) => "[DIỄN TẬP] ",
        (WarningPurpose::Test, _) => "[THỬ] ",
        (WarningPurpose::Actual, WarningMessage::Cancel) => "[HỦY] ",
        (WarningPurpose::Actual, _) => "",
    };
    let sent = time(warning.sent_at_ms);
    xml.open("entry");
    xml.leaf("id", &format!("urn:trongdong:{}", identifier(warning.id.as_str(), warning.sent_at_ms)));
    xml.leaf("title", &format!("{marks}{headline}"));
    xml.leaf("updated", &sent);
    xml.leaf("published", &sent);
    xml.open("author");
    xml.leaf("name", &warning.content.sender_name);
    xml.close("author");
    xml.void(&format!("category term=\"{}\"", warning.content.purpose));
    let href = format!("/api/public/warnings/{}", warning.id);
    xml.void(&format!("link rel=\"alternate\" type=\"{CAP_TYPE}\" href=\"{href}\""));
    xml.leaf("summary", text.map_or("", |text| text.instruction.as_str()));
    xml.close("entry");
}

/// XML in the making. Tags are ours; what is in them is escaped.
struct Xml(String);

impl Xml {
    fn new() -> Self {
        Self("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned())
    }

    fn open(&mut self, tag: &str) {
        // Writing to a String does not fail.
        let _ = write!(self.0, "<{tag}>");
    }

    fn close(&mut self, name: &str) {
        let _ = write!(self.0, "</{name}>");
    }

    fn void(&mut self, tag: &str) {
        let _ = write!(self.0, "<{tag}/>");
    }

    fn leaf(&mut self, name: &str, text: &str) {
        self.open(name);
        escape(text, &mut self.0);
        self.close(name);
    }
}

/// Local time with its offset: CAP takes no "Z" (3.3.2).
pub(crate) fn time(at: Millis) -> String {
    let (year, month, day) = calendar::date_of(calendar::day_of(at));
    let of_day_s = (at.0.saturating_add(7 * HOUR_MS) / 1_000) % 86_400;
    let (hour, minute, second) = (of_day_s / 3_600, of_day_s / 60 % 60, of_day_s % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+07:00")
}

/// Latitude and longitude in degrees.
fn point(point: &GeoPoint) -> String {
    format!("{},{}", degrees(point.latitude_e7), degrees(point.longitude_e7))
}

/// Degrees of ten millionths of them.
pub(crate) fn degrees(e7: i32) -> String {
    let sign = if e7 < 0 { "-" } else { "" };
    let size = e7.unsigned_abs();
    format!("{sign}{}.{:07}", size / 10_000_000, size % 10_000_000)
}

fn status(purpose: WarningPurpose) -> &'static str {
    match purpose {
        WarningPurpose::Actual => "Actual",
        WarningPurpose::Exercise => "Exercise",
        WarningPurpose::Test => "Test",
    }
}

fn message(message: WarningMessage) -> &'static str {
    match message {
        WarningMessage::Alert => "Alert",
        WarningMessage::Update => "Update",
        WarningMessage::Cancel => "Cancel",
    }
}

fn category(kind: IncidentKind) -> &'static str {
    match kind {
        IncidentKind::Flood => "Met",
        IncidentKind::Fire => "Fire",
        IncidentKind::Medical => "Health",
        IncidentKind::Traffic => "Transport",
        IncidentKind::Pollution => "Env",
        IncidentKind::PublicOrder => "Security",
        IncidentKind::Infrastructure | IncidentKind::Device => "Infra",
        IncidentKind::Other => "Other",
    }
}

fn response(response: WarningResponse) -> &'static str {
    match response {
        WarningResponse::Shelter => "Shelter",
        WarningResponse::Evacuate => "Evacuate",
        WarningResponse::Prepare => "Prepare",
        WarningResponse::Execute => "Execute",
        WarningResponse::Avoid => "Avoid",
        WarningResponse::Monitor => "Monitor",
        WarningResponse::Assess => "Assess",
        WarningResponse::AllClear => "AllClear",
        WarningResponse::NoAction => "None",
    }
}

fn urgency(urgency: WarningUrgency) -> &'static str {
    match urgency {
        WarningUrgency::Immediate => "Immediate",
        WarningUrgency::Expected => "Expected",
        WarningUrgency::Future => "Future",
        WarningUrgency::Past => "Past",
        WarningUrgency::Unknown => "Unknown",
    }
}

/// Five levels onto four: what is only worth knowing is minor.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Extreme",
        Severity::High => "Severe",
        Severity::Medium => "Moderate",
        Severity::Low | Severity::Info => "Minor",
    }
}

fn certainty(certainty: WarningCertainty) -> &'static str {
    match certainty {
        WarningCertainty::Observed => "Observed",
        WarningCertainty::Likely => "Likely",
        WarningCertainty::Possible => "Possible",
        WarningCertainty::Unlikely => "Unlikely",
        WarningCertainty::Unknown => "Unknown",
    }
}

#[cfg(test)]
pub(crate) mod strict;
#[cfg(test)]
pub(crate) mod tests;
