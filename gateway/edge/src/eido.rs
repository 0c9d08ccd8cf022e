//! Incidents between services as NENA has them: the Emergency Incident Data Object in JSON (EIDO, NENA-STA-021.1b-2022),
//! written for whom an incident is offered to, and read from whoever offers us one. Pure, both ways.
//!
//! The object has no word for an offer, so ours goes with it as the extension `vn.trongdong.handover.1`, named in
//! `eidoExtensionId` as the standard has it; another service need not know it. Where an incident lies is a PIDF-LO (RFC 4119,
//! RFC 5139, RFC 5491) in `locationByValue`, with the official code of the commune as `ADDCODE`.

use domain::{Handover, Incident, IncidentKind, Severity, limits::TEXT_BYTES_MAX};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    api::body::from_json,
    cap::time,
    error::ApiError,
    public::{open311::node::escape, words::tidy},
};

pub(crate) mod pidf;

/// Components of one kind in one object; more are refused.
const COMPONENTS_MAX: usize = 256;
/// The extension that says what is offered.
const EXTENSION: &str = "vn.trongdong.handover.1";
/// The only version there is.
const VERSION: &str = "1.0";

/// What is offered, beside the incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Offer {
    /// What to name in the answer: `I12.1`.
    pub(crate) handover: String,
    /// The lead goes over with it.
    pub(crate) lead: bool,
    /// Part of a drill.
    pub(crate) exercise: bool,
    /// How far it is: `withdrawn` when it was taken back.
    pub(crate) status: String,
}

/// What somebody offers us, as far as we use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offered {
    /// What they call the incident.
    pub(crate) reference: String,
    pub(crate) kind: IncidentKind,
    pub(crate) severity: Severity,
    pub(crate) summary: String,
    pub(crate) latitude_e7: i32,
    pub(crate) longitude_e7: i32,
    /// The official code of the commune, or its name; may be empty.
    pub(crate) commune: String,
    pub(crate) address: String,
    pub(crate) lead: bool,
    pub(crate) exercise: bool,
    /// They took it back.
    pub(crate) withdrawn: bool,
}

/// How an incident and its hand-over are named towards other services.
pub(crate) fn handover_name(incident: &Incident, handover: &Handover) -> String {
    format!("{}.{}", incident.id, handover.number)
}

/// The incident and the hand-over of a name; none if it is not one.
pub(crate) fn read_handover_name(name: &str) -> Option<(domain::IncidentId, u32)> {
    let (incident, number) = name.rsplit_once('.')?;
    Some((domain::IncidentId::new(incident).ok()?, number.parse().ok()?))
}

