// Which cameras stand on a screen and whose line is asked for when: those before an incident, led to or chosen play; of all others a still is renewed
// each minute, one after the other. Pure.
import { NEAR_M, type Camera, type Health } from './camera';
import { rankIncidents, type Incident } from './incident';
import { distanceM } from './place';

/** Tiles that play by themselves. One that somebody chose plays beside them: its file has the line open anyway. */
export const LIVE_MAX = 2;
/** A scene may bring more that play, up to so many. */
export const LED_MAX = 4;
/** A still is renewed so often, milliseconds. */
export const STILL_PERIOD_MS = 60_000;
/** Past this age a still is said to be old, milliseconds. */
export const STILL_OLD_MS = 90_000;
/** A camera that gave no picture for so long is let go, milliseconds. */
export const STILL_WAIT_MS_MAX = 10_000;
/** Since it was asked in vain, until it is asked again, milliseconds. */
export const STILL_RETRY_MS = 20_000;
/** Two stills are asked for so far apart at least, milliseconds. */
export const STILL_APART_MS = 1_000;
/** Stills that are asked for at a time. */
export const STILLS_AT_ONCE_MAX = 2;
/** A time so far ahead of the clock was taken before the clock was put back, milliseconds: nothing is known of its age. */
const CLOCK_SLACK_MS = 5_000;

/** Plays; is asked for a still; shows the last one; shows nothing, because nobody said why they look. */
export type Mode = 'live' | 'still' | 'rest' | 'withheld';
/** What a still that stands says of itself. */
export type StillState = 'waiting' | 'fresh' | 'old' | 'no-signal';
type Chosen = { noun: string; id: string } | undefined;

/** The cluster says that there is nothing to be seen. */
export const isDark = (health: Health): boolean => health === 'no-signal' || health === 'unauthorized';

/** Those that may see the incident, the nearest first. */
export function camerasBefore(incident: Pick<Incident, 'place'>, cameras: Iterable<Camera>): Camera[] {
  const at = incident.place;
  if (at === undefined) return [];
  return [...cameras]
    .flatMap((camera) => (camera.place === undefined ? [] : [{ camera, metres: distanceM(at, camera.place) }]))
    .filter(({ metres }) => metres <= NEAR_M)
    .sort((a, b) => a.metres - b.metres)
    .map(({ camera }) => camera);
}

/** What decides which cameras have a tile. */
export interface TileSources {
  cameras: readonly Camera[];
  incidents: readonly Incident[];
  /** Cameras of the scene that the room follows. */
  led: readonly string[];
  /** Those that have a tile now. */
  shown: readonly string[];
  /** Tiles that there is room for. */
  room: number;
  /** Whether anything explains that a camera stands here without anybody saying why. */
  explains: (camera: Camera) => boolean;
}

/** Cameras that have a tile, in their order: led to, before the worst incidents, those of until now, those that have a picture. */
export function tilesOf({ cameras, incidents, led, shown, room, explains }: TileSources): string[] {
  const known = new Set(cameras.map(({ id }) => id));
  const scene = led.filter((id) => known.has(id));
  const explained = cameras.filter(explains);
  const near = rankIncidents(incidents).flatMap((incident) => camerasBefore(incident, explained));
  const kept = explained.filter(({ id }) => shown.includes(id)).sort((a, b) => shown.indexOf(a.id) - shown.indexOf(b.id));
  const seeing = explained.filter(({ health }) => health === 'live');
  const ranked = [...scene, ...[...near, ...kept, ...seeing, ...explained].map(({ id }) => id)];
  return [...new Set(ranked)].slice(0, Math.max(room, Math.min(LED_MAX, scene.length)));
}

/** Which of the tiles play: led to, then before the chosen incident and the worst ones, each with the nearest first; and the chosen camera. */
export function liveOf(tiles: readonly Camera[], incidents: Iterable<Incident>, led: readonly string[], chosen: Chosen): Set<string> {
  const open = rankIncidents(incidents);
  const first = chosen?.noun === 'incident' ? open.filter(({ id }) => id === chosen.id) : [];
  const seeing = tiles.filter(({ health }) => !isDark(health));
  const scene = tiles.filter(({ id }) => led.includes(id)).map(({ id }) => id);
  const near = [...first, ...open].flatMap((incident) => camerasBefore(incident, seeing)).map(({ id }) => id);
  const live = new Set([...new Set([...scene, ...near])].slice(0, Math.max(LIVE_MAX, Math.min(LED_MAX, scene.length))));
  if (chosen?.noun === 'camera' && tiles.some(({ id }) => id === chosen.id)) live.add(chosen.id);
  return live;
}

