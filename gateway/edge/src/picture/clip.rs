//! Clips as phones make them, in boxes (ISO/IEC 14496-12, and QuickTime before it): what is stored is as long as what came, and every
//! byte of the film stands where it stood, so no table has to be written anew. Of the boxes only those stay that it takes to play H.264 or
//! HEVC and its sound; any other becomes `free`, with nothing in it: places, devices, names, thumbnails, what an editor left. So does
//! a track that is neither picture nor sound. Times are wiped from the headers, and of the media data all that no sample of a track
//! that stays lies on: the samples of the others go with it.

use std::ops::Range;

use domain::FileKind;

use super::{NotPicture, Picture, sides};

/// Boxes that stand side by side: a clip has a dozen.
const PARTS_MAX: usize = 1_024;

/// Tracks of one clip: phones write up to six.
const TRACKS_MAX: usize = 16;

/// Runs of samples of one track: some thousands in a minute.
const CHUNKS_MAX: usize = 65_536;

/// Bytes that name the brands.
const BRANDS_BYTES_MAX: usize = 256;

/// First brands of clips that are not QuickTime's. Those of still pictures are others.
const MP4_BRANDS: [&[u8; 4]; 13] = [
    b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"3gp4", b"3gp5", b"3gp6",
];

/// How a picture that moves may be coded: H.264, and HEVC.
const FILM_CODECS: [&[u8; 4]; 4] = [b"avc1", b"avc3", b"hvc1", b"hev1"];

/// How its sound may be: AAC, ALAC, AMR. Another stays out.
const SOUND_CODECS: [&[u8; 4]; 4] = [b"mp4a", b"alac", b"samr", b"sawb"];

/// What describes a coded picture and its sound.
const SETTINGS: [&[u8; 4]; 14] = [
    b"avcC", b"hvcC", b"colr", b"pasp", b"btrt", b"clap", b"fiel", b"dvcC", b"dvvC", b"esds", b"wave", b"chan",
    b"alac", b"damr",
];

const CUT_OFF: NotPicture = NotPicture::ClipDamaged("it is cut off");
const IN_PIECES: NotPicture = NotPicture::ClipForm("it is a stream in pieces");
const TOO_MANY: NotPicture = NotPicture::ClipForm("it has too many parts");

/// Whether this begins as a clip does.
pub(super) fn is_clip(data: &[u8]) -> bool {
    brand(data).is_some()
}

/// See the module.
pub(super) fn strip(data: &[u8]) -> Result<Picture, NotPicture> {
    let kind = brand(data).ok_or(NotPicture::Format)?;
    let mut film = Film { data, ..Film::default() };
    film.read()?;
    let (width, height) = film.sides.ok_or(NotPicture::ClipForm("it has no picture in H.264 or HEVC"))?;
    let mut bytes = data.to_vec();
    for range in film.wiped {
        bytes.get_mut(range).ok_or(CUT_OFF)?.fill(0);
    }
    for at in film.freed {
        bytes.get_mut(at..at + 4).ok_or(CUT_OFF)?.copy_from_slice(b"free");
    }
    Ok(Picture { kind, width, height, bytes })
}

fn brand(data: &[u8]) -> Option<FileKind> {
    let first = data.first_chunk::<12>()?;
    let (kind, brand) = first.split_at(4).1.split_at(4);
    if kind != b"ftyp" {
        return None;
    }
    if brand == b"qt  " {
        return Some(FileKind::Quicktime);
    }
    MP4_BRANDS.iter().any(|known| brand == *known).then_some(FileKind::Mp4)
}

/// A box: its name, where that stands, and what is in it.
#[derive(Clone, Debug)]
struct Part {
    name: [u8; 4],
    name_at: usize,
    body: Range<usize>,
}

