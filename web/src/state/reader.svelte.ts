// What a public page is set to: language and theme. Vietnamese and light unless somebody chose otherwise on this machine.
import { formatters, type Language } from '../i18n/format';
import { publicEn } from '../i18n/public.en';
import { publicVi, type PublicDict } from '../i18n/public.vi';

const KEY = 'trongdong.reader';
const DICTS: Readonly<Record<Language, PublicDict>> = { vi: publicVi, en: publicEn };

class Reader {
  language = $state<Language>('vi');
  theme = $state<'light' | 'dark'>('light');
  readonly t = $derived(DICTS[this.language]);
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
  }

  turnLanguage(): void {
    this.language = this.language === 'vi' ? 'en' : 'vi';
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
