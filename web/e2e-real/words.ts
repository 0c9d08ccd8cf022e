// What screens say, in the words of the screens themselves: a selector that is written so cannot drift from what people read.
import { en } from '../src/i18n/en';
import { publicEn } from '../src/i18n/public.en';
import { publicVi, type PublicDict } from '../src/i18n/public.vi';
import { vi, type Dict } from '../src/i18n/vi';

/** The languages that a chain is played in. */
export const LANGUAGES = ['vi', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Words of the screens with an account, and of the pages for everybody. */
export interface Words {
  t: Dict;
  open: PublicDict;
}

const WORDS: Readonly<Record<Language, Words>> = { vi: { t: vi, open: publicVi }, en: { t: en, open: publicEn } };

/** What the screens say in that language. */
export const wordsIn = (language: Language): Words => WORDS[language];

/** A text as a pattern, to find it inside of others. */
export const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Texts that begin with this one. */
export const begins = (text: string): RegExp => new RegExp(`^${literally(text)}`);
