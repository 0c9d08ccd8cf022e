//! Kept commands and people on disk: a file each, sealed, whole or not there. A file that does not open under the node's key is
//! named and set aside, and costs nothing but itself.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use edge::Sealer;

use crate::{disk, outbox::Entry, people::People};

/// Of a kept command's file; its name is the place.
const KEPT: &str = "kept";
/// What a file that does not open is called afterwards.
const DAMAGED: &str = "damaged";
/// The file of people.
const PEOPLE: &str = "people.sealed";

/// Where sealed files are.
#[derive(Clone)]
pub(crate) struct Shelf {
    folder: PathBuf,
    sealer: Sealer,
}

/// What was on the shelf.
pub(crate) struct Found {
    pub(crate) entries: Vec<Entry>,
    pub(crate) people: People,
    /// Places of kept commands that cannot be read.
    pub(crate) damaged: Vec<u64>,
    /// The same for people: nobody signs in until the line is back.
    pub(crate) people_damaged: bool,
}

fn kept_context(place: u64) -> String {
    format!("kept/{place}")
}

fn place_of(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.parse().ok()
}

fn sealed<T: serde::Serialize>(sealer: &Sealer, context: &str, value: &T) -> io::Result<bytes::Bytes> {
    let json = serde_json::to_vec(value).map_err(io::Error::other)?;
    sealer.seal(context, &json).map_err(io::Error::other)
}

fn opened<T: serde::de::DeserializeOwned>(sealer: &Sealer, context: &str, sealed: &[u8]) -> Option<T> {
    serde_json::from_slice(&sealer.open(context, sealed).ok()?).ok()
}

impl Shelf {
    /// A shelf in `folder`, which is made if it is not there.
    pub(crate) fn new(folder: &Path, sealer: Sealer) -> io::Result<Self> {
        disk::make_folder(folder)?;
        Ok(Self { folder: folder.to_owned(), sealer })
    }

    fn kept(&self, place: u64) -> PathBuf {
        self.folder.join(format!("{place:012}.{KEPT}"))
    }

    /// Reads everything. What does not open is set aside under another name.
    pub(crate) fn read(&self) -> io::Result<Found> {
        let mut found =
            Found { entries: Vec::new(), people: People::default(), damaged: Vec::new(), people_damaged: false };
        for path in disk::files(&self.folder, KEPT)? {
            let place = place_of(&path).unwrap_or_default();
            match opened(&self.sealer, &kept_context(place), &fs::read(&path)?) {
                Some(entry) => found.entries.push(entry),
                None => set_aside(&path)?,
            }
        }
        // Also those of earlier starts, so that nobody overlooks them.
        found.damaged = disk::files(&self.folder, DAMAGED)?.iter().filter_map(|path| place_of(path)).collect();
        let people = self.folder.join(PEOPLE);
        match fs::read(&people) {
            Ok(sealed) => match opened(&self.sealer, PEOPLE, &sealed) {
                Some(known) => found.people = known,
                None => {
                    set_aside(&people)?;
                    found.people_damaged = true;
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(found)
    }

    /// Writes a kept command down; it is there after a crash once this returns.
    pub(crate) fn put(&self, entry: &Entry) -> io::Result<()> {
        disk::put(&self.kept(entry.place), &sealed(&self.sealer, &kept_context(entry.place), entry)?)
    }

    /// Removes one.
    pub(crate) fn remove(&self, place: u64) -> io::Result<()> {
        disk::remove(&self.kept(place))
    }

    /// Writes the people down.
    pub(crate) fn put_people(&self, people: &People) -> io::Result<()> {
        disk::put(&self.folder.join(PEOPLE), &sealed(&self.sealer, PEOPLE, people)?)
    }
}

fn set_aside(path: &Path) -> io::Result<()> {
    tracing::error!(file = %path.display(), "district: damaged, or sealed under another key: set aside");
    fs::rename(path, path.with_extension(DAMAGED))?;
    disk::flush_folder(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::{Number, Offer, Outbox, OutboxLimits};

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("trongdong-shelf-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    fn entries(count: u64) -> Vec<Entry> {
        let mut outbox = Outbox::new(OutboxLimits::default(), []);
        let offer = |seq| Offer {
            person: domain::PersonId::new("lan").unwrap(),
            entered: Number { session: "s".into(), seq },
            print: seq.to_string(),
            path: "/api/incidents".into(),
            body: "{}".into(),
            reason: None,
            from: None,
            at_province: true,
            is_unsure: false,
        };
        (1..=count).map(|seq| outbox.keep(offer(seq), 0).unwrap()).collect()
    }

    #[test]
    fn what_was_put_is_read_and_a_flipped_bit_costs_one_and_is_named() {
        let folder = folder("flip");
        let shelf = Shelf::new(&folder, Sealer::new(&[7; 32])).unwrap();
        let entries = entries(3);
        entries.iter().for_each(|entry| shelf.put(entry).unwrap());
        assert_eq!(shelf.read().unwrap().entries, entries);
        let path = shelf.kept(2);
        let mut bytes = fs::read(&path).unwrap();
        bytes[20] ^= 1;
        fs::write(&path, bytes).unwrap();
        // What a crash in the middle of writing leaves is nobody's.
        fs::write(disk::unfinished(&shelf.kept(4)), b"half").unwrap();
        for _ in 0..2 {
            let found = shelf.read().unwrap();
            assert_eq!(found.entries, [entries[0].clone(), entries[2].clone()]);
            assert_eq!(found.damaged, [2]);
        }
        shelf.remove(1).unwrap();
        assert_eq!(shelf.read().unwrap().entries, [entries[2].clone()]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn people_under_another_key_are_nobodys() {
        let folder = folder("people");
        let shelf = Shelf::new(&folder, Sealer::new(&[7; 32])).unwrap();
        assert!(!shelf.read().unwrap().people_damaged, "none is no damage");
        shelf.put_people(&People::default()).unwrap();
        assert!(!shelf.read().unwrap().people_damaged);
        let other = Shelf::new(&folder, Sealer::new(&[8; 32])).unwrap();
        assert!(other.read().unwrap().people_damaged);
        fs::remove_dir_all(folder).unwrap();
    }
}
