//! `trongdong train duplicate`.

use std::path::PathBuf;

use clap::Args;
use domain::ModelKind;
use models::{
    artifact::Artifact,
    duplicate::{
        DuplicateOptions, DuplicateTrained, Labelled, Model,
        calls::reports,
        evaluate::{SuggestionQuality, evaluate},
        pleas::{NightOptions, Wording, night},
        recipe, train as learn,
    },
    report::duplicate_page,
};

use super::{Common, Made, Say, TrainError, epoch_line, file_name, header, read};

/// Part of a log, the oldest, that is learned from and stopped by; the rest is for test.
const LEARN_PART: f64 = 0.7;
/// Reports of one stream: what is near each other is looked for within a stream, so its memory is bounded.
const STREAM_REPORTS: usize = 8000;
/// Streams that a log has at least: one to learn from, one to stop by.
const STREAMS_MIN: usize = 2;
/// The night that the generator's model is tested on, in words that it has not learned.
const TEST_SEED: u64 = 1001;

/// What a training of "the same incident?" takes.
#[derive(Args)]
pub(super) struct DuplicateArgs {
    #[command(flatten)]
    pub(super) common: Common,
    /// Log of emergency calls as CSV (may be gzipped): time, lat, lng, category, type, addr, township. Calls from one spot in quick
    /// succession count as one event. Without it, nights of the generator.
    #[arg(long)]
    data: Option<PathBuf>,
}

/// Learns from the older part of a log, and tests on the rest.
fn train_on(
    log: &[Labelled],
    options: &DuplicateOptions,
    say: Say<'_>,
) -> Result<(DuplicateTrained, SuggestionQuality), TrainError> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of the reports")]
    let first = (log.len() as f64 * LEARN_PART) as usize;
    let streams = first.div_ceil(STREAM_REPORTS).max(STREAMS_MIN);
    let length = first.div_ceil(streams).max(1);
    let mut streams: Vec<Vec<Labelled>> = log[..first].chunks(length).map(<[_]>::to_vec).collect();
    let stop = streams.pop().unwrap_or_default();
    let trained = learn(&streams, &stop, options, &mut |epoch| say(epoch_line(epoch))).map_err(TrainError::training)?;
    let tested = evaluate(&trained.model, log, first, options.shown_from);
    Ok((trained, tested))
}

pub(super) fn train(args: &DuplicateArgs, say: Say<'_>) -> Result<Made, TrainError> {
    let mut options = DuplicateOptions::default();
    options.fit.seed = args.common.seed.unwrap_or(options.fit.seed);
    options.fit.epochs_max = args.common.epochs_max.unwrap_or(options.fit.epochs_max);
    let (trained, tested, data) = match &args.data {
        Some(path) => {
            let log = reports(&read::calls(path)?, options.fit.seed);
            say(format!("{} calls", log.len()));
            let (trained, tested) = train_on(&log, &options, say)?;
            let data = format!("{} calls of {}; tested on the newest three tenths", log.len(), file_name(path));
            (trained, tested, data)
        }
        None => {
            let trained = recipe(&options, &mut |epoch| say(epoch_line(epoch))).map_err(TrainError::training)?;
            let wording = Wording::Test;
            let test = night(&NightOptions { seed: TEST_SEED, wording, ..NightOptions::default() });
            let tested = evaluate(&trained.model, &test, 0, options.shown_from);
            (trained, tested, "nights of the generator; tested on one in words that it has not learned".to_owned())
        }
    };
    let quality = vec![
        ("precision".to_owned(), f64::from(tested.precision())),
        ("recall".to_owned(), f64::from(tested.recall())),
        ("calibration_error".to_owned(), f64::from(tested.calibration_error)),
        ("reports_tested".to_owned(), tested.reports as f64),
        ("pairs_learned".to_owned(), trained.quality.rows as f64),
    ];
    let header = header(&args.common, "duplicate", data, options.fit.seed, quality);
    let artifact = Artifact::of(header, &trained.model).map_err(TrainError::training)?;
    Ok(Made {
        page: duplicate_page(&artifact, &trained, &tested),
        kind: ModelKind::Duplicate,
        shares: Vec::new(),
        is_shipped: Model::shipped().is_ok_and(|shipped| shipped == trained.model),
        artifact,
    })
}
