// Words of running text, compared as Vietnamese is typed: with marks where the writer uses marks, without where they do not. Pure.
import { plain } from '../i18n/search';

/** One word of a text, with its place there. */
export interface Word {
  /** Without marks, in small letters. */
  plain: string;
  /** Its marks in the order of NFD, "d" for each đ. Where in the word a tone stands ("hoà", "hòa") makes no difference. */
  marks: string;
  from: number;
  to: number;
}

/** Words of a text, as letters and figures in a row. `from` and `to` are places in `text.normalize('NFC')`. */
export function wordsOf(text: string): Word[] {
  return [...text.normalize('NFC').matchAll(/[\p{L}\p{N}]+/gu)].map((found) => ({
    plain: plain(found[0]),
    marks: marksOf(found[0]),
    from: found.index,
    to: found.index + found[0].length,
  }));
}

function marksOf(word: string): string {
  return (word.toLowerCase().normalize('NFD').match(/[\p{M}đ]/gu) ?? []).map((mark) => (mark === 'đ' ? 'd' : mark)).sort().join('');
}

/** Whether the writer sets marks: then a word without any is one that has none. */
export function usesMarks(words: readonly Word[]): boolean {
  return words.some(({ marks }) => marks !== '');
}

/** Whether the phrase stands at this place of the text. */
export function standsAt(text: readonly Word[], at: number, phrase: readonly Word[], strict: boolean): boolean {
  return phrase.every((wanted, step) => {
    const word = text[at + step];
    return word !== undefined && word.plain === wanted.plain && (!strict || word.marks === wanted.marks);
  });
}

/** Where the phrase stands in the text first; -1: nowhere. */
export function placeOfPhrase(text: readonly Word[], phrase: readonly Word[], strict = usesMarks(text)): number {
  for (let at = 0; at + phrase.length <= text.length; at += 1) if (standsAt(text, at, phrase, strict)) return at;
  return -1;
}
