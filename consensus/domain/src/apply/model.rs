//! The register of models: which versions there are, which one gives advice, which one is compared, and the switch.
//!
//! | command | from | to |
//! |---|---|---|
//! | register | – | known, neither active nor shadow |
//! | roll out, active | another version or none is active | active; the one before is the last of the former |
//! | roll out, shadow | not active | shadow, in place of the one before |
//! | roll back, active | active, with a former one | the last of the former is active |
//! | roll back, shadow | shadow | no shadow |
//! | switch | on, off | off, on; the versions stay as they are |

use super::{Outcome, Work, accepted, valid};
use crate::{
    EventKind, Millis, Model, ModelMode, ModelName, ModelVersion, Refusal, RefusalCode, RegisterModel, ReportSilence,
    RollBackModel, RollOutModel, SwitchModel, Tally, VersionName, limits, stored::Touched,
};

pub(super) fn register(work: &mut Work<'_>, command: &RegisterModel) -> Outcome {
    valid::text("data", &command.data)?;
    valid::within("quality", command.quality.len(), limits::MODEL_FIGURES_MAX)?;
    for figure in &command.quality {
        valid::name("quality.name", &figure.name)?;
    }
    valid::distinct("quality.name", command.quality.iter().map(|figure| &figure.name))?;
    valid::distinct("shares.kind", command.shares.iter().map(|share| share.kind))?;
    for share in &command.shares {
        valid::probability("shares.share_micro", share.share_micro)?;
    }
    let former = work.state.models.get(&command.name);
    valid::within("name", work.state.models.len() + usize::from(former.is_none()), limits::MODELS_MAX)?;
    let version = ModelVersion {
        version: command.version.clone(),
        sha256: command.sha256,
        data: command.data.clone(),
        quality: command.quality.clone(),
        shares: command.shares.clone(),
        registered_at_ms: work.now,
        registered_by: work.by(),
    };
    let mut model = former.cloned().unwrap_or_else(|| new(command));
    if model.kind != command.kind {
        return Err(exists("kind", format!("{} is registered for {}: choose another name", model.name, model.kind)));
    }
    if let Some(known) = model.version(&command.version) {
        let is_same = ModelVersion { registered_at_ms: Millis(0), registered_by: None, ..known.clone() }
            == ModelVersion { registered_at_ms: Millis(0), registered_by: None, ..version };
        let message = "is registered with another hash, data or quality: choose another version";
        return if is_same { Ok(accepted(&model.name, model.revision)) } else { Err(exists("version", message)) };
    }
    make_room(work, &mut model)?;
    model.versions.push(version);
    let tally = Tally::new(command.name.clone(), command.version.clone());
    let outcome = keep(work, model, EventKind::ModelRegistered, command.version.as_str());
    keep_tally(work, tally);
    Ok(outcome)
}

fn new(command: &RegisterModel) -> Model {
    Model {
        name: command.name.clone(),
        kind: command.kind,
        on: true,
        switch_reason: String::new(),
        switched_at_ms: Millis(0),
        switched_by: None,
        versions: Vec::new(),
        active: None,
        shadow: None,
        former: Vec::new(),
        revision: 0,
    }
}

/// At the bound of versions the oldest one leaves that is not in use and cannot be rolled back to, and its tally with it.
fn make_room(work: &mut Work<'_>, model: &mut Model) -> Result<(), Refusal> {
    if model.versions.len() < limits::MODEL_VERSIONS_MAX {
        return Ok(());
    }
    let is_free =
        |known: &ModelVersion| model.mode_of(&known.version).is_none() && !model.former.contains(&known.version);
    let at = model.versions.iter().position(is_free);
    valid::within("version", model.versions.len() + usize::from(at.is_none()), limits::MODEL_VERSIONS_MAX)?;
    if let Some(at) = at {
        let left = model.versions.remove(at).version;
        work.state.tallies.remove(&(model.name.clone(), left.clone()));
        work.touch(Touched::Tally(model.name.clone(), left));
    }
    Ok(())
}

