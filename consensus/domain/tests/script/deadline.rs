//! Lines about deadlines and instructions.

use domain::*;

use super::{
    Failure,
    read::{Args, millis},
};

fn clock(text: &str) -> Result<ClockKey, Failure> {
    let (of, number) = text.split_once('/').ok_or("a clock is named I1/1 or T1/1")?;
    let of = match of.chars().next() {
        Some('T') => Measured::Instruction(InstructionId::new(of)?),
        Some('I') => Measured::Incident(IncidentId::new(of)?),
        _ => Measured::Report(ReportCode::new(of)?),
    };
    Ok(ClockKey { of, number: number.parse()? })
}

/// "nearly_late:-60s:post", "late:0", parted by `/`.
fn steps(text: &str) -> Result<Vec<Step>, Failure> {
    let step = |text: &str| {
        let mut parts = text.split(':');
        let stage = parts.next().and_then(ClockStage::from_name).ok_or("no such stage")?;
        let offset = parts.next().ok_or("stage:offset:post")?;
        let (sign, offset) = offset.strip_prefix('-').map_or((1, offset), |offset| (-1, offset));
        let offset_ms = sign * i64::try_from(millis(offset)?.0)?;
        Ok(Step { stage, offset_ms, post: parts.next().map(DutyPostId::new).transpose()? })
    };
    text.split('/').filter(|part| !part.is_empty()).map(step).collect()
}

/// "1-5/480/720": Monday to Friday from 8:00 to 12:00.
fn hours(text: &str) -> Result<Vec<WorkingHours>, Failure> {
    let mut hours = Vec::new();
    for part in text.split('+').filter(|part| !part.is_empty()) {
        let parts: Vec<_> = part.split('/').collect();
        let [weekdays, from, until] = parts.as_slice() else { return Err("weekdays/from/until".into()) };
        let (first, last) = weekdays.split_once('-').unwrap_or((weekdays, weekdays));
        for weekday in first.parse::<u32>()?..=last.parse()? {
            hours.push(WorkingHours { weekday, from_min: from.parse()?, until_min: until.parse()? });
        }
    }
    hours.sort_unstable();
    Ok(hours)
}

/// "20260430:0" and the like, parted by `/`.
fn days(text: &str) -> Result<Vec<SpecialDay>, Failure> {
    let day = |text: &str| {
        let (date, as_weekday) = text.split_once(':').ok_or("date:weekday")?;
        Ok(SpecialDay { date: date.parse()?, as_weekday: as_weekday.parse()?, name: "Lễ".into() })
    };
    text.split('/').filter(|part| !part.is_empty()).map(day).collect()
}

/// "an/0/8h" for each shift.
fn shift(text: &str) -> Result<DutyShift, Failure> {
    let parts: Vec<_> = text.split('/').collect();
    let [person, from, until] = parts.as_slice() else { return Err("person/from/until".into()) };
    Ok(DutyShift { person: PersonId::new(person)?, from_ms: millis(from)?, until_ms: millis(until)? })
}

