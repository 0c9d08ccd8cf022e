//! A small backup from end to end: cut, kept, verified, damaged in every way, restored onto real disks.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use bytes::Bytes;
use domain::{
    AdminUnit, AdminUnitCode, Command, DeviceStatus, Entry, GroupId, Micro, Millis, Person, PersonId, Place,
    PutAdminUnits, PutPerson, Reading, RecordReadings, RegisterSensor, Role, Row, RowChange, Sensor, SensorId,
    SensorKind, State,
};
use edge::{Sealer, person_context};
use proptest::prelude::*;
use raft::backup::{Begin, FORMAT, LogPlace, Part, Summing};
use rocks::RocksDisk;

use super::*;
use crate::config::NodeConfig;

pub(super) const SEALING_KEY: [u8; 32] = [7; 32];

/// Sealing takes another nonce each time.
static SEALED: LazyLock<Bytes> = LazyLock::new(|| {
    let person = PersonId::new("quan-tri").unwrap();
    Sealer::new(&SEALING_KEY).seal(&person_context(&person), b"argon2id").unwrap()
});

/// A group's state, and the history rows that it yielded.
struct Story {
    state: State,
    index: u64,
    history: BTreeMap<Bytes, Bytes>,
}

impl Story {
    fn new(group: GroupId) -> Self {
        Self { state: State::new(group), index: 0, history: BTreeMap::new() }
    }

    fn tell(&mut self, command: impl Into<Command>) {
        self.index += 1;
        let entry = Entry {
            at_ms: Millis(self.index * 1_000),
            request: None,
            grant: None,
            command: command.into(),
            salt: bytes::Bytes::new(),
        };
        for row in self.state.apply(self.index, &entry).rows {
            if let RowChange::Put(row) = row
                && !domain::rows::is_state(&row.key)
            {
                self.history.insert(row.key, row.value);
            }
        }
    }

    fn rows(&self) -> Vec<Row> {
        let history = self.history.iter().map(|(key, value)| Row { key: key.clone(), value: value.clone() });
        let mut rows: Vec<Row> = self.state.rows().into_iter().chain(history).collect();
        rows.sort_by(|one, other| one.key.cmp(&other.key));
        rows
    }
}

fn admin_unit(number: usize) -> AdminUnit {
    AdminUnit {
        code: AdminUnitCode::new(&format!("u{number:05}")).unwrap(),
        name: format!("Xã {number}"),
        name_en: String::new(),
        parent: None,
        aliases: Vec::new(),
        valid_from_ms: Millis(0),
        valid_until_ms: Millis(0),
    }
}

fn command_story(communes: usize) -> Story {
    let mut story = Story::new(GroupId::COMMAND);
    let units: Vec<AdminUnit> = (0..communes).map(admin_unit).collect();
    for some in units.chunks(domain::limits::ADMIN_UNITS_PER_COMMAND_MAX) {
        story.tell(PutAdminUnits { admin_units: some.to_vec() });
    }
    story.tell(PutPerson {
        person: Person {
            id: PersonId::new("quan-tri").unwrap(),
            name: "Quản trị".into(),
            role: Role::Admin,
            districts: Vec::new(),
            everywhere: true,
            disabled: false,
            credential_sealed: SEALED.clone(),
            unit: None,
        },
    });
    assert_eq!(story.state.persons().len(), 1);
    story
}

fn field_story() -> Story {
    let mut story = Story::new(GroupId(1));
    let id = SensorId::new("cau-gia-bay").unwrap();
    let place = Place {
        latitude_e7: 215_900_000,
        longitude_e7: 1_058_400_000,
        admin_unit: admin_unit(0).code,
        address: String::new(),
    };
    story.tell(RegisterSensor {
        sensor: Sensor {
            exercise: false,
            suppressions: Vec::new(),
            out_of_service: Vec::new(),
            id: id.clone(),
            name: "Cầu Gia Bẩy".into(),
            kind: SensorKind::RiverLevel,
            unit_of_measure: "m".into(),
            place,
            thresholds: Vec::new(),
            period_ms: 0,
            silence_periods: 0,
            rate_limit_micro_per_min: 0,
            range_min_micro: Micro(0),
            range_max_micro: Micro(0),
            status: DeviceStatus::Measuring,
            last_at_ms: Millis(0),
            last_micro: Micro(0),
            last_recorded_at_ms: Millis(0),
            version: 0,
        },
    });
    for number in 1..=5 {
        let reading = Reading {
            sensor: id.clone(),
            at_ms: Millis(number * 100),
            value_micro: Micro(27_300_000),
            status: DeviceStatus::Measuring,
            unit_of_measure: String::new(),
        };
        story.tell(RecordReadings { readings: vec![reading] });
    }
    assert!(!story.history.is_empty(), "readings are history");
    story
}

