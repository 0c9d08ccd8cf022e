//! What a node gives out: a frozen view of each group, read part by part while writing goes on.

use std::{collections::VecDeque, io, time::Duration};

use bytes::Bytes;
use domain::{GroupId, Row};
use futures::future::join_all;

use super::{Begin, FORMAT, LogPlace, Part, Sum, Summing};
use crate::{
    disk::{Disk, DiskSnapshot},
    groups::Groups,
    machine::CHUNK_BYTES,
    read::ReadError,
    stage,
    types::{decode, malformed},
    wire,
};

/// One group at one applied index. It keeps what is overwritten after it on the disk for as long as it lives.
pub struct View {
    group: GroupId,
    at: LogPlace,
    rows: Box<dyn DiskSnapshot>,
}

impl View {
    /// Freezes a group as the disk has it. Blocks on IO.
    ///
    /// # Errors
    /// The disk fails, or nothing was ever applied to the group.
    pub fn of(group: GroupId, disk: &dyn Disk) -> io::Result<Self> {
        let rows = disk.snapshot(group.0)?;
        let applied = rows.applied()?.ok_or_else(|| malformed(&format!("group {group}: nothing is applied")))?;
        let meta: wire::SnapshotMeta = decode("applied state", &applied)?;
        let last = meta.last_log_id.ok_or_else(|| malformed(&format!("group {group}: nothing is applied")))?;
        Ok(Self { group, at: LogPlace { index: last.index, term: last.term, leader: last.node }, rows })
    }

    /// Reads all of it: its place in the log, and what its rows add up to. Blocks on IO.
    ///
    /// # Errors
    /// The disk fails.
    pub fn sum(mut self) -> io::Result<(LogPlace, Sum)> {
        let mut summing = Summing::default();
        while !self.next_rows(&mut summing)?.is_empty() {}
        Ok((self.at, summing.finish()))
    }

    fn next_rows(&mut self, summing: &mut Summing) -> io::Result<Vec<Row>> {
        let rows = self.rows.next_rows(CHUNK_BYTES)?;
        let rows: Vec<Row> = rows.into_iter().map(|(key, value)| Row { key, value }).collect();
        rows.iter()
            .try_for_each(|row| summing.add(row))
            .map_err(|error| malformed(&format!("rows of group {}: {error}", self.group)))?;
        Ok(rows)
    }
}

/// A backup on its way out.
pub struct Export(Option<State>);

struct State {
    begin: Option<Begin>,
    groups: u32,
    left: VecDeque<View>,
    current: Option<(View, Summing)>,
}

impl Export {
    /// A backup of these groups, in this order.
    #[must_use]
    pub fn of(begin: Begin, views: Vec<View>) -> Self {
        let groups = u32::try_from(views.len()).unwrap_or(u32::MAX);
        Self(Some(State { begin: Some(begin), groups, left: views.into(), current: None }))
    }

    /// The next frame; none after the last.
    ///
    /// # Errors
    /// The disk fails. Nothing more comes then, and whoever reads knows by the missing end that it is not all.
    pub async fn next_frame(&mut self) -> io::Result<Option<Bytes>> {
        let Some(mut state) = self.0.take() else { return Ok(None) };
        let (part, state) = stage::blocking(move || state.next_part().map(|part| (part, state))).await?;
        // After the end nothing is left to hold on to.
        self.0 = Some(state).filter(|_| !matches!(part, Part::End(_)));
        Ok(Some(part.to_frame()))
    }
}

impl State {
    fn next_part(&mut self) -> io::Result<Part> {
        if let Some(begin) = self.begin.take() {
            return Ok(Part::Begin(begin));
        }
        if let Some((mut view, mut summing)) = self.current.take() {
            let rows = view.next_rows(&mut summing)?;
            if rows.is_empty() {
                return Ok(Part::Sum(summing.finish()));
            }
            self.current = Some((view, summing));
            return Ok(Part::Rows(rows));
        }
        match self.left.pop_front() {
            Some(view) => {
                let part = Part::Group(view.group, view.at);
                self.current = Some((view, Summing::default()));
                Ok(part)
            }
            None => Ok(Part::End(self.groups)),
        }
    }
}

impl Groups {
    /// A group with all that is applied here. Blocks on IO.
    fn view(&self, group: GroupId) -> io::Result<View> {
        let kept = self.group(group);
        kept.shared.write_down(kept.disk.as_ref())?;
        View::of(group, kept.disk.as_ref())
    }

    /// A backup of the whole cluster out of this node's disk, with everything that was acknowledged before the call.
    ///
    /// The field groups are frozen first and the command group after them, behind a read barrier of its own: what a field
    /// group has marked as reported, the index that its policy floor names and the placement of its devices are then in the
    /// command group's view. The other way round, what group 0 knows and a field group's view does not hold yet happens
    /// again in the restored cluster and is known there by its key. An anchor in the command group's view names a head of a field
    /// group that was minutes old when it was anchored, longer than the freezing takes: the field group's view holds it. The
    /// command group's own head is anchored in a field group, which is frozen before it.
    ///
    /// # Errors
    /// No quorum answers for a group within `deadline`, or the disk fails.
    pub async fn export(&self, cluster: &str, program: &str, deadline: Duration) -> io::Result<Export> {
        let unanswered = |error: ReadError| io::Error::new(io::ErrorKind::TimedOut, error.to_string());
        let barriers = self.field().map(|group| self.read_barrier(group, deadline));
        #[cfg(feature = "seeded-bugs")]
        if crate::bugs::is_made(crate::bugs::Bug::BackupUnasked) {
            let all = std::iter::once(GroupId::COMMAND).chain(self.field());
            let views = all.map(|group| self.view(group)).collect::<io::Result<Vec<_>>>()?;
            let (cluster, program) = (cluster.to_owned(), program.to_owned());
            let (epoch, node, at_ms) = (self.epoch(), self.node(), stage::now_ms().0);
            return Ok(Export::of(Begin { format: FORMAT, cluster, epoch, node, at_ms, program }, views));
        }
        for barrier in join_all(barriers).await {
            barrier.map_err(unanswered)?;
        }
        let groups = self.clone();
        let views = move || groups.field().map(|group| groups.view(group)).collect::<io::Result<Vec<_>>>();
        let field = stage::blocking(views).await?;
        self.read_barrier(GroupId::COMMAND, deadline).await.map_err(unanswered)?;
        let groups = self.clone();
        let command = stage::blocking(move || groups.view(GroupId::COMMAND)).await?;
        let begin = Begin {
            format: FORMAT,
            cluster: cluster.to_owned(),
            epoch: self.epoch(),
            node: self.node(),
            at_ms: stage::now_ms().0,
            program: program.to_owned(),
        };
        Ok(Export::of(begin, std::iter::once(command).chain(field).collect()))
    }
}
