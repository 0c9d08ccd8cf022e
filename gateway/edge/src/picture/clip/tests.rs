//! What a clip is without what was written beside it, and what is refused.

use proptest::prelude::*;

use super::*;
use crate::picture::{
    self,
    film::{DURATION, RECORDED_AT, Track, boxed, film},
    seeds::SECRET,
};

fn track(handler: &[u8; 4], codec: &[u8; 4], samples: Vec<Vec<u8>>) -> Track {
    Track { handler: *handler, codec: *codec, samples }
}

/// What a phone writes: pictures, sound, and where it was meanwhile.
fn tracks() -> Vec<Track> {
    let place = track(b"meta", b"mebx", vec![SECRET.to_vec(), SECRET.to_vec()]);
    let pictures = track(b"vide", b"hvc1", vec![vec![0xa1; 40], vec![0xa2; 7], vec![0xa3; 9]]);
    vec![place, pictures, track(b"soun", b"mp4a", vec![vec![0xb1; 5], vec![0xb2; 6]])]
}

fn count(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes.windows(wanted.len()).filter(|found| *found == wanted).count()
}

/// Where the bytes of the first box of this name begin.
fn at(bytes: &[u8], name: &[u8; 4]) -> usize {
    bytes.windows(4).position(|found| found == name).unwrap() + 4
}

/// The media data as they are to be: the samples of pictures and sound where they were, and nothing else.
fn media(tracks: &[Track]) -> Vec<u8> {
    let mut media = Vec::new();
    let longest = tracks.iter().map(|track| track.samples.len()).max().unwrap_or_default();
    for at in 0..longest {
        for track in tracks {
            let is_kept = [b"vide", b"soun"].contains(&&track.handler);
            for byte in track.samples.get(at).into_iter().flatten() {
                media.push(if is_kept { *byte } else { 0 });
            }
        }
    }
    media.extend(vec![0; SECRET.len()]);
    media
}

fn found_media(bytes: &[u8], length: usize) -> &[u8] {
    let at = at(bytes, b"mdat");
    &bytes[at..at + length]
}

#[test]
fn the_film_stays_where_it_was_and_what_was_written_beside_it_is_gone() {
    for (brand, kind) in [(b"qt  ", FileKind::Quicktime), (b"isom", FileKind::Mp4), (b"3gp4", FileKind::Mp4)] {
        let whole = film(*brand, &tracks());
        assert!(count(&whole, SECRET) > 8 && count(&whole, &RECORDED_AT) == 14, "there is something to hide");
        let clip = strip(&whole).unwrap();
        assert_eq!((clip.kind, clip.width, clip.height), (kind, 48, 64), "as it is shown, not as it was recorded");
        assert_eq!(clip.bytes.len(), whole.len());
        assert_eq!((count(&clip.bytes, SECRET), count(&clip.bytes, &RECORDED_AT)), (0, 0));
        assert_eq!(count(&clip.bytes, b"appl"), 0, "whose phone it was");
        for name in [b"udta", b"meta", b"uuid", b"sefd", b"sgpd", b"gmhd", b"mebx"] {
            assert_eq!(count(&clip.bytes, name), 0, "{}", name.escape_ascii());
        }
        // Two tracks stay, each with two headers, and the clip's own.
        assert_eq!((count(&whole, &DURATION), count(&clip.bytes, &DURATION)), (7, 5), "how long it lasts");
        let media = media(&tracks());
        assert_eq!(found_media(&clip.bytes, media.len()), media);
        assert_eq!(strip(&clip.bytes), Ok(clip), "stripping it again changes nothing");
    }
}

