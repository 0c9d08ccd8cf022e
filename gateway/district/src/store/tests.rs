//! What is left of the copy after a crash, a flipped bit, a long life.

use domain::wire::generated::{AdminUnit, Position, Snapshot};

use super::*;

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("trongdong-copy-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    disk::make_folder(&folder).unwrap();
    folder
}

fn place(index: u64) -> Position {
    Position { epoch: 7, group: 0, index, ordinal: 0 }
}

fn picture(index: u64, communes: &[&str]) -> Stored {
    let unit =
        |code: &&str| AdminUnit { code: (*code).to_owned(), name: format!("Xã {code}"), ..AdminUnit::default() };
    let part = Snapshot {
        through: Some(place(index)),
        last: true,
        admin_units: communes.iter().map(unit).collect(),
        at_ms: index,
        ..Snapshot::default()
    };
    Stored::Message(ToScreen { body: Some(Body::Snapshot(part)) })
}

fn opened(folder: &Path) -> (Opened, Log) {
    let mut opened = Opened { copy: Copy::new(), heard: None, damage: None };
    let newest = disk::files(folder, EXTENSION).unwrap().pop();
    let log = match newest {
        Some(newest) => Log::open(folder, &newest, &mut opened).unwrap(),
        None => Log::create(folder, 1, &[]).unwrap(),
    };
    (opened, log)
}

fn communes(copy: &Copy) -> usize {
    copy.replica(GroupId::COMMAND).unwrap().state().admin_units().len()
}

#[test]
fn what_was_written_is_there_and_what_was_torn_is_asked_for_again() {
    let folder = folder("torn");
    let (_, mut log) = opened(&folder);
    let heard = Heard { at_ms: 5, quorum_age_ms: 9 };
    let jobs =
        vec![Job::Append(picture(3, &["1"])), Job::Append(Stored::Heard(heard)), Job::Append(picture(8, &["1", "2"]))];
    assert!(log.work(jobs, false).unwrap());
    let path = path(&folder, 1);
    let whole = fs::read(&path).unwrap();
    let (found, _) = opened(&folder);
    assert_eq!((communes(&found.copy), found.heard), (2, Some(heard)));
    for cut in [1, 10, 30] {
        fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        let (found, mut log) = opened(&folder);
        assert_eq!((communes(&found.copy), found.damage), (1, None));
        assert_eq!(found.copy.places().first().map(|place| place.index), Some(3));
        // The line brings it again, behind what is left.
        log.work(vec![Job::Append(picture(8, &["1", "2"]))], false).unwrap();
        assert_eq!(communes(&opened(&folder).0.copy), 2);
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_flipped_bit_is_named_and_leads_to_a_new_picture() {
    let folder = folder("flip");
    let (_, mut log) = opened(&folder);
    log.work(
        vec![Job::Append(picture(3, &["1"])), Job::Append(picture(8, &["1", "2"])), Job::Append(picture(9, &["3"]))],
        false,
    )
    .unwrap();
    let path = path(&folder, 1);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(&path, bytes).unwrap();
    let (found, mut log) = opened(&folder);
    assert!(found.damage.unwrap().contains("damaged at byte"));
    assert_eq!(communes(&found.copy), 1, "what is before it is shown");
    assert_eq!(found.copy.places(), [], "and whole pictures are asked for");
    assert!(folder.join(DAMAGED).exists());
    log.work(vec![Job::Append(picture(9, &["3", "4", "5"]))], false).unwrap();
    let (found, _) = opened(&folder);
    assert_eq!((found.damage, communes(&found.copy), found.copy.places().len()), (None, 3, 1));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn it_is_written_anew_and_an_error_is_mended_by_that_alone() {
    let folder = folder("anew");
    let (_, mut log) = opened(&folder);
    log.work(vec![Job::Append(picture(3, &["1"]))], false).unwrap();
    // While it is broken nothing is appended: what is missing must not have more behind it.
    assert!(!log.work(vec![Job::Append(picture(4, &["1", "2"]))], true).unwrap());
    assert_eq!(communes(&opened(&folder).0.copy), 1);
    let anew = vec![picture(5, &["1", "2", "3"])];
    assert!(log.work(vec![Job::Rewrite(anew), Job::Append(picture(6, &["9"]))], true).unwrap());
    assert_eq!(disk::files(&folder, EXTENSION).unwrap(), [path(&folder, 2)]);
    assert_eq!(communes(&opened(&folder).0.copy), 1);
    assert_eq!(opened(&folder).0.copy.places().first().map(|place| place.index), Some(6));
    // A crash before the former file was removed leaves both; the newer one counts.
    fs::copy(path(&folder, 2), path(&folder, 1)).unwrap();
    assert_eq!(disk::files(&folder, EXTENSION).unwrap().len(), 2);
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_store_takes_what_it_is_given_in_order() {
    let folder = folder("store");
    let (_, store) = open(&folder).unwrap();
    for index in 1..50 {
        store.append(picture(index, &["1"])).await;
    }
    store.rewrite(vec![picture(60, &["1", "2"])]).await;
    store.append(picture(61, &["1", "2", "3"])).await;
    while store.gauge().0 < 100 || !path(&folder, 2).exists() {
        tokio::task::yield_now().await;
    }
    drop(store);
    let reached = |folder: &Path| opened(folder).0.copy.places().first().map(|place| place.index);
    while reached(&folder) != Some(61) {
        tokio::task::yield_now().await;
    }
    fs::remove_dir_all(folder).unwrap();
}
