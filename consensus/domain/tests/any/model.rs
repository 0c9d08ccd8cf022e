//! Any command about models. Two names, three versions, and texts that come again.

use domain::*;
use proptest::{prelude::*, sample::select, strategy::BoxedStrategy};

use super::{district_id, incident_id, kind, make, severity, text, version};

fn model() -> impl Strategy<Value = ModelName> + Clone {
    select(&["triage", "same", "load"][..]).prop_map(|text| ModelName::new(text).unwrap())
}

fn model_version() -> impl Strategy<Value = VersionName> + Clone {
    select(&["v1", "v2", "v3"][..]).prop_map(|text| VersionName::new(text).unwrap())
}

fn digest() -> impl Strategy<Value = Digest> + Clone {
    (0u8..4).prop_map(|byte| Digest([byte; 32]))
}

/// Mostly 0 to 1.
fn part() -> impl Strategy<Value = Micro> + Clone {
    prop_oneof![9 => 0i64..=1_000_000, 1 => any::<i64>()].prop_map(Micro)
}

fn advice() -> impl Strategy<Value = Advice> + Clone {
    let sort = prop_oneof![
        3 => (prop::option::of(kind()), prop::option::of(severity())).prop_map(|(kind, severity)| (kind, severity, None)),
        1 => incident_id().prop_map(|other| (None, None, Some(other))),
    ];
    let needs = prop::collection::vec(select(Need::ALL), 0..2);
    let reasons = prop::collection::vec(select(&["boat", "nước", "a\tb"][..]).prop_map(str::to_owned), 0..2);
    (part(), sort, needs, 0u32..4, 0u32..2, part(), reasons).prop_map(
        |(confidence_micro, (kind, severity, duplicate_of), needs, people, vulnerable, no_emergency_micro, reasons)| {
            Advice {
                confidence_micro,
                kind,
                severity,
                needs,
                people,
                vulnerable,
                no_emergency_micro,
                duplicate_of,
                reasons,
            }
        },
    )
}

/// Figures and shares of one version, which are the same whenever it is registered.
fn quality(version: &VersionName) -> (Vec<Figure>, Vec<KindShare>) {
    let figure = Figure { name: version.to_string(), value_micro: Micro(870_000) };
    (vec![figure], vec![KindShare { kind: IncidentKind::Flood, share_micro: Micro(1_000_000) }])
}

/// A model of each kind that speaks in the command group, active in one version, and one with a shadow.
pub(super) fn in_use() -> Vec<Command> {
    let uses = [
        ("triage", "v1", ModelKind::Triage, ModelMode::Active),
        ("triage", "v2", ModelKind::Triage, ModelMode::Shadow),
        ("same", "v1", ModelKind::Duplicate, ModelMode::Active),
        ("load", "v1", ModelKind::Load, ModelMode::Active),
    ];
    let uses = uses.map(|(name, version, kind, mode)| {
        let (name, version) = (ModelName::new(name).unwrap(), VersionName::new(version).unwrap());
        let (quality, shares) = quality(&version);
        let (sha256, data) = (Digest([1; 32]), "Nước lên".to_owned());
        let register =
            RegisterModel { name: name.clone(), version: version.clone(), kind, sha256, data, quality, shares };
        [register.into(), RollOutModel { name, version, mode }.into()]
    });
    uses.into_iter().flatten().collect()
}

