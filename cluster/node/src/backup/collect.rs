//! Parts off the line become chunks and a manifest, and nothing is a backup before all of them were right. Pure.

use domain::GroupId;
use raft::backup::{Begin, FORMAT as LINE_FORMAT, LogPlace, OutOfOrder, Part, Summing};

use super::{
    chunk::{Chunk, Cutter},
    hash::Hash,
    manifest::{ChunkEntry, FORMAT, GroupManifest, Manifest},
};

/// What came is no backup.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CollectError {
    /// A part came where another one had to.
    #[error("nút gửi sai thứ tự / the node sent {0} out of turn")]
    OutOfTurn(&'static str),
    /// The node speaks another format.
    #[error(
        "nút dùng định dạng {0}, chương trình này biết {LINE_FORMAT} / the node sends format {0}, and this program knows \
         {LINE_FORMAT}: use the node's program"
    )]
    Format(u32),
    /// Rows are missing, doubled or swapped.
    #[error("nhóm {group}: {error} / group {group}: {error}")]
    Rows {
        /// Which group.
        group: GroupId,
        /// What about them.
        error: OutOfOrder,
    },
    /// What came is not what was sent.
    #[error(
        "nhóm {0}: tổng không khớp, hãy sao lưu lại / group {0}: its sum is not what was sent, take the backup again"
    )]
    Sum(GroupId),
    /// The line ended too early.
    #[error(
        "đường truyền bị cắt trước khi xong, hãy sao lưu lại / the line was cut before the end, take the backup again"
    )]
    Cut,
}

struct Current {
    group: GroupId,
    at: LogPlace,
    summing: Summing,
    cutter: Cutter,
    chunks: Vec<ChunkEntry>,
}

impl Current {
    /// Puts a chunk down.
    fn note(&mut self, chunk: Chunk) -> Chunk {
        let bytes = chunk.bytes.len() as u64;
        self.chunks.push(ChunkEntry { sha256: chunk.hash, bytes, rows: chunk.rows });
        chunk
    }
}

/// A backup on its way in.
#[derive(Default)]
pub struct Collector {
    begin: Option<Begin>,
    current: Option<Current>,
    groups: Vec<GroupManifest>,
    has_ended: bool,
}

impl Collector {
    /// What it is of, once that is known.
    #[must_use]
    pub fn begin(&self) -> Option<&Begin> {
        self.begin.as_ref()
    }

    /// Takes a part; gives the chunks that it completes.
    ///
    /// # Errors
    /// [`CollectError`]; nothing more is to be taken then.
    pub fn take(&mut self, part: Part) -> Result<Vec<Chunk>, CollectError> {
        match part {
            Part::Begin(begin) => {
                if self.begin.is_some() {
                    return Err(CollectError::OutOfTurn("a second begin"));
                }
                if begin.format != LINE_FORMAT {
                    return Err(CollectError::Format(begin.format));
                }
                self.begin = Some(begin);
                Ok(Vec::new())
            }
            Part::Group(group, at) => {
                let is_next = GroupId::all().nth(self.groups.len()) == Some(group);
                if self.begin.is_none() || self.current.is_some() || !is_next {
                    return Err(CollectError::OutOfTurn("a group"));
                }
                let (summing, cutter) = (Summing::default(), Cutter::default());
                self.current = Some(Current { group, at, summing, cutter, chunks: Vec::new() });
                Ok(Vec::new())
            }
            Part::Rows(rows) => {
                let current = self.current.as_mut().ok_or(CollectError::OutOfTurn("rows"))?;
                let mut chunks = Vec::new();
                for row in rows {
                    let group = current.group;
                    current.summing.add(&row).map_err(|error| CollectError::Rows { group, error })?;
                    if let Some(chunk) = current.cutter.push(row) {
                        chunks.push(current.note(chunk));
                    }
                }
                Ok(chunks)
            }
            Part::Sum(sum) => {
                let mut current = self.current.take().ok_or(CollectError::OutOfTurn("a sum"))?;
                let rest = current.cutter.finish().map(|chunk| current.note(chunk));
                let Current { group, at, summing, chunks, .. } = current;
                if summing.finish() != sum {
                    return Err(CollectError::Sum(group));
                }
                self.groups.push(GroupManifest {
                    group: group.0,
                    index: at.index,
                    term: at.term,
                    leader: at.leader,
                    rows: sum.rows,
                    bytes: sum.bytes,
                    rows_sha256: Hash(sum.rows_sha256),
                    state_sha256: Hash(sum.state_sha256),
                    chunks,
                });
                Ok(rest.into_iter().collect())
            }
            Part::End(groups) => {
                let is_whole = self.groups.len() == GroupId::all().count() && groups as usize == self.groups.len();
                if self.current.is_some() || !is_whole || self.has_ended {
                    return Err(CollectError::OutOfTurn("the end"));
                }
                self.has_ended = true;
                Ok(Vec::new())
            }
        }
    }

    /// The backup, under a name.
    ///
    /// # Errors
    /// Not everything has come.
    pub fn finish(self, name: String) -> Result<Manifest, CollectError> {
        let begin = self.begin.filter(|_| self.has_ended).ok_or(CollectError::Cut)?;
        Ok(Manifest {
            format: FORMAT,
            name,
            cluster: begin.cluster,
            epoch: begin.epoch,
            node: begin.node,
            taken_at_ms: begin.at_ms,
            program: begin.program,
            groups: self.groups,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::tests::parts;

    fn collect(parts: impl IntoIterator<Item = Part>) -> Result<Manifest, CollectError> {
        let mut collector = Collector::default();
        for part in parts {
            collector.take(part)?;
        }
        collector.finish("n".into())
    }

    #[test]
    fn all_parts_make_a_manifest() {
        let manifest = collect(parts(2)).unwrap();
        assert_eq!(manifest.groups.len(), 9);
        assert_eq!(
            manifest.rows(),
            manifest.groups.iter().flat_map(|group| &group.chunks).map(|it| it.rows).sum::<u64>()
        );
    }

    #[test]
    fn a_part_that_is_missing_doubled_or_swapped_is_noticed_wherever_it_is() {
        let parts = parts(2);
        for at in 0..parts.len() {
            let mut missing = parts.clone();
            missing.remove(at);
            assert!(collect(missing).is_err(), "without {:?}", parts[at]);
            let mut doubled = parts.clone();
            doubled.insert(at, parts[at].clone());
            assert!(collect(doubled).is_err(), "twice {:?}", parts[at]);
            assert!(collect(parts[..at].to_vec()).is_err(), "cut before {:?}", parts[at]);
            if at > 0 && parts[at] != parts[at - 1] {
                let mut swapped = parts.clone();
                swapped.swap(at - 1, at);
                assert!(collect(swapped).is_err(), "{:?} too early", parts[at]);
            }
        }
    }
}
