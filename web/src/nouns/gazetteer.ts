// Places as callers name them: communes, and the communes, wards, towns and districts of before July 2025 that people go on naming for
// years, with marks or without, whole or by initials. Pure.
import { plain } from '../i18n/search';
import { communeAt, type Commune } from './commune';
import { placeOfPhrase, standsAt, usesMarks, wordsOf, type Word } from './phrase';

/** A place that can be meant. */
export interface Spot {
  /** Code of the commune that it is in, or is. */
  adminUnit: string;
  /** The commune as it is called today. */
  commune: string;
  /** The town, or the old name, by which it was found; empty: the commune's own. */
  as: string;
  latitude: number;
  longitude: number;
}

/** What is known of a unit of the hierarchy. */
export interface NamedUnit {
  code: string;
  name: string;
  nameEn: string;
  parent: string;
  aliases: readonly string[];
  isFormer: boolean;
}

/** Words before a name that say what it is, whole and as people shorten them. */
const KIND_WORDS = ['phuong', 'p', 'xa', 'x', 'thi tran', 'tt', 'thi xa', 'tx', 'thanh pho', 'tp', 'quan', 'q', 'huyen', 'h', 'dac khu', 'tinh', 'to', 'khu'];
/** Names of one word are too common to be known in running text without the word for their kind before them. */
const ALONE_WORDS_MIN = 2;
/** Initials of fewer letters fit too much. */
const INITIALS_MIN = 2;
/** Characters of an address that are taken out of a text. */
const ADDRESS_MAX = 80;
/** Words that an address begins after. */
const PLACE_WORDS = ['o', 'tai', 'gan', 'canh', 'truoc', 'sau', 'doi', 'ngay', 'at', 'near'];
/** What an address begins with: "số 12", "ngõ 5", "chợ Thái". */
const STREET_WORDS = ['so', 'ngo', 'ngach', 'hem', 'duong', 'pho', 'thon', 'ban', 'xom', 'km', 'cho', 'cau', 'truong', 'ql', 'tl'];

interface Name {
  spot: Spot;
  words: readonly Word[];
  /** Without kind and marks. */
  bare: string;
  initials: string;
  /** The commune's own name stands before what it was called. */
  own: boolean;
}

/** A name without the words that say what it is. */
function withoutKind(words: readonly Word[]): readonly Word[] {
  for (const length of [2, 1]) {
    const lead = words.slice(0, length).map(({ plain: word }) => word).join(' ');
    if (words.length > length && KIND_WORDS.includes(lead)) return words.slice(length);
  }
  return words;
}

const joined = (words: readonly Word[]) => words.map(({ plain: word }) => word).join(' ');

export class Gazetteer {
  private readonly names: readonly Name[];

  constructor(communes: readonly Commune[], units: Iterable<NamedUnit>, towns: readonly GeoJSON.Feature[] = [], shapes: readonly GeoJSON.Feature[] = []) {
    const byCode = new Map(communes.map((commune) => [commune.code, commune]));
    const names: Name[] = [];
    const seen = new Set<string>();
    const add = (called: string, spot: Spot, own: boolean) => {
      const words = withoutKind(wordsOf(called));
      const bare = joined(words);
      // Of the same name with marks and without, the first has them.
      const key = `${spot.adminUnit} ${bare}`;
      if (bare === '' || seen.has(key)) return;
      seen.add(key);
      names.push({ spot, words, bare, initials: words.map(({ plain: word }) => word[0] ?? '').join(''), own });
    };
    const spotOf = (commune: Commune, as: string): Spot => ({ adminUnit: commune.code, commune: commune.name, as, latitude: commune.latitude, longitude: commune.longitude });
    for (const commune of communes) {
      add(commune.name, spotOf(commune, ''), true);
      add(commune.nameEn, spotOf(commune, ''), true);
    }
    const all = [...units];
    for (const unit of all) {
      const commune = byCode.get(unit.isFormer ? unit.parent : unit.code);
      if (commune === undefined) continue;
      if (unit.isFormer) add(unit.name, spotOf(commune, unit.name), false);
      for (const alias of marked(unit.aliases)) add(alias, spotOf(commune, alias), false);
    }
    for (const { geometry, properties } of towns) {
      if (geometry.type !== 'Point') continue;
      const [longitude = 0, latitude = 0] = geometry.coordinates;
      const commune = byCode.get(communeAt(shapes, longitude, latitude) ?? '');
      const called = String(properties?.['name'] ?? '');
      if (commune !== undefined) add(called, { adminUnit: commune.code, commune: commune.name, as: called, latitude, longitude }, false);
    }
    this.names = names;
  }

