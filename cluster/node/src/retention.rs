//! `trongdong retention`: how long readings are kept, from a terminal.

use std::{error::Error, str::FromStr};

use clap::Args;
use domain::SensorKind;
use serde_json::{Value, json};

use crate::{client::Door, membership::ask};

/// Where it is asked and set.
const PATH: &str = "/api/retention";

/// A kind of sensor and its days, as `rain=30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindDays(SensorKind, u32);

impl FromStr for KindDays {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, days) = text.split_once('=').ok_or("write kind=days, such as rain=30")?;
        let names = || SensorKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
        let kind = SensorKind::from_name(kind).ok_or_else(|| format!("{kind}: no such kind; there are {}", names()))?;
        let days = days.parse().map_err(|_| format!("{days}: write whole days, or 0 to keep readings for ever"))?;
        Ok(Self(kind, days))
    }
}

/// `trongdong retention`.
#[derive(Clone, Debug, Args)]
pub struct RetentionArgs {
    /// Days that readings are kept, 0: for ever. Without it nothing is set and what holds is printed.
    #[arg(long)]
    days: Option<u32>,
    /// Days of one kind of sensor, such as rain=30; again for each further kind. Kinds that are not named have none of their own.
    #[arg(long = "kind", requires = "days")]
    kinds: Vec<KindDays>,
    #[command(flatten)]
    door: Door,
}

/// Prints how long readings are kept, after setting it if that was asked for. What is past its days goes and does not come back.
///
/// # Errors
/// The cluster refuses, or does not answer.
pub async fn run(args: RetentionArgs) -> Result<(), Box<dyn Error>> {
    let client = args.door.open().await?;
    let answer = match args.days {
        Some(days) => {
            let kinds = args.kinds.iter().map(|KindDays(kind, days)| json!({ "kind": kind, "days": days }));
            ask(&client, PATH, &json!({ "days": days, "kinds": kinds.collect::<Vec<_>>() })).await?
        }
        None => client.get(PATH).await?,
    };
    print!("{}", text(&answer));
    Ok(())
}

/// What stands at the terminal.
fn text(answer: &Value) -> String {
    let days = |days: &Value| match days.as_u64() {
        Some(0) | None => ("mãi mãi".to_owned(), "for ever".to_owned()),
        Some(days) => (format!("{days} ngày"), format!("{days} days")),
    };
    let (vi, en) = days(&answer["days"]);
    let mut text = format!("Số đo được giữ {vi} / readings are kept {en}\n");
    for own in answer["kinds"].as_array().into_iter().flatten() {
        let (vi, en) = days(&own["days"]);
        text += &format!("  {}: {vi} / {en}\n", own["kind"].as_str().unwrap_or_default());
    }
    if answer["is_everywhere"] == false {
        text += "Chưa đặt xong ở mọi nhóm: chạy lại lệnh / not every group has it yet: give the command again\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_and_its_days_are_read_and_refused_with_the_remedy() {
        assert_eq!("rain=30".parse(), Ok(KindDays(SensorKind::Rain, 30)));
        for (wrong, says) in [("rain", "kind=days"), ("snow=3", "river_level"), ("rain=x", "whole days")] {
            let refused = wrong.parse::<KindDays>().unwrap_err();
            assert!(refused.contains(says), "{wrong}: {refused}");
        }
    }

    #[test]
    fn what_holds_is_said_in_both_languages() {
        let answer = json!({ "days": 365, "kinds": [{ "kind": "river_level", "days": 0 }], "is_everywhere": false });
        let said = text(&answer);
        assert!(said.contains("365 ngày / readings are kept 365 days"), "{said}");
        assert!(said.contains("river_level: mãi mãi / for ever") && said.contains("give the command again"), "{said}");
    }
}
