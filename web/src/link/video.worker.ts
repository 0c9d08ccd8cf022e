// Decodes camera pictures away from the page and paints each into its own canvas. Frames come straight from the feed
// worker over a channel. A late picture is worth nothing: when the decoder falls behind, it drops to the next key frame,
// and only the newest decoded picture is painted.
import type { Health } from '../nouns/camera';
import type { FeedToVideo, FromVideo, ToVideo } from './messages';

/** More pictures than this waiting in the decoder: skip to the next key frame. */
const DECODE_QUEUE_MAX = 4;
/** Period of the figures beside the picture, milliseconds. */
const REPORT_MS = 1_000;
/** Assumed when the camera's codec is not told yet: baseline profile, level 3.1. */
const CODEC_DEFAULT = 'avc1.42E01F';

interface Player {
  view: number;
  camera: string;
  canvas: OffscreenCanvas;
  context: OffscreenCanvasRenderingContext2D | null;
  decoder: VideoDecoder | undefined;
  codec: string;
  /** Nobody asks for its pictures: the canvas keeps the last one. */
  rests: boolean;
  awaitsKey: boolean;
  newest: VideoFrame | undefined;
  painted: number;
  paintedAtMs: number;
  health: Health;
  message: string;
}

/** By view: a camera may be open in a tile and in a drawer at once. */
const players = new Map<number, Player>();

function open(view: number, camera: string, canvas: OffscreenCanvas): void {
  close(view);
  players.set(view, {
    view,
    camera,
    canvas,
    context: canvas.getContext('2d', { alpha: false }),
    decoder: undefined,
    // A camera that is open already tells its codec no second time.
    codec: [...players.values()].find((other) => other.camera === camera)?.codec ?? CODEC_DEFAULT,
    rests: true,
    awaitsKey: true,
    newest: undefined,
    painted: 0,
    paintedAtMs: 0,
    health: 'connecting',
    message: '',
  });
}

function close(view: number): void {
  const player = players.get(view);
  if (player === undefined) return;
  players.delete(view);
  player.newest?.close();
  stopDecoder(player);
}

function stopDecoder(player: Player): void {
  if (player.decoder !== undefined && player.decoder.state !== 'closed') player.decoder.close();
  player.decoder = undefined;
  player.awaitsKey = true;
}

/** A decoder is dear: one that rests has none. What was decoded and not yet painted still is. */
function turn(view: number, rests: boolean): void {
  const player = players.get(view);
  if (player === undefined || player.rests === rests) return;
  player.rests = rests;
  stopDecoder(player);
}

function decoderOf(player: Player): VideoDecoder | undefined {
  if (player.decoder !== undefined && player.decoder.state !== 'closed') return player.decoder;
  if (typeof VideoDecoder === 'undefined') {
    player.health = 'unknown';
    player.message = 'insecure-context';
    return undefined;
  }
  const decoder = new VideoDecoder({
    output: (frame) => show(player, frame),
    error: (error) => {
      // A broken stream starts over at its next key frame with a new decoder.
      player.message = error.message;
      player.decoder = undefined;
      player.awaitsKey = true;
    },
  });
  decoder.configure({ codec: player.codec, optimizeForLatency: true });
  player.decoder = decoder;
  player.awaitsKey = true;
  return decoder;
}

function decode(player: Player, frame: Extract<FeedToVideo, { kind: 'frame' }>): void {
  const decoder = decoderOf(player);
  if (decoder === undefined) return;
  if (decoder.decodeQueueSize > DECODE_QUEUE_MAX) player.awaitsKey = true;
  if (player.awaitsKey && !frame.key) return;
  player.awaitsKey = false;
  decoder.decode(
    new EncodedVideoChunk({ type: frame.key ? 'key' : 'delta', timestamp: frame.timestampUs, data: frame.data }),
  );
}

function show(player: Player, frame: VideoFrame): void {
  const first = player.newest === undefined;
  player.newest?.close();
  player.newest = frame;
  if (first) requestAnimationFrame(() => paint(player));
}

function paint(player: Player): void {
  const frame = player.newest;
  player.newest = undefined;
  if (frame === undefined) return;
  if (players.get(player.view) === player && player.context !== null) {
    if (player.canvas.width !== frame.displayWidth || player.canvas.height !== frame.displayHeight) {
      player.canvas.width = frame.displayWidth;
      player.canvas.height = frame.displayHeight;
    }
    player.context.drawImage(frame, 0, 0);
    player.painted += 1;
    player.paintedAtMs = Date.now();
    player.message = '';
  }
  frame.close();
}

function report(): void {
  for (const player of players.values()) {
    const message: FromVideo = {
      kind: 'video',
      state: {
        view: player.view,
        health: player.health,
        message: player.message,
        framesPerSecond: (player.painted * 1_000) / REPORT_MS,
        paintedAtMs: player.paintedAtMs,
        aspect: player.canvas.height === 0 ? 16 / 9 : player.canvas.width / player.canvas.height,
      },
    };
    player.painted = 0;
    self.postMessage(message);
  }
}
setInterval(report, REPORT_MS);

function hear({ data }: MessageEvent<FeedToVideo>): void {
  for (const player of players.values()) {
    if (player.camera !== data.camera) continue;
    if (data.kind === 'status') restatus(player, data);
    else if (!player.rests) decode(player, data);
  }
}

function restatus(player: Player, data: Extract<FeedToVideo, { kind: 'status' }>): void {
  player.health = data.health;
  player.message = data.message;
  if (data.codec !== '' && data.codec !== player.codec) {
    player.codec = data.codec;
    stopDecoder(player);
  }
}

self.onmessage = ({ data }: MessageEvent<ToVideo>) => {
  if (data.kind === 'open') open(data.view, data.camera, data.canvas);
  else if (data.kind === 'ask') turn(data.view, false);
  else if (data.kind === 'rest') turn(data.view, true);
  else if (data.kind === 'close') close(data.view);
  else data.port.onmessage = hear;
};