  /** Places that fit what was typed, the likeliest first, each commune once. */
  search(query: string, max: number): Spot[] {
    const typed = wordsOf(query);
    const wanted = withoutKind(typed);
    const bare = joined(wanted);
    if (bare === '') return [];
    const found = new Map<string, { rank: number; name: Name }>();
    for (const name of this.names) {
      const rank = rankOf(name, wanted, bare, typed);
      const before = found.get(name.spot.adminUnit);
      if (rank !== undefined && (before === undefined || rank < before.rank)) found.set(name.spot.adminUnit, { rank, name });
    }
    return [...found.values()]
      .sort((a, b) => a.rank - b.rank || a.name.bare.length - b.name.bare.length || (a.name.spot.commune < b.name.spot.commune ? -1 : 1))
      .slice(0, max)
      .map(({ name }) => name.spot);
  }

  /** The spot of a commune by the name that it was found under. */
  named(adminUnit: string, as: string): Spot | undefined {
    return this.names.find(({ spot }) => spot.adminUnit === adminUnit && spot.as === as)?.spot;
  }

  /** The place that a running text names: the longest name in it, today's before old ones; and the words around it that say where there. */
  mention(text: string): { spot: Spot; address: string } | undefined {
    const words = wordsOf(text);
    const strict = usesMarks(words);
    let best: { name: Name; at: number; length: number } | undefined;
    for (const name of this.names) {
      const at = placeOfPhrase(words, name.words, strict);
      if (at < 0) continue;
      const isNamed = KIND_WORDS.includes(words[at - 1]?.plain ?? '') || KIND_WORDS.includes(joined(words.slice(Math.max(0, at - 2), at)));
      const length = name.words.length + (isNamed ? 1 : 0);
      if (name.words.length < ALONE_WORDS_MIN && !isNamed) continue;
      if (best === undefined || length > best.length || (length === best.length && name.own && !best.name.own)) best = { name, at, length };
    }
    return best && { spot: best.name.spot, address: addressIn(text.normalize('NFC'), words, best.at) };
  }
}

/** Of aliases that differ by marks only, those with marks. */
function marked(aliases: readonly string[]): string[] {
  const whole = new Set(aliases.filter((alias) => plain(alias) !== alias.toLowerCase()).map(plain));
  return aliases.filter((alias) => plain(alias) !== alias.toLowerCase() || !whole.has(plain(alias)));
}

function rankOf(name: Name, wanted: readonly Word[], bare: string, typed: readonly Word[]): number | undefined {
  // A syllable typed with marks is not another one: "Phủ" does not find "Phú".
  const fits = wanted.every(({ plain: word, marks }) => marks === '' || name.words.some((other) => other.plain.startsWith(word) && other.marks.includes(marks)));
  if (!fits) return undefined;
  const old = name.own ? 0 : 10;
  if (name.bare === bare) return old;
  if (name.bare.startsWith(bare)) return old + 1;
  const parts = bare.split(' ');
  for (let at = 0; at < name.words.length; at += 1) {
    if (parts.every((part, step) => name.words[at + step]?.plain.startsWith(part))) return old + 2 + (at > 0 ? 1 : 0);
  }
  const initials = joined(typed).replaceAll(' ', '');
  if (initials.length >= INITIALS_MIN && name.initials === initials) return old + 4;
  return name.bare.includes(bare) && bare.length > INITIALS_MIN ? old + 5 : undefined;
}

/** The clause of the text that the name stands in, from where it begins to say a place; without the name's own words. */
function addressIn(text: string, words: readonly Word[], at: number): string {
  const clause = (index: number) => text.slice(0, words[index]?.from ?? 0).split(/[,.;:\n]/).length;
  let from = at;
  while (from > 0 && clause(from - 1) === clause(at) && !PLACE_WORDS.includes(words[from - 1]?.plain ?? '')) from -= 1;
  // The word for the name's kind belongs to the name.
  let to = at;
  for (const kind of KIND_WORDS) {
    const lead = wordsOf(kind);
    if (to - lead.length >= from && standsAt(words, to - lead.length, lead, false) && to === at) to = at - lead.length;
  }
  // Without a word like "at" it begins with what an address begins with.
  const isSaid = from > 0 && PLACE_WORDS.includes(words[from - 1]?.plain ?? '');
  while (!isSaid && from < to && !/^\d/.test(words[from]?.plain ?? '') && !STREET_WORDS.includes(words[from]?.plain ?? '')) from += 1;
  return from >= to ? '' : text.slice(words[from]?.from, words[to - 1]?.to).slice(0, ADDRESS_MAX);
}