#[test]
fn a_track_of_no_picture_and_no_sound_goes_with_its_samples() {
    for handler in [b"meta", b"text", b"tmcd", b"gpmd", b"sbtl", b"auxv", b"hint"] {
        let tracks = [track(b"vide", b"avc1", vec![vec![7; 9]]), track(handler, b"gpmd", vec![SECRET.to_vec()])];
        let clip = strip(&film(*b"mp42", &tracks)).unwrap();
        assert_eq!((count(&clip.bytes, SECRET), count(&clip.bytes, b"trak")), (0, 1));
        assert_eq!(found_media(&clip.bytes, 9), [7; 9]);
    }
    // A preview beside the film, and sound that phones do not write.
    let others = [track(b"vide", b"jpeg", vec![vec![8; 9]]), track(b"soun", b"sowt", vec![vec![9; 9]])];
    let film_with = [&[track(b"vide", b"avc1", vec![vec![7; 9]])][..], &others].concat();
    let clip = strip(&film(*b"mp42", &film_with)).unwrap();
    assert_eq!(found_media(&clip.bytes, 27), [[7; 9], [0; 9], [0; 9]].concat());
}

#[test]
fn what_is_cut_off_or_bent_is_refused() {
    let whole = film(*b"mp42", &tracks());
    let last = SECRET.len() + 8;
    for length in 12..whole.len() - last {
        assert!(strip(&whole[..length]).is_err(), "{length} bytes");
    }
    assert!(strip(&whole[..whole.len() - last]).is_ok(), "what stood behind it is not missed");
    let bent = |whole: &[u8], name: &[u8; 4], from: usize, to: u8| {
        let mut bytes = whole.to_vec();
        let at = at(&bytes, name) + from;
        bytes[at] = to;
        strip(&bytes)
    };
    let bent_header = |from: usize, to: u8| bent(&whole, b"mvhd", from, to);
    // Its first track is the one with pictures: of the place's nobody reads the tables.
    let pictures = film(*b"mp42", &tracks()[1..]);
    let bent_table = |name: &[u8; 4], from: usize, to: u8| bent(&pictures, name, from, to);
    let not_so_long = Err(NotPicture::ClipDamaged("a table in it is not as long as it says"));
    assert_eq!(bent_table(b"stco", 7, 9), not_so_long);
    assert_eq!(bent_table(b"stts", 7, 2), not_so_long);
    assert_eq!(bent_table(b"stsz", 11, 9), Err(NotPicture::ClipDamaged("its `stsz` box is not as long as it says")));
    let nowhere = Err(NotPicture::ClipDamaged("its `stsc` box does not say where all samples are"));
    assert_eq!(bent_table(b"stsc", 11, 2), nowhere, "it begins with the second");
    assert_eq!(bent_table(b"stsc", 15, 0), nowhere, "none in each");
    let outside = Err(NotPicture::ClipDamaged("a sample lies outside of its `mdat` box"));
    assert_eq!(bent_table(b"stco", 8, 0x7f), outside);
    assert_eq!(bent_table(b"stco", 11, 0), outside, "in front of it");
    assert_eq!(bent_table(b"stsz", 12, 0x7f), outside, "past its end");
    assert_eq!(bent_table(b"url ", 3, 0), Err(NotPicture::ClipForm("its film is in another file")));
    assert_eq!(bent_header(0, 7), Err(NotPicture::ClipForm("one of its headers is of a newer kind")));
    assert_eq!(bent_header(0, 1), Err(NotPicture::ClipDamaged("one of its headers has the wrong length")));
    assert_eq!(bent(&whole, b"moov", 0, 0x7f), Err(CUT_OFF), "a box longer than what it is in");
}

#[test]
fn what_is_no_film_of_a_phone_is_refused_with_what_to_do() {
    let sound = [track(b"soun", b"mp4a", vec![vec![1; 9]])];
    for tracks in [&sound[..], &[track(b"vide", b"apcn", vec![vec![1; 9]])], &[]] {
        let refused = strip(&film(*b"qt  ", tracks)).unwrap_err();
        assert_eq!(refused, NotPicture::ClipForm("it has no picture in H.264 or HEVC"));
        assert!(refused.to_string().contains("record it with the phone's camera as MP4"), "{refused}");
    }
    let whole = film(*b"mp42", &tracks());
    assert_eq!(strip(&[&whole[..], &boxed(b"moof", &[&[0; 8]])].concat()), Err(IN_PIECES));
    let many = vec![track(b"vide", b"avc1", vec![vec![1]]); TRACKS_MAX + 1];
    assert_eq!(strip(&film(*b"mp42", &many)), Err(TOO_MANY));
    let parts = vec![boxed(b"free", &[]); PARTS_MAX].concat();
    assert_eq!(strip(&[&whole[..], &parts].concat()), Err(TOO_MANY));
    assert_eq!(strip(&boxed(b"ftyp", &[b"isom"])), Err(NotPicture::ClipDamaged("it has no `moov` box")));
    // A still picture in the same boxes.
    assert_eq!(strip(&film(*b"heic", &tracks())), Err(NotPicture::Format));
    assert_eq!(picture::strip(&film(*b"avif", &tracks())), Err(NotPicture::Format));
}

