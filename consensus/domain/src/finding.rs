//! What models find in the readings of a sensor. A finding stands beside the limits and is an alarm of its own, under a
//! condition of its own; nothing but a model raises it.

use serde::{Deserialize, Serialize};

use crate::{
    Condition, Micro, Millis, ModelName, VersionName,
    wire::{Field, Malformed, Record, generated, message_field, record, wire_enum},
};

/// The condition of an alarm that says that a reading is unlike those before.
pub const UNUSUAL: &str = "unusual";
/// The condition of an alarm that says that a limit will probably be passed.
pub const FORECAST: &str = "forecast";
/// Quantiles of a forecast, in percent; [`Passing::quantiles_micro`] holds them in this order.
pub const FORECAST_QUANTILES_PERCENT: [u8; 5] = [5, 25, 50, 75, 95];

wire_enum! {
    /// What is unusual about a reading.
    UnusualReason {
        /// Far above its usual level.
        Spike = "spike",
        /// Far below it.
        Dip = "dip",
        /// Higher than ever before.
        RecordHigh = "record-high",
        /// Lower than ever before.
        RecordLow = "record-low",
        /// For a while now above what is usual at this hour.
        LevelUp = "level-up",
        /// For a while now below it.
        LevelDown = "level-down",
        /// Above what is usual at this hour.
        AboveUsual = "above-usual",
        /// Below it.
        BelowUsual = "below-usual",
        /// It goes up and down in another way than before.
        Pattern = "pattern",
        /// It moves less than before.
        Flat = "flat",
        /// Nothing came for longer than before.
        Gap = "gap",
    }
}

/// A reading unlike those before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unusual {
    /// 0: nothing to remark, towards 1: nothing like it before; in millionths.
    pub score_micro: Micro,
    /// What is unusual.
    pub reason: UnusualReason,
}

record!(Unusual { score_micro, reason });

/// The sensor will probably pass one of its limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passing {
    /// The limit's condition.
    pub condition: Condition,
    /// 0 to 1, in millionths.
    pub probability_micro: Micro,
    /// When the middle of the forecast passes it.
    pub at_ms: Millis,
    /// When the quarter of the forecast that is first does.
    pub earliest_ms: Millis,
    /// When the quarter that is last does; unset: not within the forecast's reach.
    pub latest_ms: Millis,
    /// What it will read then, as [`FORECAST_QUANTILES_PERCENT`] names them, rising.
    pub quantiles_micro: Vec<Micro>,
}

record!(Passing { condition, probability_micro, at_ms, earliest_ms, latest_ms, quantiles_micro });

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// A reading unlike those before.
    Unusual(Unusual),
    /// A limit that will probably be passed.
    Passing(Passing),
}

impl Found {
    /// The condition under which this is an alarm.
    #[must_use]
    pub fn condition(&self) -> &'static str {
        match self {
            Self::Unusual(_) => UNUSUAL,
            Self::Passing(_) => FORECAST,
        }
    }
}

/// What a model found, and which one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which model.
    pub model: ModelName,
    /// In which version.
    pub model_version: VersionName,
    /// What.
    pub found: Found,
}

impl Record for Finding {
    type Wire = generated::Finding;

    fn from_wire(wire: generated::Finding) -> Result<Self, Malformed> {
        use generated::finding::Body;
        let found = match wire.body.ok_or_else(|| Malformed::new("body", "is required"))? {
            Body::Unusual(unusual) => Found::Unusual(Unusual::from_wire(unusual)?),
            Body::Passing(passing) => Found::Passing(Passing::from_wire(passing)?),
        };
        Ok(Self {
            model: Field::read("model", wire.model)?,
            model_version: Field::read("model_version", wire.model_version)?,
            found,
        })
    }

    fn to_wire(&self) -> generated::Finding {
        use generated::finding::Body;
        let body = match &self.found {
            Found::Unusual(unusual) => Body::Unusual(unusual.to_wire()),
            Found::Passing(passing) => Body::Passing(passing.to_wire()),
        };
        generated::Finding { model: self.model.write(), model_version: self.model_version.write(), body: Some(body) }
    }
}

message_field!(Finding);

/// Whether alarms of this condition are models' findings.
#[must_use]
pub fn is_of_model(condition: &Condition) -> bool {
    matches!(condition.as_str(), UNUSUAL | FORECAST)
}
