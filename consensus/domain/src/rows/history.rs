//! Keys of history that is asked for by the cluster's time: logs of rooms, and what sensors and alarms were before; and of notices
//! that state has no room for.

use bytes::Bytes;

use super::{DUTY_LOG, FORMER_ALARMS, FORMER_SENSORS, PARKED_NOTICES, key};
use crate::{AlarmKey, Millis, ReceiverId, RoomId, SensorId};

/// Key of one entry of a room's log. The value is a `DutyEntry`; `at` is state's clock, `index` the log's.
#[must_use]
pub fn duty_log_key(room: &RoomId, at: Millis, index: u64) -> Bytes {
    key(DUTY_LOG, &[room.as_str().as_bytes(), &[0], &at.0.to_be_bytes(), &index.to_be_bytes()])
}

/// The keys of what was logged in a room from `from` to before `to`: from the first of the pair to before the second.
#[must_use]
pub fn duty_log_range(room: &RoomId, from: Millis, to: Millis) -> (Bytes, Bytes) {
    let at = |at: Millis| key(DUTY_LOG, &[room.as_str().as_bytes(), &[0], &at.0.to_be_bytes()]);
    (at(from), at(to))
}

/// Key of a sensor as it stood until then. The value is a `Sensor`; `until` is state's clock, `index` the log's.
#[must_use]
pub fn former_sensor_key(sensor: &SensorId, until: Millis, index: u64) -> Bytes {
    key(FORMER_SENSORS, &[sensor.as_str().as_bytes(), &[0], &until.0.to_be_bytes(), &index.to_be_bytes()])
}

/// The keys of what a sensor was until `from` or later, in the order of time: from the first of the pair to before the second.
#[must_use]
pub fn former_sensors_range(sensor: &SensorId, from: Millis) -> (Bytes, Bytes) {
    let name = sensor.as_str().as_bytes();
    (key(FORMER_SENSORS, &[name, &[0], &from.0.to_be_bytes()]), key(FORMER_SENSORS, &[name, &[1]]))
}

/// Key of an alarm as it stood until then. The value is an `Alarm`; `until` is state's clock, `index` the log's.
#[must_use]
pub fn former_alarm_key(alarm: &AlarmKey, until: Millis, index: u64) -> Bytes {
    let (entity, condition) = (alarm.entity.as_str().as_bytes(), alarm.condition.as_str().as_bytes());
    key(FORMER_ALARMS, &[entity, &[0], condition, &[0], &until.0.to_be_bytes(), &index.to_be_bytes()])
}

/// The keys of what an alarm was until `from` or later, in the order of time: from the first of the pair to before the second.
#[must_use]
pub fn former_alarms_range(alarm: &AlarmKey, from: Millis) -> (Bytes, Bytes) {
    let (entity, condition) = (alarm.entity.as_str().as_bytes(), alarm.condition.as_str().as_bytes());
    let first = key(FORMER_ALARMS, &[entity, &[0], condition, &[0], &from.0.to_be_bytes()]);
    (first, key(FORMER_ALARMS, &[entity, &[0], condition, &[1]]))
}

/// Until when it stood like that, in a key of what a sensor or an alarm was; none if it is no such key.
#[must_use]
pub fn former_until(key: &[u8]) -> Option<Millis> {
    let (table, rest) = key.split_first()?;
    let (name, place) = rest.split_last_chunk::<16>()?;
    let (until, _) = place.split_first_chunk::<8>()?;
    let is_former = [FORMER_SENSORS, FORMER_ALARMS].contains(table) && name.last() == Some(&0);
    is_former.then(|| Millis(u64::from_be_bytes(*until)))
}

/// Key of a notice that waits behind those in state. The value is a `Notice`.
#[must_use]
pub fn parked_notice_key(receiver: &ReceiverId, number: u64) -> Bytes {
    key(PARKED_NOTICES, &[receiver.as_str().as_bytes(), &[0], &number.to_be_bytes()])
}

/// The keys of a receiver's parked notices from this number on, in order: from the first of the pair to before the second.
#[must_use]
pub fn parked_notices_range(receiver: &ReceiverId, from: u64) -> (Bytes, Bytes) {
    (parked_notice_key(receiver, from), key(PARKED_NOTICES, &[receiver.as_str().as_bytes(), &[1]]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Condition, EntityId, rows::is_state};

    #[test]
    fn a_rooms_log_is_its_own_and_in_the_order_of_time() {
        let (one, ten) = (RoomId::new("r1").unwrap(), RoomId::new("r10").unwrap());
        let (from, to) = duty_log_range(&one, Millis(5), Millis(9));
        let keys = [(5, 0), (5, 1), (8, 2)].map(|(at, index)| duty_log_key(&one, Millis(at), index));
        assert!(keys.is_sorted() && keys.iter().all(|key| from <= *key && *key < to && !is_state(key)));
        for (room, at) in [(&one, 4), (&one, 9), (&ten, 6)] {
            let key = duty_log_key(room, Millis(at), u64::MAX);
            assert!(key < from || to <= key, "{room} {at}");
        }
    }

    #[test]
    fn what_a_sensor_was_is_its_own_and_in_the_order_of_time() {
        let (one, ten) = (SensorId::new("s1").unwrap(), SensorId::new("s10").unwrap());
        let (from, to) = former_sensors_range(&one, Millis(5));
        let keys = [(5, 0), (5, 1), (8, 2)].map(|(until, index)| former_sensor_key(&one, Millis(until), index));
        assert!(keys.is_sorted() && keys.iter().all(|key| from <= *key && *key < to && !is_state(key)));
        for (sensor, until) in [(&one, 4), (&ten, 6)] {
            let key = former_sensor_key(sensor, Millis(until), u64::MAX);
            assert!(key < from || to <= key, "{sensor} {until}");
        }
        assert_eq!(former_until(&keys[2]), Some(Millis(8)));
    }

    #[test]
    fn parked_notices_are_their_receivers_own_and_in_order() {
        let (one, ten) = (ReceiverId::new("r1").unwrap(), ReceiverId::new("r10").unwrap());
        let (from, to) = parked_notices_range(&one, 5);
        let keys = [5, 6, 300].map(|number| parked_notice_key(&one, number));
        assert!(keys.is_sorted() && keys.iter().all(|key| from <= *key && *key < to && !is_state(key)));
        for other in [parked_notice_key(&one, 4), parked_notice_key(&ten, 5)] {
            assert!(other < from || to <= other);
        }
    }

    #[test]
    fn what_an_alarm_was_is_its_own_and_in_the_order_of_time() {
        let alarm = |entity: &str, condition: &str| AlarmKey {
            entity: EntityId::new(entity).unwrap(),
            condition: Condition::new(condition).unwrap(),
        };
        let own = alarm("s1", "high");
        let (from, to) = former_alarms_range(&own, Millis(5));
        let keys = [(5, 0), (5, 1), (8, 2)].map(|(until, index)| former_alarm_key(&own, Millis(until), index));
        assert!(keys.is_sorted() && keys.iter().all(|key| from <= *key && *key < to && !is_state(key)));
        for (other, until) in [(&own, 4), (&alarm("s1", "higher"), 6), (&alarm("s10", "high"), 6)] {
            let key = former_alarm_key(other, Millis(until), u64::MAX);
            assert!(key < from || to <= key, "{other} {until}");
        }
        assert_eq!(former_until(&keys[0]), Some(Millis(5)));
        assert_eq!(former_until(&duty_log_key(&RoomId::new("r1").unwrap(), Millis(5), 6)), None);
        assert_eq!(former_until(&[FORMER_ALARMS]), None);
    }
}
