// A command that a district centre's node keeps while its line to the province is cut. It comes over no line: a page that
// hears of some asks for the list. Pure.
import { logPlaceOf, type LogPlace } from './log-place';
import type { Refusal } from './refusal';

/** Waiting goes out by itself; sign-in needs its person to sign in once the line stands. */
export type KeptState = 'waiting' | 'sign-in' | 'committed' | 'rejected';

export interface Kept {
  /** In the order in which things were entered. */
  place: number;
  /** What it is about, as the screens name it: "incident/I12"; empty: something new. */
  target: string;
  /** What was ordered: "incidents/note". */
  what: string;
  /** What was written with it; may be empty. */
  text: string;
  enteredAtMs: number;
  state: KeptState;
  /** It was sent, and nobody knows yet what became of it. */
  unsure: boolean;
  /** Of what is committed; else 0. */
  version: number;
  /** Of what is committed: where the log has it, if the province said. */
  log?: LogPlace | undefined;
  /** Of what is rejected. */
  reason: Refusal;
}

export interface KeptWire {
  place: number;
  path: string;
  body: { [key: string]: unknown } | null;
  entered_at_ms: number;
  state: string;
  unsure: boolean;
  version?: number;
  log?: unknown;
  code?: string;
  field?: string;
  message?: string;
}

export interface KeptListWire {
  items: KeptWire[];
  damaged: number[];
}

const text = (value: unknown) => (typeof value === 'string' ? value : '');

/** What a request is about, and what it orders, by its path and body. */
export function aboutOf(path: string, body: KeptWire['body']): { target: string; what: string } {
  const [noun = '', id = '', ...verb] = path.replace(/^\/api\//, '').replace(/\?.*$/, '').split('/').map(decodeURIComponent);
  // What is in service is of the device, whatever condition of it.
  if (noun === 'alarms' && /-service$/.test(id)) return { target: `device/${text(body?.['entity'])}`, what: `alarms/${id}` };
  if (noun === 'alarms') return { target: `alarm/${text(body?.['entity'])}/${text(body?.['condition'])}`, what: `alarms/${id}` };
  if (noun === 'clocks') return { target: '', what: `clocks/${id}` };
  if (id === '') return { target: '', what: noun };
  // Suggestions carry their number.
  const act = verb.filter((part) => !/^\d+$/.test(part)).join('/');
  return { target: `${noun.replace(/s$/, '')}/${id}`, what: `${noun}/${act}` };
}

/** A kept command as the screens have it. */
export function keptOf(wire: KeptWire): Kept {
  const { body } = wire;
  const written = ['summary', 'note', 'reason', 'answer', 'text', 'title', 'status'].map((name) => text(body?.[name]));
  return {
    place: wire.place,
    ...aboutOf(wire.path, body),
    text: written.find((it) => it !== '') ?? '',
    enteredAtMs: wire.entered_at_ms,
    state: wire.state === 'sign_in' ? 'sign-in' : (['waiting', 'committed'].find((it) => it === wire.state) as KeptState | undefined) ?? 'rejected',
    unsure: wire.unsure,
    version: wire.version ?? 0,
    log: logPlaceOf(wire.log),
    reason: { code: wire.code ?? '', field: wire.field ?? '', message: wire.message ?? '' },
  };
}

/** Whether the province has yet to answer. */
export const isUnsent = ({ state }: Kept): boolean => state === 'waiting' || state === 'sign-in';
