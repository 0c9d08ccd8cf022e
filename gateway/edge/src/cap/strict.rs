//! Whether bytes are a CAP 1.2 message, as its schema has it: which elements, in which order, how often, with which values;
//! and what the standard says beyond its schema of identifiers, references and shapes. For tests: it takes what this
//! schema knows and nothing else of XML, so whatever passes here is plain.

/// How often an element may stand.
#[derive(Clone, Copy, PartialEq)]
enum Times {
    Once,
    Maybe,
    Any,
    Least,
}
use Times::{Any, Least, Maybe, Once};

/// What an element may hold.
#[derive(Clone, Copy)]
enum Holds {
    Text,
    /// Not empty and without white space, comma, `<` and `&` (3.2.1).
    Name,
    Time,
    /// `sender,identifier,sent`, separated by blanks.
    References,
    /// At least four points, the last of which is the first (3.2.4).
    Polygon,
    /// A point, a blank, and a radius in kilometres.
    Circle,
    OneOf(&'static [&'static str]),
    Elements(&'static [Rule]),
}
use Holds::{Circle, Elements, Name, OneOf, Polygon, References, Text, Time};

type Rule = (&'static str, Times, Holds);

const PAIR: &[Rule] = &[("valueName", Once, Text), ("value", Once, Text)];
const AREA: &[Rule] =
    &[("areaDesc", Once, Text), ("polygon", Any, Polygon), ("circle", Any, Circle), ("geocode", Any, Elements(PAIR))];
const CATEGORIES: &[&str] =
    &["Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other"];
const RESPONSES: &[&str] =
    &["Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"];
const INFO: &[Rule] = &[
    ("language", Maybe, OneOf(&["vi-VN", "en"])),
    ("category", Least, OneOf(CATEGORIES)),
    ("event", Once, Text),
    ("responseType", Any, OneOf(RESPONSES)),
    ("urgency", Once, OneOf(&["Immediate", "Expected", "Future", "Past", "Unknown"])),
    ("severity", Once, OneOf(&["Extreme", "Severe", "Moderate", "Minor", "Unknown"])),
    ("certainty", Once, OneOf(&["Observed", "Likely", "Possible", "Unlikely", "Unknown"])),
    ("audience", Maybe, Text),
    ("eventCode", Any, Elements(PAIR)),
    ("effective", Maybe, Time),
    ("onset", Maybe, Time),
    ("expires", Maybe, Time),
    ("senderName", Maybe, Text),
    ("headline", Maybe, Text),
    ("description", Maybe, Text),
    ("instruction", Maybe, Text),
    ("contact", Maybe, Text),
    ("area", Any, Elements(AREA)),
];
const ALERT: &[Rule] = &[
    ("identifier", Once, Name),
    ("sender", Once, Name),
    ("sent", Once, Time),
    ("status", Once, OneOf(&["Actual", "Exercise", "System", "Test", "Draft"])),
    ("msgType", Once, OneOf(&["Alert", "Update", "Cancel", "Ack", "Error"])),
    ("source", Maybe, Text),
    ("scope", Once, OneOf(&["Public", "Restricted", "Private"])),
    ("code", Any, Text),
    ("note", Maybe, Text),
    ("references", Maybe, References),
    ("incidents", Maybe, Text),
    ("info", Any, Elements(INFO)),
];

/// # Errors
/// The first thing that the schema or the standard forbids.
pub(crate) fn check(xml: &str) -> Result<(), String> {
    let start = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">";
    let rest = xml.strip_prefix(start).ok_or("the prologue and the namespace")?;
    let rest = elements(rest, ALERT)?;
    if rest != "</alert>" {
        return Err(format!("what is left: {rest:.60}"));
    }
    let has = |name: &str| xml.contains(&format!("<{name}>"));
    let follows = has("references") != xml.contains("<msgType>Alert</msgType>");
    if !follows {
        return Err("references go with an update or a cancellation".to_owned());
    }
    if xml.contains("<status>Exercise</status>") && !has("note") {
        return Err("an exercise says which".to_owned());
    }
    Ok(())
}

/// Takes elements by the rules in their order; what comes behind them.
fn elements<'a>(mut rest: &'a str, rules: &[Rule]) -> Result<&'a str, String> {
    for (name, times, holds) in rules {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let mut count = 0;
        while let Some(inner) = rest.strip_prefix(open.as_str()) {
            count += 1;
            let behind = match holds {
                Elements(rules) => elements(inner, rules)?,
                _ => {
                    let (text, _) = inner.split_once('<').ok_or("a text without an end")?;
                    value(text, holds).map_err(|wrong| format!("{name}: {wrong}: {text}"))?;
                    &inner[text.len()..]
                }
            };
            rest = behind.strip_prefix(close.as_str()).ok_or_else(|| format!("{name} holds {behind:.60}"))?;
        }
        let is_right = match times {
            Once => count == 1,
            Maybe => count <= 1,
            Least => count >= 1,
            Any => true,
        };
        if !is_right {
            return Err(format!("{name} stands {count} times before {rest:.60}"));
        }
    }
    Ok(rest)
}

fn value(text: &str, holds: &Holds) -> Result<(), &'static str> {
    let is_right = match holds {
        Text => !text.trim().is_empty() && has_known_names(text),
        Name => !text.is_empty() && !text.contains([' ', '\t', '\n', ',', '<', '&']),
        Time => is_time(text),
        References => text.split(' ').all(|one| {
            let parts: Vec<_> = one.split(',').collect();
            matches!(parts[..], [sender, id, sent] if !sender.is_empty() && !id.is_empty() && is_time(sent))
        }),
        Polygon => {
            let points: Vec<_> = text.split(' ').collect();
            points.len() >= 4 && points.first() == points.last() && points.iter().all(|point| is_point(point))
        }
        Circle => text
            .split_once(' ')
            .is_some_and(|(point, km)| is_point(point) && km.parse::<f64>().is_ok_and(|km| km >= 0.0)),
        OneOf(known) => known.contains(&text),
        Elements(_) => false,
    };
    if is_right { Ok(()) } else { Err("is none") }
}

