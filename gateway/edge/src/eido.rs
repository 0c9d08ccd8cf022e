//! Incidents between services as NENA has them: the Emergency Incident Data Object in JSON (EIDO, NENA-STA-021.1b-2022),
//! written for whom an incident is offered to or who is told of it, and read from whoever offers us one or answers. Pure, both ways.
//!
//! The object has no word for an offer, so ours goes with it as the extension `vn.trongdong.handover.1`, named in
//! `eidoExtensionId` as the standard has it; another service need not know it. Where an incident lies is a PIDF-LO (RFC 4119,
//! RFC 5139, RFC 5491) in `locationByValue`, with the official code of the commune as `ADDCODE`.

use domain::{
    Handover, HandoverDirection, HandoverStatus, Incident, IncidentId, IncidentKind, Severity, limits::TEXT_BYTES_MAX,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    api::body::from_json,
    cap::time,
    error::ApiError,
    public::{open311::node::escape, words::tidy},
};

pub(crate) mod pidf;
mod registry;

/// Components of one kind in one object; more are refused.
const COMPONENTS_MAX: usize = 256;
/// The extension that says what is offered.
const EXTENSION: &str = "vn.trongdong.handover.1";
/// The extension of an object that only tells of an incident: nobody is asked to take it over.
const TOLD: &str = "vn.trongdong.notice.1";
/// The only version there is.
const VERSION: &str = "1.0";
/// What stands before the words of an incident of a drill. The standard has no element that says so, so it stands where people of another
/// service read, and not in our extensions alone.
const EXERCISE: &str = "[DIỄN TẬP · EXERCISE]";

/// What is offered, beside the incident; or what is answered to an offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Offer {
    /// What to name in the answer: `I12.1`. In an answer: the name of the offer.
    pub(crate) handover: String,
    /// The lead goes over with it.
    pub(crate) lead: bool,
    /// Part of a drill.
    pub(crate) exercise: bool,
    /// How far it is: `withdrawn` when it was taken back.
    pub(crate) status: String,
    /// It is an answer to what the reader offered.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) answers: bool,
    /// What was answered, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) answer: String,
    /// Who gave the answer, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) answered_for: String,
    /// What the one that answers calls the incident.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) reference: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// What another service's object says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It tells of an incident, as a centre like this one does.
    Tells,
    /// It offers us an incident.
    Offers(Box<Offered>),
    /// It takes back what it offered under that reference.
    TakesBack { reference: String, reason: String },
    /// It answers what we offered.
    Answers { incident: IncidentId, handover: u32, accept: bool, offer: Offer },
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
}

/// This cluster's name among agencies.
pub(crate) fn issuer(epoch: u64) -> String {
    format!("trongdong-{epoch}")
}

/// How an incident and its hand-over are named towards other services.
pub(crate) fn handover_name(incident: &Incident, handover: &Handover) -> String {
    format!("{}.{}", incident.id, handover.number)
}

/// The incident and the hand-over of a name; none if it is not one.
pub(crate) fn read_handover_name(name: &str) -> Option<(IncidentId, u32)> {
    let (incident, number) = name.rsplit_once('.')?;
    Some((IncidentId::new(incident).ok()?, number.parse().ok()?))
}

