// Starts and stops the live line for a session, and what tests may ask of it.
import { preferOrigin, readOrigins, type Session } from '../link/api';
import { startFeed, type Feed } from '../link/feed';
import type { Stats } from '../link/messages';
import { commands } from './commands.svelte';
import { desk } from './desk.svelte';
import { drillTally } from './drill-tally.svelte';
import { kept } from './kept.svelte';
import { ownLine } from './own-line.svelte';
import { COMMAND_GROUP, picture } from './picture.svelte';
import { scope } from './scope.svelte';
import { settings } from './settings.svelte';
import { trends } from './trend';

declare global {
  interface Window {
    /** Counters of the line, for tests and for the service. */
    __stats?: Stats;
    /** Sorted JSON of all records and places held. */
    __state?: () => Promise<string>;
  }
}

let feed: Feed | undefined;

/** Follows the province, the districts of the settings, or the district of a room that has one, until what it gives back is called. */
export function startLive(session: Session, ended: () => void, room = ''): () => void {
  scope.begin(room);
  commands.session = session;
  desk.signIn(session.role);
  let stopped = false;
  const unwatch = [ownLine.start(), drillTally.start()];
  void readOrigins().then((origins) => {
    if (!stopped) follow(origins, ended);
  });
  return () => {
    stopped = true;
    for (const end of unwatch) end();
    stopLive();
  };
}

function follow(origins: string[], ended: () => void): void {
  /** Whether the line that runs has brought all rooms. */
  let isWhole = false;
  /** Other districts are another picture: the line begins anew with them, and nothing of the former one stays in sight. */
  const settle = () => {
    if (!scope.settle(isWhole)) return;
    isWhole = false;
    picture.clear();
    started.follow([...scope.districts]);
  };
  const started = startFeed(origins, settings.language, [...scope.districts], {
    change: (change) => {
      picture.apply(change);
      settle();
      trends.note(change.sensors);
    },
    line: (line, stats) => {
      picture.applyLine(line, stats);
      ownLine.heard(line);
      drillTally.heard(line, stats);
      window.__stats = stats;
      if (line.state === 'live') preferOrigin(line.origin);
      isWhole = line.groupsComplete[COMMAND_GROUP] === true;
      settle();
      if (line.state === 'ended') ended();
    },
    video: (state) => picture.applyVideo(state),
    restarted: () => {
      isWhole = false;
      picture.clear();
      ownLine.restarted();
    },
  });
  feed = started;
  window.__state = () => started.digest();
}

/** Drops the line and everything that came over it. */
function stopLive(): void {
  feed?.stop();
  feed = undefined;
  picture.clear();
  picture.line = undefined;
  trends.clear();
  desk.close();
  desk.question = undefined;
  commands.session = undefined;
  kept.stop();
}

/** A view of a camera in a canvas; nothing when there is no line yet. */
export function openCamera(camera: string, canvas: HTMLCanvasElement): number | undefined {
  return feed?.open(camera, canvas);
}

/** Asks for a view's pictures and says why. */
export function askCamera(view: number, why: string): void {
  feed?.ask(view, why);
}

/** Lets a view's line go; the last picture stays. */
export function restCamera(view: number): void {
  feed?.rest(view);
}

/** Ends a view of `openCamera`. */
export function closeCamera(view: number): void {
  feed?.close(view);
  picture.dropVideo(view);
}
