//! Rounds: a cluster that is made for one, what befalls it as the seed has it, and the judgement.

use std::time::Instant;

use super::{
    Ground, OF_ROUND, Siege,
    plan::Round,
    record::{Happened, Played, RoundRecord},
};
use crate::{
    Failure,
    older::Older,
    upgrade::{Upgraded, upgrade},
};

/// One round from beginning to end, of what is checked out as `commit`. A round that fails is recorded too; its nodes' logs and data
/// are kept.
pub async fn round(seed: u64, commit: &str, ground: &Ground) -> RoundRecord {
    let begun = Instant::now();
    let played = play(seed, ground).await;
    RoundRecord::new(commit, seed, ground.clusters, begun.elapsed(), &played)
}

/// A round that upgrades a cluster from `older` instead of a storm. Nothing in it is drawn: the seed only counts.
pub async fn upgrade_round(seed: u64, commit: &str, older: &Older) -> RoundRecord {
    let begun = Instant::now();
    let played = match upgrade("siege-upgrade", older.clone()).await {
        Ok(Upgraded { promises: [mixed, mut whole], longest_pause }) => {
            whole.add(mixed);
            let happened = Happened { fault: "upgraded".to_owned(), recovery_s: longest_pause.as_secs_f64() };
            Played { happened: vec![happened], promises: whole, ..Played::default() }
        }
        Err(failure) => Played { failure: Some(failure.to_string()), ..Played::default() },
    };
    RoundRecord::new(commit, seed, 1, begun.elapsed(), &played)
}

async fn play(seed: u64, ground: &Ground) -> Played {
    let round = Round::draw(seed);
    let mut siege = match Siege::begin_on(ground, round.begins_older, OF_ROUND).await {
        Ok(siege) => siege,
        Err(failure) => return Played { failure: Some(failure.to_string()), ..Played::default() },
    };
    match storm(&mut siege, seed, &round).await {
        Ok(()) => siege.end().await,
        Err(failure) => Played { failure: Some(failure.to_string()), ..siege.so_far },
    }
}

async fn storm(siege: &mut Siege, seed: u64, round: &Round) -> Result<(), Failure> {
    if let Some((fault, place)) = round.background {
        println!("siege {seed}: place {place} all the time: {fault:?}");
        siege.bring_about(fault, place)?;
    }
    for step in &round.steps {
        println!("siege {seed}: {step:?}");
        siege.step(step).await?;
        if let Some((fault, place)) = round.background {
            // A step on the same lines, or with the same victim, has undone it.
            siege.bring_about(fault, place)?;
        }
    }
    Ok(())
}
