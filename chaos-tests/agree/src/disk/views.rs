//! Views of a disk as mistakes of [`Bug`](crate::bug::Bug) give them to whoever builds a snapshot.

use std::{io, sync::Arc};

use bytes::Bytes;
use raft::{
    NodeId,
    disk::{Disk, DiskSnapshot},
};

use crate::world::World;

/// `SnapshotOfLaterRows`: looks when it is read, not when it is taken.
pub(super) struct LaterRows {
    applied: Option<Bytes>,
    world: Arc<World>,
    node: NodeId,
    group: u32,
    view: Option<Box<dyn DiskSnapshot>>,
}

impl LaterRows {
    pub(super) fn of(applied: Option<Bytes>, world: Arc<World>, node: NodeId, group: u32) -> Self {
        Self { applied, world, node, group, view: None }
    }

    fn now(&self) -> io::Result<Box<dyn DiskSnapshot>> {
        let disk = self.world.disk(self.node).ok_or_else(|| io::Error::other("the disk is gone"))?;
        disk.memory.snapshot(self.group)
    }
}

impl DiskSnapshot for LaterRows {
    fn applied(&self) -> io::Result<Option<Bytes>> {
        Ok(self.applied.clone())
    }

    fn generation(&self) -> u32 {
        self.now().map_or(0, |view| view.generation())
    }

    fn scan(&self, from: &[u8], to: &[u8], rows_max: usize) -> io::Result<Vec<(Bytes, Bytes)>> {
        self.now()?.scan(from, to, rows_max)
    }

    fn last(&self, from: &[u8], to: &[u8]) -> io::Result<Option<(Bytes, Bytes)>> {
        self.now()?.last(from, to)
    }

    fn next_rows(&mut self, bytes_max: usize) -> io::Result<Vec<(Bytes, Bytes)>> {
        if self.view.is_none() {
            self.view = Some(self.now()?);
        }
        self.view.as_mut().map_or(Ok(Vec::new()), |view| view.next_rows(bytes_max))
    }
}

/// `AnswersNotInSnapshot`.
pub(super) struct WithoutAnswers(pub(super) Box<dyn DiskSnapshot>);

impl DiskSnapshot for WithoutAnswers {
    fn applied(&self) -> io::Result<Option<Bytes>> {
        self.0.applied()
    }

    fn generation(&self) -> u32 {
        self.0.generation()
    }

    fn scan(&self, from: &[u8], to: &[u8], rows_max: usize) -> io::Result<Vec<(Bytes, Bytes)>> {
        self.0.scan(from, to, rows_max)
    }

    fn last(&self, from: &[u8], to: &[u8]) -> io::Result<Option<(Bytes, Bytes)>> {
        self.0.last(from, to)
    }

    fn next_rows(&mut self, bytes_max: usize) -> io::Result<Vec<(Bytes, Bytes)>> {
        loop {
            let mut rows = self.0.next_rows(bytes_max)?;
            let was_empty = rows.is_empty();
            rows.retain(|(key, _)| key.first() != Some(&domain::rows::ANSWERS));
            if was_empty || !rows.is_empty() {
                return Ok(rows);
            }
        }
    }
}
