//! A file beside the database that remembers how far each group's log was durable.
//!
//! RocksDB's point-in-time recovery ends the write-ahead log at the first record that is torn or rotten, and says
//! nothing. After a power cut that is right, since nobody was promised what had not been synced. But a rotten record
//! in the synced part takes acknowledged entries and votes with it, and a record of them in the same log would be lost
//! with them. Hence a file of its own: it lags behind the log by at most a second, and a log that ends below it has lost
//! what was promised.
//!
//! The file has two slots that are written in turn, so a torn write leaves the one before. A slot is
//! magic `tdwm`, version `u32`, CRC-32C `u32` of what follows, sequence `u64`, count `u32`, then for each group id
//! `u32`, next index `u64`, number of votes `u64`. All numbers are big-endian.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, Read},
    os::unix::fs::FileExt,
    path::Path,
    time::{Duration, Instant},
};

use crate::options::Options;

/// Groups that one disk can hold, by the size of a slot.
pub(crate) const GROUPS_MAX: usize = 512;

const MAGIC: &[u8; 4] = b"tdwm";
const VERSION: u32 = 1;
const CRC_AT: usize = 8;
const HEADER_BYTES: usize = 24;
const MARK_BYTES: usize = 20;
/// A multiple of a page, above `HEADER_BYTES + GROUPS_MAX * MARK_BYTES`.
const SLOT_BYTES: usize = 12 << 10;
const SLOTS: u64 = 2;

/// How far a group's log is known to be durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The log has every entry below this index, or a purge that covers it.
    pub(crate) next: u64,
    /// Votes ever written.
    pub(crate) votes: u64,
}

