//! Whether a JSON value is one by a published description (OpenAPI 3.0), as far as NENA's go. They come without a licence to pass
//! them on, so none stands here: `TRONGDONG_NENA` names a folder with them as JSON, and the tests that need one are run by
//! `cargo test -p edge -- --ignored nena`. The checker itself is tested here on a description of its own.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::{Map, Value, json};

/// The folder: `eido.json` is `Schema/openapi.yaml` and `apco.json` is `Schema/NIEMComponents/apco.yaml` of `NENA911/EIDO-JSON`,
/// `conveyance.json` is `schema/websocket.yaml` of `NENA911/WebSocket-Subscribe-Notify`.
const FOLDER_VARIABLE: &str = "TRONGDONG_NENA";
/// How deep a generated value goes before nothing is in it that need not be.
const DEPTH_MAX: usize = 6;

/// A description.
pub(crate) struct Description(Value);

impl Description {
    /// The one of that name in the folder.
    pub(crate) fn of_nena(name: &str) -> Self {
        let remedy = format!("{FOLDER_VARIABLE} names a folder with NENA's descriptions as JSON");
        let path = PathBuf::from(std::env::var(FOLDER_VARIABLE).expect(&remedy)).join(name);
        let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; {remedy}", path.display()));
        Self(serde_json::from_slice(&text).unwrap())
    }

    /// What a component's type requires, sorted, and its properties; of all its parts.
    pub(crate) fn component(&self, name: &str) -> (Vec<&str>, BTreeMap<&str, &Value>) {
        let (mut required, mut properties) = (Vec::new(), BTreeMap::new());
        self.gather(&self.0["components"]["schemas"][name], &mut required, &mut properties);
        required.sort_unstable();
        (required, properties)
    }

    fn gather<'a>(
        &'a self,
        schema: &'a Value,
        required: &mut Vec<&'a str>,
        properties: &mut BTreeMap<&'a str, &'a Value>,
    ) {
        let schema = self.named(schema).unwrap_or(schema);
        required.extend(schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str));
        let of_its_own = schema["properties"].as_object().into_iter().flatten();
        properties.extend(of_its_own.map(|(name, schema)| (name.as_str(), schema)));
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.gather(part, required, properties);
        }
    }

    /// The words that a schema lets a value be.
    pub(crate) fn words(&self, name: &str) -> Vec<&str> {
        let words = self.0["components"]["schemas"][name]["enum"].as_array();
        words.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Whether the value is one by the schema of that name.
    ///
    /// # Errors
    /// The first thing that is wrong, and where.
    pub(crate) fn check(&self, name: &str, value: &Value) -> Result<(), String> {
        let schema = self.0["components"]["schemas"].get(name).ok_or(format!("there is no schema {name}"))?;
        self.valid(schema, value, name)
    }

    /// What a schema that is a reference refers to; what lies in another document is not there.
    fn named(&self, schema: &Value) -> Option<&Value> {
        let name = schema.get("$ref")?.as_str()?.strip_prefix("#/components/schemas/")?;
        self.0["components"]["schemas"].get(name)
    }

    fn valid(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        // What stands beside a reference says nothing (OpenAPI 3.0, 4.8.23).
        if let Some(Value::String(to)) = schema.get("$ref") {
            return match self.named(schema) {
                Some(schema) => self.valid(schema, value, at),
                None => Err(format!("{at}: {to} is not in this description")),
            };
        }
        let keywords = schema.as_object().ok_or(format!("{at}: its schema is no object"))?;
        for (keyword, says) in keywords {
            let items = || says.as_array().into_iter().flatten();
            match keyword.as_str() {
                "title" | "description" | "example" => {}
                "type" if is_of(says, value) => {}
                "enum" if items().any(|one| one == value) => {}
                "format" if is_in_format(says, value) => {}
                // In one place the published text has `1,` for a number.
                "minItems" if value.as_array().is_none_or(|all| all.len() as u64 >= says.as_u64().unwrap_or(1)) => {}
                "required" => {
                    let missing = |name: &&str| value.as_object().is_some_and(|fields| !fields.contains_key(*name));
                    if let Some(name) = items().filter_map(Value::as_str).find(missing) {
                        return Err(format!("{at}.{name} is required"));
                    }
                }
                "properties" => {
                    for (name, schema) in says.as_object().into_iter().flatten() {
                        if let Some(value) = value.get(name) {
                            self.valid(schema, value, &format!("{at}.{name}"))?;
                        }
                    }
                }
                "items" => {
                    for (number, value) in value.as_array().into_iter().flatten().enumerate() {
                        self.valid(says, value, &format!("{at}[{number}]"))?;
                    }
                }
                "allOf" => items().try_for_each(|schema| self.valid(schema, value, at))?,
                "type" | "enum" | "format" | "minItems" => return Err(format!("{at}: {keyword} {says}, not {value}")),
                other => return Err(format!("{at}: this checker does not know {other}")),
            }
        }
        Ok(())
    }

    /// A value by the schema of that name, of which the seed decides what is in it.
    pub(crate) fn made(&self, name: &str, seed: u64) -> Option<Value> {
        self.make(
            self.0["components"]["schemas"].get(name)?,
            &mut Seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
            0,
        )
    }

    /// None: it needs what lies in another document.
    fn make(&self, schema: &Value, seed: &mut Seed, depth: usize) -> Option<Value> {
        if schema.get("$ref").is_some_and(Value::is_string) {
            return self.make(self.named(schema)?, seed, depth + 1);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let mut all = Map::new();
            for part in parts {
                all.extend(self.make(part, seed, depth)?.as_object()?.clone());
            }
            return Some(Value::Object(all));
        }
        if let Some(words) = schema["enum"].as_array() {
            return words.get(seed.below(words.len())).cloned();
        }
        match schema["type"].as_str() {
            Some("string") => Some(json!(match schema["format"].as_str() {
                Some("date-time") => ["2021-04-30T18:43:49.439Z", "2026-11-23T00:00:00+07:00"][seed.below(2)],
                Some(_) => "https://lrf.example/1",
                None => ["x", "psap", "Tầng 2 <p>& \"x\"</p>", ""][seed.below(4)],
            })),
            Some("boolean") => Some(json!(seed.below(2) == 0)),
            Some("integer") => Some(json!(seed.below(12))),
            Some("array") => {
                let count = seed.below(3) + 1;
                (0..count).map(|_| self.make(&schema["items"], seed, depth + 1)).collect()
            }
            _ => {
                let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
                let required: Vec<&str> = required.collect();
                let mut fields = Map::new();
                for (name, of) in schema["properties"].as_object().into_iter().flatten() {
                    let is_required = required.contains(&name.as_str());
                    if !is_required && (depth >= DEPTH_MAX || seed.below(2) == 0) {
                        continue;
                    }
                    match self.make(of, seed, depth + 1) {
                        Some(value) => drop(fields.insert(name.clone(), value)),
                        None if is_required => return None,
                        None => {}
                    }
                }
                Some(Value::Object(fields))
            }
        }
    }
}

