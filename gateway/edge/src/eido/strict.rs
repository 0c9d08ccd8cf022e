//! Whether a JSON value is an Emergency Incident Data Object as NENA publishes it: which components, which elements of which type,
//! which of them are required, and that each reference finds a component of the type that it is for.
//!
//! Written from the data dictionary of NENA-STA-021.1b-2022 and the OpenAPI description that goes with it (`NENA911/EIDO-JSON`,
//! `Schema/openapi.yaml`, version 1.0.0). That description comes without a licence to pass it on, so no copy of it stands here. For
//! tests: of the standard's components those are known that we write, and, unlike there, nothing else may stand beside them, so
//! whatever passes here passes there; `published.rs` compares the tables with the description where somebody has it. An extension is
//! an element of its own that `eidoExtensionId` names.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::published::Description;
use crate::cap::strict::is_time;

/// What an element may hold.
#[derive(Clone, Copy)]
enum Holds {
    Text,
    Texts,
    Bool,
    /// From the one to the other.
    Integer(i64, i64),
    /// RFC 3339, in the form of CAP.
    Time,
    OneOf(&'static [&'static str]),
    /// One of a registry, of which the description says the name alone.
    Registered(&'static [&'static str]),
    /// A `ReferenceType` for a component of that type.
    To(&'static str),
    /// Some of them.
    ToSome(&'static str),
    Part(&'static Type),
    Parts(&'static Type),
}
use Holds::{Bool, Integer, OneOf, Part, Parts, Registered, Text, Texts, Time, To, ToSome};

/// Types of locations (3.8) that are known here.
const LOCATION_TYPES: &[&str] = &["Caller", "CurrentIncident", "Initial", "Investigation", "Staging"];

/// A type of component, without what all have.
struct Type {
    name: &'static str,
    required: &'static [&'static str],
    elements: &'static [(&'static str, Holds)],
}

/// What every component begins with (2.2, `PrologueType`).
const PROLOGUE: Type = Type {
    name: "PrologueType",
    required: &["$id", "lastUpdateTimeStamp", "updatedByAgencyReference"],
    elements: &[
        ("$id", Text),
        ("lastUpdateTimeStamp", Time),
        ("updatedByAgencyReference", To("AgencyType")),
        ("updatedByAgentReference", To("AgentType")),
    ],
};

const AGENCY: Type = Type {
    name: "AgencyType",
    required: &["agencyRoleDescriptionRegistryText", "agencyType"],
    elements: &[
        ("agencyJcard", Text),
        ("agencyRoleDescriptionRegistryText", Texts),
        ("agencyType", Texts),
        ("notesReference", ToSome("NotesType")),
        ("incidentOwningAgencyIndicator", Bool),
        ("actingOnBehalfOfAgencyReference", ToSome("AgencyType")),
    ],
};

const INCIDENT: Type = Type {
    name: "IncidentInformationType",
    required: &["incidentTypeCommonRegistryText"],
    elements: &[
        ("incidentTypeInternalCode", Text),
        ("incidentTypeInternalText", Text),
        ("incidentTypeCommonRegistryText", Text),
        ("incidentStatusInternalText", Texts),
        ("incidentStatusCommonRegistryText", Texts),
        ("internalIncidentId", Text),
        ("agentReference", ToSome("AgentType")),
        ("locationReference", ToSome("LocationInformationType")),
        ("documentIdentification", Texts),
        ("reportNumberType", Text),
        ("incidentPriorityInternalText", Text),
        ("incidentCommonPriorityNumber", Integer(0, 10)),
        ("beatOrDispatchGroupText", Text),
        ("notesReference", ToSome("NotesType")),
    ],
};

const LOCATION: Type = Type {
    name: "LocationInformationType",
    required: &["locationTypeDescriptionRegistryText"],
    elements: &[
        ("locationTypeDescriptionRegistryText", Registered(LOCATION_TYPES)),
        ("locationByValue", Text),
        ("locationByReferenceUrl", Text),
        ("locationDescriptionText", Text),
        ("crossStreetByValue", Texts),
        ("intersectingStreetByValue", Texts),
        ("cellTowerSectorId", Text),
        ("localIdentifier", Texts),
        ("notesReference", ToSome("NotesType")),
    ],
};

const NOTES: Type = Type {
    name: "NotesType",
    required: &["notesActionComments"],
    elements: &[("notesActionComments", Text), ("agentReference", To("AgentType"))],
};

const EIDO: Type = Type {
    name: "EmergencyIncidentDataObjectType",
    required: &["eidoVersion", "issuingElementIdentification", "agencyComponent"],
    elements: &[
        ("eidoVersion", OneOf(&["1.0"])),
        ("eidoExtensionId", Texts),
        ("issuingElementIdentification", Text),
        ("incidentComponent", Part(&INCIDENT)),
        ("notesComponent", Parts(&NOTES)),
        ("agencyComponent", Parts(&AGENCY)),
        ("locationComponent", Parts(&LOCATION)),
    ],
};