/// The incident as an object, for the other side of the hand-over. `issuer` is this cluster's name among agencies.
pub(crate) fn write(issuer: &str, incident: &Incident, handover: &Handover, at: domain::Millis) -> Value {
    let other = handover.party.as_ref().map_or_else(|| handover.party_name.clone(), ToString::to_string);
    let component = |id: String, more: Value| {
        let mut all = json!({
            "$id": id,
            "lastUpdateTimeStamp": time(at),
            "updatedByAgencyReference": {"$ref": issuer},
        });
        if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
            all.extend(more);
        }
        all
    };
    let named = |what: &str| format!("{what}-{}", incident.id);
    let reference = |what: &str| json!([{"$ref": named(what)}]);
    let is_theirs = incident.dispatch.led_by().is_some_and(|led| led.number == handover.number);
    let place = &incident.place;
    let location = pidf::write(incident.id.as_str(), place);
    let offer = Offer {
        handover: handover_name(incident, handover),
        lead: handover.lead,
        exercise: incident.exercise,
        status: handover.status.to_string(),
    };
    let agency = |owns: bool| {
        json!({
            "agencyRoleDescriptionRegistryText": ["Dispatching"],
            "agencyType": ["psap"],
            "incidentOwningAgencyIndicator": owns,
        })
    };
    component(
        format!("urn:emergency:uid:incidentid:{}:{issuer}", incident.id),
        json!({
            "eidoVersion": VERSION,
            "eidoExtensionId": [EXTENSION],
            "issuingElementIdentification": issuer,
            "incidentComponent": component(named("incident"), json!({
                "incidentTypeCommonRegistryText": registry(incident.kind),
                "incidentTypeInternalCode": incident.kind.as_str(),
                "incidentStatusInternalText": [incident.status.as_str()],
                "internalIncidentId": incident.id.as_str(),
                "incidentPriorityInternalText": incident.severity.as_str(),
                "incidentCommonPriorityNumber": 6 - incident.severity.level(),
                "locationReference": reference("location"),
                "notesReference": [{"$ref": named("summary")}, {"$ref": named("reason")}],
            })),
            "locationComponent": [component(named("location"), json!({
                "locationTypeDescriptionRegistryText": "Incident",
                "locationByValue": location,
                "locationDescriptionText": place.address.as_str(),
            }))],
            "notesComponent": [
                component(named("summary"), json!({"notesActionComments": html(&incident.summary)})),
                component(named("reason"), json!({"notesActionComments": html(&handover.reason)})),
            ],
            "agencyComponent": [component(issuer.to_owned(), agency(!is_theirs)), component(other, agency(is_theirs))],
            EXTENSION: offer,
        }),
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(rename = "$id")]
    id: String,
    eido_version: String,
    #[serde(default)]
    incident_component: Option<WireIncident>,
    #[serde(default)]
    location_component: Vec<WireLocation>,
    #[serde(default)]
    notes_component: Vec<WireNote>,
    #[serde(rename = "vn.trongdong.handover.1", default)]
    offer: Option<Offer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireIncident {
    #[serde(default)]
    incident_type_common_registry_text: String,
    #[serde(default)]
    incident_type_internal_code: String,
    #[serde(default)]
    incident_type_internal_text: String,
    #[serde(default)]
    incident_priority_internal_text: String,
    #[serde(default)]
    incident_common_priority_number: Option<i64>,
    #[serde(default)]
    location_reference: Vec<WireReference>,
    #[serde(default)]
    notes_reference: Vec<WireReference>,
}