/// State of the command group of [`parts`].
pub(super) fn command_state(communes: usize) -> State {
    command_story(communes).state
}

/// A cluster with so many communes, a person and a sensor with readings, as a node gives it out.
pub(super) fn parts(communes: usize) -> Vec<Part> {
    let begin = Begin {
        format: FORMAT,
        cluster: "thu".into(),
        epoch: 7,
        node: 1,
        at_ms: 1_795_349_227_000,
        program: "0".into(),
    };
    let mut parts = vec![Part::Begin(begin)];
    for group in GroupId::all() {
        let story = match group.0 {
            0 => command_story(communes),
            1 => field_story(),
            _ => Story::new(group),
        };
        let rows = story.rows();
        let mut summing = Summing::default();
        rows.iter().for_each(|row| summing.add(row).unwrap());
        parts.push(Part::Group(group, LogPlace { index: story.index + 1, term: 3, leader: 2 }));
        parts.extend(rows.chunks(64).map(|rows| Part::Rows(rows.to_vec())));
        parts.push(Part::Sum(summing.finish()));
    }
    parts.push(Part::End(9));
    parts
}

/// A folder that goes when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("trongdong-backup-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Keeps a backup; gives how many chunks were new.
fn keep(path: &Path, name: &str, communes: usize) -> usize {
    let (folder, _lock) = Folder::open_to_write(path).unwrap();
    let mut collector = collect::Collector::default();
    let mut new = 0;
    for part in parts(communes) {
        for chunk in collector.take(part).unwrap() {
            new += usize::from(folder.put_chunk(&chunk).unwrap() == folder::Put::New);
        }
    }
    folder.put_manifest(&collector.finish(name.to_owned()).unwrap()).unwrap();
    new
}