/// The incident as an object, for the other side of the hand-over; none: for whoever is told of incidents. `issuer` is this
/// cluster's name among agencies.
pub(crate) fn write(issuer: &str, incident: &Incident, handover: Option<&Handover>, at: domain::Millis) -> Value {
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
    // Ids of components are nobody else's: another centre has an incident of that number as well.
    let named = |what: &str| format!("{issuer}-{}-{what}", incident.id);
    let reference = |what: &str| json!([{"$ref": named(what)}]);
    let led_by = incident.dispatch.led_by().filter(|it| it.direction != HandoverDirection::Within);
    let place = &incident.place;
    let location = pidf::write(incident.id.as_str(), place);
    let summary = if incident.exercise { format!("{EXERCISE} {}", incident.summary) } else { incident.summary.clone() };
    let mut notes = vec![component(named("summary"), json!({"notesActionComments": html(&summary)}))];
    let mut referred = vec![json!({"$ref": named("summary")})];
    if let Some(handover) = handover {
        let reason = named(&format!("reason-{}", handover.number));
        notes.push(component(reason.clone(), json!({"notesActionComments": html(&handover.reason)})));
        referred.push(json!({"$ref": reason}));
    }
    let agency = |owns: bool| {
        json!({
            "agencyRoleDescriptionRegistryText": [registry::AGENCY_ROLE],
            "agencyType": [registry::AGENCY_TYPE],
            "incidentOwningAgencyIndicator": owns,
        })
    };
    let mut agencies = vec![component(issuer.to_owned(), agency(led_by.is_none()))];
    // The other side is an agency of the incident, and so is whoever leads it, which may be another one.
    let is_shown = |it: &&Handover| it.direction != HandoverDirection::Within;
    let other = handover.filter(is_shown);
    let is_another =
        |led: &&Handover| other.is_none_or(|it| (&it.party, &it.party_name) != (&led.party, &led.party_name));
    let third = led_by.filter(is_another);
    for it in other.into_iter().chain(third) {
        let party = it.taken_by.as_ref().filter(|_| it.direction != HandoverDirection::In).or(it.party.as_ref());
        let name = party.map_or_else(|| it.party_name.clone(), ToString::to_string);
        let is_theirs = led_by.is_some_and(|led| (&led.party, &led.party_name) == (&it.party, &it.party_name));
        agencies.push(component(name, agency(is_theirs)));
    }
    let mut eido = component(
        format!("urn:emergency:uid:incidentid:{}:{issuer}", incident.id),
        json!({
            "eidoVersion": VERSION,
            "issuingElementIdentification": issuer,
            "incidentComponent": component(named("incident"), json!({
                "incidentTypeCommonRegistryText": registry::incident_type(incident.kind),
                "incidentTypeInternalCode": incident.kind.as_str(),
                "incidentStatusInternalText": [incident.status.as_str()],
                "internalIncidentId": incident.id.as_str(),
                "incidentPriorityInternalText": incident.severity.as_str(),
                "incidentCommonPriorityNumber": registry::priority(incident.severity),
                "locationReference": reference("location"),
                "notesReference": referred,
            })),
            "locationComponent": [component(named("location"), json!({
                "locationTypeDescriptionRegistryText": registry::INCIDENT_LOCATION,
                "locationByValue": location,
                "locationDescriptionText": place.address.as_str(),
            }))],
            "notesComponent": notes,
            "agencyComponent": agencies,
        }),
    );
    if let Some(of_incident) = eido["incidentComponent"].as_object_mut().filter(|_| incident.exercise) {
        of_incident.insert("incidentTypeInternalText".to_owned(), json!(EXERCISE));
    }
    if let (Some(handover), Some(all)) = (handover, eido.as_object_mut()) {
        all.insert("eidoExtensionId".to_owned(), json!([EXTENSION]));
        all.insert(EXTENSION.to_owned(), json!(offer(incident, handover)));
    } else if let Some(all) = eido.as_object_mut() {
        // Else a centre like this one would take it for an offer, and tell us of it in turn.
        all.insert("eidoExtensionId".to_owned(), json!([TOLD]));
        all.insert(TOLD.to_owned(), json!({"exercise": incident.exercise}));
    }
    eido
}

/// What our extension says of the hand-over: our offer, or our answer to theirs.
fn offer(incident: &Incident, handover: &Handover) -> Offer {
    let answers = handover.direction == HandoverDirection::In;
    let own = handover_name(incident, handover);
    let of_answer = |text: &str| if answers { text.to_owned() } else { String::new() };
    Offer {
        handover: if answers { handover.reference.clone() } else { own.clone() },
        lead: handover.lead,
        exercise: incident.exercise,
        status: handover.status.to_string(),
        answers,
        answer: of_answer(&handover.answer),
        answered_for: of_answer(&handover.answered_for),
        reference: of_answer(&own),
    }
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
    #[serde(rename = "vn.trongdong.notice.1", default)]
    told: Option<Value>,
}

#[derive(Default, Deserialize)]
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

/// Reads what another service's object says to us.
///
/// # Errors
/// 400 for what is no JSON, 422 with the field and the remedy for what is no incident with a place.
pub(crate) fn read(bytes: &[u8]) -> Result<Said, ApiError> {
    let wire: Wire = from_json(bytes)?;
    if wire.eido_version != VERSION {
        return Err(ApiError::invalid("eidoVersion", "send 1.0 (NENA-STA-021.1b-2022)"));
    }
    if wire.told.is_some() {
        return Ok(Said::Tells);
    }
    let Some(offer) = &wire.offer else { return offered(wire).map(|offered| Said::Offers(Box::new(offered))) };
    if !is_reference(&offer.handover) {
        let field = "vn.trongdong.handover.1.handover";
        return Err(ApiError::invalid(field, "name the hand-over, such as I12.1, in at most 256 bytes"));
    }
    if offer.answers {
        let accept = offer.status == HandoverStatus::Accepted.as_str();
        if !accept && offer.status != HandoverStatus::Refused.as_str() {
            return Err(ApiError::invalid("vn.trongdong.handover.1.status", "an answer is accepted or refused"));
        }
        let Some((incident, handover)) = read_handover_name(&offer.handover) else {
            return Err(ApiError::invalid(
                "vn.trongdong.handover.1.handover",
                "name it as the offer did, such as I12.1",
            ));
        };
        return Ok(Said::Answers { incident, handover, accept, offer: offer.clone() });
    }
    // Whoever took it is not told so: of an offer that is settled, those hear that were asked as well.
    let is_settled = |status: HandoverStatus| !status.is_waiting() && offer.status == status.as_str();
    if HandoverStatus::ALL.iter().any(|status| is_settled(*status)) {
        return Ok(Said::TakesBack { reference: offer.handover.clone(), reason: String::new() });
    }
    offered(wire).map(|offered| Said::Offers(Box::new(offered)))
}

