//! The demonstration province: real names of Thái Nguyên with made-up devices, people and response units, the same at
//! every start. It is registered over the HTTP interface by an administrator's session, and registering it again changes
//! nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use domain::{AdminUnit, Camera, District, Person, Sensor, Unit};
use futures::{StreamExt, stream};
use serde::Serialize;

use crate::client::{Answer, Client, ClientError, Refused};

pub mod camera;
pub mod duty;
pub mod measure;
pub mod person;
pub mod random;
pub mod sensor;
pub mod tables;
pub mod unit;

pub use person::{NewPerson, people};
pub use tables::{admin_units, districts};

/// Administrative units of one request: their names and aliases stay within the gateway's 64 KiB of a body.
const ADMIN_UNITS_PER_REQUEST: usize = 32;
/// Requests under way at once.
const REQUESTS_AT_ONCE: usize = 16;
/// Requests begun before all earlier ones are answered. Well within the replies that the cluster remembers of a session, so
/// that a slow one can be sent again under its number.
const REQUESTS_PER_ROUND: usize = 64;
/// How often, and after how long, a request is made anew because the grant that a node gave was too old.
const STALE_GRANTS_MAX: usize = 10;
const STALE_GRANT_WAIT_MS: u64 = 200;
/// Refusals kept in words; the rest is only counted.
const REFUSALS_KEPT_MAX: usize = 16;

/// How much there is of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TownSize {
    /// Cameras; none without an RTSP server.
    pub cameras: usize,
    /// Sensors of all kinds.
    pub sensors: usize,
    /// Response units.
    pub units: usize,
}

impl Default for TownSize {
    fn default() -> Self {
        Self { cameras: 24, sensors: 500, units: 30 }
    }
}

/// What was registered of one noun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registered {
    /// Accepted, whether new or known already.
    pub accepted: usize,
    /// Refused, by code.
    pub refused: BTreeMap<String, usize>,
    /// The first refusals in words, each with what was refused.
    pub refusals: Vec<(String, Refused)>,
}

impl Registered {
    fn put(&mut self, what: &str, count: usize, answer: Answer) {
        match answer {
            Answer::Accepted(_) => self.accepted += count,
            Answer::Refused(refused) => {
                *self.refused.entry(refused.code.clone()).or_default() += count;
                if self.refusals.len() < REFUSALS_KEPT_MAX {
                    self.refusals.push((what.to_owned(), refused));
                }
            }
        }
    }

    /// How many were refused.
    #[must_use]
    pub fn refused_count(&self) -> usize {
        self.refused.values().sum()
    }
}

/// The province as it was registered.
#[derive(Clone, Debug, Default)]
pub struct Furnished {
    /// Sensors of the size that was asked for.
    pub sensors: Vec<Sensor>,
    /// Cameras; empty without an RTSP server.
    pub cameras: Vec<Camera>,
    /// Response units.
    pub units: Vec<Unit>,
    /// What became of each noun: `admin_unit`, `district`, `unit`, `run_card`, `room`, `person`, `calendar`, `duty_post`,
    /// `deadline_policy`, `agent`, `sensor`, `camera`.
    pub registered: BTreeMap<&'static str, Registered>,
}

impl Furnished {
    /// How many registrations were refused.
    #[must_use]
    pub fn refused_count(&self) -> usize {
        self.registered.values().map(Registered::refused_count).sum()
    }
}