pub(super) fn roll_out(work: &mut Work<'_>, command: &RollOutModel) -> Outcome {
    let mut model = find(work, "name", &command.name)?;
    let version = &command.version;
    if model.version(version).is_none() {
        return Err(valid::not_found("version", version));
    }
    if model.mode_of(version) == Some(command.mode) {
        return Ok(accepted(&model.name, model.revision));
    }
    match command.mode {
        ModelMode::Shadow => {
            if model.active.as_ref() == Some(version) {
                return Err(valid::wrong_status("version", "it is active: name another one as the shadow"));
            }
            model.shadow = Some(version.clone());
        }
        ModelMode::Active => {
            model.shadow.take_if(|shadow| shadow == version);
            if let Some(former) = model.active.replace(version.clone()) {
                model.former.push(former);
                let over = model.former.len().saturating_sub(limits::MODEL_FORMER_MAX);
                model.former.drain(..over);
            }
        }
    }
    let note = format!("{version} {}", command.mode);
    Ok(keep(work, model, EventKind::ModelRolledOut, &note))
}

pub(super) fn roll_back(work: &mut Work<'_>, command: &RollBackModel) -> Outcome {
    let mut model = find(work, "name", &command.name)?;
    if model.mode_of(&command.version) != Some(command.mode) {
        let message = format!("{} is not {} any more: look, then decide anew", command.version, command.mode);
        return Err(valid::version_conflict("version", message));
    }
    match command.mode {
        ModelMode::Shadow => model.shadow = None,
        ModelMode::Active => {
            let Some(former) = model.former.pop() else {
                let message = "nothing was active before it: roll out another version, or switch the model off";
                return Err(valid::wrong_status("version", message));
            };
            model.shadow.take_if(|shadow| *shadow == former);
            model.active = Some(former);
        }
    }
    let note = format!("{} {}", command.version, command.mode);
    Ok(keep(work, model, EventKind::ModelRolledBack, &note))
}

pub(super) fn switch(work: &mut Work<'_>, command: &SwitchModel) -> Outcome {
    valid::text("reason", &command.reason)?;
    let mut model = find(work, "name", &command.name)?;
    if model.on == command.on {
        return Ok(accepted(&model.name, model.revision));
    }
    model.on = command.on;
    model.switch_reason.clone_from(&command.reason);
    model.switched_at_ms = work.now;
    model.switched_by = work.by();
    Ok(keep(work, model, EventKind::ModelSwitched, &command.reason))
}

pub(super) fn report_silence(work: &mut Work<'_>, command: &ReportSilence) -> Outcome {
    let key = (command.model.clone(), command.model_version.clone());
    let mut tally = work.state.tallies.get(&key).cloned();
    let tally = tally.as_mut().ok_or_else(|| valid::not_found("model_version", &command.model_version))?;
    let is_silent = command.late > 0 || command.failed > 0;
    if !is_silent && !tally.silent {
        return Ok(accepted(&command.model, 0));
    }
    tally.late = tally.late.saturating_add(command.late.into());
    tally.failed = tally.failed.saturating_add(command.failed.into());
    tally.silent = is_silent;
    keep_tally(work, tally.clone());
    Ok(accepted(&command.model, 0))
}

/// Changes the tally of a version, if that version is still registered.
pub(super) fn tally(work: &mut Work<'_>, model: &ModelName, version: &VersionName, change: impl FnOnce(&mut Tally)) {
    let Some(mut tally) = work.state.tallies.get(&(model.clone(), version.clone())).cloned() else { return };
    change(&mut tally);
    keep_tally(work, tally);
}

pub(super) fn find(work: &Work<'_>, field: &str, name: &ModelName) -> Result<Model, Refusal> {
    work.state.models.get(name).cloned().ok_or_else(|| valid::not_found(field, name))
}

fn exists(field: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::Exists, field, message)
}

fn keep(work: &mut Work<'_>, mut model: Model, kind: EventKind, note: &str) -> crate::Accepted {
    model.revision += 1;
    let outcome = accepted(&model.name, model.revision);
    work.touch(Touched::Model(model.name.clone()));
    work.emit(kind, note, Some(model.clone().into()));
    work.state.models.insert(model.name.clone(), model);
    outcome
}

fn keep_tally(work: &mut Work<'_>, tally: Tally) {
    let key = (tally.model.clone(), tally.version.clone());
    work.touch(Touched::Tally(key.0.clone(), key.1.clone()));
    work.emit(EventKind::ModelTallied, "", Some(tally.clone().into()));
    work.state.tallies.insert(key, tally);
}
