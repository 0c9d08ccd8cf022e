//! Lines about models and what they say.

use domain::*;

use super::{
    Failure,
    read::{Args, kind, list, severity},
};

fn mode(text: &str) -> Result<ModelMode, Failure> {
    ModelMode::from_name(text).ok_or_else(|| format!("no mode {text}").into())
}

/// A hash that a transcript names by a letter or two.
fn digest(text: &str) -> Digest {
    let mut bytes = [0; 32];
    for (byte, letter) in bytes.iter_mut().zip(text.bytes()) {
        *byte = letter;
    }
    Digest(bytes)
}

/// "flood:0.4" and the like, parted by `/`.
fn parts<T>(text: &str, make: impl Fn(&str, Micro) -> Result<T, Failure>) -> Result<Vec<T>, Failure> {
    let part = |text: &str| {
        let (name, value) = text.split_once(':').ok_or("name:value")?;
        make(name, super::read::micro(value)?)
    };
    text.split('/').filter(|part| !part.is_empty()).map(part).collect()
}

/// "above/12/3/9": side, count, low, high.
fn load(args: &mut Args<'_>) -> Result<Command, Failure> {
    let district = DistrictId::new(args.next("district")?)?;
    let by = (args.or("model", "load"), args.or("by-version", "v1"));
    let notice = args.maybe("is").map(|text| -> Result<_, Failure> {
        let parts: Vec<_> = text.split('/').collect();
        let &[side, count, low, high] = parts.as_slice() else { return Err("side/count/low/high".into()) };
        Ok(LoadNotice {
            model: ModelName::new(by.0)?,
            model_version: VersionName::new(by.1)?,
            side: LoadSide::from_name(side).ok_or("no such side")?,
            count: count.parse()?,
            low: low.parse()?,
            high: high.parse()?,
            day_at_ms: Millis(1),
            reported_at_ms: Millis(0),
        })
    });
    Ok(ReportLoad { district, notice: notice.transpose()? }.into())
}

pub(super) fn command(name: &str, args: &mut Args<'_>) -> Result<Command, Failure> {
    if name == "report-load" {
        return load(args);
    }
    if matches!(name, "suggest" | "decide-suggestion") {
        return suggestion_command(name, args);
    }
    let model = ModelName::new(args.next("model")?)?;
    let mut version = || Ok::<_, Failure>(VersionName::new(args.next("version")?)?);
    Ok(match name {
        "register-model" => RegisterModel {
            name: model,
            version: version()?,
            kind: ModelKind::from_name(args.or("kind", "triage")).ok_or("no such kind of model")?,
            sha256: digest(args.or("sha256", "a")),
            data: args.or("data", "own corpus, seed 1").into(),
            quality: parts(args.or("quality", "macro_f1:0.87"), |name, value_micro| {
                Ok(Figure { name: name.into(), value_micro })
            })?,
            shares: parts(args.or("shares", ""), |name, share_micro| Ok(KindShare { kind: kind(name)?, share_micro }))?,
        }
        .into(),
        "roll-out-model" => {
            RollOutModel { name: model, version: version()?, mode: mode(args.or("mode", "active"))? }.into()
        }
        "roll-back-model" => {
            RollBackModel { name: model, version: version()?, mode: mode(args.or("mode", "active"))? }.into()
        }
        "switch-model" => {
            SwitchModel { name: model, on: args.next("on or off")? == "on", reason: args.or("reason", "").into() }
                .into()
        }
        "report-silence" => ReportSilence {
            model,
            model_version: version()?,
            late: args.number("late", 0)?,
            failed: args.number("failed", 0)?,
        }
        .into(),
        _ => return Err(format!("no command {name}").into()),
    })
}

fn suggestion_command(name: &str, args: &mut Args<'_>) -> Result<Command, Failure> {
    let incident = IncidentId::new(args.next("incident")?)?;
    let kind = args.maybe("kind").map(kind).transpose()?;
    let severity = args.maybe("severity").map(severity).transpose()?;
    let duplicate_of = args.maybe("duplicate-of").map(IncidentId::new).transpose()?;
    if name == "decide-suggestion" {
        let decision = args.next("decision")?;
        return Ok(DecideSuggestion {
            incident,
            expected_version: args.number("version", 1)?,
            suggestion: args.number("suggestion", 1)?,
            decision: SuggestionDecision::from_name(decision).ok_or("no such decision")?,
            kind,
            severity,
            duplicate_of,
        }
        .into());
    }
    let text = args.or("text", "a");
    Ok(Suggest {
        incident,
        model: ModelName::new(args.or("model", "triage"))?,
        model_version: VersionName::new(args.or("by-version", "v1"))?,
        input_sha256: digest(text),
        input_bytes: u32::try_from(text.len())?,
        advice: Advice {
            confidence_micro: args.micro("confidence", 930_000)?,
            kind,
            severity,
            needs: list(args.or("needs", ""), |need| {
                Need::from_name(need).ok_or_else(|| wire::Malformed::new("need", "no such need"))
            })?,
            people: args.number("people", 0)?,
            vulnerable: args.number("vulnerable", 0)?,
            no_emergency_micro: args.micro("no-emergency", 0)?,
            duplicate_of,
            reasons: list(args.or("reasons", ""), |reason| Ok(reason.to_owned()))?,
        },
    }
    .into())
}
