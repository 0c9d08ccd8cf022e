//! Which paths are asked, and what lists and records of the steps answer.

use std::collections::BTreeSet;

use domain::{AttachFile, Digest, FileKind, FileOwner, GroupId, IncidentId, Millis, StoredFile, policy::Noun};
use reqwest::Client;
use serde_json::{Value, json};

use super::super::{
    Play,
    scene::{ROOMS, Seen, entity, text},
    statement::{Facts, Rights},
};
use super::{Came, Scene, Visitor};

/// Records of a noun that a path is asked about: the first ones, which the steps are about.
const IDS_MAX: usize = 3;
/// The readings of all steps lie in it.
const SPAN: &str = "from_ms=3999999999000&to_ms=4000000100000";

/// Lists, and what stands in them.
const LISTS: [(&str, &str); 9] = [
    ("/api/incidents", "incident"),
    ("/api/units", "unit"),
    ("/api/instructions", "instruction"),
    ("/api/reports", "report"),
    ("/api/sensors", "sensor"),
    ("/api/cameras", "camera"),
    ("/api/shift-notes", "shift_note"),
    ("/api/exercises", "exercise"),
    ("/api/warnings", "warning"),
];

/// Commands on a version that there is not: refused to everybody, in words that tell nothing.
const REFUSED: [&str; 23] = [
    "/api/incidents/{id}/acknowledge",
    "/api/incidents/{id}/resolve",
    "/api/incidents/{id}/close",
    "/api/incidents/{id}/reopen",
    "/api/incidents/{id}/assign",
    "/api/incidents/{id}/merge",
    "/api/incidents/{id}/amend",
    "/api/incidents/{id}/task",
    "/api/incidents/{id}/handover",
    "/api/incidents/{id}/handover/answer",
    "/api/incidents/{id}/handover/withdraw",
    "/api/warnings/{id}/approve",
    "/api/warnings/{id}/reject",
    "/api/reports/{id}/answer",
    "/api/reports/{id}/take",
    "/api/reports/{id}/link",
    "/api/reports/{id}/aside",
    "/api/instructions/{id}/take",
    "/api/instructions/{id}/finish",
    "/api/instructions/{id}/cancel",
    "/api/calls/{id}/answer",
    "/api/calls/{id}/callback",
    "/api/shift-notes/{id}/acknowledge",
];

/// Ids of the first records of the noun.
fn ids(play: &Play, noun: &str) -> Vec<String> {
    let of_noun = |name: &String| Some(name.strip_prefix(noun)?.strip_prefix('/')?.to_owned());
    play.ledger.records.keys().filter_map(of_noun).take(IDS_MAX).collect()
}

/// A photo with the first incidents each, and a word with each: the ids of those that have one now.
pub(super) fn attach(play: &mut Play) -> BTreeSet<String> {
    let mut photos = BTreeSet::new();
    for (byte, id) in (1_u8..).zip(ids(play, "incident")) {
        let word = play.ledger.words.len();
        let attach = AttachFile {
            file: StoredFile { sha256: Digest([byte; 32]), kind: FileKind::Jpeg, bytes: 1, width: 1, height: 1 },
            owner: FileOwner::Incident(IncidentId::new(&id).unwrap()),
            taken_at_ms: Millis(0),
            note: text(word),
        };
        if entity(play.cluster.commit(GroupId(0), attach)).is_some() {
            play.ledger.words.push(Seen::Photo(format!("incident/{id}")));
            photos.insert(id);
        } else {
            play.ledger.words.push(Seen::Nobody);
        }
    }
    photos
}

/// Hash of the photo of the incident that comes so late among them.
fn photo(at: usize) -> String {
    format!("{:02x}", at + 1).repeat(32)
}

impl Scene {
    fn ids(&self, noun: &str) -> Vec<String> {
        ids(&self.play, noun)
    }

    /// The path with each id of what it is about; one that is about nothing of the steps is asked for something that is not there.
    fn filled(&self, path: &str) -> Vec<String> {
        let Some((before, rest)) = path.split_once('{') else { return vec![path.to_owned()] };
        let behind = rest.split_once('}').map_or("", |(_, behind)| behind);
        let behind: Vec<_> = behind.split('/').map(|part| if part.starts_with('{') { "1" } else { part }).collect();
        let behind = behind.join("/");
        let noun = match path.split('/').nth(2) {
            Some("incidents") => "incident",
            Some("public") if path.contains("/warnings/") => "warning",
            Some("warnings") => "warning",
            Some("reports" | "public") => "report",
            Some("instructions") => "instruction",
            Some("calls" | "telephony") => "call",
            Some("rooms") => "room",
            Some("sensors") => "sensor",
            Some("shift-notes") => "shift_note",
            _ => "",
        };
        let ids = self.ids(noun);
        let ids = if ids.is_empty() { vec!["1".to_owned()] } else { ids };
        ids.iter().map(|id| format!("{before}{id}{behind}")).collect()
    }

