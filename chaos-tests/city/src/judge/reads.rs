//! Linearizable looks: who was told that something is there, and then asks any node for all that is, is shown it.

use agree::judge::{Verdict, broken};
use serde_json::Value;

/// Judges the list of incidents that a node showed after the incident had been acknowledged.
pub fn judge(list: &Value, incident: &str) -> Verdict {
    let items = list.get("items").and_then(Value::as_array);
    let is_there = items.into_iter().flatten().any(|it| it.get("id").and_then(Value::as_str) == Some(incident));
    if is_there {
        return Ok(());
    }
    let count = items.map_or(0, Vec::len);
    Err(broken(
        "reads",
        format_args!("{incident} was acknowledged, and is not among {count} that were shown after that"),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_acknowledged_and_is_not_shown_is_found() {
        let list = json!({ "items": [{ "id": "I1" }, { "id": "I2" }] });
        assert_eq!(judge(&list, "I2"), Ok(()));
        assert!(judge(&list, "I3").is_err());
        assert!(judge(&Value::Null, "I1").is_err(), "what is no list shows nothing");
    }
}