/// Ids of components and references to them, as they are found.
#[derive(Default)]
struct Found {
    types: BTreeMap<String, &'static str>,
    references: Vec<(String, &'static str)>,
}

/// # Errors
/// The first thing that the description forbids, with where it stands.
pub(crate) fn check(eido: &Value) -> Result<(), String> {
    let mut found = Found::default();
    let whole = eido.as_object().ok_or("an object is an object")?;
    let named = whole.get("eidoExtensionId").and_then(Value::as_array).into_iter().flatten();
    let extensions: Vec<&str> = named.filter_map(Value::as_str).collect();
    component(whole, &EIDO, &extensions, "", &mut found)?;
    for (to, kind) in &found.references {
        match found.types.get(to) {
            Some(known) if known == kind => {}
            Some(other) => return Err(format!("{to} is of {other}, and a {kind} is referred to")),
            None => return Err(format!("{to} is referred to and is not there")),
        }
    }
    for extension in extensions {
        if !whole.contains_key(extension) {
            return Err(format!("{extension} is named and is not there"));
        }
    }
    Ok(())
}

fn component(
    fields: &Map<String, Value>,
    kind: &'static Type,
    extensions: &[&str],
    at: &str,
    found: &mut Found,
) -> Result<(), String> {
    for name in PROLOGUE.required.iter().chain(kind.required) {
        if !fields.contains_key(*name) {
            return Err(format!("{at}.{name} is required"));
        }
    }
    for (name, value) in fields {
        let known = PROLOGUE.elements.iter().chain(kind.elements).find(|(known, _)| known == name);
        match known {
            Some((_, holds)) => element(value, *holds, &format!("{at}.{name}"), found)?,
            None if extensions.contains(&name.as_str()) => {}
            None => return Err(format!("{at}.{name} is no element of {}", kind.name)),
        }
    }
    let id = fields.get("$id").and_then(Value::as_str).unwrap_or_default();
    if id.is_empty() || found.types.insert(id.to_owned(), kind.name).is_some() {
        return Err(format!("{at}.$id {id:?} is not its own"));
    }
    Ok(())
}

fn element(value: &Value, holds: Holds, at: &str, found: &mut Found) -> Result<(), String> {
    let items = || value.as_array().filter(|items| !items.is_empty()).ok_or(format!("{at} is a list of some"));
    let is_right = match holds {
        Text => value.is_string(),
        Texts => items()?.iter().all(Value::is_string),
        Bool => value.is_boolean(),
        Integer(least, most) => value.as_i64().is_some_and(|number| (least..=most).contains(&number)),
        Time => value.as_str().is_some_and(is_time),
        OneOf(known) | Registered(known) => value.as_str().is_some_and(|text| known.contains(&text)),
        To(kind) => refer(value, kind, found),
        ToSome(kind) => items()?.iter().all(|item| refer(item, kind, found)),
        Part(kind) => {
            let fields = value.as_object().ok_or(format!("{at} is an object"))?;
            component(fields, kind, &[], at, found)?;
            true
        }
        Parts(kind) => {
            for (number, item) in items()?.iter().enumerate() {
                let fields = item.as_object().ok_or(format!("{at}[{number}] is an object"))?;
                component(fields, kind, &[], &format!("{at}[{number}]"), found)?;
            }
            true
        }
    };
    if is_right { Ok(()) } else { Err(format!("{at} does not hold {value}")) }
}

/// Where these tables and a published description part: whatever passes here would not pass there.
pub(crate) fn differences(description: &Description) -> Vec<String> {
    let mut found = Vec::new();
    for kind in [&AGENCY, &INCIDENT, &LOCATION, &NOTES, &EIDO] {
        let (required, properties) = description.component(kind.name);
        let mut ours: Vec<&str> = PROLOGUE.required.iter().chain(kind.required).copied().collect();
        ours.sort_unstable();
        if ours != required {
            found.push(format!("{}: {ours:?} are required here, {required:?} there", kind.name));
        }
        for (name, holds) in PROLOGUE.elements.iter().chain(kind.elements) {
            match properties.get(*name) {
                Some(schema) if is_held(*holds, schema) => {}
                Some(schema) => found.push(format!("{}.{name} is {schema} there", kind.name)),
                None => found.push(format!("{}.{name} is not there", kind.name)),
            }
        }
    }
    found
}

/// Whether a schema takes what an element holds here.
fn is_held(holds: Holds, schema: &Value) -> bool {
    let is = |schema: &Value, kind: &str| schema["type"] == kind;
    let refers = |schema: &Value, kind: &str| schema["$ref"] == format!("#/components/schemas/{kind}");
    match holds {
        Text | Registered(_) => is(schema, "string") && schema.get("enum").is_none(),
        Texts => is(schema, "array") && is(&schema["items"], "string"),
        Bool => is(schema, "boolean"),
        Integer(..) => is(schema, "integer"),
        Time => is(schema, "string") && schema["format"] == "date-time",
        OneOf(known) => is(schema, "string") && schema["enum"] == serde_json::json!(known),
        To(_) => refers(schema, "ReferenceType"),
        ToSome(_) => is(schema, "array") && refers(&schema["items"], "ReferenceType"),
        Part(kind) => refers(schema, kind.name),
        Parts(kind) => is(schema, "array") && refers(&schema["items"], kind.name),
    }
}

fn refer(value: &Value, kind: &'static str, found: &mut Found) -> bool {
    let to = value.as_object().filter(|fields| fields.len() == 1).and_then(|fields| fields.get("$ref")?.as_str());
    if let Some(to) = to {
        found.references.push((to.to_owned(), kind));
    }
    to.is_some()
}
