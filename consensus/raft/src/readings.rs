//! What was recorded of sensors, read from this node's disk: chunks and rows as they stood at one moment, so that what is
//! being folded meanwhile is seen once.

use std::io;

use bytes::Bytes;
use domain::{GroupId, SensorId, chunk::Sample, rows, series::Asked};

use crate::{disk::DiskSnapshot, groups::Groups, stage, types::malformed};

/// Rows or chunks read at a time.
const ROWS_PER_READ: usize = 256;

/// Takes one reading after another: of a sensor in the order in which they were recorded, chunks before rows. False: enough.
pub type Take = Box<dyn FnMut(&SensorId, Sample) -> bool + Send>;

impl Groups {
    /// Hands over what was recorded of these sensors on this node, up to what it has applied, and says whether that was all:
    /// at most `rows_max` rows and as many chunks are read, and `take` may have had enough. From when on readings count is taken
    /// from state, whatever `asked` says.
    ///
    /// # Errors
    /// The disk fails, or what is on it cannot be read.
    pub async fn recorded(
        &self,
        group: GroupId,
        mut asked: Asked,
        rows_max: usize,
        mut take: Take,
    ) -> io::Result<bool> {
        self.read(group, |state| {
            asked.sensors.iter_mut().for_each(|(sensor, from)| *from = state.readings_from(sensor));
        });
        let group = std::sync::Arc::clone(self.group(group));
        let frozen = move || group.shared.frozen(group.disk.as_ref());
        stage::blocking(move || read(frozen()?.as_ref(), &asked, rows_max, &mut take)).await
    }
}

fn read(view: &dyn DiskSnapshot, asked: &Asked, rows_max: usize, take: &mut Take) -> io::Result<bool> {
    let unreadable = |error: domain::wire::Malformed| malformed(&format!("readings: {error}"));
    let mut goes_on = true;
    let mut left = rows_max;
    for sensor in asked.sensors.keys() {
        let of_sensor = walk(view, asked.chunks(sensor), &mut left, |_, value| {
            asked.take_chunk(value, |sample| goes_on = goes_on && take(sensor, sample)).map_err(unreadable)?;
            Ok(goes_on)
        })?;
        if !of_sensor {
            return Ok(false);
        }
    }
    let mut left = rows_max;
    walk(view, asked.rows(), &mut left, |key, value| {
        asked.take_row(key, value, |sensor, sample| goes_on = goes_on && take(sensor, sample)).map_err(unreadable)?;
        Ok(goes_on)
    })
}

/// Goes through a range until `look` has had enough or nothing is left of `rows_max`; whether it saw all.
fn walk(
    view: &dyn DiskSnapshot,
    (mut at, end): (Bytes, Bytes),
    left: &mut usize,
    mut look: impl FnMut(&[u8], &[u8]) -> io::Result<bool>,
) -> io::Result<bool> {
    loop {
        let wanted = ROWS_PER_READ.min(*left + 1);
        let found = view.scan(&at, &end, wanted)?;
        for (key, value) in &found {
            if *left == 0 || !look(key, value)? {
                return Ok(false);
            }
            *left -= 1;
        }
        match found.last() {
            Some((last, _)) if found.len() == wanted => at = rows::after(last),
            _ => return Ok(true),
        }
    }
}
