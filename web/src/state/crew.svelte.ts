// A crew's phone at work: asks what the centre knows, and sends what was tapped, one after the other.
import { backoffMs } from '../link/backoff';
import { nextSequence, originAt, preferOrigin, readOrigins, Refused, sendOnce, sessionKey, type Session } from '../link/http';
import { readCrew } from '../link/crew';
import { sendPhotoOnce } from '../link/photo';
import { explainBy } from '../link/reason';
import type { Crew } from '../nouns/crew';
import type { UnitState } from '../nouns/unit-state';
import { openKeep, type Keep } from './keep';
import { commandOf, Outbox, OUTBOX_KEY, statusNow, UNDO_MS, type Tap } from './outbox';
import { PhotoBox } from './photo-box';
import { shrunk, type Unfit } from './shrink';

/** How often the centre is asked. */
const ASK_MS = 4_000;
/** How often the outbox is looked at. */
const SEND_TICK_MS = 500;
/** A timer may be early by a clock's grain: then the tap would wait for the next look. */
const GRAIN_MS = 5;
/** Silence from which the page says that it has lost the centre. */
export const LOST_MS = 12_000;
/** One page of a phone sends; others only watch. */
const LOCK = 'trongdong.outbox';
/** What the centre said last, for a page that opens without a network. */
const CREW_KEY = 'trongdong.crew';
/** Refusals of the number and not of the tap: it is sent again under a new one. */
const NUMBER_REFUSED: readonly string[] = ['seq_reused', 'outside_window', 'unknown_session'];
/** How a page names its own node, whose word on the session counts: another host may never be shown the cookie. */
const OWN_ORIGIN = '';

class CrewPage {
  crew = $state.raw<Crew | undefined>(undefined);
  taps = $state.raw<readonly Tap[]>([]);
  /** When the centre was last heard, by this phone's clock; 0: never. */
  heardAtMs = $state(0);
  /** Nobody entered which unit this person crews. */
  noUnit = $state(false);
  /** Another page of this phone sends. */
  watchingOnly = $state(false);
  full = $state(false);
  /** Why what was chosen cannot be sent. */
  unfit = $state<Unfit | ''>('');
  /** How much of a photo that is under way has gone out, 0 to 1. */
  share = $state(0);
  /** This phone does not keep what is tapped. */
  unkept = $state(false);

  readonly waiting = $derived(this.taps.filter((tap) => tap.state === 'waiting'));
  readonly status = $derived<UnitState>(this.crew === undefined ? 'out-of-service' : statusNow(this.crew, this.taps));

  private keep: Keep | undefined;
  private outbox: Outbox | undefined;
  private session: Session | undefined;
  private ended = () => {};
  private sending = false;
  private readonly photos = new PhotoBox();
  /** Breaks off the photo that is under way: it goes again, under the same number. */
  private upload: AbortController | undefined;
  /** Log index of what was heard last; what was kept by an earlier page has none, for a restored cluster may count from lower. */
  private heardIndex = 0;
  /** Where the other nodes are was asked since the last silence. */
  private knowsNodes = false;
  private attempt = 0;
  private notBeforeMs = 0;
  /** What was asked before anybody was known to be signed in; nothing where it had no answer. */
  private ahead: Promise<{ crew: Crew; atMs: number } | undefined> | undefined;

  /** Asks while the session is still being asked for: on a slow line the order comes a round earlier. */
  askAhead(): void {
    this.ahead = readCrew().then(
      (crew) => ({ crew, atMs: Date.now() }),
      // Not signed in, or no line: it is asked again in its turn.
      () => undefined,
    );
  }

