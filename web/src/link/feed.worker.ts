// The live line: one socket to one node, folded here so that the page's thread only draws. It reconnects by itself,
// resumes from the last place of each complete group, and moves on to the next node when one does not answer.
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { HelloSchema, PingSchema, SubscribeSchema, ToScreenSchema, ToServerSchema } from '../gen/trongdong/v1/screen_pb';
import type { ToScreen, ToServer } from '../gen/trongdong/v1/screen_pb';
import { healthOf } from '../nouns/camera';
import { backoffMs } from './backoff';
import { changeOf } from './crossing';
import { digest } from './digest';
import { drillNowOf } from './drill';
import { fold } from './fold';
import type { FeedToVideo, FromFeed, Line, Stats, ToFeed } from './messages';
import { emptyDelta, emptyPicture, positions } from './picture';
import { GROUPS, positionText } from './position';
import { Telling } from './telling';

/** The sub-protocol's name and version. */
const PROTOCOL = 'trongdong.v1';
/** A node that has not welcomed us by then is passed over. */
const WELCOME_MS_MAX = 4_000;
/** Heartbeats that may be missing before the line counts as cut. */
const HEARTBEATS_MISSED_MAX = 3;
/** Assumed until the welcome names the real period. */
const HEARTBEAT_MS_DEFAULT = 1_000;
/** Changes go to the page this often at most, except those of alarms and incidents. */
const POST_MS = 100;
/** Alarms and incidents are posted after one drawn frame at the earliest. */
const URGENT_MS = 16;
/** A snapshot under way is shown as a whole, but not waited for longer than this. */
const SNAPSHOT_HOLD_MS_MAX = 1_000;
/** Period of the line's state to the page; the page restarts a worker that stays silent. */
const LINE_MS = 500;
const PING_MS = 5_000;
/** Subscriptions after a gap are this far apart, so that a broken server is not flooded. */
const RESUBSCRIBE_MS_MIN = 1_000;
/** Byes after which coming back cannot help. */
const FINAL_BYES: readonly string[] = ['session-ended', 'unauthorized'];

let picture = emptyPicture();
let delta = emptyDelta();
let origins: string[] = [];
let originIndex = 0;
let language = 'vi';
let districts: string[] = [];
/** What this page is for, for the record. */
let why = '';
/** And why each camera is watched. */
const watched = new Map<string, string>();
let video: MessagePort | undefined;

let socket: WebSocket | undefined;
let openedAtMs = 0;
let welcomed = false;
let attempt = 0;
let connects = 0;
let retryTimer: ReturnType<typeof setTimeout> | undefined;
let postTimer: ReturnType<typeof setTimeout> | undefined;
let postDueMs = 0;
let holdSinceMs = 0;
let resubscribedAtMs = 0;
let resubscribeTimer: ReturnType<typeof setTimeout> | undefined;
let heartbeatMs = HEARTBEAT_MS_DEFAULT;
const pings = new Map<bigint, number>();
let pingNonce = 0n;
/** What the node is told of frames that did not come as they should have. */
const telling = new Telling();
let stopped = true;

const line: Line = {
  state: 'connecting',
  node: 0,
  origin: '',
  heardAtMs: 0,
  delayMs: undefined,
  clockOffsetMs: 0,
  quorumAgeMs: 0,
  leaderAgeMs: new Array<number>(GROUPS).fill(0),
  silentModels: [],
  province: undefined,
  drill: undefined,
  byeCode: '',
  byeMessage: '',
  groupsComplete: new Array<boolean>(GROUPS).fill(false),
};

function send(body: ToServer['body']): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(toBinary(ToServerSchema, create(ToServerSchema, { body })));
}

function subscribe(): void {
  resubscribedAtMs = Date.now();
  send({ case: 'subscribe', value: create(SubscribeSchema, { districts, nouns: [], from: positions(picture) }) });
}

function watch(camera: string, reason: string): void {
  send({ case: 'watchCamera', value: { $typeName: 'trongdong.v1.WatchCamera', camera, why: reason } });
}

