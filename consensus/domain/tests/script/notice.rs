//! Lines about outgoing notices.

use bytes::Bytes;
use domain::{wire::Record, *};

use super::{
    Failure,
    read::{Args, list},
};

pub(super) fn command(name: &str, args: &mut Args<'_>) -> Result<Command, Failure> {
    let receiver = ReceiverId::new(args.next("receiver")?)?;
    if name == "confirm-notices" {
        return Ok(ConfirmNotices { receiver, through: args.number("through", 1)? }.into());
    }
    let kinds = list(args.or("kinds", "incident_opened/instruction_given"), |kind| {
        EventKind::from_name(kind).ok_or_else(|| wire::Malformed::new("kinds", "no such kind"))
    })?;
    let receiver = Receiver {
        id: receiver,
        name: args.or("name", "113").into(),
        url: args.or("url", "https://113.example/notices").into(),
        secret_sealed: Bytes::copy_from_slice(args.or("secret", "").as_bytes()),
        kinds,
        admin_unit: args.maybe("unit").map(AdminUnitCode::new).transpose()?,
        disabled: args.number("disabled", false)?,
        newest: 0,
        confirmed: 0,
        missed: 0,
        given_up: None,
        unit: args.maybe("crew").map(UnitId::new).transpose()?,
        version: 0,
        parked: 0,
    };
    Ok(PutReceiver { receiver }.into())
}

/// What waits for a receiver, and how far it is.
pub(super) fn waiting(state: &State, receiver: &str) -> Result<String, Failure> {
    let receiver = state.receivers().get(receiver).ok_or("no such receiver")?;
    let (secret, confirmed, newest) = (&receiver.secret_sealed, receiver.confirmed, receiver.newest);
    let mut lines = vec![format!("secret {secret:?}, {confirmed} of {newest}, missed {}", receiver.missed)];
    for notice in state.notices_for(&receiver.id) {
        let event = Event::decode(&notice.event)?;
        lines.push(format!("#{} {}", notice.number, super::print::event(&event)));
    }
    Ok(lines.join("\n"))
}
