//! `trongdong train triage`.

use std::{ops::ControlFlow, path::PathBuf};

use clap::Args;
use domain::{IncidentKind, KindShare, ModelKind};
use models::{
    corpus,
    report::triage_page,
    triage::{Recipe, SHIPPED, Triage, evaluate, hand_written, labels::Kind, make, schema::Truth},
};

use super::{Common, Made, Say, TrainError, read};
use crate::town::measure::micro;

/// What a training of triage takes.
#[derive(Args)]
pub(super) struct TriageArgs {
    #[command(flatten)]
    pub(super) common: Common,
    /// Corrections of operators: a file or a folder of them, tab separated with the header `id kind severity needs people vulnerable text`.
    /// Without it, the generator's messages alone.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Messages from the generator; without it, as many as the shipped model has learned from. Fewer are learned faster.
    #[arg(long, value_parser = super::at_least_one)]
    messages: Option<usize>,
}

pub(super) fn train(args: &TriageArgs, say: Say<'_>) -> Result<Made, TrainError> {
    let written = hand_written().map_err(TrainError::training)?;
    let mut recipe = Recipe::shipped(written.iter().map(|message| message.text.clone()).collect());
    if let Some(seed) = args.common.seed {
        (recipe.seed, recipe.settings.seed) = (seed, seed);
    }
    recipe.version = args.common.number;
    recipe.messages = args.messages.unwrap_or(recipe.messages);
    recipe.settings.epochs_max = args.common.epochs_max.unwrap_or(recipe.settings.epochs_max);
    recipe.corrections = args.data.as_deref().map(read::labelled).transpose()?.unwrap_or_default();
    say(format!("{} messages of the generator, {} corrections", recipe.messages, recipe.corrections.len()));
    let mut made = make(&recipe, &mut |now| {
        say(format!(
            "network {} of {}, epoch {}: loss {:.4} while learning, {:.4} on what was held out",
            now.run + 1,
            now.runs,
            now.epoch,
            now.loss,
            now.held_loss
        ));
        ControlFlow::Continue(())
    })
    .map_err(TrainError::training)?;
    if let Some(name) = &args.common.name {
        made.artifact.header.name.clone_from(name);
    }
    let triage = Triage::from_artifact(&made.artifact).map_err(TrainError::training)?;
    let found = evaluate(&triage, &written).map_err(TrainError::training)?;
    say(format!(
        "written by hand: {} of {} emergencies ranked as none, kind right {:.3}",
        found.missed.len(),
        found.emergencies,
        found.kind_accuracy
    ));
    Ok(Made {
        page: triage_page(&made.artifact, &made.trained, &found),
        kind: ModelKind::Triage,
        shares: shares(&recipe)?,
        is_shipped: made.artifact.encode() == SHIPPED,
        artifact: made.artifact,
    })
}

/// How large a part of the emergencies in the data is of each kind: as the generator means it, or counted where there are corrections.
fn shares(recipe: &Recipe) -> Result<Vec<KindShare>, TrainError> {
    let share = |kind: &Kind, share: f64| {
        Some(KindShare { kind: IncidentKind::from_name(kind.name())?, share_micro: micro(share) })
    };
    if recipe.corrections.is_empty() {
        let meant = corpus::emergency_shares();
        return Ok(meant.iter().filter_map(|(kind, part)| share(kind, f64::from(*part))).collect());
    }
    let examples = recipe.examples().map_err(TrainError::training)?;
    let kinds = examples.iter().filter_map(|example| match example.truths.first() {
        Some(Truth::One(kind)) => Kind::ALL.get(*kind).filter(|kind| **kind != Kind::None),
        _ => None,
    });
    let all = kinds.clone().count().max(1) as f64;
    let count = |kind: &Kind| kinds.clone().filter(|other| *other == kind).count() as f64;
    let emergencies = Kind::ALL.iter().filter(|kind| **kind != Kind::None);
    Ok(emergencies.filter_map(|kind| share(kind, count(kind) / all)).collect())
}
