// The agent's command line: what was typed, as a command; and what could be typed next. Both languages at once, with marks or without,
// whole words or their beginnings. Pure: what can be named at the moment is handed in.
import { plain } from '../i18n/search';

/** What can be ordered from the line. */
export const VERBS = [
  'answer', 'hold', 'transfer', 'end', 'ready', 'break', 'off', 'callback', 'kind', 'severity', 'place', 'accept', 'save', 'merge', 'dispatch', 'unit', 'note', 'new',
] as const;
export type Verb = (typeof VERBS)[number];

/** Words that begin a command; the first of each language is shown, short ones last. */
const WORDS: Readonly<Record<Verb, { vi: string; en: string; short: readonly string[] }>> = {
  answer: { vi: 'nghe', en: 'answer', short: ['a'] },
  hold: { vi: 'giữ', en: 'hold', short: ['h'] },
  transfer: { vi: 'chuyển', en: 'transfer', short: ['t'] },
  end: { vi: 'kết thúc', en: 'end', short: ['e'] },
  ready: { vi: 'sẵn sàng', en: 'ready', short: ['r'] },
  break: { vi: 'nghỉ', en: 'break', short: ['b'] },
  off: { vi: 'rời ca', en: 'off', short: [] },
  callback: { vi: 'gọi lại', en: 'callback', short: ['cb'] },
  kind: { vi: 'loại', en: 'kind', short: ['k', 'l'] },
  severity: { vi: 'mức', en: 'severity', short: ['m', 's'] },
  place: { vi: 'nơi', en: 'place', short: ['n', 'p'] },
  accept: { vi: 'nhận gợi ý', en: 'accept', short: ['ok'] },
  save: { vi: 'lưu', en: 'save', short: [] },
  merge: { vi: 'gộp', en: 'merge', short: ['g'] },
  dispatch: { vi: 'điều', en: 'dispatch', short: ['d'] },
  unit: { vi: 'đơn vị', en: 'unit', short: ['u'] },
  note: { vi: 'ghi thêm', en: 'note', short: [] },
  new: { vi: 'phiếu mới', en: 'new', short: [] },
};
/** Whether a verb needs something after it, may have it, or is whole. */
const TAKES: Readonly<Record<Verb, 'nothing' | 'a-choice' | 'a-choice-or-text' | 'maybe-text' | 'maybe-a-choice'>> = {
  answer: 'maybe-a-choice', hold: 'nothing', transfer: 'a-choice-or-text', end: 'maybe-a-choice', ready: 'nothing', break: 'maybe-text', off: 'maybe-text',
  callback: 'maybe-a-choice', kind: 'a-choice', severity: 'a-choice', place: 'a-choice', accept: 'nothing', save: 'nothing', merge: 'a-choice',
  dispatch: 'maybe-a-choice', unit: 'a-choice', note: 'a-choice-or-text', new: 'nothing',
};

/** Something that a command can be about. */
export interface Choice {
  /** What the command is given: a kind, a code, a number in a list. */
  value: string;
  label: string;
  /** More by which it is found. */
  also?: string;
  hint?: string;
}

/** One line that could be meant. */
export interface Completion {
  verb: Verb;
  /** What the line becomes by Tab. */
  line: string;
  choice: Choice | undefined;
  /** It can be ordered as it stands. */
  isWhole: boolean;
}

/** What can be named after a verb at the moment, for what was typed of it. */
export type Choices = (verb: Verb, typed: string) => readonly Choice[];

/** Lines offered at once. */
const OFFERED_MAX = 9;

/** The word of a verb in a language. */
export function verbWord(verb: Verb, language: 'vi' | 'en'): string {
  return WORDS[verb][language];
}

const shorts = (verb: Verb) => [WORDS[verb].vi, WORDS[verb].en, ...WORDS[verb].short].map(plain);

/** The verb that the line begins with and the rest behind it; undefined while the verb is being typed. */
function split(line: string, verbs: readonly Verb[]): { verb: Verb; said: string; rest: string } | undefined {
  const folded = plain(line);
  let best: { verb: Verb; length: number } | undefined;
  for (const verb of verbs) {
    for (const word of shorts(verb)) {
      const isThere = folded.startsWith(`${word} `);
      if (isThere && (best === undefined || word.length > best.length)) best = { verb, length: word.length };
    }
  }
  return best && { verb: best.verb, said: line.slice(0, best.length), rest: line.slice(best.length + 1) };
}

const written = (typed: string) => typed.normalize('NFC').replace(/^[/\s]+/, '');

/** The verb that a line begins with, and what was typed of the rest; undefined while the verb is being typed. */
export function spokenOf(typed: string): { verb: Verb; rest: string } | undefined {
  return split(written(typed), VERBS);
}

/** What could be meant by what was typed, the likeliest first. `verbs`: those that the screen has. */
export function complete(typed: string, choices: Choices, language: 'vi' | 'en', verbs: readonly Verb[] = VERBS): Completion[] {
  const line = written(typed);
  const found = split(line, verbs);
  if (found === undefined) return verbsLike(line, language, verbs);
  const { verb, said, rest } = found;
  const takes = TAKES[verb];
  const text = rest.trim();
  const textual: Completion = { verb, line, choice: text === '' ? undefined : { value: text, label: text }, isWhole: true };
  if (takes === 'nothing') return text === '' ? [{ verb, line, choice: undefined, isWhole: true }] : [];
  if (takes === 'maybe-text') return [textual];
  const fits = choices(verb, text).slice(0, OFFERED_MAX).map((choice) => ({ verb, line: `${said} ${choice.label}`, choice, isWhole: true }));
  if (text === '' && takes === 'maybe-a-choice') return [{ verb, line, choice: undefined, isWhole: true }, ...fits].slice(0, OFFERED_MAX);
  if (takes === 'a-choice-or-text' && text !== '') return [...fits, textual].slice(0, OFFERED_MAX);
  return fits;
}

function verbsLike(line: string, language: 'vi' | 'en', verbs: readonly Verb[]): Completion[] {
  const folded = plain(line.trim());
  const rank = (verb: Verb) => {
    const words = shorts(verb);
    if (words.includes(folded)) return 0;
    return words.some((word) => word.startsWith(folded)) ? 1 : words.some((word) => word.includes(` ${folded}`)) ? 2 : 3;
  };
  return verbs.map((verb) => ({ verb, at: rank(verb) }))
    .filter(({ at }) => at < 3)
    .sort((a, b) => a.at - b.at || verbs.indexOf(a.verb) - verbs.indexOf(b.verb))
    .map(({ verb }) => {
      const takes = TAKES[verb];
      const isWhole = takes !== 'a-choice' && takes !== 'a-choice-or-text';
      return { verb, line: `${verbWord(verb, language)}${takes === 'nothing' ? '' : ' '}`, choice: undefined, isWhole };
    });
}

/** Choices of which each typed word begins a word. */
export function fitting(choices: readonly Choice[], typed: string): Choice[] {
  const wanted = plain(typed).split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
  return choices.filter(({ label, value, also = '' }) => {
    const words = plain(`${value} ${label} ${also}`).split(/[^\p{L}\p{N}]+/u);
    return wanted.every((word) => words.some((known) => known.startsWith(word)));
  });
}
