// "Is this one of these?": open incidents that a caller may be telling of, by distance, time, kind, words. Nothing is merged by itself. Pure.
import { isOpen, type Incident } from './incident';
import type { Kind } from './kind';
import { wordsOf } from './phrase';
import { distanceM } from './place';

/** What is known of what a caller tells. */
export interface Telling {
  text: string;
  kind: Kind | undefined;
  /** Degrees; undefined: not known yet. */
  latitude: number | undefined;
  longitude: number | undefined;
  adminUnit: string;
  /** The place is a whole commune and not a point in it. */
  isRough: boolean;
  exercise: boolean;
  /** Incidents that this number told of before. */
  ownIncidents: readonly string[];
}

/** One incident, and what speaks for its being the same. */
export interface Alike {
  incident: Incident;
  /** 0 to 1. */
  score: number;
  metres: number | undefined;
  apartMs: number;
  sameKind: boolean;
  sameCommune: boolean;
  sameCaller: boolean;
  /** Words that both have, as the incident has them. */
  words: string[];
}

/** From here on an incident is shown. */
const SHOWN_MIN = 0.35;
/** From here on it must be answered before a new one is saved. */
export const LIKELY_MIN = 0.6;
/** Farther away than this, of another commune, it is another one. */
const METRES_MAX = 3_000;
/** At these the weight of distance and time has fallen to a third. */
const METRES_SCALE = 700;
/** The middle of a commune says little of where in it. */
const ROUGH_SCALE = 2_500;
const APART_SCALE_MS = 3 * 3_600_000;
const WEIGHT = { place: 0.4, kind: 0.2, words: 0.25, time: 0.15 } as const;
const SAME_COMMUNE = 0.6;
/** Who told of it before mostly calls about it again. */
const SAME_CALLER = 0.3;
/** Shared words from which more say no more. */
const WORDS_ENOUGH = 4;
const SHOWN_MAX = 5;
/** Words that say nothing of what happened, without marks. */
const EMPTY_WORDS = new Set(
  'co la o tai va bi cua cho voi cac mot hai ba nguoi dang da duoc khong nay kia do thi ma de den tu ra vao len xuong gan canh truoc sau tren duoi trong ngoai nhieu rat qua roi em anh chi toi minh nha xa phuong thon the of a in on at and is are there to'.split(' '),
);

/** Open incidents that may be what is told, the likeliest first. */
export function alikeIncidents(telling: Telling, incidents: Iterable<Incident>, nowMs: number): Alike[] {
  const told = new Set(meaningOf(telling.text));
  const isPlaced = telling.latitude !== undefined && telling.longitude !== undefined;
  if (told.size === 0 && !isPlaced) return [];
  const found: Alike[] = [];
  for (const incident of incidents) {
    if (!isOpen(incident) || incident.exercise !== telling.exercise) continue;
    const alike = compare(telling, told, incident, nowMs);
    if (alike !== undefined && alike.score >= SHOWN_MIN) found.push(alike);
  }
  return found.sort((a, b) => b.score - a.score || (a.incident.id < b.incident.id ? -1 : 1)).slice(0, SHOWN_MAX);
}

function compare(telling: Telling, told: ReadonlySet<string>, incident: Incident, nowMs: number): Alike | undefined {
  const { latitude, longitude } = telling;
  const here = latitude === undefined || longitude === undefined ? undefined : { latitude, longitude, adminUnit: '', address: '' };
  const metres = here && incident.place && distanceM(here, incident.place);
  const sameCommune = telling.adminUnit !== '' && telling.adminUnit === incident.place?.adminUnit;
  const sameCaller = telling.ownIncidents.includes(incident.id);
  if (metres !== undefined && metres > METRES_MAX && !sameCommune && !sameCaller) return undefined;
  const apartMs = Math.max(0, nowMs - incident.openedAtMs);
  const sameKind = telling.kind === incident.kind;
  const place = wordsOf(`${incident.summary} ${incident.place?.address ?? ''}`);
  const words = [...new Set(place.filter(({ plain: word }) => told.has(word)).map(({ plain: word }) => word))];
  // Near the middle of its commune says no more than that it is in the commune.
  const near = metres === undefined ? 0 : telling.isRough ? SAME_COMMUNE * Math.exp(-metres / ROUGH_SCALE) : Math.exp(-metres / METRES_SCALE);
  const score =
    WEIGHT.place * Math.max(near, sameCommune ? SAME_COMMUNE : 0) +
    WEIGHT.kind * (sameKind ? 1 : 0) +
    WEIGHT.words * Math.min(1, words.length / WORDS_ENOUGH) +
    WEIGHT.time * Math.exp(-apartMs / APART_SCALE_MS) +
    (sameCaller ? SAME_CALLER : 0);
  // One of another kind that shares no word is a neighbour and not the same.
  if (telling.kind !== undefined && !sameKind && words.length === 0 && !sameCaller) return undefined;
  return { incident, score: Math.min(1, score), metres, apartMs, sameKind, sameCommune, sameCaller, words: asWritten(incident, words) };
}

function meaningOf(text: string): string[] {
  return wordsOf(text).map(({ plain: word }) => word).filter((word) => word.length > 1 && !EMPTY_WORDS.has(word));
}

function asWritten(incident: Incident, words: readonly string[]): string[] {
  const text = `${incident.summary} ${incident.place?.address ?? ''}`.normalize('NFC');
  return words.map((word) => {
    const found = wordsOf(text).find(({ plain: other }) => other === word);
    return found === undefined ? word : text.slice(found.from, found.to);
  });
}
