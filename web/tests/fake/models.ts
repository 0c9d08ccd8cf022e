// Models on the fake node: a register with two versions, suggestions on three incidents, and what becomes of the answers.
import { create } from '@bufbuild/protobuf';
import { EventKind, type Event } from '../../src/gen/trongdong/v1/event_pb';
import { IncidentKind, IncidentStatus, SuggestionSchema, SuggestionStatus, type Incident, type Suggestion } from '../../src/gen/trongdong/v1/incident_pb';
import { ModelKind, ModelSchema, TallySchema, type Model, type Tally } from '../../src/gen/trongdong/v1/model_pb';
import type { Scene } from './scene';

/** What came of a command: an answer, and the events that tell it. */
export interface Decided {
  status: number;
  body: unknown;
  events: { kind: EventKind; subject: Event['subject']; note: string }[];
}
type Input = Record<string, unknown>;

const BINS = 10;
const SEVERITY = ['', 'info', 'low', 'medium', 'high', 'critical'];
const micro = (value: number) => BigInt(Math.round(value * 1e6));
const kindNumber = (name: unknown): IncidentKind =>
  name === undefined ? 0 : (IncidentKind[String(name).toUpperCase() as keyof typeof IncidentKind] ?? 0);

export interface Models {
  models: Map<string, Model>;
  tallies: Map<string, Tally>;
  /** As in a heartbeat. */
  silent(): { name: string; cause: string }[];
  /** Takes a command, if it is about models. */
  decide(path: string, input: Input, by: string): Decided | undefined;
}

