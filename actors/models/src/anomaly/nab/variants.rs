//! The same files seen otherwise: begun later, or with readings missing. What a detector finds should not hang on where a
//! series happens to begin, so settings are chosen on all variants together, and one lucky threshold weighs less.

use super::{Judged, Series, SplitMix};

/// Of each file: whole, without its first 4, 8 and 12 %, and twice with a tenth of its readings missing.
pub const VARIANTS: usize = 6;
/// What a later beginning leaves out, shares of the file.
const LEFT_OUT: [f64; 4] = [0.0, 0.04, 0.08, 0.12];
/// The share of readings that goes missing in the other variants.
const MISSING: f64 = 0.1;

/// All variants of all files with their judgements: the variants of a file stand together, in an order that is always the same.
/// Readings keep the worth that they have in the whole file, so figures over all variants are means over them.
pub fn variants(series: &[Series]) -> (Vec<Series>, Vec<Judged>) {
    let mut seen = (Vec::with_capacity(series.len() * VARIANTS), Vec::with_capacity(series.len() * VARIANTS));
    for series in series {
        let judged = Judged::new(series);
        for variant in 0..VARIANTS {
            let rows = rows_of(series.values.len(), variant);
            seen.0.push(series.only(&rows));
            seen.1.push(judged.only(&rows));
        }
    }
    seen
}

/// The rows of a file that a variant has.
fn rows_of(rows: usize, variant: usize) -> Vec<usize> {
    if let Some(share) = LEFT_OUT.get(variant) {
        return (first_row(rows, *share)..rows).collect();
    }
    let mut random = SplitMix::new(u64::try_from(variant).unwrap_or(0));
    (0..rows).filter(|_| random.next_share() >= MISSING).collect()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a number of rows")]
fn first_row(rows: usize, share: f64) -> usize {
    (rows as f64 * share) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Series {
        let rows = 1000_u32;
        Series {
            name: "a".to_owned(),
            at_ms: (0..i64::from(rows)).map(|row| row * 60_000).collect(),
            values: (0..rows).map(f64::from).collect(),
            windows_ms: vec![(400 * 60_000, 449 * 60_000)],
        }
    }

    #[test]
    fn the_first_variant_is_the_whole_file() {
        let (series, judged) = variants(&[file()]);
        assert_eq!((series.len(), judged.len()), (VARIANTS, VARIANTS));
        assert_eq!((&series[0], &judged[0]), (&file(), &Judged::new(&file())));
    }

    #[test]
    fn a_reading_keeps_its_window_and_its_probation() {
        let whole = Judged::new(&file());
        let (series, judged) = variants(&[file()]);
        for (series, judged) in series.iter().zip(&judged) {
            assert_eq!(judged.windows(), 1);
            for (row, value) in series.values.iter().enumerate() {
                // The values are the rows of the whole file.
                let row_before = (0..1000_u32).position(|before| f64::from(before) == *value).unwrap();
                assert_eq!(judged.window(row), whole.window(row_before));
                assert_eq!(row < judged.probation(), row_before < whole.probation());
            }
        }
    }

    #[test]
    fn variants_differ() {
        let lengths: Vec<_> = variants(&[file()]).0.iter().map(|series| series.values.len()).collect();
        assert_eq!(lengths[..4], [1000, 960, 920, 880]);
        assert!(lengths[4..].iter().all(|length| (850..950).contains(length)), "{lengths:?}");
    }
}
