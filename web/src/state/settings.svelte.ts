// What this screen is set to: language, theme, scale. Kept on this machine; the address may override for a kiosk.
import { en } from '../i18n/en';
import { formatters, type Language } from '../i18n/format';
import { vi, type Dict } from '../i18n/vi';
import { KINDS, type Kind } from '../nouns/kind';

type Theme = 'dark' | 'light';

const KEY = 'trongdong.settings';
/** Bounds of ?scale=, so that a slip in a kiosk's address leaves something to read. */
const SCALE_MIN = 0.75;
const SCALE_MAX = 3;
const DICTS: Readonly<Record<Language, Dict>> = { vi, en };

class Settings {
  language = $state<Language>('vi');
  theme = $state<Theme>('dark');
  scale = $state(1);
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
  readonly t = $derived(DICTS[this.language]);
  readonly format = $derived(formatters(this.language));

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
    this.scale = Number.isFinite(scale) ? Math.min(SCALE_MAX, Math.max(SCALE_MIN, scale)) : 1;
    this.map = query.get('nomap') !== '1';
    this.drawn = query.get('map') === 'drawn';
    this.exercises = kept.exercises !== false;
    this.singleKeys = kept.singleKeys !== false;
    this.districts = query.getAll('district');
    const named = query.getAll('discreet').flatMap((list) => list.split(','));
    this.discreet = KINDS.filter((kind) => named.includes(kind));
  }

  /** To the other language. */
  turnLanguage(): void {
    this.language = this.language === 'vi' ? 'en' : 'vi';
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

export const settings = new Settings();
