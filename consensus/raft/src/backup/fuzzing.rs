//! The entrance to what a node sends as a backup, for the fuzz targets: whatever the bytes are, it does not panic, and what
//! is read and written again is the same.

use bytes::Bytes;
use domain::{GroupId, Row};

use super::{Begin, FORMAT, FrameReader, LogPlace, Part, Summing, rows_from_bytes, rows_to_bytes};

/// The line, as it comes; and the bytes as the body of one frame whose checksum is right. Says whether either was taken whole.
#[must_use]
pub fn fuzz_backup(data: &[u8]) -> bool {
    if let Ok(rows) = rows_from_bytes(Bytes::copy_from_slice(data)) {
        assert_eq!(
            rows_from_bytes(rows_to_bytes(&rows).into()).ok(),
            Some(rows),
            "rows are the same when they are read again"
        );
    }
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let framed = [&length.to_be_bytes()[..], &crc32c::crc32c(data).to_be_bytes(), data].concat();
    is_taken(data) | is_taken(&framed)
}

fn is_taken(line: &[u8]) -> bool {
    let mut reader = FrameReader::default();
    reader.push(line);
    let mut parts = 0;
    loop {
        match reader.next_part() {
            Ok(Some(part)) => {
                let mut again = FrameReader::default();
                again.push(&part.to_frame());
                assert_eq!(again.next_part(), Ok(Some(part)), "a part is the same when it is read again");
                parts += 1;
            }
            Ok(None) => return parts > 0 && !reader.is_in_a_frame(),
            Err(_) => return false,
        }
    }
}

/// Right inputs of [`fuzz_backup`]: a line, and the body of each of its frames.
#[must_use]
pub fn backup_seeds() -> Vec<Vec<u8>> {
    let begin = Begin {
        format: FORMAT,
        cluster: "thai-nguyen".into(),
        epoch: 7,
        node: 2,
        at_ms: 1_795_349_227_000,
        program: "0.1.0".into(),
    };
    let parts = [
        Part::Begin(begin),
        Part::Group(GroupId(3), LogPlace { index: 9, term: 2, leader: 1 }),
        Part::Rows(vec![Row { key: Bytes::from_static(&[8, 1]), value: Bytes::from_static(b"value") }]),
        Part::Sum(Summing::default().finish()),
        Part::End(9),
    ];
    let frames: Vec<Bytes> = parts.iter().map(Part::to_frame).collect();
    let bodies = frames.iter().map(|frame| frame.slice(8..).to_vec());
    bodies.chain([frames.concat()]).collect()
}
