//! Small clips, written box by box, with what must not be stored wherever phones put it: for the fuzz targets, and for tests.

use super::seeds::SECRET;

/// When it was recorded, as its headers say.
pub(crate) const RECORDED_AT: [u8; 4] = [0xe0, 0x5a, 0x1c, 0x07];
/// How long it lasts, as its headers say.
pub(crate) const DURATION: [u8; 4] = [0x00, 0x01, 0xe2, 0x40];

/// One entry, of version 0 without flags.
const ONE: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 1];

/// A track. Each of its samples is a chunk of its own.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    /// `vide`, `soun`, or what it is instead.
    pub(crate) handler: [u8; 4],
    /// What its samples are coded with.
    pub(crate) codec: [u8; 4],
    /// Its samples.
    pub(crate) samples: Vec<Vec<u8>>,
}

/// A box of this name.
pub(crate) fn boxed(name: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&word(body.len() + 8)[..], name, &body].concat()
}

/// A clip of 48 by 64 pixels that was recorded lying on its side: the samples of its tracks one by one in turn, then what belongs to
/// none, and the headers behind them.
pub(crate) fn film(brand: [u8; 4], tracks: &[Track]) -> Vec<u8> {
    let mut bytes = boxed(b"ftyp", &[&brand, &[0, 0, 2, 0], &brand]);
    bytes.extend(boxed(b"uuid", &[SECRET]));
    let media_at = bytes.len() + 8;
    let mut media: Vec<u8> = Vec::new();
    let mut chunks: Vec<Vec<[u8; 4]>> = vec![Vec::new(); tracks.len()];
    let longest = tracks.iter().map(|track| track.samples.len()).max().unwrap_or_default();
    for at in 0..longest {
        for (track, chunks) in tracks.iter().zip(&mut chunks) {
            let Some(sample) = track.samples.get(at) else { continue };
            chunks.push(word(media_at + media.len()));
            media.extend(sample);
        }
    }
    media.extend(SECRET);
    bytes.extend(boxed(b"mdat", &[&media]));
    let traks: Vec<u8> = tracks.iter().zip(&chunks).flat_map(|(track, chunks)| trak(track, chunks)).collect();
    let header = timed(b"mvhd", &[&[0, 0, 2, 0x58], &DURATION, &[0; 80]]);
    let place = boxed(b"udta", &[&boxed(b"\xa9xyz", &[SECRET])]);
    bytes.extend(boxed(b"moov", &[&header, &place, &traks, &boxed(b"meta", &[SECRET])]));
    bytes.extend(boxed(b"sefd", &[SECRET]));
    bytes
}

fn word(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap_or_default().to_be_bytes()
}

/// A header with its times in front.
fn timed(name: &[u8; 4], rest: &[&[u8]]) -> Vec<u8> {
    boxed(name, &[&[0; 4], &RECORDED_AT, &RECORDED_AT, &rest.concat()])
}

fn trak(track: &Track, chunks: &[[u8; 4]]) -> Vec<u8> {
    // Turned by a quarter: a = d = 0, b = 1, c = -1.
    let mut matrix = [0_u8; 36];
    matrix[5] = 1;
    (matrix[12], matrix[13]) = (0xff, 0xff);
    matrix[32] = 0x40;
    let sides = [0, 64, 0, 0, 0, 48, 0, 0];
    let header = timed(b"tkhd", &[&[0, 0, 0, 1], &[0; 4], &DURATION, &[0; 16], &matrix, &sides]);
    let language = timed(b"mdhd", &[&[0, 0, 2, 0x58], &DURATION, &[0x55, 0xc4, 0, 0]]);
    let handler = boxed(b"hdlr", &[&[0; 4], b"mhlr", &track.handler, b"appl", &[0; 8], SECRET]);
    let file = boxed(b"url ", &[&[0, 0, 0, 1]]);
    let source = boxed(b"dinf", &[&boxed(b"dref", &[&ONE, &file])]);
    let media = match &track.handler {
        b"vide" => boxed(b"vmhd", &[&[0, 0, 0, 1], &[0; 8]]),
        b"soun" => boxed(b"smhd", &[&[0; 8]]),
        _ => boxed(b"gmhd", &[SECRET]),
    };
    let info = boxed(b"minf", &[&media, &source, &table(track, chunks)]);
    let media = boxed(b"mdia", &[&language, &handler, &info]);
    boxed(b"trak", &[&header, &media, &boxed(b"udta", &[SECRET]), &boxed(b"uuid", &[SECRET])])
}

fn table(track: &Track, chunks: &[[u8; 4]]) -> Vec<u8> {
    let count = word(track.samples.len());
    let sizes: Vec<[u8; 4]> = track.samples.iter().map(|sample| word(sample.len())).collect();
    let tables = [
        boxed(b"stsd", &[&ONE, &description(track)]),
        boxed(b"stts", &[&ONE, &count, &[0, 0, 0, 20]]),
        boxed(b"stsc", &[&ONE, &[0, 0, 0, 1], &[0, 0, 0, 1], &[0, 0, 0, 1]]),
        boxed(b"stsz", &[&[0; 4], &[0; 4], &count, sizes.as_flattened()]),
        boxed(b"stco", &[&[0; 4], &count, chunks.as_flattened()]),
        boxed(b"sgpd", &[SECRET]),
    ];
    boxed(b"stbl", &[&tables.concat()])
}

fn description(track: &Track) -> Vec<u8> {
    let reference = [0, 0, 0, 0, 0, 0, 0, 1];
    match &track.handler {
        b"vide" => {
            let vendor = b"\0\0\0\0appl\0\0\0\0\0\0\0\0";
            let sides = [0, 64, 0, 48, 0, 72, 0, 0, 0, 72, 0, 0];
            let mut compressor = [0_u8; 32];
            for (to, from) in compressor.iter_mut().zip(SECRET) {
                *to = *from;
            }
            let depth = [0, 24, 0xff, 0xff];
            let settings = boxed(b"avcC", &[&[1, 100, 0, 31]]);
            let hidden = boxed(b"uuid", &[SECRET]);
            let parts: [&[u8]; 9] =
                [&reference, vendor, &sides, &[0; 4], &[0, 1], &compressor, &depth, &settings, &hidden];
            boxed(&track.codec, &parts)
        }
        b"soun" => {
            let sound = [0, 1, 0, 16, 0, 0, 0, 0, 0xbb, 0x80, 0, 0];
            let settings = boxed(b"esds", &[&[0; 4]]);
            boxed(&track.codec, &[&reference, b"\0\0\0\0appl", &sound, &settings, &boxed(b"uuid", &[SECRET])])
        }
        _ => boxed(&track.codec, &[&reference, SECRET]),
    }
}