function resubscribe(): void {
  if (resubscribeTimer !== undefined) return;
  const wait = Math.max(0, resubscribedAtMs + RESUBSCRIBE_MS_MIN - Date.now());
  resubscribeTimer = setTimeout(() => {
    resubscribeTimer = undefined;
    subscribe();
  }, wait);
}

function connect(): void {
  clearTimeout(retryTimer);
  retryTimer = undefined;
  if (stopped) return;
  const origin = origins[originIndex % origins.length] ?? self.location.origin;
  const opening = new WebSocket(`${origin.replace(/^http/, 'ws')}/ws`, PROTOCOL);
  opening.binaryType = 'arraybuffer';
  socket = opening;
  openedAtMs = Date.now();
  welcomed = false;
  connects += 1;
  line.origin = origin;
  opening.onopen = () => {
    if (socket !== opening) return;
    send({ case: 'hello', value: create(HelloSchema, { token: '', language, why }) });
    subscribe();
    for (const [camera, reason] of watched) watch(camera, reason);
  };
  opening.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
    if (socket === opening) receive(data);
  };
  opening.onclose = () => {
    if (socket === opening) lost();
  };
}

/** The socket is gone or given up: come back after a jittered wait, at the next node if this one never welcomed us. */
function lost(): void {
  const old = socket;
  socket = undefined;
  old?.close();
  pings.clear();
  telling.lost();
  clearTimeout(resubscribeTimer);
  resubscribeTimer = undefined;
  if (stopped || line.state === 'ended') return;
  originIndex += 1;
  line.state = 'cut';
  postLine();
  clearTimeout(retryTimer);
  retryTimer = setTimeout(connect, backoffMs(attempt, Math.random()));
  attempt += 1;
}

function receive(data: ArrayBuffer): void {
  line.heardAtMs = Date.now();
  let message: ToScreen;
  try {
    message = fromBinary(ToScreenSchema, new Uint8Array(data));
  } catch {
    // What cannot be read may have been a frame: the line is started anew and resumes from the last place.
    lost();
    return;
  }
  const body = message.body;
  switch (body.case) {
    case 'welcome':
      welcomed = true;
      attempt = 0;
      heartbeatMs = body.value.heartbeatMs || HEARTBEAT_MS_DEFAULT;
      line.state = 'live';
      line.node = Number(body.value.node);
      line.byeCode = '';
      line.byeMessage = '';
      line.quorumAgeMs = 0;
      if (line.delayMs === undefined) line.clockOffsetMs = Number(body.value.serverTimeMs) - Date.now();
      ping();
      postLine();
      return;
    case 'heartbeat':
      line.quorumAgeMs = Number(body.value.quorumAgeMs);
      for (const age of body.value.groups) if (age.group < GROUPS) line.leaderAgeMs[age.group] = Number(age.leaderAgeMs);
      line.silentModels = body.value.models.map(({ name, cause }) => ({ name, cause: cause === 'off' ? 'off' : 'silent' }));
      line.province = body.value.line && { cut: body.value.line.cut, ageMs: Number(body.value.line.ageMs), kept: body.value.line.kept };
      line.drill = drillNowOf(body.value.drill);
      return;
    case 'pong': {
      telling.answered(body.value.nonce);
      const sentAtMs = pings.get(body.value.nonce);
      pings.delete(body.value.nonce);
      if (sentAtMs === undefined) return;
      const roundTripMs = performance.now() - sentAtMs;
      line.delayMs = roundTripMs / 2;
      line.clockOffsetMs = Number(body.value.serverTimeMs) + roundTripMs / 2 - Date.now();
      return;
    }
    case 'bye':
      line.byeCode = body.value.code;
      line.byeMessage = body.value.message;
      if (FINAL_BYES.includes(body.value.code)) line.state = 'ended';
      lost();
      postLine();
      return;
    case 'videoFrame': {
      const { camera, timestampUs, key, data: unit } = body.value;
      // The access unit is copied out of the socket's buffer, and the copy handed on without another.
      const bytes = unit.slice();
      const frame: FeedToVideo = { kind: 'frame', camera, timestampUs: Number(timestampUs), key, data: bytes };
      video?.postMessage(frame, [bytes.buffer]);
      return;
    }
    case 'videoStatus': {
      const { camera, health, codec, message: text } = body.value;
      const status: FeedToVideo = { kind: 'status', camera, health: healthOf(health), codec, message: text };
      video?.postMessage(status);
      return;
    }
    default: {
      const folded = fold(picture, message, delta);
      picture = folded.picture;
      if (folded.resubscribe) resubscribe();
      if (body.case !== 'frame' || body.value.events.length > 0 || body.value.withdrawn.length > 0) schedulePost();
    }
  }
}