    /// Every path that is looked at.
    pub(super) async fn paths(&self, client: &Client) -> Vec<String> {
        let description: Value = client.get(self.served.url("/api")).send().await.unwrap().json().await.unwrap();
        let described = description["paths"].as_object().unwrap().iter();
        let described = described.filter(|(_, methods)| methods.get("get").is_some());
        let mut paths: Vec<String> = described.flat_map(|(path, _)| self.filled(path)).collect();
        assert!(paths.len() > 60, "the router describes itself: {paths:?}");
        let incidents = self.ids("incident");
        for (at, id) in incidents.iter().enumerate() {
            paths.extend([format!("/api/reports?incident={id}"), format!("/api/files?incident={id}")]);
            // Its own photo, and that of another.
            for at in [at, (at + 1) % incidents.len()] {
                paths.push(format!("/api/files/{}?incident={id}", photo(at)));
            }
        }
        paths.extend(self.ids("report").iter().map(|id| format!("/api/files?report={id}")));
        for (id, _) in ROOMS {
            paths.extend(["from_ms=0", "from_ms=0&text=mk"].map(|span| format!("/api/rooms/{id}/log?{span}")));
        }
        for id in self.ids("sensor") {
            paths.push(format!("/api/sensors/{id}/readings?{SPAN}"));
            paths.push(format!("/api/sensors/{id}/series?{SPAN}&points_max=10"));
        }
        paths.extend(["/api/reports?status=received", "/api/reports?late=true"].map(str::to_owned));
        paths
    }

    /// Words that whoever stands so is shown by the path.
    fn shown(&self, rights: &Rights, path: &str) -> Vec<usize> {
        let ledger = &self.play.ledger;
        let of_noun = |noun: &str, is_waiting: bool| -> Vec<usize> {
            let is_of = |name: &str| name.split('/').next() == Some(noun);
            let all = ledger.records.iter();
            let all = all.filter(|(name, record)| is_of(name.as_str()) && (record.is_held || !is_waiting));
            let seen = all.filter(|(_, record)| rights.sees(&ledger.facts(record)));
            seen.filter_map(|(_, record)| record.word).collect()
        };
        let of_words = |is_there: &dyn Fn(usize, &Seen) -> bool| -> Vec<usize> {
            let all = ledger.words.iter().enumerate().filter(|&(word, seen)| is_there(word, seen));
            all.map(|(word, _)| word).filter(|word| ledger.meets(rights, *word)).collect()
        };
        let sees = |name: &str| ledger.records.get(name).is_some_and(|record| rights.sees(&ledger.facts(record)));
        if let Some(id) = path.strip_prefix("/api/incidents/").and_then(|rest| rest.strip_suffix("/timeline")) {
            let name = format!("incident/{id}");
            let is_of = |seen: &Seen| match seen {
                Seen::Record(of) | Seen::Photo(of) => *of == name,
                // Why a draft was not published.
                Seen::Warning(of) => ledger.incident_of(of) == Some(name.as_str()),
                _ => false,
            };
            return of_words(&|word, seen| self.courses.contains(&word) && is_of(seen));
        }
        if let Some(id) = path.strip_prefix("/api/rooms/").and_then(|rest| rest.strip_suffix("/log?from_ms=0")) {
            let at = ROOMS.iter().find(|(room, _)| *room == id).and_then(|(_, at)| *at);
            let is_of = |name: &String| name.starts_with("duty/") && ledger.facts(&ledger.records[name]).at == at;
            return of_words(&|_, seen| matches!(seen, Seen::Record(name) if is_of(name)));
        }
        if let Some(id) = path.strip_prefix("/api/files?incident=") {
            let name = format!("incident/{id}");
            let is_its = |of: &str| ledger.incident_of(of) == Some(name.as_str());
            return of_words(&|_, seen| sees(&name) && matches!(seen, Seen::Photo(of) if is_its(of)));
        }
        if let Some(code) = path.strip_prefix("/api/files?report=") {
            let name = format!("report/{code}");
            return of_words(&|_, seen| sees(&name) && matches!(seen, Seen::Photo(of) if *of == name));
        }
        if let Some(id) = path.strip_prefix("/api/calls/").and_then(|rest| rest.strip_suffix("/draft")) {
            return of_words(&|word, _| ledger.drafts.get(id) == Some(&word));
        }
        match path {
            "/api/calls" => of_words(&|_, seen| matches!(seen, Seen::Callers)),
            "/api/reports/waiting" => of_noun("report", true),
            _ => LISTS.iter().find(|(list, _)| *list == path).map_or_else(Vec::new, |(_, noun)| of_noun(noun, false)),
        }
    }