#[derive(Deserialize)]
struct WireReference {
    #[serde(rename = "$ref")]
    to: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLocation {
    #[serde(rename = "$id")]
    id: String,
    #[serde(default)]
    location_by_value: String,
    #[serde(default)]
    location_description_text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireNote {
    #[serde(rename = "$id")]
    id: String,
    #[serde(default)]
    notes_action_comments: String,
}

/// Reads an object that offers us an incident.
///
/// # Errors
/// 400 for what is no JSON, 422 with the field and the remedy for what is no incident with a place.
pub(crate) fn read(bytes: &[u8]) -> Result<Offered, ApiError> {
    let wire: Wire = from_json(bytes)?;
    if wire.eido_version != VERSION {
        return Err(ApiError::invalid("eidoVersion", "send 1.0 (NENA-STA-021.1b-2022)"));
    }
    if wire.id.is_empty() || wire.id.len() > domain::limits::NAME_BYTES_MAX || wire.id.chars().any(char::is_control) {
        return Err(ApiError::invalid("$id", "send the incident's tracking identifier, at most 256 bytes"));
    }
    for (field, count) in
        [("locationComponent", wire.location_component.len()), ("notesComponent", wire.notes_component.len())]
    {
        if count > COMPONENTS_MAX {
            return Err(ApiError::invalid(field, &format!("send at most {COMPONENTS_MAX}")));
        }
    }
    let Some(incident) = wire.incident_component else {
        return Err(ApiError::invalid("incidentComponent", "is required: what is offered is an incident"));
    };
    let refers = |all: &[WireReference], id: &str| all.iter().any(|reference| reference.to == id);
    let locations = &wire.location_component;
    // Where nothing is referred to, the only one is meant.
    let location = locations.iter().find(|it| refers(&incident.location_reference, &it.id)).or(locations.first());
    let place = location.and_then(|it| pidf::read(&it.location_by_value));
    let Some(place) = place else {
        let remedy = "send a PIDF-LO with a position (gml:pos: latitude, a space, longitude)";
        return Err(ApiError::invalid("locationComponent.locationByValue", remedy));
    };
    let notes = wire.notes_component.iter().filter(|it| refers(&incident.notes_reference, &it.id));
    let mut summary = notes.map(|note| plain(&note.notes_action_comments)).find(|text| !text.is_empty());
    for other in [&incident.incident_type_internal_text, &incident.incident_type_common_registry_text] {
        summary = summary.or_else(|| Some(tidy(other)).filter(|text| !text.is_empty()));
    }
    let described = location.map_or("", |it| it.location_description_text.as_str());
    let offer = wire.offer;
    Ok(Offered {
        reference: wire.id,
        kind: kind(&incident),
        severity: severity(&incident),
        summary: cut(summary.unwrap_or_else(|| "EIDO".to_owned()), TEXT_BYTES_MAX),
        latitude_e7: place.latitude_e7,
        longitude_e7: place.longitude_e7,
        commune: place.commune,
        address: cut(crate::public::words::tidy_line(described), domain::limits::NAME_BYTES_MAX),
        lead: offer.as_ref().is_none_or(|offer| offer.lead),
        exercise: offer.as_ref().is_some_and(|offer| offer.exercise),
        withdrawn: offer.is_some_and(|offer| offer.status == "withdrawn"),
    })
}

/// Our own code if it is one of ours, else by the word of the registry.
fn kind(incident: &WireIncident) -> IncidentKind {
    let own = IncidentKind::from_name(&incident.incident_type_internal_code);
    let text = incident.incident_type_common_registry_text.to_lowercase();
    let words = [
        ("fire", IncidentKind::Fire),
        ("flood", IncidentKind::Flood),
        ("medical", IncidentKind::Medical),
        ("ems", IncidentKind::Medical),
        ("traffic", IncidentKind::Traffic),
        ("vehicle", IncidentKind::Traffic),
        ("hazmat", IncidentKind::Pollution),
        ("law", IncidentKind::PublicOrder),
        ("utility", IncidentKind::Infrastructure),
    ];
    let by_word = || words.iter().find(|(word, _)| text.contains(word)).map(|(_, kind)| *kind);
    own.or_else(by_word).unwrap_or(IncidentKind::Other)
}

/// The word of the registry of incident types that is nearest.
fn registry(kind: IncidentKind) -> &'static str {
    match kind {
        IncidentKind::Flood => "Flood",
        IncidentKind::Fire => "Fire",
        IncidentKind::Medical => "Medical",
        IncidentKind::Traffic => "Traffic",
        IncidentKind::Pollution => "HazMat",
        IncidentKind::PublicOrder => "Law",
        IncidentKind::Infrastructure => "Utility",
        IncidentKind::Device | IncidentKind::Other => "Other",
    }
}

/// Our own word, else the common number, of which 1 is the gravest; nobody said: medium.
fn severity(incident: &WireIncident) -> Severity {
    let own = Severity::from_name(&incident.incident_priority_internal_text);
    own.unwrap_or(match incident.incident_common_priority_number {
        Some(i64::MIN..=1) => Severity::Critical,
        Some(2) => Severity::High,
        Some(3) | None => Severity::Medium,
        Some(4) => Severity::Low,
        Some(_) => Severity::Info,
    })
}

/// Notes are HTML5.
fn html(text: &str) -> String {
    let mut out = String::from("<p>");
    escape(text, &mut out);
    out + "</p>"
}

/// The text of an HTML note: tags go, and the five names of characters are read.
fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    for c in html.chars() {
        match c {
            '<' => is_tag = true,
            '>' if is_tag => is_tag = false,
            c if !is_tag => text.push(c),
            _ => {}
        }
    }
    tidy(&unescape(&text))
}

/// `&amp;` last, so that what was escaped twice is read once.
fn unescape(text: &str) -> String {
    let names = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    names.iter().fold(text.to_owned(), |text, (name, c)| text.replace(name, c))
}

/// At most so many bytes, with a mark where the rest was.
fn cut(mut text: String, bytes_max: usize) -> String {
    const MARK: &str = "…";
    if text.len() > bytes_max {
        let mut end = bytes_max - MARK.len();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str(MARK);
    }
    text
}

#[cfg(test)]
mod tests;