function schedulePost(): void {
  const due = Date.now() + (delta.urgent ? URGENT_MS : POST_MS);
  if (postTimer !== undefined && postDueMs <= due) return;
  clearTimeout(postTimer);
  postDueMs = due;
  postTimer = setTimeout(postChange, due - Date.now());
}

function postChange(): void {
  postTimer = undefined;
  const building = picture.groups.some((group) => group.building !== undefined);
  if (building && holdSinceMs === 0) holdSinceMs = Date.now();
  if (building && Date.now() - holdSinceMs < SNAPSHOT_HOLD_MS_MAX) {
    schedulePost();
    return;
  }
  holdSinceMs = 0;
  const change = changeOf(delta);
  delta = emptyDelta();
  post({ kind: 'change', change });
}

function ping(): void {
  if (socket?.readyState !== WebSocket.OPEN) return;
  // A node that never answers must not make this grow.
  pings.clear();
  pingNonce += 1n;
  pings.set(pingNonce, performance.now());
  send({ case: 'ping', value: create(PingSchema, { nonce: pingNonce, ...telling.tell(pingNonce, picture.counters) }) });
}

function post(message: FromFeed): void {
  self.postMessage(message);
}

function postLine(): void {
  line.groupsComplete = picture.groups.map((group) => group.through !== undefined);
  const stats: Stats = {
    ...picture.counters,
    connects,
    node: line.node,
    origin: line.origin,
    positions: picture.groups.map((group) => (group.through === undefined ? null : positionText(group.through))),
  };
  post({ kind: 'line', line, stats });
}

function watchdog(): void {
  if (stopped) return;
  const now = Date.now();
  if (socket !== undefined) {
    const silent = welcomed
      ? now - line.heardAtMs > heartbeatMs * HEARTBEATS_MISSED_MAX
      : now - openedAtMs > WELCOME_MS_MAX;
    if (silent) lost();
  }
  if (welcomed && telling.isDue(picture.counters)) ping();
  postLine();
}
setInterval(watchdog, LINE_MS);
setInterval(() => {
  if (welcomed) ping();
}, PING_MS);

self.onmessage = ({ data, ports }: MessageEvent<ToFeed>) => {
  switch (data.kind) {
    case 'start':
      origins = data.origins;
      language = data.language;
      districts = data.districts;
      why = data.why;
      video = ports[0] ?? video;
      if (stopped) {
        stopped = false;
        line.state = 'connecting';
        connect();
      }
      return;
    case 'stop':
      stopped = true;
      lost();
      return;
    case 'nudge':
      // The machine woke up or its network came back: no reason to sit out the rest of a long wait.
      if (retryTimer !== undefined) connect();
      return;
    case 'watch':
      watched.set(data.camera, data.why);
      watch(data.camera, data.why);
      return;
    case 'unwatch':
      watched.delete(data.camera);
      send({ case: 'unwatchCamera', value: { $typeName: 'trongdong.v1.UnwatchCamera', camera: data.camera } });
      return;
    case 'digest':
      post({ kind: 'digest', request: data.request, text: digest(picture) });
  }
};
