//! Sessions, the windows of their answers, and the switches of a group.

use super::{Outcome, Work, accepted, valid};
#[cfg(feature = "seeded-bugs")]
use crate::bugs::{Bug, is_made};
use crate::{
    Accepted, Answered, CloseSession, EventKind, GroupId, Millis, OpenSession, PersonId, RaisePolicyFloor, Refusal,
    RefusalCode, Reply, RequestId, Session, SessionId, State, SwitchFeature, limits, stored::Touched,
};

/// What a request is.
pub(super) enum Admitted {
    /// A retry: this is what it was answered.
    Again(Reply),
    /// Not seen yet, of this person.
    New(PersonId),
}

/// Looks the request up in its session's window.
pub(super) fn admit(state: &State, request: RequestId, now: Millis) -> Result<Admitted, Refusal> {
    let session = state.sessions.get(&request.session).filter(|session| session.expires_at_ms > now);
    let Some(session) = session else {
        return Err(Refusal::new(RefusalCode::UnknownSession, "", "the session has ended: sign in again"));
    };
    if let Ok(at) = session.answered.binary_search_by_key(&request.seq, |answered| answered.seq) {
        return Ok(Admitted::Again(session.answered[at].reply.clone()));
    }
    // Sequence numbers count from 1, so 0 is older than everything.
    if request.seq == 0 || is_outside(request.seq, session.seq_max) {
        let message = "the request is too old to tell whether it was applied: look, then ask anew";
        return Err(Refusal::new(RefusalCode::OutsideWindow, "", message));
    }
    Ok(Admitted::New(session.person.clone()))
}

/// Keeps the reply for a retry; a refusal too, so that a stray double of a refused request cannot succeed later.
pub(super) fn remember(work: &mut Work<'_>, request: RequestId, reply: &Reply) {
    let Some(session) = work.state.sessions.get_mut(&request.session) else { return };
    let answered = Answered { seq: request.seq, reply: reply.clone() };
    let at = session.answered.partition_point(|answered| answered.seq < request.seq);
    session.answered.insert(at, answered);
    session.seq_max = session.seq_max.max(request.seq);
    let seq_max = session.seq_max;
    let kept_from = session.answered.partition_point(|answered| is_outside(answered.seq, seq_max));
    let dropped: Vec<_> = session.answered.drain(..kept_from).collect();
    work.touch(Touched::Session(request.session));
    #[cfg(feature = "seeded-bugs")]
    if is_made(Bug::AnswerNotStored) {
        return;
    }
    work.touch(Touched::Answer(request.session, request.seq));
    for answered in dropped {
        work.touch(Touched::Answer(request.session, answered.seq));
    }
}

/// Whether the window has moved past the number.
pub(crate) fn is_outside(seq: u64, seq_max: u64) -> bool {
    seq_max.saturating_sub(seq) >= limits::SESSION_WINDOW
}

pub(super) fn open(work: &mut Work<'_>, command: &OpenSession) -> Outcome {
    let now = work.now;
    if let Some(open) = work.state.sessions.get(&command.session) {
        if open.person != command.person || open.expires_at_ms <= now {
            return Err(Refusal::new(RefusalCode::Exists, "session", "the token was used before: sign in again"));
        }
        return Ok(accepted(command.session, 0));
    }
    if command.expires_at_ms <= now || command.expires_at_ms > now.plus(limits::SESSION_MS_MAX) {
        let remedy = format!("choose an end within {} ms from now", limits::SESSION_MS_MAX);
        return Err(valid::invalid("expires_at_ms", remedy));
    }
    let ends = work.state.session_ends.iter().take_while(|(end, _)| *end <= now);
    let expired: Vec<_> = ends.map(|(_, id)| *id).take(limits::SESSIONS_EXPIRED_PER_OPEN_MAX).collect();
    valid::within("session", work.state.sessions.len() - expired.len() + 1, limits::SESSIONS_MAX)?;
    // Field groups hold no people: whoever proposes has asked group 0.
    if work.state.group == GroupId::COMMAND {
        let person = work.state.persons.get(&command.person);
        let person = person.ok_or_else(|| valid::not_found("person", &command.person))?;
        if person.disabled {
            return Err(valid::wrong_status("person", "the account is disabled: ask an administrator"));
        }
    }
    for id in &expired {
        forget(work, id);
    }
    work.state.keep_session(Session {
        id: command.session,
        person: command.person.clone(),
        opened_at_ms: now,
        expires_at_ms: command.expires_at_ms,
        seq_max: 0,
        answered: Vec::new(),
    });
    work.touch(Touched::Session(command.session));
    Ok(accepted(command.session, 0))
}

pub(super) fn close(work: &mut Work<'_>, command: &CloseSession) -> Accepted {
    forget(work, &command.session);
    accepted(command.session, 0)
}

fn forget(work: &mut Work<'_>, id: &SessionId) {
    let Some(session) = work.state.drop_session(id) else { return };
    work.touch(Touched::Session(*id));
    for answered in &session.answered {
        work.touch(Touched::Answer(*id, answered.seq));
    }
}

pub(super) fn raise_policy_floor(work: &mut Work<'_>, command: &RaisePolicyFloor) -> Outcome {
    // A floor that group 0 has not reached would shut everybody out. Field groups cannot know how far group 0 is.
    if work.state.group == GroupId::COMMAND && command.floor > work.index {
        return Err(valid::invalid("floor", format!("lies ahead of the log: at most {}", work.index)));
    }
    if command.floor > work.state.policy_floor {
        work.state.policy_floor = command.floor;
        work.emit(EventKind::PolicyFloorRaised, &command.floor.to_string(), None);
    }
    Ok(accepted("", work.state.policy_floor))
}

pub(super) fn switch_feature(work: &mut Work<'_>, command: &SwitchFeature) -> Outcome {
    if !work.state.features.contains(&command.feature) {
        valid::within("feature", work.state.features.len() + 1, limits::FEATURES_MAX)?;
        work.state.features.insert(command.feature);
        work.emit(EventKind::FeatureSwitched, &command.feature.to_string(), None);
    }
    Ok(accepted(command.feature, 0))
}
