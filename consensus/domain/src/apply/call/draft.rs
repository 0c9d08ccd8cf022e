//! What an agent has put down of a call and not saved: it outlives the browser and the node.

use super::find;
use crate::{
    CallDraft, PutCallDraft, Refusal, RefusalCode,
    apply::{Outcome, Work, accepted, valid},
    limits,
    stored::Touched,
};

/// The greatest number stands, whoever it comes from and in whatever order. Nothing is told: it is for who writes it.
pub(in crate::apply) fn put(work: &mut Work<'_>, command: &PutCallDraft) -> Outcome {
    let id = find(work, &command.call)?.id;
    let form = &command.form;
    if form.len() > limits::CALL_FORM_BYTES_MAX {
        let message = format!("{} bytes are too many: at most {}", form.len(), limits::CALL_FORM_BYTES_MAX);
        return Err(Refusal::new(RefusalCode::Limit, "form", message));
    }
    let is_object = form.starts_with('{') && form.ends_with('}') && !form.chars().any(char::is_control);
    if !form.is_empty() && !is_object {
        return Err(valid::invalid("form", "is no JSON object on one line: send one, or nothing to drop it"));
    }
    let kept = work.state.book.drafts.get(&id);
    if let Some(kept) = kept.filter(|kept| kept.seq >= command.seq) {
        return Ok(accepted(&id, kept.seq));
    }
    let draft =
        CallDraft { call: id.clone(), seq: command.seq, by: work.by(), at_ms: work.now, form: form.clone() };
    work.touch(Touched::CallDraft(id.clone()));
    work.state.book.drafts.insert(id.clone(), draft);
    Ok(accepted(&id, command.seq))
}