pub(super) fn put(name: &str, args: &mut Args<'_>) -> Result<Command, Failure> {
    Ok(match name {
        "put-calendar" => PutCalendar {
            calendar: Calendar {
                id: CalendarId::new(args.next("calendar")?)?,
                name: args.or("name", "Giờ hành chính").into(),
                hours: hours(args.or("hours", "1-5/480/720+1-5/780/1020"))?,
                national_holidays: args.number("holidays", false)?,
                days: days(args.or("days", ""))?,
                version: args.number("version", 0)?,
            },
        }
        .into(),
        "put-deadline-policy" => {
            let obligation = args.or("obligation", "answer");
            let kinds = super::read::list(args.or("kinds", ""), |name| {
                IncidentKind::from_name(name).ok_or_else(|| wire::Malformed::new("kinds", "no such kind"))
            })?;
            PutDeadlinePolicy {
                policy: DeadlinePolicy {
                    id: DeadlinePolicyId::new(args.next("policy")?)?,
                    name: args.or("name", "Trả lời").into(),
                    obligation: Obligation::from_name(obligation).ok_or("no such obligation")?,
                    kinds,
                    agency: args.or("agency", "").into(),
                    admin_unit: args.maybe("unit").map(AdminUnitCode::new).transpose()?,
                    calendar: args.maybe("calendar").map(CalendarId::new).transpose()?,
                    within_ms: millis(args.or("within", "5m"))?.0,
                    steps: steps(args.or("steps", "nearly_late:-60s/late:0/overdue:10m"))?,
                    disabled: args.number("disabled", false)?,
                    version: args.number("version", 0)?,
                },
            }
            .into()
        }
        "put-duty-post" => PutDutyPost {
            post: DutyPost {
                id: DutyPostId::new(args.next("post")?)?,
                name: args.or("name", "Trực ban").into(),
                above: args.maybe("above").map(DutyPostId::new).transpose()?,
                version: args.number("version", 0)?,
                shifts: args.rest().map(shift).collect::<Result<_, _>>()?,
            },
        }
        .into(),
        _ => return Err(format!("no command {name}").into()),
    })
}

/// A hash that a transcript names by a letter or two.
fn digest(text: &str) -> Digest {
    let mut bytes = [0; 32];
    for (byte, letter) in bytes.iter_mut().zip(text.bytes()) {
        *byte = letter;
    }
    Digest(bytes)
}

pub(super) fn clock_command(name: &str, args: &mut Args<'_>) -> Result<Command, Failure> {
    let clock = clock(args.next("clock")?)?;
    let version = args.number("version", 1)?;
    Ok(match name {
        "pause-clock" => PauseClock { clock, expected_version: version, reason: args.or("reason", "").into() }.into(),
        "acknowledge-clock" => AcknowledgeClock { clock, expected_version: version }.into(),
        "resume-clock" => ResumeClock { clock, expected_version: version }.into(),
        "report-progress" => ReportProgress {
            clock,
            expected_version: version,
            note: args.or("note", "Đang xử lý").into(),
            photo_sha256: match args.or("photo", "a") {
                "none" => None,
                photo => Some(digest(photo)),
            },
            promised_at_ms: millis(args.maybe("promise").ok_or("promise=")?)?,
        }
        .into(),
        "fire-deadline" => FireDeadline { clock, step: args.number("step", 0)?, version }.into(),
        _ => return Err(format!("no command {name}").into()),
    })
}

pub(super) fn instruction_command(name: &str, args: &mut Args<'_>) -> Result<Command, Failure> {
    if name == "give-instruction" {
        return Ok(GiveInstruction {
            title: args.next("title")?.into(),
            about: args.or("about", "").into(),
            incident: args.maybe("incident").map(IncidentId::new).transpose()?,
            admin_unit: AdminUnitCode::new(args.or("in-unit", "thuan-hoa"))?,
            agency: args.or("agency", "").into(),
            owner: args.maybe("owner").map(PersonId::new).transpose()?,
            due_at_ms: args.maybe("due").map(millis).transpose()?.unwrap_or_default(),
            exercise: args.number("exercise", false)?,
        }
        .into());
    }
    let instruction = InstructionId::new(args.next("instruction")?)?;
    let expected_version = args.number("version", 1)?;
    Ok(match name {
        "take-instruction" => TakeInstruction { instruction, expected_version }.into(),
        "finish-instruction" => {
            FinishInstruction { instruction, expected_version, note: args.or("note", "").into() }.into()
        }
        "confirm-instruction" => ConfirmInstruction { instruction, expected_version }.into(),
        "cancel-instruction" => {
            CancelInstruction { instruction, expected_version, reason: args.or("reason", "").into() }.into()
        }
        "reopen-instruction" => ReopenInstruction {
            instruction,
            expected_version,
            reason: args.or("reason", "").into(),
            due_at_ms: args.maybe("due").map(millis).transpose()?.unwrap_or_default(),
        }
        .into(),
        _ => return Err(format!("no command {name}").into()),
    })
}