pub(super) fn command_of_model() -> BoxedStrategy<Command> {
    let register = (model(), model_version(), select(ModelKind::ALL), digest(), text(), any::<bool>()).prop_map(
        |(name, version, kind, sha256, data, is_of_name)| {
            let (quality, shares) = quality(&version);
            // Mostly what the name says, or nothing would ever be suggested.
            let own = match name.as_str() {
                "triage" => ModelKind::Triage,
                "load" => ModelKind::Load,
                _ => ModelKind::Duplicate,
            };
            let kind = if is_of_name { own } else { kind };
            Command::from(RegisterModel { name, version, kind, sha256, data, quality, shares })
        },
    );
    let decide = make!(DecideSuggestion {
        incident: incident_id(),
        expected_version: version(),
        suggestion: 1u32..5,
        decision: select(SuggestionDecision::ALL),
        kind: prop::option::of(kind()),
        severity: prop::option::of(severity()),
        duplicate_of: prop::option::weighted(0.2, incident_id()),
    });
    let suggest = make!(Suggest {
        incident: incident_id(),
        model: model(),
        model_version: model_version(),
        input_sha256: digest(),
        input_bytes: 0u32..9,
        advice: advice(),
    });
    let notice = (model(), model_version(), select(LoadSide::ALL), 0u32..9, 0u32..9, 0u32..9).prop_map(
        |(model, model_version, side, count, low, high)| LoadNotice {
            model,
            model_version,
            side,
            count,
            low,
            high,
            day_at_ms: Millis(1),
            reported_at_ms: Millis(7),
        },
    );
    let load = make!(ReportLoad { district: district_id(), notice: prop::option::weighted(0.7, notice) });
    prop_oneof![
        3 => load,
        4 => register,
        4 => make!(RollOutModel { name: model(), version: model_version(), mode: select(ModelMode::ALL) }),
        2 => make!(RollBackModel { name: model(), mode: select(ModelMode::ALL), version: model_version() }),
        2 => make!(SwitchModel { name: model(), on: prop::bool::weighted(0.8), reason: text() }),
        1 => make!(ReportSilence { model: model(), model_version: model_version(), late: 0u32..3, failed: 0u32..3 }),
        8 => suggest,
        6 => decide,
    ]
    .boxed()
}

/// Makes a command about models fit the state that it meets.
pub(super) fn aim(command: &mut Command, state: &State) {
    let pending = |incident: &IncidentId| {
        let incident = state.incidents().get(incident)?;
        incident.suggestions.iter().find(|it| it.is_pending() && !it.shadow)
    };
    match command {
        Command::RollBackModel(command) => {
            let model = state.models().get(&command.name);
            let version = model.and_then(|model| match command.mode {
                ModelMode::Active => model.active.clone(),
                ModelMode::Shadow => model.shadow.clone(),
            });
            command.version = version.unwrap_or_else(|| command.version.clone());
        }
        Command::Suggest(command) => {
            // Asked by turns, as active and as a shadow.
            let model = state.models().get(&command.model);
            let asked: Vec<_> = model.into_iter().flat_map(Model::asked).collect();
            if let Some(version) = asked.get(command.input_bytes as usize % asked.len().max(1)) {
                command.model_version = (*version).clone();
            }
            command.advice.confidence_micro.0 = command.advice.confidence_micro.0.clamp(0, 1_000_000);
            command.advice.no_emergency_micro = Micro(0);
            command.advice.vulnerable = command.advice.vulnerable.min(command.advice.people);
            command.advice.reasons.retain(|reason| reason != "a\tb");
        }
        Command::ReportLoad(command) => {
            let Some(notice) = &mut command.notice else { return };
            notice.model = ModelName::new("load").unwrap();
            let active = state.models().get(&notice.model).and_then(|model| model.active.clone());
            notice.model_version = active.unwrap_or_else(|| notice.model_version.clone());
            let mut counts = [notice.count, notice.low, notice.high];
            counts.sort_unstable();
            [notice.low, notice.high, notice.count] = counts;
            notice.count += 1;
            notice.side = LoadSide::Above;
        }
        Command::DecideSuggestion(command) => {
            command.expected_version = state.incidents().get(&command.incident).map_or(1, |it| it.version);
            let Some(suggestion) = pending(&command.incident) else { return };
            command.suggestion = suggestion.number;
            if command.decision != SuggestionDecision::Overridden {
                (command.kind, command.severity, command.duplicate_of) = (None, None, None);
            } else if suggestion.advice.duplicate_of.is_none() {
                command.duplicate_of = None;
            }
        }
        _ => {}
    }
}
