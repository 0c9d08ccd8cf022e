// What a public page is set to: language and theme. Vietnamese and light unless somebody chose otherwise on this machine.
import { formatters, type Language } from '../i18n/format';
import { publicVi, type PublicDict } from '../i18n/public.vi';

const KEY = 'trongdong.reader';

/** What an address may say. */
type Said = 'lang' | 'theme';

class Reader {
  language = $state<Language>('vi');
  theme = $state<'light' | 'dark'>('light');
  /** What the address says of language and theme: another page's address says it too. */
  private said = $state.raw<readonly Said[]>([]);
  /** English, once somebody reads it. */
  private en = $state.raw<PublicDict>();
  readonly t = $derived(this.language === 'en' && this.en !== undefined ? this.en : publicVi);
  readonly format = $derived(formatters(this.language));

  /** Reads what is kept, then what the address says. */
  load(query: URLSearchParams): void {
    let kept: { language?: string; theme?: string } = {};
    try {
      kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as typeof kept;
    } catch {
      // What cannot be read is the default.
    }
    this.language = (query.get('lang') ?? kept.language) === 'en' ? 'en' : 'vi';
    this.theme = (query.get('theme') ?? kept.theme) === 'dark' ? 'dark' : 'light';
    this.said = (['lang', 'theme'] as const).filter((name) => query.has(name));
  }

  /** Once the words of the language that is set are there. Where they cannot be had, the page speaks Vietnamese and says that it does. */
  async ready(): Promise<void> {
    if (this.language === 'en' && !(await this.fetchEnglish())) this.language = 'vi';
  }

  /** Whether English is there now. */
  private async fetchEnglish(): Promise<boolean> {
    try {
      this.en ??= (await import('../i18n/public.en')).publicEn;
    } catch {
      // No line.
    }
    return this.en !== undefined;
  }

  /** The address of another public page, in the language and theme of this one where only the address says them. */
  to(path: string, code = ''): string {
    const now: Readonly<Record<Said, string>> = { lang: this.language, theme: this.theme };
    const query = this.said.map((name) => `${name}=${now[name]}`).join('&');
    return `${path}${query === '' ? '' : `?${query}`}${code === '' ? '' : `#${code}`}`;
  }

  /** To the other language, as soon as its words are there; without them the page stays as it is. */
  async turnLanguage(): Promise<void> {
    const next = this.language === 'vi' ? 'en' : 'vi';
    if (next === 'en' && !(await this.fetchEnglish())) return;
    this.language = next;
    this.keep();
  }

  turnTheme(): void {
    this.theme = this.theme === 'dark' ? 'light' : 'dark';
    this.keep();
  }

  private keep(): void {
    try {
      localStorage.setItem(KEY, JSON.stringify({ language: this.language, theme: this.theme }));
    } catch {
      // A browser that keeps nothing still shows the page.
    }
  }
}

export const reader = new Reader();