/// What is found of a clip, and what is to be done with it.
#[derive(Default)]
struct Film<'a> {
    data: &'a [u8],
    /// Of the first track with pictures.
    sides: Option<(u32, u32)>,
    /// Runs of samples that stay.
    samples: Vec<Range<usize>>,
    /// What becomes nothing.
    wiped: Vec<Range<usize>>,
    /// Where the names of boxes stand that become `free`.
    freed: Vec<usize>,
}

impl Film<'_> {
    fn read(&mut self) -> Result<(), NotPicture> {
        let (mut headers, mut media) = (None, Vec::new());
        for part in self.parts(0..self.data.len())? {
            match &part.name {
                b"ftyp" if part.body.len() > BRANDS_BYTES_MAX => return Err(TOO_MANY),
                b"ftyp" if part.name_at == 4 => {}
                b"moov" if headers.is_none() => headers = Some(part),
                b"moov" => return Err(NotPicture::ClipDamaged("it has two `moov` boxes")),
                b"mdat" => media.push(part.body),
                b"moof" => return Err(IN_PIECES),
                _ => self.free(&part),
            }
        }
        let headers = headers.ok_or(NotPicture::ClipDamaged("it has no `moov` box"))?;
        let (mut has_header, mut tracks) = (false, 0);
        for part in self.parts(headers.body)? {
            match &part.name {
                b"mvhd" if !has_header => {
                    has_header = true;
                    self.header(&part, 100)?;
                }
                b"trak" if tracks == TRACKS_MAX => return Err(TOO_MANY),
                b"trak" => {
                    tracks += 1;
                    self.track(&part, &media)?;
                }
                b"mvex" => return Err(IN_PIECES),
                _ => self.free(&part),
            }
        }
        if !has_header {
            return Err(NotPicture::ClipDamaged("it has no `mvhd` box"));
        }
        self.wipe_between(&media);
        Ok(())
    }

    /// The boxes of a range, each within it.
    fn parts(&self, within: Range<usize>) -> Result<Vec<Part>, NotPicture> {
        let mut parts = Vec::new();
        let mut at = within.start;
        while at < within.end {
            let rest = self.data.get(at..within.end).ok_or(CUT_OFF)?;
            // A list of QuickTime may end in zeros.
            if rest.len() < 8 && rest.iter().all(|byte| *byte == 0) {
                break;
            }
            let (length, after) = rest.split_first_chunk::<4>().ok_or(CUT_OFF)?;
            let (name, after) = after.split_first_chunk::<4>().ok_or(CUT_OFF)?;
            let (head, length) = match u32::from_be_bytes(*length) {
                // Up to the end, which only the last box of a file may say.
                0 if within.end == self.data.len() => (8, rest.len()),
                0 => return Err(NotPicture::ClipDamaged("a box within another has no length")),
                1 => {
                    let length = after.first_chunk::<8>().ok_or(CUT_OFF)?;
                    (16, usize::try_from(u64::from_be_bytes(*length)).map_err(|_| CUT_OFF)?)
                }
                length => (8, usize::try_from(length).map_err(|_| CUT_OFF)?),
            };
            if length < head || length > rest.len() {
                return Err(CUT_OFF);
            }
            if parts.len() == PARTS_MAX {
                return Err(TOO_MANY);
            }
            parts.push(Part { name: *name, name_at: at + 4, body: at + head..at + length });
            at += length;
        }
        Ok(parts)
    }

    /// So many bytes of a box, from there on.
    fn field<const N: usize>(&self, part: &Part, at: usize) -> Result<[u8; N], NotPicture> {
        let body = self.data.get(part.body.clone()).and_then(|body| body.get(at..));
        body.and_then(|body| body.first_chunk::<N>()).copied().ok_or(CUT_OFF)
    }

    fn number(&self, part: &Part, at: usize) -> Result<u32, NotPicture> {
        self.field(part, at).map(u32::from_be_bytes)
    }

    /// Nothing of it is left but its length.
    fn free(&mut self, part: &Part) {
        self.freed.push(part.name_at);
        self.wiped.push(part.body.clone());
    }

    /// These bytes of a box become nothing.
    fn wipe(&mut self, part: &Part, bytes: Range<usize>) -> Result<(), NotPicture> {
        if bytes.start > bytes.end || bytes.end > part.body.len() {
            return Err(CUT_OFF);
        }
        self.wiped.push(part.body.start + bytes.start..part.body.start + bytes.end);
        Ok(())
    }

    /// Wipes when it was made and changed from a header, which is so long in its first version, and twelve bytes longer in its second.
    fn header(&mut self, part: &Part, length: usize) -> Result<(), NotPicture> {
        let (longer, times) = match self.field::<1>(part, 0)? {
            [0] => (0, 4..12),
            [1] => (12, 4..20),
            _ => return Err(NotPicture::ClipForm("one of its headers is of a newer kind")),
        };
        if part.body.len() != length + longer {
            return Err(NotPicture::ClipDamaged("one of its headers has the wrong length"));
        }
        self.wipe(part, times)
    }

    /// A track with pictures or sound stays; of any other nothing does.
    fn track(&mut self, part: &Part, media: &[Range<usize>]) -> Result<(), NotPicture> {
        let parts = self.parts(part.body.clone())?;
        let track_media = only(&parts, b"mdia", "a track has not one `mdia` box")?.clone();
        let media_parts = self.parts(track_media.body)?;
        let handler = only(&media_parts, b"hdlr", "a track has not one `hdlr` box")?;
        let is_film = match &self.field::<4>(handler, 8)? {
            b"vide" => true,
            b"soun" => false,
            _ => {
                self.free(part);
                return Ok(());
            }
        };
        let info = only(&media_parts, b"minf", "a track has not one `minf` box")?.clone();
        let info_parts = self.parts(info.body)?;
        let tables = only(&info_parts, b"stbl", "a track has not one `stbl` box")?.clone();
        let tables = self.parts(tables.body)?;
        let descriptions = only(&tables, b"stsd", "a track has not one `stsd` box")?;
        let descriptions = self.list(descriptions)?;
        let codecs: &[&[u8; 4]] = if is_film { &FILM_CODECS } else { &SOUND_CODECS };
        if descriptions.is_empty() || !descriptions.iter().all(|it| codecs.contains(&&it.name)) {
            self.free(part);
            return Ok(());
        }
        for part in &parts {
            match &part.name {
                b"tkhd" => self.header(part, 84)?,
                b"edts" => self.edits(part)?,
                b"mdia" => {}
                _ => self.free(part),
            }
        }
        if is_film && self.sides.is_none() {
            self.sides = Some(self.shown_sides(only(&parts, b"tkhd", "a track has not one `tkhd` box")?)?);
        }
        for part in &media_parts {
            match &part.name {
                b"mdhd" => self.header(part, 24)?,
                b"hdlr" => self.handler(part)?,
                b"minf" => {}
                _ => self.free(part),
            }
        }
        for part in &info_parts {
            match &part.name {
                b"vmhd" if part.body.len() == 12 => {}
                b"smhd" if part.body.len() == 8 => {}
                b"hdlr" => self.handler(part)?,
                b"dinf" => self.sources(part)?,
                b"stbl" => {}
                _ => self.free(part),
            }
        }
        for part in &tables {
            match &part.name {
                b"stsd" | b"stsz" => {}
                b"stts" | b"ctts" => self.need_entries(part, 8)?,
                b"stsc" => self.need_entries(part, 12)?,
                b"stss" | b"stco" => self.need_entries(part, 4)?,
                b"co64" => self.need_entries(part, 8)?,
                b"cslg" if part.body.len() <= 44 => {}
                _ => self.free(part),
            }
        }
        for description in &descriptions {
            if is_film { self.film_settings(description)? } else { self.sound_settings(description)? }
        }
        self.keep_samples(&tables, media)
    }

    /// Which part of the media is played; nothing else is said of it.
    fn edits(&mut self, part: &Part) -> Result<(), NotPicture> {
        for part in self.parts(part.body.clone())? {
            if part.name != *b"elst" {
                self.free(&part);
            }
        }
        Ok(())
    }

    /// Whose device wrote it, and under which name, is wiped.
    fn handler(&mut self, part: &Part) -> Result<(), NotPicture> {
        self.wipe(part, 12..part.body.len())
    }

    /// That the samples are in this file, which is all that may be said of where they are.
    fn sources(&mut self, part: &Part) -> Result<(), NotPicture> {
        for part in self.parts(part.body.clone())? {
            if part.name != *b"dref" {
                self.free(&part);
                continue;
            }
            for source in self.list(&part)? {
                let [_, _, _, flags] = self.field::<4>(&source, 0)?;
                if flags & 1 == 0 {
                    return Err(NotPicture::ClipForm("its film is in another file"));
                }
                self.wipe(&source, 4..source.body.len())?;
            }
        }
        Ok(())
    }

    /// The boxes of one that says how many there are.
    fn list(&self, part: &Part) -> Result<Vec<Part>, NotPicture> {
        let count = self.number(part, 4)?;
        let listed = self.parts(part.body.start + 8..part.body.end)?;
        if usize::try_from(count) != Ok(listed.len()) {
            return Err(NotPicture::ClipDamaged("a list in it is not as long as it says"));
        }
        Ok(listed)
    }

    /// A table is as long as its entries.
    fn need_entries(&self, part: &Part, entry_bytes: u64) -> Result<(), NotPicture> {
        let bytes = 8 + u64::from(self.number(part, 4)?) * entry_bytes;
        if u64::try_from(part.body.len()) != Ok(bytes) {
            return Err(NotPicture::ClipDamaged("a table in it is not as long as it says"));
        }
        Ok(())
    }

    /// The sides as it is shown: phones turn what was recorded lying.
    fn shown_sides(&self, header: &Part) -> Result<(u32, u32), NotPicture> {
        let end = header.body.len();
        let from_end = |back: usize| self.number(header, end.checked_sub(back).ok_or(CUT_OFF)?);
        let (width, height) = (from_end(8)? >> 16, from_end(4)? >> 16);
        let is_turned = from_end(44)? == 0 && from_end(28)? == 0;
        let (width, height) = if is_turned { (height, width) } else { (width, height) };
        sides(width, height).map_err(|_| NotPicture::ClipForm("it has no pixels, or too many"))
    }

    fn film_settings(&mut self, part: &Part) -> Result<(), NotPicture> {
        // Reserved; what vendors write there; the encoder's name.
        for wiped in [0..6, 8..24, 42..74] {
            self.wipe(part, wiped)?;
        }
        self.settings(part, 78)
    }

    fn sound_settings(&mut self, part: &Part) -> Result<(), NotPicture> {
        for wiped in [0..6, 10..16] {
            self.wipe(part, wiped)?;
        }
        let fixed = match self.field::<2>(part, 8)? {
            [0, 0] => 28,
            // QuickTime's second and third.
            [0, 1] => 44,
            [0, 2] => 64,
            _ => return Err(NotPicture::ClipForm("its sound is of a rare kind")),
        };
        self.settings(part, fixed)
    }

    /// Of what stands behind the fixed part of a description stays what a decoder needs.
    fn settings(&mut self, part: &Part, fixed: usize) -> Result<(), NotPicture> {
        if fixed > part.body.len() {
            return Err(CUT_OFF);
        }
        for part in self.parts(part.body.start + fixed..part.body.end)? {
            if !SETTINGS.contains(&&part.name) {
                self.free(&part);
            }
        }
        Ok(())
    }

    /// Finds where the samples of a track lie, each run of them within the media data.
    fn keep_samples(&mut self, tables: &[Part], media: &[Range<usize>]) -> Result<(), NotPicture> {
        let sizes = only(tables, b"stsz", "a track has not one `stsz` box")?;
        let runs = only(tables, b"stsc", "a track has not one `stsc` box")?;
        let mut offsets = tables.iter().filter(|part| matches!(&part.name, b"stco" | b"co64"));
        let (Some(offsets), None) = (offsets.next(), offsets.next()) else {
            return Err(NotPicture::ClipDamaged("a track has not one of `stco` and `co64`"));
        };
        let (size, count) = (self.number(sizes, 4)?, index(self.number(sizes, 8)?)?);
        let sizes_bytes = if size == 0 { u64::try_from(count).unwrap_or(u64::MAX).saturating_mul(4) } else { 0 };
        if u64::try_from(sizes.body.len()) != Ok(sizes_bytes.saturating_add(12)) {
            return Err(NotPicture::ClipDamaged("its `stsz` box is not as long as it says"));
        }
        let (chunks, runs_count) = (index(self.number(offsets, 4)?)?, index(self.number(runs, 4)?)?);
        if chunks > CHUNKS_MAX {
            return Err(TOO_MANY);
        }
        let (mut run, mut in_chunk, mut done) = (0, 0, 0);
        for chunk in 0..chunks {
            // The run that begins with this chunk, if one does.
            if run < runs_count && index(self.number(runs, 8 + run * 12)?)? == chunk + 1 {
                in_chunk = index(self.number(runs, 12 + run * 12)?)?;
                run += 1;
            }
            let taken = in_chunk.min(count - done);
            let length = if size == 0 {
                let mut length = 0_u64;
                for sample in done..done + taken {
                    length += u64::from(self.number(sizes, 12 + sample * 4)?);
                }
                length
            } else {
                u64::from(size).saturating_mul(u64::try_from(taken).unwrap_or(u64::MAX))
            };
            done += taken;
            let start = if offsets.name == *b"co64" {
                u64::from_be_bytes(self.field(offsets, 8 + chunk * 8)?)
            } else {
                u64::from(self.number(offsets, 8 + chunk * 4)?)
            };
            if length > 0 {
                self.samples.push(within(media, start, length)?);
            }
        }
        if done < count || run < runs_count {
            return Err(NotPicture::ClipDamaged("its `stsc` box does not say where all samples are"));
        }
        Ok(())
    }

    /// Of the media data nothing stays that no sample lies on.
    fn wipe_between(&mut self, media: &[Range<usize>]) {
        self.samples.sort_unstable_by_key(|range| range.start);
        let mut samples = self.samples.iter().peekable();
        for data in media {
            let mut at = data.start;
            while let Some(sample) = samples.next_if(|sample| sample.start < data.end) {
                if sample.start > at {
                    self.wiped.push(at..sample.start);
                }
                at = at.max(sample.end);
            }
            self.wiped.push(at..data.end);
        }
    }
}