fn files(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if std::fs::metadata(&path).unwrap().len() > 0 {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn is_right(path: &Path) -> bool {
    verify_all(&Folder::open(path).unwrap()).unwrap().is_right()
}

#[test]
fn a_second_backup_writes_only_what_has_changed() {
    let scratch = Scratch::new("second");
    let first = keep(&scratch.0, "a", 20_000);
    let second = keep(&scratch.0, "b", 20_001);
    assert!(first >= 9 && second <= 3, "{first} chunks, then {second}");
    assert_eq!(keep(&scratch.0, "c", 20_001), 0);
    assert!(is_right(&scratch.0));
    let (_, _lock) = Folder::open_to_write(&scratch.0).unwrap();
    assert!(matches!(Folder::open_to_write(&scratch.0), Err(folder::FolderError::Busy { .. })));
}

#[test]
fn a_chunk_that_has_rotted_is_written_again() {
    let scratch = Scratch::new("rotted");
    keep(&scratch.0, "a", 3);
    let chunk = files(&scratch.0.join("chunks")).remove(0);
    std::fs::write(&chunk, b"rot").unwrap();
    assert!(!is_right(&scratch.0));
    keep(&scratch.0, "b", 3);
    assert!(is_right(&scratch.0));
}

#[test]
fn each_file_is_missed_by_name() {
    let scratch = Scratch::new("missing");
    keep(&scratch.0, "a", 3);
    let folder = Folder::open(&scratch.0).unwrap();
    for file in files(&scratch.0) {
        let bytes = std::fs::read(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        let error = verify(&folder, "a").unwrap_err().to_string();
        assert!(error.contains(&file.display().to_string()), "{error} names {}", file.display());
        std::fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
        assert!(verify(&folder, "a").is_err(), "{} was cut short", file.display());
        std::fs::write(&file, bytes).unwrap();
    }
    assert!(is_right(&scratch.0));
}

#[test]
fn a_chunk_that_an_interrupted_backup_left_is_counted_and_verified() {
    let scratch = Scratch::new("stray");
    keep(&scratch.0, "a", 3);
    let (folder, lock) = Folder::open_to_write(&scratch.0).unwrap();
    let mut cutter = chunk::Cutter::default();
    assert_eq!(cutter.push(Row { key: Bytes::from_static(b"k"), value: Bytes::new() }), None);
    let stray = cutter.finish().unwrap();
    folder.put_chunk(&stray).unwrap();
    drop(lock);
    let report = verify_all(&folder).unwrap();
    assert!(report.is_right());
    assert_eq!(report.strays.unwrap(), (1, stray.bytes.len() as u64));
}

#[test]
fn one_flipped_bit_of_any_file_is_found_and_nothing_is_restored_from_it() {
    let scratch = Scratch::new("flipped");
    keep(&scratch.0, "a", 40);
    let (files, folder) = (files(&scratch.0), Folder::open(&scratch.0).unwrap());
    let plan = plan(&scratch.0, "flipped");
    let any_place = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_u8..8);
    proptest!(ProptestConfig::with_cases(300), |((file, at, bit) in any_place)| {
        let file = &files[file.index(files.len())];
        let whole = std::fs::read(file).unwrap();
        let mut flipped = whole.clone();
        let at = at.index(flipped.len());
        flipped[at] ^= 1 << bit;
        std::fs::write(file, flipped).unwrap();
        let (found, restored) = (verify(&folder, "a"), restore(&plan));
        std::fs::write(file, whole).unwrap();
        prop_assert!(found.is_err(), "byte {at} of {}", file.display());
        prop_assert!(matches!(restored, Err(restore::RestoreError::Verify(_))));
    });
}

/// Three nodes on loopback.
fn plan(from: &Path, name: &str) -> Plan {
    let place = |id: u64| format!("{id}=127.0.0.1:{}", 7_000 + 10 * id).parse::<NodePlace>().unwrap();
    let node = |id| place(id).node(Ipv4Addr::LOCALHOST.into(), false, [0; 3]);
    Plan {
        from: from.to_owned(),
        backup: None,
        out: std::env::temp_dir().join(format!("trongdong-restored-{name}-{}", std::process::id())),
        sealing_key: "07".repeat(32),
        cluster: None,
        nodes: (1..=3).map(node).collect(),
    }
}

#[test]
fn a_new_cluster_has_the_state_and_the_history_of_the_backup() {
    let scratch = Scratch::new("restore");
    keep(&scratch.0, "20260101T000000Z", 3);
    keep(&scratch.0, "20260102T000000Z", 4);
    let plan = plan(&scratch.0, "whole");
    let out = Scratch(plan.out.clone());
    let restored = restore(&plan).unwrap();
    assert_eq!(restored.manifest.name, "20260102T000000Z", "the newest");
    assert_eq!(restored.folders.len(), 3);
    for (id, home) in (1_u64..).zip(&restored.folders) {
        let config = NodeConfig::load(home).unwrap();
        assert_eq!((config.node, config.cluster.as_str(), config.epoch), (id, "thu", restored.epoch));
        assert_ne!(config.epoch, 7, "another history");
        assert_eq!(config.sealing_key().unwrap(), SEALING_KEY);
        assert!(home.join(crate::init::FOUNDED).exists() && !home.join(crate::init::FIRST_ADMIN).exists());
        let disk = RocksDisk::open(&config.data, &rocks::Options::default()).unwrap();
        for (group, story) in [(GroupId(0), command_story(4)), (GroupId(1), field_story())] {
            let rows = raft::disk::Disk::scan(&disk, group.0, &[], &[255], 10_000).unwrap();
            let rows: Vec<Row> = rows.into_iter().map(|(key, value)| Row { key, value }).collect();
            assert_eq!(rows, story.rows());
            let view = raft::backup::View::of(group, &disk).unwrap();
            assert_eq!(view.sum().unwrap().0, LogPlace { index: story.index + 1, term: 3, leader: 2 });
        }
    }
    assert!(matches!(restore(&plan), Err(restore::RestoreError::IsThere(_))), "nothing is overwritten");
    drop(out);
}

#[test]
fn what_cannot_be_restored_leaves_nothing() {
    let scratch = Scratch::new("refused");
    keep(&scratch.0, "a", 3);
    let good = plan(&scratch.0, "refused");
    let refused = |plan: &Plan| {
        let error = restore(plan).unwrap_err();
        assert!(!plan.out.exists() && !plan.out.with_extension("partial").exists());
        error
    };
    let other_key = Plan { sealing_key: "08".repeat(32), ..good.clone() };
    assert!(matches!(refused(&other_key), restore::RestoreError::OtherKey(person) if person.as_str() == "quan-tri"));
    let no_key = Plan { sealing_key: "0x".into(), ..good.clone() };
    assert!(matches!(refused(&no_key), restore::RestoreError::Key));
    let unknown = Plan { backup: Some("b".into()), ..good.clone() };
    assert!(refused(&unknown).to_string().contains("b.json"));
    let twice = Plan { nodes: vec![good.nodes[0].clone(), good.nodes[0].clone()], ..good.clone() };
    assert!(matches!(refused(&twice), restore::RestoreError::Nodes(_)));
    let nowhere = Plan { from: scratch.0.join("nowhere"), ..good };
    assert!(matches!(refused(&nowhere), restore::RestoreError::Folder(_)));
}