/// Registers the province. `client` is signed in as an administrator for everywhere; `password` is what the made-up
/// accounts get that are not there yet; cameras are those that `rtsp_base` (`rtsp://host:port`) serves, see `ops/rtsp`.
///
/// # Errors
/// No node answers. Refusals are no error: they are in the result.
pub async fn furnish(
    client: &Client,
    size: TownSize,
    rtsp_base: Option<&str>,
    password: &str,
) -> Result<Furnished, ClientError> {
    let mut registered = BTreeMap::new();
    // One request after the other: a unit may stand in a later one than its parent, never in an earlier one. What is there
    // as it should be is left alone, since changing the hierarchy or a district makes every node look at rights anew.
    let known: Vec<AdminUnit> = client.list("/api/admin-units").await?;
    let new: Vec<_> = admin_units().into_iter().filter(|unit| !known.contains(unit)).collect();
    let mut of_hierarchy = Registered::default();
    for chunk in new.chunks(ADMIN_UNITS_PER_REQUEST) {
        let answer = client.command("/api/admin-units", &serde_json::json!({ "admin_units": chunk })).await?;
        let what = chunk.first().map_or("", |unit| unit.code.as_str());
        of_hierarchy.put(what, chunk.len(), answer);
    }
    registered.insert("admin_unit", of_hierarchy);
    let known: Vec<District> = client.list("/api/districts").await?;
    let new: Vec<_> = districts().into_iter().filter(|district| !known.contains(district)).collect();
    registered.insert("district", register(client, "/api/districts", &new, |it| it.id.to_string()).await?);
    let units = unit::units(size.units);
    registered.insert("unit", register(client, "/api/units", &units, |it| it.id.to_string()).await?);
    let cards = duty::run_cards();
    let name_of = |card: &domain::RunCard| format!("{}-{}", card.kind, card.severity);
    registered.insert("run_card", register(client, "/api/run-cards", &cards, name_of).await?);
    let rooms = tables::rooms();
    let room_of = |room: &serde_json::Value| room["id"].as_str().unwrap_or_default().to_owned();
    registered.insert("room", register(client, "/api/rooms", &rooms, room_of).await?);
    // An account that is there keeps its password, and whoever is signed in with it stays so.
    let known: BTreeSet<String> =
        client.list::<Person>("/api/people").await?.into_iter().map(|person| person.id.to_string()).collect();
    let new: Vec<_> = people(password).into_iter().filter(|person| !known.contains(&person.id)).collect();
    registered.insert("person", register(client, "/api/people", &new, |it| it.id.clone()).await?);
    let calendars = duty::calendars();
    registered.insert("calendar", register(client, "/api/calendars", &calendars, |it| it.id.to_string()).await?);
    // One after the other: a post stands below one that is there.
    let mut posts = Registered::default();
    for post in duty::posts() {
        posts.put(post.id.as_str(), 1, put(client, "/api/duty-posts", &post).await?);
    }
    registered.insert("duty_post", posts);
    let policies = duty::policies();
    let policy_of = |it: &domain::DeadlinePolicy| it.id.to_string();
    registered.insert("deadline_policy", register(client, "/api/deadline-policies", &policies, policy_of).await?);
    registered.insert("agent", register(client, "/api/agents", &person::seats(), |it| it.person.clone()).await?);
    let sensors = sensor::sensors(size.sensors);
    registered.insert("sensor", register(client, "/api/sensors", &sensors, |it| it.id.to_string()).await?);
    let cameras = rtsp_base.map(|base| camera::cameras(size.cameras, base)).unwrap_or_default();
    registered.insert("camera", register(client, "/api/cameras", &cameras, |it| it.id.to_string()).await?);
    Ok(Furnished { sensors, cameras, units, registered })
}

/// Sends one command for each item, several at once.
///
/// # Errors
/// No node answers.
pub async fn register<T: Serialize>(
    client: &Client,
    path: &str,
    items: &[T],
    name: impl Fn(&T) -> String,
) -> Result<Registered, ClientError> {
    let mut registered = Registered::default();
    for round in items.chunks(REQUESTS_PER_ROUND) {
        let requests = round.iter().map(|item| async { (name(item), put(client, path, item).await) });
        let mut answers = stream::iter(requests).buffer_unordered(REQUESTS_AT_ONCE);
        while let Some((what, answer)) = answers.next().await {
            registered.put(&what, 1, answer?);
        }
    }
    Ok(registered)
}

/// One command. After a change of rights a node may not have heard yet and give a grant that is too old: then nothing was
/// changed, and it is asked again.
async fn put(client: &Client, path: &str, item: &impl Serialize) -> Result<Answer, ClientError> {
    for _ in 0..STALE_GRANTS_MAX {
        match client.command(path, item).await? {
            Answer::Refused(refused) if refused.code == "stale_grant" => {
                tokio::time::sleep(Duration::from_millis(STALE_GRANT_WAIT_MS)).await;
            }
            answer => return Ok(answer),
        }
    }
    client.command(path, item).await
}

#[cfg(test)]
mod tests;