/** Puts models and their suggestions into the scene. */
export function startModels(scene: Scene, nowMs: number): Models {
  const models = new Map<string, Model>();
  const tallies = new Map<string, Tally>();
  const key = (model: string, version: string) => `${model}/${version}`;
  const newTally = (model: string, version: string, more: object = {}) =>
    tallies.set(key(model, version), create(TallySchema, { model, version, bins: Array.from({ length: BINS }, () => ({})), ...more } as never));

  const version = (name: string, f1: number, shares: object[] = []) => ({
    version: name, sha256: new Uint8Array(32).fill(name.length), data: 'bộ tin tự viết, hạt giống 1; đo trên 800 tin viết tay',
    quality: [{ name: 'kind_macro_f1', valueMicro: micro(f1) }], shares, registeredAtMs: BigInt(nowMs - 86_400_000), registeredBy: 'admin',
  });
  const shares = [
    { kind: IncidentKind.FLOOD, shareMicro: micro(0.45) }, { kind: IncidentKind.MEDICAL, shareMicro: micro(0.2) },
    { kind: IncidentKind.FIRE, shareMicro: micro(0.2) }, { kind: IncidentKind.INFRASTRUCTURE, shareMicro: micro(0.15) },
  ];
  models.set('triage', create(ModelSchema, { name: 'triage', kind: ModelKind.TRIAGE, on: true, versions: [version('v1', 0.84, shares), version('v2', 0.87, shares)], active: 'v1', shadow: 'v2', revision: 4n } as never));
  models.set('same', create(ModelSchema, { name: 'same', kind: ModelKind.DUPLICATE, on: true, versions: [version('v1', 0.9)], active: 'v1', revision: 2n } as never));
  const bins = Array.from({ length: BINS }, (_, at) => ({ decided: BigInt(at * 3), accepted: BigInt(Math.round(at * at * 0.3)) }));
  const sum = (of: 'decided' | 'accepted') => bins.reduce((all, bin) => all + bin[of], 0n);
  newTally('triage', 'v1', {
    suggested: 160n, accepted: sum('accepted'), overridden: sum('decided') - sum('accepted'), bins,
    kinds: [{ kind: IncidentKind.FLOOD, count: 90n }, { kind: IncidentKind.FIRE, count: 40n }, { kind: IncidentKind.INFRASTRUCTURE, count: 30n }],
  });
  newTally('triage', 'v2', { suggested: 12n });
  newTally('same', 'v1', { suggested: 3n });

  const suggest = (id: string, number: number, model: string, confidence: number, advice: object): void => {
    const incident = scene.incidents.get(id);
    incident?.suggestions.push(create(SuggestionSchema, {
      number, model, modelVersion: 'v1', inputSha256: new Uint8Array(32), inputBytes: incident.summary.length,
      status: SuggestionStatus.PENDING, suggestedAtMs: BigInt(nowMs - 20_000), advice: { confidenceMicro: micro(confidence), ...advice },
    } as never));
  };
  suggest('I4817', 1, 'triage', 0.91, { kind: IncidentKind.MEDICAL, severity: 4, reasons: ['tai nạn', 'xe khách'] });
  suggest('I4815', 1, 'triage', 0.62, { kind: IncidentKind.INFRASTRUCTURE, severity: 4, needs: [1], people: 4, vulnerable: 1, reasons: ['lũ quét'] });
  suggest('I4816', 1, 'same', 0.71, { duplicateOf: 'I4820' });

  function counted({ model, modelVersion, advice }: Suggestion, status: SuggestionStatus): Decided['events'] {
    const tally = tallies.get(key(model, modelVersion));
    if (tally === undefined) return [];
    if (status === SuggestionStatus.ACCEPTED) tally.accepted += 1n;
    if (status === SuggestionStatus.OVERRIDDEN) tally.overridden += 1n;
    if (status === SuggestionStatus.DISMISSED) tally.dismissed += 1n;
    const bin = tally.bins[Math.min(BINS - 1, Math.floor((Number(advice?.confidenceMicro ?? 0n) / 1e6) * BINS))];
    if (bin !== undefined) {
      bin.decided += 1n;
      if (status === SuggestionStatus.ACCEPTED) bin.accepted += 1n;
    }
    return [{ kind: EventKind.MODEL_TALLIED, subject: { case: 'tally', value: tally }, note: '' }];
  }

  const refuse = (status: number, code: string, field: string, message: string): Decided => ({ status, body: { code, field, message }, events: [] });

  function answer(incident: Incident, number: number, input: Input, by: string): Decided {
    const suggestion = incident.suggestions.find((known) => known.number === number);
    if (suggestion === undefined) return refuse(404, 'not_found', 'suggestion', 'Không có gợi ý này.');
    if (suggestion.status !== SuggestionStatus.PENDING) return refuse(409, 'wrong_status', 'suggestion', 'Gợi ý này đã được quyết.');
    const decision = String(input['decision']);
    if (decision !== 'dismissed' && Number(input['expected_version']) !== Number(incident.version)) {
      return refuse(409, 'version_conflict', 'expected_version', 'Sự cố vừa được người khác sửa, hãy xem lại.');
    }
    const status = { accepted: SuggestionStatus.ACCEPTED, overridden: SuggestionStatus.OVERRIDDEN, dismissed: SuggestionStatus.DISMISSED }[decision];
    if (status === undefined) return refuse(422, 'invalid', 'decision', 'Chọn nhận, sửa hoặc bỏ.');
    const chosen = { chosenKind: kindNumber(input['kind']), chosenSeverity: Math.max(0, SEVERITY.indexOf(String(input['severity'] ?? ''))), chosenDuplicateOf: String(input['duplicate_of'] ?? '') };
    const advice = suggestion.advice!;
    if (status === SuggestionStatus.OVERRIDDEN && chosen.chosenKind === advice.kind && chosen.chosenSeverity === advice.severity && chosen.chosenDuplicateOf === advice.duplicateOf) {
      return refuse(422, 'invalid', 'decision', 'Giống điều mô hình gợi ý: hãy nhận.');
    }
    Object.assign(suggestion, { status, decidedBy: by, decidedAtMs: BigInt(Date.now()), ...chosen });
    if (status !== SuggestionStatus.DISMISSED) {
      incident.version += 1n;
      const of = status === SuggestionStatus.ACCEPTED ? advice : { kind: chosen.chosenKind, severity: chosen.chosenSeverity, duplicateOf: chosen.chosenDuplicateOf };
      if (of.duplicateOf !== '') Object.assign(incident, { status: IncidentStatus.MERGED, mergedInto: of.duplicateOf });
      if (of.kind !== 0) incident.kind = of.kind;
      if (of.severity !== 0) incident.severity = of.severity;
    }
    const note = `${suggestion.model} ${suggestion.modelVersion}: ${decision}`;
    const events = [{ kind: EventKind.INCIDENT_SUGGESTION_DECIDED, subject: { case: 'incident' as const, value: incident }, note }, ...counted(suggestion, status)];
    return { status: 200, body: { entity: incident.id, version: Number(incident.version) }, events };
  }

  function run(name: string, verb: string, input: Input, by: string): Decided {
    const model = models.get(name);
    if (model === undefined) return refuse(404, 'not_found', 'name', 'Không có mô hình này.');
    const of = String(input['version'] ?? '');
    const mode = String(input['mode'] ?? '') as 'active' | 'shadow';
    let kind = EventKind.MODEL_ROLLED_OUT;
    if (verb === 'switch') {
      kind = EventKind.MODEL_SWITCHED;
      Object.assign(model, { on: Boolean(input['on']), switchReason: String(input['reason']), switchedBy: by, switchedAtMs: BigInt(Date.now()) });
    } else if (verb === 'roll-back') {
      kind = EventKind.MODEL_ROLLED_BACK;
      if (mode === 'shadow') model.shadow = '';
      else model.active = model.former.pop() ?? '';
    } else if (mode === 'shadow') model.shadow = of;
    else {
      if (model.active !== '') model.former.push(model.active);
      model.active = of;
      if (model.shadow === of) model.shadow = '';
    }
    model.revision += 1n;
    return { status: 200, body: { entity: name, version: Number(model.revision) }, events: [{ kind, subject: { case: 'model', value: model }, note: '' }] };
  }

  function register(input: Input, by: string): Decided {
    const [name, of] = [String(input['name']), String(input['version'])];
    const kind = ModelKind[String(input['kind']).toUpperCase() as keyof typeof ModelKind];
    const model = models.get(name) ?? create(ModelSchema, { name, kind, on: true });
    if (model.versions.some((known) => known.version === of)) return refuse(409, 'exists', 'version', 'Phiên bản này đã có.');
    const quality = (input['quality'] as { name: string; value_micro: number }[]).map((figure) => ({ name: figure.name, valueMicro: BigInt(figure.value_micro) }));
    const more = create(ModelSchema, { versions: [{ ...version(of, 0), data: String(input['data']), quality, registeredBy: by, registeredAtMs: BigInt(Date.now()) }] } as never);
    model.versions.push(...more.versions);
    model.revision += 1n;
    models.set(name, model);
    newTally(name, of);
    const tally = tallies.get(key(name, of))!;
    return {
      status: 200, body: { entity: name, version: Number(model.revision) },
      events: [
        { kind: EventKind.MODEL_REGISTERED, subject: { case: 'model', value: model }, note: of },
        { kind: EventKind.MODEL_TALLIED, subject: { case: 'tally', value: tally }, note: '' },
      ],
    };
  }

  return {
    models,
    tallies,
    silent: () =>
      [...models.values()].flatMap((model) => {
        if (model.active === '') return [];
        if (!model.on) return [{ name: model.name, cause: 'off' }];
        return tallies.get(key(model.name, model.active))?.silent === true ? [{ name: model.name, cause: 'silent' }] : [];
      }),
    decide(path, input, by) {
      const suggestion = /^\/api\/incidents\/([^/]+)\/suggestions\/(\d+)$/.exec(path);
      if (suggestion) {
        const incident = scene.incidents.get(suggestion[1]!);
        return incident === undefined ? refuse(404, 'not_found', 'incident', 'Không có sự cố này.') : answer(incident, Number(suggestion[2]), input, by);
      }
      if (path === '/api/models') return register(input, by);
      const model = /^\/api\/models\/([^/]+)\/(roll-out|roll-back|switch)$/.exec(path);
      return model ? run(model[1]!, model[2]!, input, by) : undefined;
    },
  };
}