    /// Fails where something lawful is not there, or something is there at all that is not for them.
    pub(super) fn check(&self, visitor: &Visitor, rights: Option<&Rights>, path: &str, came: &Came) {
        let words = came.words();
        let shown = rights.map(|rights| self.shown(rights, path)).unwrap_or_default();
        for word in shown {
            let seen = &self.play.ledger.words[word];
            assert!(
                words.contains(&word),
                "{path} is without {} of {seen:?} for {visitor:?}: {}",
                text(word),
                came.body
            );
        }
        let mut parts = path.split(['/', '?']).skip(2);
        let (what, id, of_it) = (parts.next(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let ledger = &self.play.ledger;
        if path == "/api/public/warnings" && came.status == 200 {
            let published = ledger.words.iter().enumerate().filter(|(_, seen)| matches!(seen, Seen::Public));
            for (word, _) in published {
                assert!(words.contains(&word), "the public's list is without {} for {visitor:?}", text(word));
            }
        }
        match (what, of_it) {
            (Some("incidents"), "timeline" | "replay" | "recommendation") => {
                let record = ledger.records.get(&format!("incident/{id}"));
                let sees = rights.zip(record).is_some_and(|(rights, record)| rights.sees(&ledger.facts(record)));
                assert_eq!(came.status == 200, sees, "{path} for {visitor:?}: {}", came.body);
            }
            // This node stores no photos: who may have one is told so, and nobody else that there is one.
            (Some("files"), of_it) if of_it.starts_with("incident=") => {
                let of = of_it.trim_start_matches("incident=");
                let is_its = self.ids("incident").iter().position(|it| it == of).is_some_and(|at| photo(at) == id);
                let record = ledger.records.get(&format!("incident/{of}"));
                let sees = rights.zip(record).is_some_and(|(rights, record)| rights.sees(&ledger.facts(record)));
                let may = sees && is_its && self.photos.contains(of);
                assert_eq!(came.status == 503, may, "{path} for {visitor:?}: {}", came.body);
            }
            (Some("sensors"), "readings") if path.ends_with(SPAN) => {
                let (at, agencies) = (ledger.sensor_at(id), BTreeSet::new());
                let facts = Facts { noun: Noun::Reading, at, kind: None, agencies };
                let sees = rights.is_some_and(|rights| rights.sees(&facts));
                assert_eq!(came.status == 200, sees, "{path} for {visitor:?}: {}", came.body);
                if sees {
                    let chart: Value = serde_json::from_str(&came.body).unwrap();
                    let wanted = self.play.readings.iter().filter(|(sensor, _)| sensor == id).count();
                    assert_eq!(chart["points"].as_array().map(Vec::len), Some(wanted), "{path} for {visitor:?}");
                }
            }
            _ => {}
        }
    }

    /// Is refused commands about what there is. A refused one is an entry as well, by which time passes: rights that end by
    /// themselves may have ended in the middle of it, so those before it and those after it count.
    pub(super) async fn refuse_all(&self, client: &Client, visitor: &Visitor, seq: &mut u64) {
        let body = json!({"expected_version": 99, "note": "x", "reason": "x", "answer": "x", "text": "x", "remark": "x",
            "agency": "115", "into": "I1", "incident": "I1", "units": ["xe0"], "take": true, "for_ms": 60_000,
            "handover": 99, "accept": true});
        for path in REFUSED.iter().flat_map(|path| self.filled(path)) {
            let before = self.rights(visitor);
            let came = self.post(client, visitor, seq, &path, &body).await;
            self.judge(visitor, &[before, self.rights(visitor)], &path, &came);
        }
    }
}
