//! A screen without pixels, over the real WebSocket: what `trongdong watch` prints, what the drills judge and what the
//! benchmarks measure is what a command room would have seen.
//!
//! - [`fold`] and [`picture`] are pure: messages in, records and counts out, by the rules of the web's own fold.
//! - [`Screen`] keeps a line to one of the nodes and resumes at another from its last places.
//! - [`sign_in`] gets the token; [`run`] is the program's `watch`.

use std::{error::Error, io::Write, sync::Arc, time::Duration};

use clap::Args;
use domain::{
    EventKind,
    wire::{
        Field,
        generated::{Event, Position, to_screen::Body},
    },
};

use crate::client::{ClientError, Door};

pub mod fold;
pub mod picture;
mod screen;
mod sign_in;

pub use screen::{Connection, Hook, Noted, SEEN_MAX, Screen, ScreenConfig};
pub use sign_in::sign_in;

/// Name of the cookie that carries the session.
const COOKIE: &str = "td_session";
/// How long `watch` waits for a first complete picture before it says that it has none.
const FIRST_PICTURE_MS_MAX: u64 = 30_000;
/// How long `watch` follows at most: longer than any session lasts.
const FOLLOW_MS_MAX: u64 = 30 * 24 * 3_600_000;

/// Why nothing can be seen.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The configuration cannot be used.
    #[error("{field}: {remedy}")]
    Config {
        /// The option.
        field: &'static str,
        /// What to give instead.
        remedy: String,
    },
    /// The authority cannot be used.
    #[error(transparent)]
    Authority(#[from] ClientError),
    /// A node does not answer, or not as it should.
    #[error("{origin}: {reason}")]
    Lost {
        /// Which.
        origin: String,
        /// Why.
        reason: String,
    },
    /// The account was not let in.
    #[error("sign-in of {person} was answered with {status}: {message}")]
    SignIn {
        /// Who.
        person: String,
        /// HTTP status.
        status: u16,
        /// The gateway's words.
        message: String,
    },
    /// What was waited for did not come.
    #[error("it did not come about within {wait_ms} ms; the screen: {state}")]
    TooLate {
        /// How long it was waited for.
        wait_ms: u128,
        /// What the screen is like.
        state: String,
    },
}

impl WatchError {
    fn config(field: &'static str, remedy: impl Into<String>) -> Self {
        Self::Config { field, remedy: remedy.into() }
    }
}

/// `trongdong watch`.
#[derive(Clone, Debug, Args)]
pub struct WatchArgs {
    #[command(flatten)]
    door: Door,
    /// District to see; again for each further one. None: all that the account may see.
    #[arg(long = "district")]
    districts: Vec<String>,
    /// Noun to see (sensor, camera, alarm, incident, unit, reading); again for each further one. None: all.
    #[arg(long = "noun")]
    nouns: Vec<String>,
}

/// Prints what happens, one line an event, until the session ends.
///
/// # Errors
/// The account is not let in, or no picture comes.
pub async fn run(args: WatchArgs) -> Result<(), Box<dyn Error>> {
    let Door { urls, person, .. } = &args.door;
    let ca_pem = args.door.ca_pem()?;
    let token = sign_in(urls, ca_pem.as_deref(), person, &args.door.password()?).await?;
    let config = ScreenConfig {
        ca_pem,
        districts: args.districts,
        nouns: args.nouns,
        seen_max: 0,
        hook: Some(Arc::new(|noted| print(&noted))),
        ..ScreenConfig::new(urls.clone(), token)
    };
    let screen = Screen::open(config)?;
    screen.wait_until(Duration::from_millis(FIRST_PICTURE_MS_MAX), picture::Picture::is_complete).await?;
    // Whoever ends this ends the process; the only other end is the node's.
    screen.wait_connection(Duration::from_millis(FOLLOW_MS_MAX), |connection| connection.over.is_some()).await?;
    let code = screen.connection().over.unwrap_or_default();
    Err(WatchError::config("person", format!("the session is over ({code}): sign in again")).into())
}

fn print(noted: &Noted<'_>) {
    let mut out = std::io::stdout().lock();
    for line in lines(noted) {
        // A terminal that is gone ends the process by itself.
        let _ = writeln!(out, "{line}");
    }
}

/// What is printed of something that happens at a screen.
fn lines(noted: &Noted<'_>) -> Vec<String> {
    match noted {
        Noted::Connected { node, origin } => vec![format!("-- connected to node {node} ({origin})")],
        Noted::Lost { reason, .. } => vec![format!("-- lost: {reason}")],
        Noted::Message(Body::Frame(frame)) => {
            let through = frame.through.unwrap_or_default();
            let events = frame.events.iter().map(|event| event_line(through, event));
            events.chain(frame.withdrawn.iter().map(|name| format!("{} withdrawn {name}", place(through)))).collect()
        }
        Noted::Message(Body::Snapshot(part)) if part.last => {
            vec![format!("{} snapshot", place(part.through.unwrap_or_default()))]
        }
        Noted::Message(Body::Reset(reset)) => vec![format!("{}/ reset {}", reset.group, reset.reason)],
        Noted::Message(Body::Bye(bye)) => vec![format!("-- {}: {}", bye.code, bye.message)],
        Noted::Message(_) => Vec::new(),
    }
}

fn place(position: Position) -> String {
    format!("{}/{}", position.group, position.index)
}

fn event_line(through: Position, event: &Event) -> String {
    let seen = picture::seen(event, through);
    let kind = EventKind::read("kind", event.kind).map_or("?", EventKind::as_str);
    let by = if event.by.is_empty() { String::new() } else { format!(" by {}", event.by) };
    let note = if event.note.is_empty() { String::new() } else { format!(" \"{}\"", event.note) };
    let readings = seen.readings.iter().map(|(sensor, at_ms)| format!(" {sensor}@{at_ms}")).collect::<String>();
    format!("{} {} {kind} {}{by}{note}{readings}", place(through), event.at_ms, seen.subject)
}

#[cfg(test)]
mod tests {
    use domain::wire::generated::{Frame, Incident, event::Subject};

    use super::*;

    #[test]
    fn an_event_is_one_line() {
        let through = Position { epoch: 1, group: 0, index: 12, ordinal: 0 };
        let incident = Incident { id: "I7".to_owned(), ..Incident::default() };
        let event = Event {
            kind: domain::wire::generated::EventKind::IncidentNoted.into(),
            by: "lan".to_owned(),
            note: "đã đến".to_owned(),
            at_ms: 5,
            subject: Some(Subject::Incident(incident)),
            ..Event::default()
        };
        let body = Body::Frame(Frame {
            through: Some(through),
            events: vec![event],
            withdrawn: vec!["unit/u1".to_owned()],
            ..Frame::default()
        });
        let printed = lines(&Noted::Message(&body));
        assert_eq!(printed, ["0/12 5 incident_noted incident/I7 by lan \"đã đến\"", "0/12 withdrawn unit/u1"]);
    }
}
