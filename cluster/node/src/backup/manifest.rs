//! What a backup consists of, as a text beside its chunks. Pure.
//!
//! `NAME.json` is the manifest; `NAME.json.sha256` is its SHA-256 in the form that `sha256sum -c` reads. As each chunk's name
//! is its own SHA-256 and stands in the manifest, that one hash is over everything.

use domain::GroupId;
use raft::backup::{LogPlace, Sum};
use serde::{Deserialize, Serialize};

use super::hash::Hash;

/// How manifests and chunks are laid out. A program refuses what is newer than it.
pub const FORMAT: u32 = 1;

/// Bytes of a manifest: some hundred thousand chunks.
pub const MANIFEST_BYTES_MAX: u64 = 64 << 20;

/// A backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`] of whoever made it.
    pub format: u32,
    /// Its name in its folder: when it was taken, UTC.
    pub name: String,
    /// Name of the cluster.
    pub cluster: String,
    /// The cluster's epoch.
    pub epoch: u64,
    /// The node that gave it.
    pub node: u64,
    /// When, unix milliseconds by that node's clock. Everything acknowledged before is in it.
    pub taken_at_ms: u64,
    /// Version of the node's program.
    pub program: String,
    /// Every group, the command group first.
    pub groups: Vec<GroupManifest>,
}

/// A group in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupManifest {
    /// Which.
    pub group: u32,
    /// Log index of the last entry that the rows hold.
    pub index: u64,
    /// Its term.
    pub term: u64,
    /// The node that led in it.
    pub leader: u64,
    /// Rows.
    pub rows: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
    /// Over all rows; see `raft::backup::Sum`.
    pub rows_sha256: Hash,
    /// Over the rows that state is made of: the state's digest.
    pub state_sha256: Hash,
    /// In key order.
    pub chunks: Vec<ChunkEntry>,
}

/// A chunk in a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChunkEntry {
    /// SHA-256 of its file, and the file's name.
    pub sha256: Hash,
    /// Bytes of its file.
    pub bytes: u64,
    /// Rows in it.
    pub rows: u64,
}

/// A manifest that must not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is not what was written.
    #[error("SHA-256 không khớp với tệp .sha256 / its SHA-256 is not that of its .sha256 file")]
    Hash,
    /// It is no manifest.
    #[error("không đọc được / it cannot be read: {0}")]
    Malformed(String),
    /// A newer program wrote it.
    #[error("định dạng {0}, chương trình này biết tới {FORMAT} / format {0}, and this program knows up to {FORMAT}")]
    Newer(u32),
    /// It belongs under another name.
    #[error("mang tên {0} / it says that its name is {0}")]
    Name(String),
    /// Groups are missing, doubled or unknown.
    #[error("không đủ nhóm / its groups are {0:?}")]
    Groups(Vec<u32>),
}

impl Manifest {
    /// As it is written.
    ///
    /// # Errors
    /// None that is known: it holds numbers and texts only.
    pub fn to_text(&self) -> Result<String, ManifestError> {
        let text = serde_json::to_string_pretty(self).map_err(|error| ManifestError::Malformed(error.to_string()))?;
        Ok(text + "\n")
    }

    /// Reads the manifest `name` and its `.sha256`.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn from_text(name: &str, text: &[u8], sha256: &[u8]) -> Result<Self, ManifestError> {
        if sha256 != sha256_text(name, text).as_bytes() {
            return Err(ManifestError::Hash);
        }
        let manifest: Self =
            serde_json::from_slice(text).map_err(|error| ManifestError::Malformed(error.to_string()))?;
        if manifest.format != FORMAT {
            return Err(ManifestError::Newer(manifest.format));
        }
        if manifest.name != name {
            return Err(ManifestError::Name(manifest.name));
        }
        if !manifest.groups.iter().map(|group| GroupId(group.group)).eq(GroupId::all()) {
            return Err(ManifestError::Groups(manifest.groups.iter().map(|group| group.group).collect()));
        }
        Ok(manifest)
    }

    /// Bytes of rows.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.groups.iter().map(|group| group.bytes).sum()
    }

    /// Rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.groups.iter().map(|group| group.rows).sum()
    }
}

