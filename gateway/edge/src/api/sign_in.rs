//! Who has to wait before they may try to sign in again, at this node.

use std::sync::Arc;

use axum::{Json, extract::State};
use domain::{GroupId, policy, policy::Action};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Signed},
    list::Listed,
};
use crate::{
    accounts::Held, app::App, clock::unix_ms, cluster::read, error::ErrorBody, limits::LIST_MAX, login_guard::Waiting,
};

/// Somebody, or everybody at an address, who is held up.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Hold {
    /// Login name; absent: all who sign in from there, but for those who did so lately, or in that browser before.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    /// From there only, and not in a browser in which they signed in before; absent: from everywhere that is not known of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// `password`, or `code` of the second factor.
    what: &'static str,
    /// How often it was wrong.
    failures: u32,
    /// Until then.
    until_ms: u64,
}

/// Who is held up at this node now, those who wait longest first. For administrators.
#[utoipa::path(get, path = "/api/sign-in/holds", responses((status = 200, body = Listed<serde_json::Value>), (status = 403, body = ErrorBody)))]
pub(crate) async fn holds(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<Hold>> {
    policy::allows(&caller.grant, Action::Administer, None)?;
    let Held { passwords, codes } = app.auth.accounts.held(unix_ms());
    // What was typed where a name belongs may be a password: only names of the register are shown.
    let known = |name: &str| read(&*app.source, GroupId::COMMAND, |state0| state0.persons().contains_key(name));
    let of_password = |it: Waiting| {
        let person = it.account.filter(|name| known(name));
        let address = Some(it.address.to_string());
        Hold { person, address, what: "password", failures: it.failures, until_ms: it.until_ms }
    };
    // An account that is none would look like everybody at its address.
    let is_shown = |it: &Waiting| it.account.as_deref().is_none_or(known);
    let of_code =
        |(person, failures, until_ms)| Hold { person: Some(person), address: None, what: "code", failures, until_ms };
    let mut items: Vec<Hold> = passwords.into_iter().filter(is_shown).map(of_password).collect();
    items.extend(codes.into_iter().map(of_code));
    items.sort_by_key(|hold| std::cmp::Reverse(hold.until_ms));
    let truncated = items.len() > LIST_MAX;
    items.truncate(LIST_MAX);
    Ok(Json(Listed { items, truncated }))
}
