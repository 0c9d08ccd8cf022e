//! What is said of a reading, and why.

use serde::{Deserialize, Serialize};

/// How many ways of looking at a series there are.
pub const VIEWS: usize = 9;

/// How unusual a reading is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// 0: nothing to remark, towards 1: nothing like it before; from 0.5 on a person should look. A finding, and no alarm.
    pub score: f64,
    /// What is unusual about it; none where the score is 0.
    pub reason: Option<Reason>,
}

impl Score {
    /// Nothing to remark.
    pub const NOTHING: Self = Self { score: 0.0, reason: None };
}

/// What is unusual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Far above its usual level.
    Spike,
    /// Far below its usual level.
    Dip,
    /// Higher than ever before.
    RecordHigh,
    /// Lower than ever before.
    RecordLow,
    /// For a while now above what is usual at this hour, more than ever before.
    LevelUp,
    /// For a while now below what is usual at this hour, more than ever before.
    LevelDown,
    /// Above what is usual at this hour.
    AboveUsual,
    /// Below what is usual at this hour.
    BelowUsual,
    /// It goes up and down in a way that it hardly ever did: another variance, another rhythm.
    Pattern,
    /// It moves less than before.
    Flat,
    /// Nothing came for longer than before.
    Gap,
}

impl Reason {
    /// In Vietnamese, for a screen.
    pub fn vi(self) -> &'static str {
        match self {
            Self::Spike => "Tăng vọt so với mức thường",
            Self::Dip => "Tụt sâu so với mức thường",
            Self::RecordHigh => "Cao nhất từ trước đến nay",
            Self::RecordLow => "Thấp nhất từ trước đến nay",
            Self::LevelUp => "Mức nền dâng lên",
            Self::LevelDown => "Mức nền hạ xuống",
            Self::AboveUsual => "Cao hơn thường lệ vào giờ này",
            Self::BelowUsual => "Thấp hơn thường lệ vào giờ này",
            Self::Pattern => "Dao động khác thường",
            Self::Flat => "Gần như đứng yên",
            Self::Gap => "Ngắt quãng lâu bất thường",
        }
    }

    /// In English, for a screen.
    pub fn en(self) -> &'static str {
        match self {
            Self::Spike => "Far above its usual level",
            Self::Dip => "Far below its usual level",
            Self::RecordHigh => "Higher than ever before",
            Self::RecordLow => "Lower than ever before",
            Self::LevelUp => "Its level has risen",
            Self::LevelDown => "Its level has fallen",
            Self::AboveUsual => "Higher than usual at this hour",
            Self::BelowUsual => "Lower than usual at this hour",
            Self::Pattern => "Moves in an unusual way",
            Self::Flat => "Hardly moves",
            Self::Gap => "Silent for unusually long",
        }
    }
}

/// One way of looking at a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Distance from the slow mean.
    Away,
    /// The mean departure from what is usual at the hour, beyond its range so far.
    Drift,
    /// The value beyond its range so far.
    Record,
    /// How rare the last steps between coarse levels were.
    Pattern,
    /// How little the series moves.
    Still,
    /// How low the value is.
    Low,
    /// Distance from what is usual at the hour, in spreads of that hour.
    Hour,
    /// Time since the last reading.
    Gap,
    /// The mean distance, over the last readings, from what is usual at the hour on days of the same kind, in spreads.
    Day,
}

impl View {
    /// Every view, in the order of the weights.
    pub const ALL: [Self; VIEWS] = [
        Self::Away,
        Self::Drift,
        Self::Record,
        Self::Pattern,
        Self::Still,
        Self::Low,
        Self::Hour,
        Self::Gap,
        Self::Day,
    ];

    /// What it means when this view is the most surprising, `up` telling on which side of the usual the reading is.
    pub fn reason(self, up: bool) -> Reason {
        match (self, up) {
            (Self::Away, true) => Reason::Spike,
            (Self::Away, false) | (Self::Low, _) => Reason::Dip,
            (Self::Drift, true) => Reason::LevelUp,
            (Self::Drift, false) => Reason::LevelDown,
            (Self::Record, true) => Reason::RecordHigh,
            (Self::Record, false) => Reason::RecordLow,
            (Self::Hour | Self::Day, true) => Reason::AboveUsual,
            (Self::Hour | Self::Day, false) => Reason::BelowUsual,
            (Self::Pattern, _) => Reason::Pattern,
            (Self::Still, _) => Reason::Flat,
            (Self::Gap, _) => Reason::Gap,
        }
    }
}
