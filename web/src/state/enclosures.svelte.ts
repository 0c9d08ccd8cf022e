// Photos that go with a citizen's report: kept on the device with the draft, sent one after the other once the report has its code.
import { backoffMs } from '../link/backoff';
import { PublicRefused } from '../link/public';
import { sendPublicPhoto } from '../link/public-photo';
import { REPORT_PHOTOS_MAX } from '../nouns/photo';
import { PhotoBox, type Boxed } from './photo-box';
import { shrunk, type Unfit } from './shrink';

/** What a photo of a report that is being written waits for. */
export const DRAFT = 'draft';

/** A photo as the page shows it. */
export interface Enclosure {
  boxed: Boxed;
  url: string;
  state: 'kept' | 'sending' | 'sent' | 'refused';
  /** Of the bytes, 0 to 1. */
  share: number;
  vi: string;
  en: string;
}

class Enclosures {
  items = $state.raw<readonly Enclosure[]>([]);
  /** Why something that was chosen cannot be sent. */
  unfit = $state<Unfit | ''>('');
  isKept = $state(true);
  private readonly box = new PhotoBox();
  private isSending = false;
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  readonly drafted = $derived(this.items.filter(({ boxed }) => boxed.of === DRAFT));

  /** Photos of a report that has its code. */
  of(code: string): readonly Enclosure[] {
    return this.items.filter(({ boxed }) => boxed.of === code);
  }

  /** Takes up what an earlier visit has kept, and goes on sending. Gives back what stops it. */
  start(): () => void {
    const now = () => void this.sendNow();
    addEventListener('online', now);
    void this.box.isKept().then((isKept) => (this.isKept = isKept));
    void this.box.all().then((kept) => {
      const known = new Set(this.items.map(({ boxed }) => boxed.id));
      this.items = [...this.items, ...kept.filter(({ id, of }) => !known.has(id) && !of.startsWith('crew/')).map(shown)];
      now();
    });
    return () => {
      removeEventListener('online', now);
      clearTimeout(this.timer);
    };
  }

  /** Keeps what was chosen, as far as a report takes it. */
  async add(files: Iterable<Blob>): Promise<void> {
    this.unfit = '';
    for (const file of files) {
      if (this.drafted.length >= REPORT_PHOTOS_MAX) return;
      const photo = await shrunk(file);
      if (typeof photo === 'string') {
        this.unfit = photo;
        continue;
      }
      const id = await this.box.add(DRAFT, photo);
      if (id === undefined) this.unfit = 'unread';
      else this.items = [...this.items, shown({ id, of: DRAFT, photo })];
    }
  }

  remove(item: Enclosure): void {
    URL.revokeObjectURL(item.url);
    this.items = this.items.filter(({ boxed }) => boxed.id !== item.boxed.id);
    void this.box.remove(item.boxed.id);
  }

  /** The report has its code: its photos go to it. */
  async send(code: string): Promise<void> {
    for (const { boxed } of this.drafted) {
      await this.box.move(boxed, code);
      this.change(boxed.id, { boxed: { ...boxed, of: code } });
    }
    await this.sendNow();
  }

  private async sendNow(): Promise<void> {
    if (this.isSending) return;
    clearTimeout(this.timer);
    this.isSending = true;
    try {
      for (let next = this.next(); next !== undefined; next = this.next()) {
        const { id, of, photo } = next.boxed;
        this.change(id, { state: 'sending', share: 0 });
        await sendPublicPhoto(of, photo, (share) => this.change(id, { share }));
        this.attempt = 0;
        this.change(id, { state: 'sent', share: 1 });
        await this.box.remove(id);
      }
    } catch (error) {
      await this.failed(error);
    } finally {
      this.isSending = false;
    }
  }

  private next(): Enclosure | undefined {
    return this.items.find(({ boxed, state }) => boxed.of !== DRAFT && (state === 'kept' || state === 'sending'));
  }

  private async failed(error: unknown): Promise<void> {
    const item = this.next();
    if (item === undefined) return;
    const { id } = item.boxed;
    if (error instanceof PublicRefused && error.retryAfterS === 0) {
      this.change(id, { state: 'refused', vi: error.vi, en: error.en });
      await this.box.remove(id);
      this.again(0);
      return;
    }
    // Nobody knows what became of it, or it was too many at a time: the same photo goes again.
    this.change(id, { state: 'kept', share: 0 });
    this.again(error instanceof PublicRefused ? error.retryAfterS * 1_000 : 1_000 + backoffMs(this.attempt, Math.random()));
    this.attempt += 1;
  }

  private again(waitMs: number): void {
    this.timer = setTimeout(() => void this.sendNow(), waitMs);
  }

  private change(id: number, more: Partial<Enclosure>): void {
    this.items = this.items.map((item) => (item.boxed.id === id ? { ...item, ...more } : item));
  }
}

const shown = (boxed: Boxed): Enclosure => ({ boxed, url: URL.createObjectURL(boxed.photo), state: 'kept', share: 0, vi: '', en: '' });

export const enclosures = new Enclosures();
