// The agent's desk at work: whose call the form is about, what is written of it and where that is kept, who calls, and what became of it.
import { backoffMs } from '../link/backoff';
import { dropDraft, keepDraft, readCaller } from '../link/calls';
import { Refused, type Session } from '../link/api';
import { explainBy } from '../link/reason';
import { deskOf, type Call } from '../nouns/call';
import type { Caller } from '../nouns/caller';
import { emptyDraft, isWritten, type Draft } from '../nouns/draft';
import type { Incident } from '../nouns/incident';
import type { RuleAdvice } from '../nouns/triage';
import { saveForm } from './call-orders';
import { MachineDrafts } from './draft-store';
import { Drafts } from './drafts';
import { picture } from './picture.svelte';

/** Pause in typing after which the centre is given the draft. */
const SYNC_MS = 400;
/** The caller is asked for again after a failure. */
const ASK_AGAIN_MS = 1_000;
/** Pops kept for measurement. */
const POPS_MAX = 2_000;

/** How long a pop took, from the time of its event, milliseconds: until the number was painted, and until history and all were. */
export interface Pop {
  call: string;
  shownMs: number;
  /** Undefined: not yet. */
  wholeMs: number | undefined;
}

declare global {
  interface Window {
    /** Pops of this page, for measurement. */
    __pops?: Pop[];
  }
}

/** Where a form went. */
export interface Saved {
  call: string;
  incident: string;
  /** What the caller follows it by; empty: there is none. */
  code: string;
  /** It joined an incident that was there. */
  joined: boolean;
}

class Console {
  /** The form in hand. */
  draft = $state.raw<Draft>(emptyDraft(''));
  /** Begun and not saved, other than the one in hand. */
  others = $state.raw<readonly Draft[]>([]);
  /** Which draft the centre has: its number. */
  keptSeq = $state(0);
  /** False: this machine keeps nothing. */
  isKept = $state(true);
  saved = $state.raw<Saved | undefined>(undefined);
  caller = $state.raw<Caller | undefined>(undefined);
  callerFailed = $state(false);
  pops: Pop[] = [];

  private drafts = new Drafts(new MachineDrafts(undefined, undefined), '');
  private asked = '';
  private askTimer: ReturnType<typeof setTimeout> | undefined;
  private syncTimer: ReturnType<typeof setTimeout> | undefined;
  private syncing = false;
  private attempt = 0;

  /** Takes up what this person left on the machine; gives back what stops it. */
  start(session: Session, store: MachineDrafts): () => void {
    this.drafts = new Drafts(store, session.person);
    store.watch(() => this.show());
    this.turnTo('');
    window.__pops = this.pops;
    // Whatever is looked at or done during a call is because of it: nobody types that.
    explainBy(() => {
      const { current } = deskOf(picture.calls, picture.agents.get(session.person));
      return current === undefined ? '' : `call/${current.id}`;
    });
    return () => {
      explainBy(() => '');
      store.watch(() => {});
      clearTimeout(this.askTimer);
      clearTimeout(this.syncTimer);
      this.asked = '';
      this.caller = undefined;
      this.saved = undefined;
      // Whoever signs in next does not see it, but it stays on the machine for who wrote it.
      this.draft = emptyDraft('');
      this.others = [];
    };
  }

  /** The form of another call, as far as it was written. */
  turnTo(call: string): void {
    if (this.draft.call !== call) this.keptSeq = 0;
    this.draft = this.drafts.of(call);
    this.saved = undefined;
    this.show();
    if (call !== '' && isWritten(this.draft)) this.sync();
  }

  /** A change of the form: kept here at once, and by the centre a moment later. */
  write(more: Partial<Omit<Draft, 'call' | 'seq'>>): void {
    this.draft = this.drafts.keep({ ...this.draft, ...more }, Date.now());
    this.show();
    if (this.draft.call !== '') this.sync();
  }

  /** Throws away what was written. */
  drop(call: string): void {
    const { seq } = this.drafts.of(call);
    this.drafts.drop(call);
    if (call !== '') void dropDraft(call, seq + 1).catch(() => {});
    if (call === this.draft.call) this.turnTo(call);
    else this.show();
  }