/// The one box of this name.
fn only<'p>(parts: &'p [Part], name: &[u8; 4], otherwise: &'static str) -> Result<&'p Part, NotPicture> {
    let mut found = parts.iter().filter(|part| part.name == *name);
    match (found.next(), found.next()) {
        (Some(part), None) => Ok(part),
        _ => Err(NotPicture::ClipDamaged(otherwise)),
    }
}

fn index(number: u32) -> Result<usize, NotPicture> {
    usize::try_from(number).map_err(|_| TOO_MANY)
}

/// A run of samples, which lies within one box of media data. Those are in the order of the file.
fn within(media: &[Range<usize>], start: u64, length: u64) -> Result<Range<usize>, NotPicture> {
    const OUTSIDE: NotPicture = NotPicture::ClipDamaged("a sample lies outside of its `mdat` box");
    let end = start.checked_add(length).and_then(|end| usize::try_from(end).ok()).ok_or(OUTSIDE)?;
    let start = usize::try_from(start).map_err(|_| OUTSIDE)?;
    let data = media.partition_point(|data| data.start <= start).checked_sub(1).and_then(|at| media.get(at));
    if data.is_some_and(|data| end <= data.end) { Ok(start..end) } else { Err(OUTSIDE) }
}

#[cfg(test)]
mod tests;
