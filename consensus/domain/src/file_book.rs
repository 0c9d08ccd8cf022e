//! The part of group 0's state that is about files: which there are, and what they belong to.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use crate::{
    Attachment, Digest, FileOwner, FileSettings, Incident, IncidentId, Millis, Origin, ReportStatus, Row, RowChange,
    State, StoredFile, limits,
    retention::DAY_MS,
    rows,
    stored::{row, same_key},
    wire::{Malformed, Record},
};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileBook {
    pub(crate) settings: FileSettings,
    /// By number.
    pub(crate) attachments: BTreeMap<u64, Attachment>,
    /// Invariant: exactly the owners of the attachments.
    pub(crate) owned: BTreeSet<(FileOwner, u64)>,
    /// Invariant: exactly the files of the attachments.
    pub(crate) files: BTreeMap<Digest, Held>,
    /// Invariant: the bytes of all files, each counted once.
    pub(crate) bytes: u64,
}

/// A file that something names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) file: StoredFile,
    /// How many attachments name it.
    pub(crate) named: u32,
}

/// Names a row of the book that an entry touched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TouchedFile {
    Attachment(u64),
    Settings,
}

impl FileBook {
    /// How many records it holds.
    pub(crate) fn len(&self) -> usize {
        self.attachments.len() + usize::from(self.settings != FileSettings::default())
    }

    /// Keeps an attachment, and what is derived right.
    pub(crate) fn keep(&mut self, attachment: Attachment) {
        self.forget(attachment.number);
        let file = attachment.file;
        let held = self.files.entry(file.sha256).or_insert(Held { file, named: 0 });
        held.named = held.named.saturating_add(1);
        if held.named == 1 {
            self.bytes = self.bytes.saturating_add(u64::from(file.bytes));
        }
        self.owned.insert((attachment.owner.clone(), attachment.number));
        self.attachments.insert(attachment.number, attachment);
    }

    /// Forgets one, and keeps what is derived right.
    pub(crate) fn forget(&mut self, number: u64) -> Option<Attachment> {
        let attachment = self.attachments.remove(&number)?;
        self.owned.remove(&(attachment.owner.clone(), number));
        let digest = attachment.file.sha256;
        if let Some(held) = self.files.get_mut(&digest) {
            held.named = held.named.saturating_sub(1);
            if held.named == 0 {
                self.bytes = self.bytes.saturating_sub(u64::from(held.file.bytes));
                self.files.remove(&digest);
            }
        }
        Some(attachment)
    }

    /// What belongs to the owner, the oldest first.
    pub(crate) fn of<'a>(&'a self, owner: &FileOwner) -> impl Iterator<Item = &'a Attachment> + use<'a> {
        let range = (owner.clone(), 0)..=(owner.clone(), u64::MAX);
        self.owned.range(range).filter_map(|(_, number)| self.attachments.get(number))
    }

    /// Every row of it, in order of table, then of key.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row> + '_ {
        let attachments = self.attachments.iter().map(|(number, record)| row(rows::file_key(*number), record));
        let settings =
            (self.settings != FileSettings::default()).then(|| row(rows::file_settings_key(), &self.settings));
        attachments.chain(settings)
    }

    /// The row as it stands after the entry: put, or gone.
    pub(crate) fn row_change(&self, touched: &TouchedFile) -> RowChange {
        match touched {
            TouchedFile::Attachment(number) => match self.attachments.get(number) {
                Some(record) => RowChange::Put(row(rows::file_key(*number), record)),
                None => RowChange::Delete(rows::file_key(*number)),
            },
            TouchedFile::Settings if self.settings == FileSettings::default() => {
                RowChange::Delete(rows::file_settings_key())
            }
            TouchedFile::Settings => RowChange::Put(row(rows::file_settings_key(), &self.settings)),
        }
    }

    /// Whether rows of this table are its own.
    pub(crate) fn reads(table: u8) -> bool {
        matches!(table, rows::FILES | rows::FILE_SETTINGS)
    }

    /// Takes a row of one of these tables.
    pub(crate) fn read_row(&mut self, key: &Bytes, value: &Bytes) -> Result<(), Malformed> {
        if key.first() == Some(&rows::FILES) {
            let record = Attachment::decode(value)?;
            same_key(key, &rows::file_key(record.number))?;
            self.keep(record);
        } else {
            same_key(key, &rows::file_settings_key())?;
            self.settings = FileSettings::decode(value)?;
        }
        Ok(())
    }
}