/// By group.
pub(crate) type Marks = BTreeMap<u32, Mark>;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WatermarkError {
    #[error("another process holds it")]
    Locked,
    #[error("it is missing")]
    Missing,
    #[error("it has version {0}, and this program knows {VERSION}")]
    Newer(u32),
    #[error("neither of its slots is whole")]
    Damaged,
    #[error("reading or writing it failed")]
    Io(#[from] io::Error),
}

/// The file, and what is to be in it.
#[derive(Debug)]
pub(crate) struct Watermarks {
    file: File,
    sequence: u64,
    recorded: Marks,
    durable: Marks,
    entries_unrecorded: u64,
    written_at: Instant,
    every: u64,
    interval: Duration,
}

impl Watermarks {
    /// Opens the file and locks it for this process, or makes it. It is durable before there is a database, so without
    /// one a file that is not whole was being made when its process died, and with one it is damaged.
    pub(crate) fn open(path: &Path, database_exists: bool, options: &Options) -> Result<Self, WatermarkError> {
        if database_exists && !path.try_exists()? {
            return Err(WatermarkError::Missing);
        }
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(WatermarkError::Locked),
            Err(std::fs::TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut slots = Vec::with_capacity(SLOT_BYTES * 2);
        (&file).take(SLOT_BYTES as u64 * SLOTS).read_to_end(&mut slots)?;
        let (sequence, recorded) = match newest(&slots)? {
            Some(newest) => newest,
            None if database_exists => return Err(WatermarkError::Damaged),
            None => {
                // Both slots, so that a later write does not change the file's length, which would cost a second flush.
                for sequence in 0..SLOTS {
                    file.write_all_at(&encode(sequence, &Marks::new())?, sequence * SLOT_BYTES as u64)?;
                }
                file.sync_all()?;
                sync_directory(path)?;
                (SLOTS - 1, Marks::new())
            }
        };
        Ok(Self {
            file,
            sequence,
            durable: recorded.clone(),
            recorded,
            entries_unrecorded: 0,
            written_at: Instant::now(),
            every: options.watermark_every,
            interval: options.watermark_interval,
        })
    }

    /// What the file said when it was opened, or what was written last.
    pub(crate) fn recorded(&self) -> &Marks {
        &self.recorded
    }

    /// Takes note that a group's log is durable up to `mark`.
    pub(crate) fn advance(&mut self, group: u32, mark: Mark) {
        self.durable.insert(group, mark);
    }

    /// Takes note that so many entries more are durable.
    pub(crate) fn appended(&mut self, entries: u64) {
        self.entries_unrecorded += entries;
    }

    /// Makes sure that the file claims nothing from `next` on. To be called before a truncation is written: were it the
    /// other way round, a crash between the two would make a sound log look cut short.
    pub(crate) fn lower(&mut self, group: u32, next: u64) -> io::Result<()> {
        if let Some(mark) = self.durable.get_mut(&group) {
            mark.next = mark.next.min(next);
        }
        if self.recorded.get(&group).is_some_and(|mark| mark.next > next) {
            self.write()?;
        }
        Ok(())
    }

    /// How long until the file is to be written; `None`: it says all there is to say.
    pub(crate) fn due_in(&self) -> Option<Duration> {
        if self.recorded == self.durable {
            return None;
        }
        if self.entries_unrecorded >= self.every {
            return Some(Duration::ZERO);
        }
        Some(self.interval.saturating_sub(self.written_at.elapsed()))
    }

    /// Writes and syncs the slot that is not the newest.
    pub(crate) fn write(&mut self) -> io::Result<()> {
        let sequence = self.sequence + 1;
        let slot = encode(sequence, &self.durable)?;
        self.file.write_all_at(&slot, (sequence % SLOTS) * SLOT_BYTES as u64)?;
        self.file.sync_data()?;
        self.sequence = sequence;
        self.recorded.clone_from(&self.durable);
        self.entries_unrecorded = 0;
        self.written_at = Instant::now();
        Ok(())
    }
}

/// Makes durable that a directory has an entry.
pub(crate) fn sync_directory(entry: &Path) -> io::Result<()> {
    match entry.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

fn encode(sequence: u64, marks: &Marks) -> io::Result<Vec<u8>> {
    let count = u32::try_from(marks.len()).ok().filter(|_| marks.len() <= GROUPS_MAX).ok_or_else(|| {
        let what = format!("a disk holds at most {GROUPS_MAX} groups, not {}: use fewer groups", marks.len());
        io::Error::new(io::ErrorKind::InvalidInput, what)
    })?;
    let mut slot = Vec::with_capacity(SLOT_BYTES);
    slot.extend_from_slice(MAGIC);
    slot.extend_from_slice(&VERSION.to_be_bytes());
    slot.extend_from_slice(&[0; 4]);
    slot.extend_from_slice(&sequence.to_be_bytes());
    slot.extend_from_slice(&count.to_be_bytes());
    for (group, mark) in marks {
        slot.extend_from_slice(&group.to_be_bytes());
        slot.extend_from_slice(&mark.next.to_be_bytes());
        slot.extend_from_slice(&mark.votes.to_be_bytes());
    }
    let crc = crc32c::crc32c(slot.get(CRC_AT + 4..).unwrap_or_default());
    if let Some(place) = slot.get_mut(CRC_AT..CRC_AT + 4) {
        place.copy_from_slice(&crc.to_be_bytes());
    }
    slot.resize(SLOT_BYTES, 0);
    Ok(slot)
}

/// `Ok(None)`: the slot is torn.
fn decode(slot: &[u8]) -> Result<Option<(u64, Marks)>, WatermarkError> {
    let mut rest = slot;
    let mut number = |bytes: usize| {
        let (taken, left) = rest.split_at_checked(bytes)?;
        rest = left;
        Some(taken.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)))
    };
    let mut header = || Some((number(4)?, number(4)?, number(4)?, number(8)?, number(4)?));
    let Some((magic, version, crc, sequence, count)) = header() else { return Ok(None) };
    if magic != u64::from(u32::from_be_bytes(*MAGIC)) {
        return Ok(None);
    }
    if version != u64::from(VERSION) {
        return Err(WatermarkError::Newer(u32::try_from(version).unwrap_or(u32::MAX)));
    }
    let Some(count) = usize::try_from(count).ok().filter(|count| *count <= GROUPS_MAX) else { return Ok(None) };
    let end = HEADER_BYTES + count * MARK_BYTES;
    if slot.get(CRC_AT + 4..end).map(crc32c::crc32c).map(u64::from) != Some(crc) {
        return Ok(None);
    }
    let mut mark = || {
        let group = u32::try_from(number(4)?).ok()?;
        Some((group, Mark { next: number(8)?, votes: number(8)? }))
    };
    Ok((0..count).map(|_| mark()).collect::<Option<Marks>>().map(|marks| (sequence, marks)))
}

/// `Ok(None)`: neither slot is whole.
fn newest(slots: &[u8]) -> Result<Option<(u64, Marks)>, WatermarkError> {
    let mut newest = None;
    for slot in slots.chunks(SLOT_BYTES) {
        let found = decode(slot)?;
        if found.as_ref().map(|found| found.0) > newest.as_ref().map(|newest: &(u64, Marks)| newest.0) {
            newest = found;
        }
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const _: () = assert!(SLOT_BYTES >= HEADER_BYTES + GROUPS_MAX * MARK_BYTES);

    fn marks() -> Marks {
        Marks::from([(0, Mark { next: 7, votes: 1 }), (9, Mark { next: u64::MAX, votes: 0 })])
    }

    fn open(path: &Path) -> Result<Watermarks, WatermarkError> {
        Watermarks::open(path, true, &Options::default())
    }

    fn make(path: &Path) -> Watermarks {
        Watermarks::open(path, false, &Options::default()).unwrap()
    }

    #[test]
    fn the_newest_whole_slot_counts() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("watermarks");
        let mut file = make(&path);
        assert_eq!(file.recorded(), &Marks::new());
        file.advance(3, Mark { next: 10, votes: 1 });
        file.appended(10);
        file.write().unwrap();
        file.advance(3, Mark { next: 20, votes: 1 });
        file.appended(10);
        file.write().unwrap();
        let newest_slot = (file.sequence % SLOTS) * SLOT_BYTES as u64;
        drop(file);

        let file = open(&path).unwrap();
        assert_eq!(file.recorded()[&3].next, 20);
        drop(file);

        // A torn write of the newest slot leaves the one before.
        let raw = OpenOptions::new().write(true).open(&path).unwrap();
        raw.write_all_at(&[0xaa; 8], newest_slot + 20).unwrap();
        let file = open(&path).unwrap();
        assert_eq!(file.recorded()[&3].next, 10);
        drop(file);

        raw.write_all_at(&[0xaa; SLOT_BYTES * 2], 0).unwrap();
        assert!(matches!(open(&path), Err(WatermarkError::Damaged)));
    }

    #[test]
    fn it_is_lowered_at_once_and_raised_late() {
        let directory = tempfile::tempdir().unwrap();
        let options =
            Options { watermark_every: 100, watermark_interval: Duration::from_secs(3600), ..Options::default() };
        let mut file = Watermarks::open(&directory.path().join("watermarks"), false, &options).unwrap();
        assert_eq!(file.due_in(), None);
        file.advance(1, Mark { next: 50, votes: 0 });
        file.appended(50);
        assert!(file.due_in() > Some(Duration::from_secs(3000)));
        file.advance(1, Mark { next: 100, votes: 0 });
        file.appended(50);
        assert_eq!(file.due_in(), Some(Duration::ZERO));
        file.write().unwrap();
        assert_eq!(file.due_in(), None);
        file.lower(1, 120).unwrap();
        assert_eq!(file.recorded()[&1].next, 100);
        file.lower(1, 60).unwrap();
        assert_eq!(file.recorded()[&1].next, 60);
    }

    #[test]
    fn one_process_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("watermarks");
        let _held = make(&path);
        assert!(matches!(open(&path), Err(WatermarkError::Locked)));
    }

    #[test]
    fn a_file_that_was_being_made_is_made_anew_if_nothing_relied_on_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("watermarks");
        assert!(matches!(open(&path), Err(WatermarkError::Missing)));
        for left in [0, 100, SLOT_BYTES * 2] {
            std::fs::write(&path, vec![0; left]).unwrap();
            assert!(matches!(open(&path), Err(WatermarkError::Damaged)));
            drop(make(&path));
            let mut file = open(&path).unwrap();
            let mark = Mark { next: 1, votes: 1 };
            file.advance(1, mark);
            file.write().unwrap();
            drop(file);
            assert_eq!(make(&path).recorded(), &Marks::from([(1, mark)]), "what is whole is kept");
            assert_eq!(std::fs::metadata(&path).unwrap().len(), SLOT_BYTES as u64 * SLOTS);
        }
    }

    #[test]
    fn a_newer_file_is_refused() {
        let mut slot = encode(1, &marks()).unwrap();
        slot[7] = 2;
        assert!(matches!(decode(&slot), Err(WatermarkError::Newer(2))));
    }

    #[test]
    fn too_many_groups_are_refused() {
        let marks = |count| (0..count).map(|group| (group, Mark::default())).collect::<Marks>();
        assert!(encode(1, &marks(512)).is_ok());
        assert_eq!(encode(1, &marks(513)).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    proptest! {
        #[test]
        fn what_is_encoded_comes_back(groups in prop::collection::btree_map(any::<u32>(), any::<(u64, u64)>(), 0..40), sequence: u64) {
            let marks: Marks = groups.into_iter().map(|(group, (next, votes))| (group, Mark { next, votes })).collect();
            let slot = encode(sequence, &marks).unwrap();
            prop_assert_eq!(decode(&slot).unwrap(), Some((sequence, marks)));
        }

        #[test]
        fn a_flipped_bit_is_never_believed(bit in 64_usize..(24 + 40) * 8) {
            let mut slot = encode(5, &marks()).unwrap();
            slot[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(decode(&slot).unwrap(), None);
        }

        #[test]
        fn rubbish_is_no_panic(slot in any::<Vec<u8>>()) {
            let _ = decode(&slot);
            let mut with_magic = encode(0, &Marks::new()).unwrap();
            with_magic.truncate(20);
            with_magic.extend(slot);
            prop_assert_eq!(decode(&with_magic[..with_magic.len().min(23)]).unwrap_or(None), None);
        }
    }
}
