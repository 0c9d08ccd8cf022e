//! One tree that is written as JSON or as XML (1.0), as GeoReport pairs them: a list is an array, and an element of named children.

use std::fmt::Write;

use serde_json::{Map, Value};

/// What the ending of a resource asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Xml,
}

/// A part of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// A text, a number, a yes or no, nothing.
    Scalar(Value),
    /// Fields in order.
    Record(Vec<(&'static str, Node)>),
    /// A record that is the whole answer, with its name in XML.
    Named(&'static str, Vec<(&'static str, Node)>),
    /// Its own name and that of each item in XML, and the items.
    List(&'static str, &'static str, Vec<Node>),
}

/// The name and the format of a resource such as `services.json`; without an ending it is XML, the standard's own.
pub(crate) fn file(text: &str) -> (&str, Format) {
    match text.rsplit_once('.') {
        Some((name, "json")) => (name, Format::Json),
        Some((name, "xml")) => (name, Format::Xml),
        _ => (text, Format::Xml),
    }
}

impl Node {
    pub(crate) fn text(text: &str) -> Self {
        Self::Scalar(Value::from(text))
    }

    fn json(&self) -> Value {
        let record = |fields: &[(&'static str, Self)]| {
            fields.iter().map(|(name, node)| ((*name).to_owned(), node.json())).collect::<Map<_, _>>().into()
        };
        match self {
            Self::Scalar(value) => value.clone(),
            Self::Record(fields) | Self::Named(_, fields) => record(fields),
            Self::List(_, _, items) => items.iter().map(Self::json).collect(),
        }
    }

    fn xml(&self, name: &str, out: &mut String) {
        // Writing to a String does not fail.
        let _ = write!(out, "<{name}>");
        match self {
            Self::Scalar(Value::Null) => {}
            Self::Scalar(Value::String(text)) => escape(text, out),
            Self::Scalar(value) => out.push_str(&value.to_string()),
            Self::Record(fields) | Self::Named(_, fields) => {
                fields.iter().for_each(|(name, node)| node.xml(name, out));
            }
            Self::List(_, item, items) => items.iter().for_each(|node| node.xml(item, out)),
        }
        let _ = write!(out, "</{name}>");
    }
}

impl Format {
    /// As a content type.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::Xml => "text/xml; charset=utf-8",
        }
    }

    pub(crate) fn write(self, node: &Node) -> String {
        if self == Self::Json {
            return node.json().to_string();
        }
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
        let name = match node {
            Node::List(name, ..) | Node::Named(name, _) => name,
            Node::Scalar(_) | Node::Record(_) => "answer",
        };
        node.xml(name, &mut out);
        out
    }
}

/// Text between tags. What XML 1.0 has no way to say is left out.
pub(crate) fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\n' | '\t' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c < ' ' => {}
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn one_tree_two_formats() {
        let record = Node::Record(vec![
            ("a", Node::text("x<y & \u{1}z")),
            ("b", Node::Scalar(json!(null))),
            ("c", Node::Scalar(json!(1.5))),
        ]);
        let list = Node::List("things", "thing", vec![record]);
        assert_eq!(Format::Json.write(&list), "[{\"a\":\"x<y & \\u0001z\",\"b\":null,\"c\":1.5}]");
        let xml = Format::Xml.write(&list);
        assert!(xml.ends_with("<things><thing><a>x&lt;y &amp; z</a><b></b><c>1.5</c></thing></things>"), "{xml}");
        assert_eq!(file("services.json"), ("services", Format::Json));
        assert_eq!(file("7K3FQ-9XM2A.xml"), ("7K3FQ-9XM2A", Format::Xml));
        assert_eq!(file("requests"), ("requests", Format::Xml));
    }

    proptest! {
        #[test]
        fn no_text_gets_out_of_its_element(text in any::<String>()) {
            let mut out = String::new();
            escape(&text, &mut out);
            prop_assert!(!out.contains(['<', '>']));
            let without = ["&amp;", "&lt;", "&gt;"].iter().fold(out.clone(), |out, known| out.replace(known, ""));
            prop_assert!(!without.contains('&'));
            prop_assert!(out.chars().all(|c| c >= ' ' || c == '\n' || c == '\t'));
        }
    }
}
