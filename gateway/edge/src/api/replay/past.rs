//! What alarms and limits were until they were said anew, out of history: state has of an alarm its newest episode, and of a sensor
//! the limits of now.

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::{Alarm, AlarmKey, GroupId, Millis, Sensor, SensorId, rows, wire::Record};

use super::{LimitsUntil, Rank, Ringing, SaidUntil, Sight, limits_of};
use crate::{
    api::{series::shown, timeline::walk},
    app::App,
    error::ApiError,
    limits::{REPLAY_ALARMS_MAX, REPLAY_LIMITS_MAX, REPLAY_RINGINGS_MAX},
};

/// How something stood, and until when.
type Former<R> = (Millis, R);
/// An episode as it stood last, and as it stood before.
type Episode = (Alarm, Vec<Former<Alarm>>);

/// The episodes of alarms that fell into the time, those that fed the incident first; whether these are all.
pub(super) async fn rung(
    app: &App,
    sight: Sight<'_>,
    alarms: BTreeMap<Rank<AlarmKey>, (GroupId, Alarm)>,
) -> Result<(Vec<Ringing>, bool), ApiError> {
    let (mut found, mut rang, mut is_whole) = (Vec::new(), 0, true);
    for (group, newest) in alarms.into_values() {
        if rang >= REPLAY_ALARMS_MAX {
            break;
        }
        let room = REPLAY_RINGINGS_MAX - found.len();
        // Of one that came up once, and that no model says anew, there is none.
        let past = if newest.episode > 1 || newest.finding.is_some() {
            let keys = rows::former_alarms_range(&newest.key, sight.from);
            let (past, is_all) = former::<Alarm>(app, group, keys, sight.until, room).await?;
            is_whole &= is_all;
            past
        } else {
            Vec::new()
        };
        let own: Vec<_> = episodes(newest, past).into_iter().filter(|(alarm, _)| sight.rang(alarm)).collect();
        rang += usize::from(!own.is_empty());
        is_whole &= own.len() <= room;
        found.extend(own.into_iter().take(room).map(ringing));
    }
    Ok((found, is_whole))
}

/// The limits of a sensor before those of now, as far as they held in the time; whether these are all.
pub(super) async fn limits(
    app: &App,
    sight: Sight<'_>,
    group: GroupId,
    sensor: &SensorId,
) -> Result<(Vec<LimitsUntil>, bool), ApiError> {
    let keys = rows::former_sensors_range(sensor, sight.from);
    let (past, is_all) = former::<Sensor>(app, group, keys, sight.until, REPLAY_LIMITS_MAX).await?;
    let before =
        past.into_iter().map(|(until, was)| LimitsUntil { until_ms: until.0, limits: limits_of(was.thresholds) });
    Ok((before.collect(), is_all))
}

/// What stood under these keys, each until when, in the order of time, up to the first that outlived `until`, at most `max`; whether
/// these are all.
async fn former<R: Record + Send>(
    app: &App,
    group: GroupId,
    (from, to): (Bytes, Bytes),
    until: Millis,
    max: usize,
) -> Result<(Vec<Former<R>>, bool), ApiError> {
    let (mut found, mut is_whole) = (Vec::new(), true);
    walk(app, group, from, &to, |key, value| {
        let (Some(stood_until), Ok(was)) = (rows::former_until(key), R::decode(value)) else { return true };
        is_whole = found.len() < max;
        if is_whole {
            found.push((stood_until, was));
        }
        is_whole && stood_until <= until
    })
    .await?;
    Ok((found, is_whole))
}

/// The episodes of an alarm, the oldest first, of what it was and of what it is.
fn episodes(newest: Alarm, past: Vec<Former<Alarm>>) -> Vec<Episode> {
    let (mut found, mut before) = (Vec::new(), Vec::new());
    let mut past = past.into_iter().peekable();
    while let Some((until, alarm)) = past.next() {
        let next = past.peek().map_or(newest.episode, |(_, next)| next.episode);
        if next == alarm.episode {
            before.push((until, alarm));
        } else {
            found.push((alarm, std::mem::take(&mut before)));
        }
    }
    found.push((newest, before));
    found
}

fn ringing((alarm, before): Episode) -> Ringing {
    let said = |(until, was): Former<Alarm>| SaidUntil {
        until_ms: until.0,
        severity: was.severity,
        value: shown(was.value_micro),
        limit: shown(was.limit_micro),
    };
    Ringing {
        entity: alarm.key.entity,
        condition: alarm.key.condition,
        severity: alarm.severity,
        latitude_e7: alarm.place.latitude_e7,
        longitude_e7: alarm.place.longitude_e7,
        value: shown(alarm.value_micro),
        limit: shown(alarm.limit_micro),
        raised_at_ms: alarm.raised_at_ms.0,
        cleared_at_ms: alarm.cleared_at_ms.0,
        acknowledged_at_ms: alarm.acknowledged_at_ms.0,
        acknowledged_by: alarm.acknowledged_by,
        exercise: alarm.exercise,
        before: before.into_iter().map(said).collect(),
    }
}