#[test]
fn too_many_bytes_are_refused_before_they_are_looked_at() {
    let mut data = boxed(b"ftyp", &[b"isom"]);
    data.resize(usize::try_from(domain::limits::CLIP_BYTES_MAX).unwrap() + 1, 0);
    assert_eq!(picture::strip(&data), Err(NotPicture::ClipBytes));
}

#[test]
fn samples_of_one_size_in_runs_far_into_a_file_are_found() {
    let sizes = boxed(b"stsz", &[&[0; 4], &3_u32.to_be_bytes(), &5_u32.to_be_bytes()]);
    let run = |first: u32, count: u32| [first, count, 1].map(u32::to_be_bytes).concat();
    let runs = boxed(b"stsc", &[&[0; 4], &2_u32.to_be_bytes(), &run(1, 2), &run(3, 1)]);
    let offsets = [100_u64, 110, 120].map(u64::to_be_bytes).concat();
    let offsets = boxed(b"co64", &[&[0; 4], &3_u32.to_be_bytes(), &offsets]);
    let data = [sizes, runs, offsets].concat();
    let mut film = Film { data: &data, ..Film::default() };
    let tables = film.parts(0..data.len()).unwrap();
    film.keep_samples(&tables, &[0..50, 100..123]).unwrap();
    assert_eq!(film.samples, [100..106, 110..116, 120..123]);
    assert!(film.keep_samples(&tables, &[0..50, 100..122]).is_err());
}

fn samples(least: usize) -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), least..6)
}

proptest! {
    #[test]
    fn of_any_film_the_samples_stay_and_nothing_else(
        pictures in samples(1), sound in samples(1), places in samples(0), turn in 0usize..3,
    ) {
        let mut tracks = [
            track(b"vide", b"avc1", pictures),
            track(b"soun", b"mp4a", sound),
            track(b"meta", b"mebx", places),
        ];
        tracks.rotate_left(turn);
        let whole = film(*b"qt  ", &tracks);
        let clip = strip(&whole).unwrap();
        prop_assert_eq!(clip.bytes.len(), whole.len());
        prop_assert_eq!(count(&clip.bytes, SECRET), 0);
        let media = media(&tracks);
        prop_assert_eq!(found_media(&clip.bytes, media.len()), &media[..]);
        prop_assert_eq!(strip(&clip.bytes), Ok(clip));
    }

    #[test]
    fn any_bytes_may_stand_anywhere(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut whole = film(*b"isom", &tracks());
        for (place, byte) in places {
            let at = place.index(whole.len());
            whole[at] = byte;
        }
        if let Ok(clip) = strip(&whole) {
            prop_assert_eq!(clip.bytes.len(), whole.len());
            prop_assert_eq!(strip(&clip.bytes), Ok(clip));
        }
    }

    #[test]
    fn any_boxes_may_come(bytes in prop::collection::vec(any::<u8>(), 0..200), inner in any::<bool>()) {
        let boxes = if inner { boxed(b"moov", &[&boxed(b"trak", &[&bytes])]) } else { bytes };
        let data = [boxed(b"ftyp", &[b"isom"]), boxes].concat();
        if let Ok(clip) = strip(&data) {
            prop_assert_eq!(strip(&clip.bytes), Ok(clip));
        }
    }
}