impl State {
    /// What files belong to, by number (group 0).
    #[must_use]
    pub fn attachments(&self) -> &BTreeMap<u64, Attachment> {
        &self.files.attachments
    }

    /// What belongs to the owner, the oldest first (group 0).
    pub fn attachments_of<'a>(&'a self, owner: &FileOwner) -> impl Iterator<Item = &'a Attachment> + use<'a> {
        self.files.of(owner)
    }

    /// What belongs to an incident, and what was sent with its reports, each file once, the oldest first (group 0).
    #[must_use]
    pub fn attachments_around(&self, incident: &Incident) -> Vec<&Attachment> {
        let owners = std::iter::once(FileOwner::Incident(incident.id.clone())).chain(self.reports_of(&incident.id));
        let mut found: Vec<&Attachment> = owners.flat_map(|owner| self.files.of(&owner)).collect();
        found.sort_by_key(|attachment| attachment.number);
        let mut seen = BTreeSet::new();
        found.retain(|attachment| seen.insert(attachment.file.sha256));
        found
    }

    /// The reports that the incident knows as its sources and that belong to it still.
    fn reports_of(&self, incident: &IncidentId) -> impl Iterator<Item = FileOwner> {
        let sources = self.incidents.get(incident).into_iter().flat_map(|incident| &incident.sources);
        sources.filter_map(move |source| match &source.origin {
            Origin::Report(reference) => {
                let report = self.reports.get(reference.as_str())?;
                (report.incident.as_ref() == Some(incident)).then(|| FileOwner::Report(report.code.clone()))
            }
            Origin::Alarm(_) | Origin::Person(_) => None,
        })
    }

    /// A file that something names (group 0).
    #[must_use]
    pub fn file(&self, sha256: &Digest) -> Option<StoredFile> {
        self.files.files.get(sha256).map(|held| held.file)
    }

    /// Every file that something names: what each node has to have (group 0).
    pub fn files(&self) -> impl Iterator<Item = StoredFile> {
        self.files.files.values().map(|held| held.file)
    }

    /// Changes whenever another file may be named, or one not any more (group 0).
    #[must_use]
    pub fn files_mark(&self) -> (u64, usize) {
        (self.files.settings.attached, self.files.attachments.len())
    }

    /// Bytes of all files that something names (group 0).
    #[must_use]
    pub fn files_bytes(&self) -> u64 {
        self.files.bytes
    }

    /// Days that files of what is done are kept; 0: as long as what they belong to is remembered (group 0).
    #[must_use]
    pub fn file_retention_days(&self) -> u32 {
        self.files.settings.retention_days
    }

    /// Attachments whose time is over, the oldest first, at most `limits::FILES_DROPPED_AT_ONCE` (group 0).
    #[must_use]
    pub fn files_due(&self, now: Millis) -> Vec<u64> {
        let numbers = self.files.attachments.keys().copied();
        numbers.filter(|number| self.is_file_due(*number, now)).take(limits::FILES_DROPPED_AT_ONCE).collect()
    }

    /// Whether the attachment is to go: nobody remembers its owner, or that has been done for longer than files are kept.
    pub(crate) fn is_file_due(&self, number: u64, now: Millis) -> bool {
        let Some(attachment) = self.files.attachments.get(&number) else { return false };
        let done_at_ms = match &attachment.owner {
            FileOwner::Incident(id) => match self.incidents.get(id) {
                Some(incident) => incident.closed_at_ms,
                None => return true,
            },
            FileOwner::Report(code) | FileOwner::Answer(code) => match self.reports.get(code) {
                Some(report) if report.status == ReportStatus::Answered => report.answered_at_ms,
                Some(_) => return false,
                None => return true,
            },
        };
        let kept_ms = u64::from(self.file_retention_days()) * DAY_MS;
        kept_ms > 0 && done_at_ms.is_set() && now.since(done_at_ms) >= kept_ms
    }
}