impl GroupManifest {
    /// Where the group was in its log.
    #[must_use]
    pub fn place(&self) -> LogPlace {
        LogPlace { index: self.index, term: self.term, leader: self.leader }
    }

    /// What the rows add up to.
    #[must_use]
    pub fn sum(&self) -> Sum {
        Sum { rows: self.rows, bytes: self.bytes, rows_sha256: self.rows_sha256.0, state_sha256: self.state_sha256.0 }
    }
}

/// What stands in the `.sha256` file of the manifest `name`.
#[must_use]
pub fn sha256_text(name: &str, manifest: &[u8]) -> String {
    format!("{}  {name}.json\n", Hash::of(manifest))
}

/// A name out of a time: `20261122T120707Z`. Names sort as times do (ISO 8601, basic format).
#[must_use]
pub fn name_of(at_ms: u64) -> String {
    let (days, second) = (at_ms / 86_400_000, at_ms / 1_000 % 86_400);
    // Days to a civil date, with years that begin in March (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    let day = days + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn manifest() -> Manifest {
        let group = |group: GroupId| GroupManifest {
            group: group.0,
            index: 10,
            term: 2,
            leader: 3,
            rows: 1,
            bytes: 5,
            rows_sha256: Hash::of(b"rows"),
            state_sha256: Hash::of(b"state"),
            chunks: vec![ChunkEntry { sha256: Hash::of(b"chunk"), bytes: 20, rows: 1 }],
        };
        Manifest {
            format: FORMAT,
            name: "20261122T120707Z".into(),
            cluster: "thai-nguyen".into(),
            epoch: 7,
            node: 1,
            taken_at_ms: 1_795_349_227_000,
            program: "0.1.0".into(),
            groups: GroupId::all().map(group).collect(),
        }
    }

    fn read(manifest: &Manifest) -> Result<Manifest, ManifestError> {
        let text = manifest.to_text().unwrap();
        Manifest::from_text(
            "20261122T120707Z",
            text.as_bytes(),
            sha256_text("20261122T120707Z", text.as_bytes()).as_bytes(),
        )
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        assert_eq!(read(&manifest()), Ok(manifest()));
    }

    #[test]
    fn what_is_not_whole_or_not_ours_is_refused_by_name() {
        let mut fewer = manifest();
        fewer.groups.remove(4);
        assert_eq!(read(&fewer), Err(ManifestError::Groups(vec![0, 1, 2, 3, 5, 6, 7, 8])));
        assert_eq!(read(&Manifest { format: 2, ..manifest() }), Err(ManifestError::Newer(2)));
        let renamed = Manifest { name: "other".into(), ..manifest() };
        assert_eq!(read(&renamed), Err(ManifestError::Name("other".into())));
        let sum = sha256_text("a", b"{}");
        assert!(matches!(Manifest::from_text("a", b"{}", sum.as_bytes()), Err(ManifestError::Malformed(_))));
    }

    #[test]
    fn a_name_is_a_time() {
        // `date -u -d @… +%Y%m%dT%H%M%SZ`.
        assert_eq!(name_of(0), "19700101T000000Z");
        assert_eq!(name_of(951_782_400_000), "20000229T000000Z");
        assert_eq!(name_of(1_709_251_199_999), "20240229T235959Z");
        assert_eq!(name_of(1_795_349_227_000), "20261122T120707Z");
        assert_eq!(name_of(4_107_542_400_000), "21000301T000000Z");
    }

    proptest! {
        #[test]
        fn one_flipped_bit_of_either_file_is_found(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let name = "20261122T120707Z";
            let text = manifest().to_text().unwrap().into_bytes();
            let sha256 = sha256_text(name, &text).into_bytes();
            let mut both = [text.clone(), sha256].concat();
            let at = at.index(both.len());
            both[at] ^= 1 << bit;
            let (text, sha256) = both.split_at(text.len());
            prop_assert_eq!(Manifest::from_text(name, text, sha256), Err(ManifestError::Hash));
        }

        #[test]
        fn any_text_may_lie_there(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let sha256 = sha256_text("a", &text);
            prop_assert!(Manifest::from_text("a", &text, sha256.as_bytes()).is_err());
        }
    }
}