  /**
   * Works until what it gives back is called. `ended`: the session is over; what waits is kept, and sent after signing in.
   */
  start(session: Session, ended: () => void): () => void {
    this.session = session;
    this.ended = ended;
    // Whoever signs in next may crew another unit.
    this.crew = undefined;
    this.heardAtMs = 0;
    this.heardIndex = 0;
    this.knowsNodes = false;
    void openKeep([OUTBOX_KEY, CREW_KEY]).then((keep) => {
      if (this.session !== session) return;
      this.keep = keep;
      this.outbox = new Outbox(keep);
      this.showKept(session, keep);
      this.show();
      void this.ask();
    });
    let stop = () => {};
    const stopped = new Promise<void>((resolve) => (stop = resolve));
    const locks = navigator.locks as LockManager | undefined;
    void locks?.request(LOCK, { ifAvailable: true }, async (lock) => {
      this.watchingOnly = lock === null;
      if (lock !== null) await stopped;
    });
    explainBy(() => (this.crew?.order === undefined ? '' : `incident/${this.crew.order.incident}`));
    const timers = [setInterval(() => void this.ask(), ASK_MS), setInterval(() => void this.send(), SEND_TICK_MS)];
    return () => {
      timers.forEach(clearInterval);
      explainBy(() => '');
      stop();
      this.session = undefined;
    };
  }

  tapStatus(status: UnitState, reason = ''): void {
    this.add('status', status, reason);
  }

  checkIn(): void {
    this.add('check-in', this.status, '');
  }

  /** Keeps a photo of the order's incident, made small, or a video, with the taps. */
  async takePhoto(file: Blob): Promise<void> {
    const { crew } = this;
    if (crew?.order === undefined || this.watchingOnly) return;
    const photo = await shrunk(file);
    this.unfit = typeof photo === 'string' ? photo : '';
    if (typeof photo === 'string') return;
    const kept = await this.photos.add(`crew/${crew.unit}`, photo);
    this.full = kept === undefined;
    if (kept === undefined) return;
    this.unkept = !(await this.photos.isKept());
    if (!this.add('photo', this.status, '', { incident: crew.order.incident, photo: kept })) await this.photos.remove(kept);
  }

  mayday(): void {
    this.add('mayday', this.status, '');
    void this.send();
  }

  undo(id: number): void {
    const tap = this.taps.find((other) => other.id === id);
    this.outbox?.undo(id);
    const isGone = this.outbox?.all().every((other) => other.id !== id) ?? false;
    if (isGone && tap?.photo !== undefined) void this.photos.remove(tap.photo);
    this.show();
  }

  private add(kind: Tap['kind'], status: UnitState, reason: string, more: Pick<Tap, 'incident' | 'photo'> = {}): boolean {
    const { crew, outbox } = this;
    if (crew === undefined || outbox === undefined || this.watchingOnly) return false;
    const tap = { ...more, kind, unit: crew.unit, assignment: crew.assignment, status, expected: this.status, reason, tappedAtMs: Date.now() };
    const isTaken = outbox.add(tap) !== undefined;
    this.full = !isTaken && kind !== 'mayday';
    void this.keep?.settled().then((isKept) => (this.unkept = !isKept));
    // It goes as soon as it can no longer be taken back, and not at the next look.
    setTimeout(() => void this.send(), UNDO_MS + GRAIN_MS);
    this.show();
    return isTaken;
  }

  private async ask(): Promise<void> {
    if (this.session === undefined) return;
    const asked = originAt(0);
    try {
      const { crew, atMs } = await this.readNow();
      // Not before: a page that opens without a network hears of none.
      if (!this.knowsNodes) void readOrigins();
      this.knowsNodes = true;
      this.noUnit = false;
      this.take(crew, atMs);
    } catch (error) {
      if (!(error instanceof Refused) || (error.status === 401 && asked !== OWN_ORIGIN)) {
        this.knowsNodes = false;
        // Answers overlap: only the first moves on. Without any network no node is to blame.
        if (navigator.onLine && originAt(0) === asked) preferOrigin(originAt(1));
        return;
      }
      this.heardAtMs = Date.now();
      this.noUnit = error.status === 404;
      if (error.status === 401) this.ended();
    }
  }

  /** What a node says now, or said a moment ago to who asked ahead. */
  private async readNow(): Promise<{ crew: Crew; atMs: number }> {
    const ahead = await this.ahead;
    this.ahead = undefined;
    if (ahead !== undefined && Date.now() - ahead.atMs < ASK_MS) return ahead;
    return { crew: await readCrew(), atMs: Date.now() };
  }

