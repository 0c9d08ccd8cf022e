//! Files: what they belong to, and until when. The bytes are beside the log, on a quorum's disks before an entry names them.

use super::{Outcome, Work, accepted, report, valid};
use crate::{
    AttachFile, Attachment, DetachFile, DropFiles, EventKind, FileOwner, Refusal, RefusalCode, ReportCode,
    SetFileRetention, StoredFile, file_book::TouchedFile, limits, stored::Touched,
};

pub(super) fn attach(work: &mut Work<'_>, command: &AttachFile) -> Outcome {
    valid::maybe_text("note", &command.note)?;
    check_file(&command.file)?;
    need_owner(work, &command.owner)?;
    let book = &work.state.files;
    if let Some(known) = book.of(&command.owner).find(|known| known.file.sha256 == command.file.sha256) {
        return Ok(accepted(known.number, 1));
    }
    if book.files.get(&command.file.sha256).is_some_and(|held| held.file != command.file) {
        return Err(valid::invalid("file", "is known under this hash as something else: send what is stored of it"));
    }
    let bound = match &command.owner {
        FileOwner::Incident(_) => limits::INCIDENT_FILES_MAX,
        FileOwner::Report(_) | FileOwner::Answer(_) => limits::REPORT_FILES_MAX,
    };
    valid::within("owner", book.of(&command.owner).count() + 1, bound)?;
    valid::within("file", book.attachments.len() + 1, limits::FILES_MAX)?;
    let is_new = !book.files.contains_key(&command.file.sha256);
    let bytes = book.bytes.saturating_add(u64::from(command.file.bytes));
    if is_new && bytes > limits::FILES_BYTES_MAX {
        let message = format!("{bytes} bytes are too many: at most {}", limits::FILES_BYTES_MAX);
        return Err(Refusal::new(RefusalCode::Limit, "file", message));
    }
    let number = book.settings.attached.saturating_add(1);
    let attachment = Attachment {
        number,
        file: command.file,
        owner: command.owner.clone(),
        at_ms: work.now,
        taken_at_ms: command.taken_at_ms,
        by: work.by(),
        note: command.note.clone(),
    };
    work.state.files.settings.attached = number;
    work.touch(Touched::File(TouchedFile::Settings));
    work.touch(Touched::File(TouchedFile::Attachment(number)));
    work.state.files.keep(attachment);
    tell(work, EventKind::FileAttached, &command.owner, &command.note);
    Ok(accepted(number, 1))
}

/// Sent again, or for one that is gone by itself, it does nothing.
pub(super) fn detach(work: &mut Work<'_>, command: &DetachFile) -> Outcome {
    valid::text("reason", &command.reason)?;
    if command.number > work.state.files.settings.attached || command.number == 0 {
        return Err(valid::not_found("file", command.number));
    }
    if let Some(gone) = work.state.files.forget(command.number) {
        work.touch(Touched::File(TouchedFile::Attachment(command.number)));
        tell(work, EventKind::FileDetached, &gone.owner, &command.reason);
    }
    Ok(accepted(command.number, 1))
}

pub(super) fn set_retention(work: &mut Work<'_>, command: &SetFileRetention) -> Outcome {
    if command.days > limits::RETENTION_DAYS_MAX {
        let remedy = format!("is more than {}: send 0 to keep them", limits::RETENTION_DAYS_MAX);
        return Err(valid::invalid("days", remedy));
    }
    if work.state.files.settings.retention_days != command.days {
        work.state.files.settings.retention_days = command.days;
        work.touch(Touched::File(TouchedFile::Settings));
        work.emit(EventKind::FileRetentionSet, &command.days.to_string(), None);
    }
    Ok(accepted("", 0))
}

pub(super) fn drop_due(work: &mut Work<'_>, command: &DropFiles) -> Outcome {
    valid::within("numbers", command.numbers.len(), limits::FILES_DROPPED_AT_ONCE)?;
    let mut dropped = 0_u32;
    for number in &command.numbers {
        if work.state.is_file_due(*number, work.now) {
            // Only of reports that are answered or gone: nothing of it waits.
            work.state.files.forget(*number);
            work.touch(Touched::File(TouchedFile::Attachment(*number)));
            dropped += 1;
        }
    }
    if dropped > 0 {
        work.emit(EventKind::FilesDropped, &dropped.to_string(), None);
    }
    Ok(accepted("", 0))
}

fn check_file(file: &StoredFile) -> Result<(), Refusal> {
    let bytes_max = file.kind.bytes_max();
    if file.bytes == 0 || file.bytes > bytes_max {
        return Err(valid::invalid("file.bytes", format!("is out of bounds: send 1 to {bytes_max} bytes")));
    }
    let is_side = |side: u32| (1..=limits::FILE_SIDE_PIXELS_MAX).contains(&side);
    let pixels = u64::from(file.width) * u64::from(file.height);
    if !is_side(file.width) || !is_side(file.height) || pixels > limits::FILE_PIXELS_MAX {
        return Err(valid::invalid("file.width", "times the height is out of bounds: send a smaller picture"));
    }
    Ok(())
}

/// What the file shall belong to has to be there; an answer, to be given.
fn need_owner(work: &Work<'_>, owner: &FileOwner) -> Result<(), Refusal> {
    match owner {
        FileOwner::Incident(id) if !work.state.incidents.contains_key(id) => Err(valid::not_found("incident", id)),
        FileOwner::Report(code) if !work.state.reports.contains_key(code) => Err(valid::not_found("report", code)),
        FileOwner::Incident(_) | FileOwner::Report(_) => Ok(()),
        FileOwner::Answer(code) => match work.state.reports.get(code) {
            None => Err(valid::not_found("report", code)),
            Some(report) if !report.answered_at_ms.is_set() => {
                Err(valid::wrong_status("owner", "it has no answer yet: answer first, then show a photo with it"))
            }
            Some(_) => Ok(()),
        },
    }
}

/// Tells whom it concerns: the incident's timeline has what comes to the incident and to its reports.
fn tell(work: &mut Work<'_>, kind: EventKind, owner: &FileOwner, note: &str) {
    let of_report = |work: &Work<'_>, code: &ReportCode| work.state.reports.get(code)?.incident.clone();
    let incident = match owner {
        FileOwner::Incident(id) => Some(id.clone()),
        FileOwner::Report(code) | FileOwner::Answer(code) => of_report(work, code),
    };
    match incident.and_then(|id| work.state.incidents.get(&id).cloned()) {
        Some(incident) => work.emit_incident(kind, note, &incident),
        None => work.emit(kind, &owner.to_string(), None),
    }
    if let FileOwner::Report(code) = owner {
        report::supplemented(work, code);
    }
}
