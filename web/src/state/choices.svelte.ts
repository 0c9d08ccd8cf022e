// What this screen is set to: language, theme, scale. Kept on this machine; the address may override for a kiosk.
import { formatters, type Language } from '../i18n/format';
import type { PhoneDict } from '../i18n/phone.vi';
import { KINDS, type Kind } from '../nouns/kind';
import { clock } from './clock.svelte';

type Theme = 'dark' | 'light';

const KEY = 'trongdong.settings';
/** Bounds of ?scale=, so that a slip in a kiosk's address leaves something to read. */
const SCALE_MIN = 0.75;
const SCALE_MAX = 3;

/** Words of a page: Vietnamese comes with it, the other language when somebody wants it. */
export interface Words<Dict> {
  vi: Dict;
  en: () => Promise<Dict>;
}

/** What a page is set to, and its words. */
export class Choices<Dict> {
  language = $state<Language>('vi');
  theme = $state<Theme>('dark');
  scale = $state(1);
  /** Whether the address says how large; where it does not, the wall chooses by its screen. */
  scaleSaid = false;
  /** ?nomap=1 leaves the map out: for tests, and for machines without a graphics processor. */
  map = $state(true);
  /** ?map=drawn has the map as a drawing also where a graphics processor would draw it. */
  drawn = false;
  /** Whether records of exercises are to be seen; the band says that one runs either way. */
  exercises = $state(true);
  /** Whether single characters are keys of a screen; without them the same is done with Alt (WCAG 2.1.4). */
  singleKeys = $state(true);
  /** ?district=<id>, repeatable: the districts that this screen follows; empty: all that the person may see. */
  districts: readonly string[] = [];
  /** ?discreet=medical,public-order: kinds of incidents whose words and address do not stand on this screen until somebody opens the file. */
  discreet: readonly Kind[] = [];
  /** ?dim=traffic: kinds of incidents that stand back on this screen: faint, and without a mark that blinks. */
  dim: readonly Kind[] = [];
  private words: Words<Dict> | undefined;
  private vi = $state.raw<Dict>();
  private en = $state.raw<Dict>();
  /** The words: a page says its own before it shows anything. Until a language is there, and where it cannot be had, Vietnamese. */
  readonly t = $derived((this.language === 'en' && this.en !== undefined ? this.en : this.vi) as Dict);
  readonly format = $derived(formatters(this.language, () => Date.now() + clock.offsetMs));

  /** Gives the page its words. */
  say(words: Words<Dict>): void {
    this.words = words;
    this.vi = words.vi;
    this.en = undefined;
  }

  /** Once the words of the language that is set are there. Where they cannot be had, the page speaks Vietnamese and says that it does. */
  async ready(): Promise<void> {
    if (this.language === 'en' && !(await this.fetchEnglish())) this.language = 'vi';
  }

  /** Whether English is there now. */
  private async fetchEnglish(): Promise<boolean> {
    try {
      this.en ??= await this.words?.en();
    } catch {
      // No line, and this page was never open with one.
    }
    return this.en !== undefined;
  }

  /** Reads what is kept, then what the address says. */
  load(query: URLSearchParams): void {
    let kept: { language?: string; theme?: string; exercises?: boolean; singleKeys?: boolean } = {};
    try {
      kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as typeof kept;
    } catch {
      // Settings that cannot be read are the defaults.
    }
    const language = query.get('lang') ?? kept.language;
    const theme = query.get('theme') ?? kept.theme;
    this.language = language === 'en' ? 'en' : 'vi';
    this.theme = theme === 'light' ? 'light' : 'dark';
    const scale = Number(query.get('scale') ?? 1);
    this.scaleSaid = query.has('scale');
    this.scale = Number.isFinite(scale) ? Math.min(SCALE_MAX, Math.max(SCALE_MIN, scale)) : 1;
    this.map = query.get('nomap') !== '1';
    this.drawn = query.get('map') === 'drawn';
    this.exercises = kept.exercises !== false;
    this.singleKeys = kept.singleKeys !== false;
    this.districts = query.getAll('district');
    const kinds = (of: string) => {
      const named = query.getAll(of).flatMap((list) => list.split(','));
      return KINDS.filter((kind) => named.includes(kind));
    };
    this.discreet = kinds('discreet');
    this.dim = kinds('dim');
  }

  /** To the other language, as soon as its words are there; without them the page stays as it is. */
  async turnLanguage(): Promise<void> {
    const next = this.language === 'vi' ? 'en' : 'vi';
    if (next === 'en' && !(await this.fetchEnglish())) return;
    this.language = next;
    this.keep();
  }

  /** Hides what is played, or shows it again. */
  turnExercises(): void {
    this.exercises = !this.exercises;
    this.keep();
  }

  /** Turns single-character keys off, or on again. */
  turnSingleKeys(): void {
    this.singleKeys = !this.singleKeys;
    this.keep();
  }

  /** To the other theme. */
  turnTheme(): void {
    this.theme = this.theme === 'dark' ? 'light' : 'dark';
    this.keep();
  }

  private keep(): void {
    localStorage.setItem(KEY, JSON.stringify({ language: this.language, theme: this.theme, exercises: this.exercises, singleKeys: this.singleKeys }));
  }
}

/**
 * What this page is set to, with the words that every page has. Parts that stand on a crew's phone take their words from here, so that
 * the phone does not read those of the rooms; the rooms' parts take theirs from `settings`, which is the same with all words.
 */
export const choices = new Choices<PhoneDict>();
