//! Lists of records, filtered by rights.

use axum::Json;
use domain::{
    AdminUnitCode, GroupId, State, policy,
    policy::{Action, Matter, Noun},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, auth::Caller, cluster::read, error::ApiError, limits::LIST_MAX};

/// Records, by id.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listed<T> {
    /// At most `LIST_MAX`.
    #[schema(value_type = Vec<Object>)]
    pub(crate) items: Vec<T>,
    /// There are more.
    pub(crate) truncated: bool,
}

/// The records of `groups` that the caller may see. `all` yields each with its place.
pub(crate) fn listed<T: Clone>(
    app: &App,
    caller: &Caller,
    noun: Noun,
    groups: impl Iterator<Item = GroupId>,
    all: impl Fn(&State, &mut dyn FnMut(&T, Option<&AdminUnitCode>)),
) -> Result<Json<Listed<T>>, ApiError> {
    listed_of(app, caller, noun, groups, |_| Matter::default(), all)
}

/// The same of records that have a field, or are of an agency.
pub(crate) fn listed_of<T: Clone>(
    app: &App,
    caller: &Caller,
    noun: Noun,
    groups: impl Iterator<Item = GroupId>,
    matter: impl Fn(&T) -> Matter,
    all: impl Fn(&State, &mut dyn FnMut(&T, Option<&AdminUnitCode>)),
) -> Result<Json<Listed<T>>, ApiError> {
    policy::allows(&caller.grant, Action::See(noun), None)?;
    let mut items = Vec::new();
    let mut truncated = false;
    for group in groups {
        read(&*app.source, group, |state| {
            all(state, &mut |record, place| {
                if policy::allows_of(&caller.grant, Action::See(noun), place, &matter(record)).is_err() {
                    return;
                }
                if items.len() < LIST_MAX {
                    items.push(record.clone());
                } else {
                    truncated = true;
                }
            });
        });
    }
    Ok(Json(Listed { items, truncated }))
}

/// The group of people, units and incidents.
pub(crate) fn command_group() -> impl Iterator<Item = GroupId> {
    std::iter::once(GroupId::COMMAND)
}