  /** Asks who calls; the answer is shown as long as it is about this call. */
  ask(call: Call | undefined): void {
    const id = call?.id ?? '';
    if (id === this.asked) return;
    this.asked = id;
    clearTimeout(this.askTimer);
    if (this.caller?.call !== id) this.caller = undefined;
    this.callerFailed = false;
    if (id !== '') void this.askFor(id);
  }

  /** The log has the name that the caller of this call said. */
  named(call: string, name: string): void {
    if (this.caller?.call === call) this.caller = { ...this.caller, name };
  }

  /** Saves the form; into an incident that is there, or as a new one. Undefined unless it was committed. */
  async save(contact: string, into: Incident | undefined, advice: RuleAdvice | undefined): Promise<Saved | undefined> {
    const { draft } = this;
    const done = await saveForm(draft, contact, into, advice);
    if (done === undefined) return undefined;
    const incident = into?.id ?? (draft.call === '' ? done.entity : done.incident);
    // The centre has dropped its copy in the same entry.
    this.drafts.drop(draft.call);
    const saved = { call: draft.call, incident, code: draft.call === '' ? '' : done.entity, joined: into !== undefined };
    // Whoever has turned to another call meanwhile stays there.
    if (this.draft.call === draft.call) {
      this.draft = emptyDraft(draft.call);
      this.saved = saved;
    }
    this.show();
    return saved;
  }

  /** A call's number stands on the screen, or all that is known of who calls: notes how long it took. */
  painted(call: Call, nowMs: number, whole: boolean): void {
    // The centre's clock is known to half a round trip: a few milliseconds below nothing are that.
    const ms = nowMs - call.stateAtMs;
    const pop = this.pops.find((known) => known.call === call.id);
    if (pop === undefined) this.pops.push({ call: call.id, shownMs: ms, wholeMs: whole ? ms : undefined });
    else if (whole && pop.wholeMs === undefined) pop.wholeMs = ms;
    if (this.pops.length > POPS_MAX) this.pops.shift();
  }

  private async askFor(id: string): Promise<void> {
    try {
      const caller = await readCaller(id);
      if (this.asked !== id) return;
      this.caller = caller;
      this.callerFailed = false;
      // Another desk, or this one before it died, wrote more than is kept here.
      if (caller.draft !== undefined && this.saved?.call !== id) {
        const taken = this.drafts.take(caller.draft);
        if (this.draft.call === id) this.draft = taken;
        this.show();
      }
    } catch (error) {
      if (this.asked !== id) return;
      this.callerFailed = true;
      if (!(error instanceof Refused)) this.askTimer = setTimeout(() => void this.askFor(id), ASK_AGAIN_MS);
    }
  }

  private sync(): void {
    clearTimeout(this.syncTimer);
    this.syncTimer = setTimeout(() => void this.syncNow(), SYNC_MS);
  }

  /** One draft goes at a time, always the newest; without an answer it goes again, to the next node. */
  private async syncNow(): Promise<void> {
    const { draft } = this;
    if (this.syncing || draft.call === '' || draft.seq === 0 || draft.seq === this.keptSeq) return;
    this.syncing = true;
    let againMs = 0;
    try {
      const kept = await keepDraft(draft, this.attempt);
      this.attempt = 0;
      if (this.draft.call === draft.call) this.keptSeq = kept;
    } catch (error) {
      // A refusal will not change by being asked again; no answer may.
      if (!(error instanceof Refused)) {
        this.attempt += 1;
        againMs = ASK_AGAIN_MS + backoffMs(this.attempt, Math.random());
      }
    } finally {
      this.syncing = false;
    }
    const isNewer = this.draft.call !== '' && this.draft.seq > draft.seq;
    if (againMs > 0) this.syncTimer = setTimeout(() => void this.syncNow(), againMs);
    else if (isNewer) this.sync();
  }

  private show(): void {
    this.isKept = this.drafts.isKept;
    this.others = this.drafts.written().filter(({ call }) => call !== this.draft.call);
  }
}

export const consoleDesk = new Console();