  /** Takes what a node said. Two nodes may answer in the wrong order. */
  private take(crew: Crew, atMs = Date.now()): void {
    this.heardAtMs = atMs;
    if (crew.index < this.heardIndex) return;
    this.heardIndex = crew.index;
    this.crew = crew;
    this.keep?.setItem(CREW_KEY, JSON.stringify({ person: this.session?.person, heardAtMs: this.heardAtMs, crew }));
    this.outbox?.reconcile(crew, Date.now());
    this.show();
  }

  private async send(): Promise<void> {
    const { outbox, session } = this;
    if (outbox === undefined || session === undefined || this.watchingOnly) return;
    const tap = outbox.next(Date.now());
    if (this.sending) {
      // A photo makes way for a word.
      if (tap !== undefined && tap.kind !== 'photo') this.upload?.abort();
      return;
    }
    if (tap === undefined || (tap.kind !== 'mayday' && Date.now() < this.notBeforeMs)) return;
    this.sending = true;
    try {
      await this.sendTap(outbox, session, tap);
      this.attempt = 0;
      this.notBeforeMs = 0;
    } catch {
      // No answer: the same tap goes again under the same number.
      const madeWay = this.upload?.signal.aborted === true;
      this.notBeforeMs = madeWay ? 0 : Date.now() + backoffMs(this.attempt, Math.random());
      this.attempt += madeWay ? 0 : 1;
    } finally {
      this.upload = undefined;
      this.share = 0;
      this.sending = false;
      this.show();
    }
  }

  private async sendTap(outbox: Outbox, session: Session, tap: Tap): Promise<void> {
    const key = sessionKey(session);
    const seq = tap.seq !== 0 && tap.session === key ? tap.seq : await nextSequence(session);
    outbox.number(tap.id, seq, key);
    const { path, body } = commandOf(tap);
    const isOwn = originAt(this.attempt) === OWN_ORIGIN;
    try {
      if (tap.kind === 'photo') await this.sendPhoto(tap, path, seq);
      else await sendOnce(path, body, seq, this.attempt);
      this.heardAtMs = Date.now();
      outbox.received(tap.id, Date.now());
      if (tap.photo !== undefined) void this.photos.remove(tap.photo);
      void this.ask();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.heardAtMs = Date.now();
      if (error.status === 401 && isOwn) {
        this.ended();
      } else if (NUMBER_REFUSED.includes(error.code)) {
        outbox.number(tap.id, 0, '');
      } else if (error.status === 429 || error.status === 401) {
        throw error;
      } else {
        // It may be refused because it was applied under a number of an earlier session: the centre's own picture decides.
        this.take(await readCrew());
        const isOpen = outbox.waiting().some((other) => other.id === tap.id);
        if (isOpen) outbox.refused(tap.id, Date.now(), error.code, error.message);
        if (tap.photo !== undefined) void this.photos.remove(tap.photo);
      }
    }
  }

  private async sendPhoto(tap: Tap, path: string, seq: number): Promise<void> {
    const photo = await this.photos.get(tap.photo ?? 0);
    if (photo === undefined) throw new Refused(0, 'photo_lost', '', 'this phone has lost the photo');
    this.upload = new AbortController();
    await sendPhotoOnce(path, photo, seq, this.attempt, { signal: this.upload.signal, progress: (share) => (this.share = share) });
  }

  /** Until the centre is heard, what it said last is shown with its age. */
  private showKept(session: Session, keep: Keep): void {
    if (this.crew !== undefined) return;
    try {
      const kept = JSON.parse(keep.getItem(CREW_KEY) ?? 'null') as { person: string; heardAtMs: number; crew: Crew } | null;
      if (kept === null || kept.person !== session.person || typeof kept.crew?.unit !== 'string') return;
      this.crew = kept.crew;
      this.heardAtMs = kept.heardAtMs;
    } catch {
      // Nothing was kept.
    }
  }

  private show(): void {
    this.taps = this.outbox?.all() ?? [];
  }
}

export const crewPage = new CrewPage();