/// Numbers from a seed (xorshift), so that a failure can be played again.
struct Seed(u64);

impl Seed {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % count
    }
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind.as_str() {
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => false,
    }
}

fn is_in_format(format: &Value, value: &Value) -> bool {
    let text = value.as_str();
    match format.as_str() {
        Some("date-time") => text.is_none_or(is_date_time),
        Some("int32") => value.as_i64().is_none_or(|number| i32::try_from(number).is_ok()),
        Some("uri") => text.is_none_or(|text| text.contains(':') && !text.contains(' ')),
        Some("uri-reference") => text.is_none_or(|text| !text.contains(' ')),
        _ => false,
    }
}

/// RFC 3339, 5.6.
fn is_date_time(text: &str) -> bool {
    let digits = |text: &str, form: &str| {
        let is = |(c, form): (char, char)| if form == 'd' { c.is_ascii_digit() } else { c == form };
        text.len() == form.len() && text.chars().zip(form.chars()).all(is)
    };
    let Some((date, rest)) = text.split_once('T') else { return false };
    let Some(at) = rest.find(['Z', '+', '-']) else { return false };
    let (time, zone) = rest.split_at(at);
    let (second, part) = time.split_once('.').unwrap_or((time, "0"));
    let is_zone = zone == "Z" || (!zone.starts_with('Z') && digits(&zone[1..], "dd:dd"));
    digits(date, "dddd-dd-dd")
        && digits(second, "dd:dd:dd")
        && !part.is_empty()
        && part.bytes().all(|byte| byte.is_ascii_digit())
        && is_zone
}

#[test]
fn each_keyword_is_asked_and_what_is_not_known_is_not_passed_over() {
    let description = Description(json!({"components": {"schemas": {
        "Named": {"type": "object", "required": ["$id", "at"], "properties": {
            "$id": {"type": "string", "description": "own"},
            "at": {"type": "string", "format": "date-time"},
        }},
        "Thing": {"title": "a thing", "allOf": [{"$ref": "#/components/schemas/Named"}, {"type": "object", "properties": {
            "kind": {"type": "string", "enum": ["a", "b"]},
            "count": {"type": "integer", "format": "int32"},
            "is": {"type": "boolean"},
            "all": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Named"}},
            "link": {"type": "string", "format": "uri"},
            "far": {"$ref": "other.yaml#/components/schemas/Far"},
            "odd": {"type": "string", "maxLength": 3},
        }}]},
    }}}));
    let named = json!({"$id": "n", "at": "2021-04-30T18:40:00.0Z"});
    let right = json!({"$id": "x", "at": "2026-11-23T00:00:00+07:00", "kind": "a", "count": 3, "is": true, "all": [named],
        "link": "https://x.example", "more": {"any": "thing"}});
    assert_eq!(description.check("Thing", &right), Ok(()));
    let wrong: [(&str, Value); 14] = [
        ("$id", json!(1)),
        ("at", json!("2026-11-23 00:00:00")),
        ("at", json!("2026-11-23T00:00:00")),
        ("at", json!("2026-11-23T00:00:00.Z")),
        ("kind", json!("c")),
        ("count", json!(1.5)),
        ("count", json!(5_000_000_000_i64)),
        ("is", json!("true")),
        ("all", json!([])),
        ("all", json!([{"$id": "n"}])),
        ("all", json!({"$id": "n"})),
        ("link", json!("no link")),
        ("far", json!({})),
        ("odd", json!("ab")),
    ];
    for (name, value) in wrong {
        let mut changed = right.clone();
        changed[name] = value;
        let said = description.check("Thing", &changed).unwrap_err();
        assert!(said.contains(name), "{name}: {said}");
    }
    for name in ["$id", "at"] {
        let mut changed = right.clone();
        changed.as_object_mut().unwrap().remove(name);
        assert_eq!(description.check("Thing", &changed), Err(format!("Thing.{name} is required")));
    }
    assert!(description.check("Nothing", &right).is_err());
    assert_eq!(description.check("Thing", &json!([])), Err("Thing: type \"object\", not []".to_owned()));
    let (required, properties) = description.component("Thing");
    assert_eq!((required, properties.len()), (vec!["$id", "at"], 9));
    assert_eq!(description.check("Named", &description.made("Named", 7).unwrap()), Ok(()));
}