/// Every `&` begins a name that XML has by itself.
fn has_known_names(text: &str) -> bool {
    text.split('&').skip(1).all(|rest| ["amp;", "lt;", "gt;"].iter().any(|name| rest.starts_with(name)))
}

/// `\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[-,+]\d\d:\d\d`, and a date that there is.
pub(crate) fn is_time(text: &str) -> bool {
    const FORM: &str = "dddd-dd-ddTdd:dd:dd+dd:dd";
    let has_form = text.len() == FORM.len()
        && text.chars().zip(FORM.chars()).all(|(c, form)| match form {
            'd' => c.is_ascii_digit(),
            '+' => c == '+' || c == '-',
            form => c == form,
        });
    let number = |from: usize, to: usize| text[from..to].parse::<u32>().unwrap_or(u32::MAX);
    has_form
        && (1..=12).contains(&number(5, 7))
        && (1..=31).contains(&number(8, 10))
        && number(11, 13) < 24
        && number(14, 16) < 60
        && number(17, 19) < 60
}

fn is_point(text: &str) -> bool {
    let within = |text: &str, most: f64| text.parse::<f64>().is_ok_and(|degrees| degrees.abs() <= most);
    text.split_once(',').is_some_and(|(latitude, longitude)| within(latitude, 90.0) && within(longitude, 180.0))
}

mod schema {
    //! The checker's tables are those of the schema that OASIS publishes (`CAP-v1.2.xsd`), as far as they go.

    use std::collections::BTreeMap;

    use super::{ALERT, Any, Elements, Least, Maybe, Once, OneOf, Rule, Time, Times};

    /// One element of the schema: how often, which values if it says which, and whether it is a time.
    struct Element {
        times: Times,
        values: Vec<String>,
        is_time: bool,
    }

    /// What stands between quotes behind the name of an attribute.
    fn attribute<'a>(line: &'a str, name: &str) -> Option<&'a str> {
        line.split_once(&format!("{name} = \""))?.1.split_once('"').map(|(value, _)| value)
    }

    /// Elements by path, and the order of those within each path. The file has one tag a line.
    fn read(xsd: &str) -> (BTreeMap<String, Element>, BTreeMap<String, Vec<String>>) {
        let (mut elements, mut order) = (BTreeMap::new(), BTreeMap::<String, Vec<String>>::new());
        let mut path = vec![String::new()];
        for line in xsd.lines().map(str::trim) {
            let here = path.last().unwrap().clone();
            if line.starts_with("<element ") {
                let name = attribute(line, "name").or_else(|| attribute(line, "ref")?.strip_prefix("cap:")).unwrap();
                let is_maybe = attribute(line, "minOccurs") == Some("0");
                let is_many = attribute(line, "maxOccurs") == Some("unbounded");
                let times = match (is_maybe, is_many) {
                    (false, false) => Once,
                    (true, false) => Maybe,
                    (true, true) => Any,
                    (false, true) => Least,
                };
                let at = format!("{here}/{name}");
                elements.insert(at.clone(), Element { times, values: Vec::new(), is_time: false });
                order.entry(here).or_default().push(name.to_owned());
                if !line.ends_with("/>") {
                    path.push(at);
                }
            } else if line.starts_with("</element>") {
                path.pop();
            } else if line.starts_with("<enumeration ") {
                let value = attribute(line, "value").unwrap().to_owned();
                elements.get_mut(&here).unwrap().values.push(value);
            } else if line.starts_with("<restriction base = \"xs:dateTime\"") {
                elements.get_mut(&here).unwrap().is_time = true;
            }
        }
        (elements, order)
    }

    fn compare(
        at: &str,
        rules: &[Rule],
        elements: &BTreeMap<String, Element>,
        order: &BTreeMap<String, Vec<String>>,
    ) -> usize {
        let known = &order[at];
        let places: Vec<_> = rules.iter().map(|(name, ..)| known.iter().position(|it| it == name)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{at}: {known:?}");
        for name in known {
            let is_needed = matches!(elements[&format!("{at}/{name}")].times, Once | Least);
            assert!(!is_needed || rules.iter().any(|(rule, ..)| rule == name), "{at}/{name} is required");
        }
        let compared = rules.iter().map(|(name, times, holds)| {
            let at = format!("{at}/{name}");
            let element = &elements[&at];
            assert!(element.times == *times, "{at}: how often");
            assert_eq!(element.is_time, matches!(holds, Time), "{at}: a time");
            match holds {
                Elements(rules) => 1 + compare(&at, rules, elements, order),
                OneOf(values) if !element.values.is_empty() => {
                    assert_eq!(&element.values, values, "{at}");
                    1
                }
                _ => {
                    assert!(element.values.is_empty(), "{at} has values of its own: {:?}", element.values);
                    1
                }
            }
        });
        compared.sum()
    }

    #[test]
    fn the_checker_is_the_schemas() {
        let (elements, order) = read(include_str!("CAP-v1.2.xsd"));
        assert!(elements.len() > 50, "{} elements", elements.len());
        assert_eq!(compare("/alert", ALERT, &elements, &order), 38);
    }
}