/// Whether a name of somebody else's can stand in a record.
fn is_reference(name: &str) -> bool {
    !name.is_empty() && name.len() <= domain::limits::NAME_BYTES_MAX && !name.chars().any(char::is_control)
}

/// What somebody offers us, with a place.
fn offered(wire: Wire) -> Result<Offered, ApiError> {
    if !is_reference(&wire.id) {
        return Err(ApiError::invalid("$id", "send the incident's tracking identifier, at most 256 bytes"));
    }
    for (field, count) in
        [("locationComponent", wire.location_component.len()), ("notesComponent", wire.notes_component.len())]
    {
        if count > COMPONENTS_MAX {
            return Err(ApiError::invalid(field, &format!("send at most {COMPONENTS_MAX}")));
        }
    }
    // The standard asks for an agency alone: of a call that is passed on there may be no component of its incident yet.
    let incident = wire.incident_component.unwrap_or_default();
    let refers = |all: &[WireReference], id: &str| all.iter().any(|reference| reference.to == id);
    let locations = &wire.location_component;
    // Of those that are referred to first, then of any: others lie where a document elsewhere says, or have an address alone.
    let of_incident = locations.iter().filter(|it| refers(&incident.location_reference, &it.id));
    let mut placed = of_incident.chain(locations).map(|it| (it, pidf::read(&it.location_by_value)));
    let Some((location, place)) = placed.find_map(|(it, place)| Some((it, place?))) else {
        let remedy = "send a PIDF-LO with a position (gml:pos: latitude, a space, longitude)";
        return Err(ApiError::invalid("locationComponent.locationByValue", remedy));
    };
    let is_meant = |id: &str| incident.notes_reference.is_empty() || refers(&incident.notes_reference, id);
    let notes = wire.notes_component.iter().filter(|it| is_meant(&it.id));
    let mut summary = notes.map(|note| plain(&note.notes_action_comments)).find(|text| !text.is_empty());
    for other in [&incident.incident_type_internal_text, &incident.incident_type_common_registry_text] {
        summary = summary.or_else(|| Some(tidy(other)).filter(|text| !text.is_empty()));
    }
    let offer = wire.offer;
    let said = summary.unwrap_or_default();
    // Whoever does not know our extensions may say it as we do: an object that bears the mark in either place is of a drill.
    let unmarked = said.strip_prefix(EXERCISE).map(str::trim_start);
    let exercise = unmarked.is_some()
        || incident.incident_type_internal_text.starts_with(EXERCISE)
        || offer.as_ref().is_some_and(|offer| offer.exercise);
    let summary = Some(unmarked.unwrap_or(&said).to_owned()).filter(|text| !text.is_empty());
    Ok(Offered {
        // Who knows our extension is answered by the name of the offer: one incident may be offered twice.
        reference: offer.as_ref().map_or(wire.id, |offer| offer.handover.clone()),
        kind: registry::kind(&incident.incident_type_internal_code, &incident.incident_type_common_registry_text),
        severity: registry::severity(
            &incident.incident_priority_internal_text,
            incident.incident_common_priority_number,
        ),
        summary: cut(summary.unwrap_or_else(|| "EIDO".to_owned()), TEXT_BYTES_MAX),
        latitude_e7: place.latitude_e7,
        longitude_e7: place.longitude_e7,
        commune: place.commune,
        address: cut(
            crate::public::words::tidy_line(&location.location_description_text),
            domain::limits::NAME_BYTES_MAX,
        ),
        lead: offer.as_ref().is_none_or(|offer| offer.lead),
        exercise,
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
        text.truncate(text.floor_char_boundary(bytes_max - MARK.len()));
        text.push_str(MARK);
    }
    text
}

#[cfg(test)]
pub(crate) mod published;
#[cfg(test)]
pub(crate) mod strict;
#[cfg(test)]
mod tests;
