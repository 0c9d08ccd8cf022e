//! The topics that carry readings. A trailing `/pb` says that the payload is protobuf instead of JSON.

use domain::{Reading, SensorId, wire::Malformed};

use crate::reading::{self, Batch};

/// Topic filters that cover every topic of readings, for subscribing at a broker.
pub const FILTERS: [&str; 4] = [
    "trongdong/v1/readings",
    "trongdong/v1/readings/pb",
    "trongdong/v1/sensors/+/readings",
    "trongdong/v1/sensors/+/readings/pb",
];

/// What a topic says about its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topic {
    /// `trongdong/v1/readings`: readings of any sensors.
    Batch {
        /// Protobuf instead of JSON.
        protobuf: bool,
    },
    /// `trongdong/v1/sensors/<id>/readings`: one reading of this sensor.
    Sensor {
        /// The sensor.
        sensor: SensorId,
        /// Protobuf instead of JSON.
        protobuf: bool,
    },
}

impl Topic {
    /// Reads a topic name.
    ///
    /// # Errors
    /// It is none that carries readings, or its sensor is not an id.
    pub fn parse(topic: &str) -> Result<Self, Malformed> {
        let other =
            || Malformed::new("topic", "publish to trongdong/v1/readings or trongdong/v1/sensors/<id>/readings");
        let rest = topic.strip_prefix("trongdong/v1/").ok_or_else(other)?;
        let (rest, protobuf) = rest.strip_suffix("/pb").map_or((rest, false), |rest| (rest, true));
        if rest == "readings" {
            return Ok(Self::Batch { protobuf });
        }
        let sensor = rest.strip_prefix("sensors/").and_then(|rest| rest.strip_suffix("/readings")).ok_or_else(other)?;
        Ok(Self::Sensor { sensor: SensorId::new(sensor)?, protobuf })
    }

    /// Reads a payload that came under this topic.
    ///
    /// # Errors
    /// The payload as a whole is malformed.
    pub fn read(&self, payload: &[u8]) -> Result<Batch, Malformed> {
        let single = |reading: Reading| Batch { readings: vec![reading], broken: Vec::new() };
        match self {
            Self::Batch { protobuf: false } => reading::batch_json(payload),
            Self::Batch { protobuf: true } => reading::batch_protobuf(payload),
            Self::Sensor { sensor, protobuf: false } => reading::single_json(sensor, payload).map(single),
            Self::Sensor { sensor, protobuf: true } => reading::single_protobuf(sensor, payload).map(single),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_of_readings() {
        let sensor = SensorId::new("river-1").unwrap();
        assert_eq!(Topic::parse("trongdong/v1/readings"), Ok(Topic::Batch { protobuf: false }));
        assert_eq!(Topic::parse("trongdong/v1/readings/pb"), Ok(Topic::Batch { protobuf: true }));
        assert_eq!(
            Topic::parse("trongdong/v1/sensors/river-1/readings"),
            Ok(Topic::Sensor { sensor: sensor.clone(), protobuf: false })
        );
        assert_eq!(
            Topic::parse("trongdong/v1/sensors/river-1/readings/pb"),
            Ok(Topic::Sensor { sensor, protobuf: true })
        );
    }

    #[test]
    fn other_topics_are_refused() {
        for topic in
            ["", "readings", "trongdong/v2/readings", "trongdong/v1/sensors/a", "trongdong/v1/sensors/a/b/readings"]
        {
            assert!(Topic::parse(topic).is_err(), "{topic}");
        }
        assert_eq!(Topic::parse("trongdong/v1/sensors/a b/readings").unwrap_err().field, "sensor");
    }
}