/** What a still says of itself. `missed`: it was asked for last in vain. */
export function stillState(health: Health, paintedAtMs: number, missed: boolean, nowMs: number): StillState {
  if (isDark(health)) return 'no-signal';
  if (paintedAtMs === 0 || paintedAtMs - nowMs > CLOCK_SLACK_MS) return missed ? 'no-signal' : 'waiting';
  return nowMs - paintedAtMs > STILL_OLD_MS ? 'old' : 'fresh';
}

/** One camera's still. Times are this machine's, Unix milliseconds, 0: never. */
interface Still {
  paintedAtMs: number;
  askedAtMs: number;
  asks: boolean;
  missed: boolean;
}

/** What a tile is to do. */
export interface Turn {
  mode: Mode;
  /** Its last still was asked for in vain. */
  missed: boolean;
}

const sinceMs = (thenMs: number, nowMs: number): number => (thenMs - nowMs > CLOCK_SLACK_MS ? Infinity : nowMs - thenMs);
const idleMs = (still: Still, nowMs: number): number => Math.min(sinceMs(still.paintedAtMs, nowMs), sinceMs(still.askedAtMs, nowMs));
const isDue = (still: Still, nowMs: number): boolean =>
  still.missed || still.paintedAtMs < still.askedAtMs ? sinceMs(still.askedAtMs, nowMs) >= STILL_RETRY_MS : sinceMs(still.paintedAtMs, nowMs) >= STILL_PERIOD_MS;

/** Whose turn it is: asked for once a second or so, with the tiles as they are. */
export class Stills {
  private readonly known = new Map<string, Still>();

  /** A picture of it was painted, as a still or playing. */
  painted(id: string, atMs: number): void {
    const still = this.known.get(id);
    if (still === undefined || atMs <= 0) return;
    still.paintedAtMs = atMs;
    if (atMs >= still.askedAtMs) still.missed = false;
  }

  /** What each tile does from now on. At most one more is asked for a still. */
  turn(tiles: readonly Camera[], live: ReadonlySet<string>, nowMs: number): Map<string, Turn> {
    for (const id of [...this.known.keys()]) if (!tiles.some((tile) => tile.id === id)) this.known.delete(id);
    const due: Still[] = [];
    let asking = 0;
    let askedAgoMs = Infinity;
    const renews = (tile: Camera) => !live.has(tile.id) && !tile.sensitive && !isDark(tile.health);
    for (const tile of tiles) {
      const still = this.of(tile.id);
      if (still.askedAtMs > 0) askedAgoMs = Math.min(askedAgoMs, sinceMs(still.askedAtMs, nowMs));
      if (still.asks && (!renews(tile) || still.paintedAtMs >= still.askedAtMs)) still.asks = false;
      if (still.asks && sinceMs(still.askedAtMs, nowMs) >= STILL_WAIT_MS_MAX) {
        still.asks = false;
        still.missed = true;
      }
      if (still.asks) asking += 1;
      else if (renews(tile) && isDue(still, nowMs)) due.push(still);
    }
    const next = due.sort((a, b) => idleMs(b, nowMs) - idleMs(a, nowMs) || 0)[0];
    if (next !== undefined && asking < STILLS_AT_ONCE_MAX && askedAgoMs >= STILL_APART_MS) {
      next.asks = true;
      next.askedAtMs = nowMs;
    }
    const modeOf = (tile: Camera): Mode => {
      if (live.has(tile.id)) return 'live';
      if (tile.sensitive) return 'withheld';
      return this.of(tile.id).asks ? 'still' : 'rest';
    };
    return new Map(tiles.map((tile) => [tile.id, { mode: modeOf(tile), missed: this.of(tile.id).missed }]));
  }

  private of(id: string): Still {
    const still = this.known.get(id) ?? { paintedAtMs: 0, askedAtMs: 0, asks: false, missed: false };
    this.known.set(id, still);
    return still;
  }
}
