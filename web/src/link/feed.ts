// The page's end of the two workers: starts them, restarts a hung one, hands on what they say. Knows no widget.
import FeedWorker from './feed.worker?worker';
import VideoWorker from './video.worker?worker';
import { ownScreen } from './reason';
import type { Change, FromFeed, FromVideo, Line, Stats, ToFeed, ToVideo, VideoState } from './messages';

/** A feed worker that says nothing for this long is hung and replaced. */
const WORKER_SILENCE_MS_MAX = 8_000;
/** Period of that check. */
const WORKER_CHECK_MS = 2_000;

export interface FeedListener {
  change(change: Change): void;
  line(line: Line, stats: Stats): void;
  video(state: VideoState): void;
  /** The worker was replaced: everything held from the old one is void. */
  restarted(): void;
}

export interface Feed {
  /** A view of a camera in a canvas, until `close`; the canvas's drawing is given away for good. Nothing is asked for yet. */
  open(camera: string, canvas: HTMLCanvasElement): number;
  /** Asks for the view's pictures, and says why; asked again, it says the new reason. */
  ask(view: number, why: string): void;
  /** Lets the camera's line go; the canvas keeps its last picture. */
  rest(view: number): void;
  close(view: number): void;
  /** Follows these districts from now on, over a line of its own: what was held is void. */
  follow(districts: string[]): void;
  /** Sorted JSON of all that is held, for tests. */
  digest(): Promise<string>;
  stop(): void;
}

/** Starts the live line over the given origins, first one first. */
export function startFeed(origins: string[], language: string, first: string[], listener: FeedListener): Feed {
  let districts = first;
  let spokeAtMs = Date.now();
  const digests = new Map<number, (text: string) => void>();
  /** Each open view: its camera, and why its pictures are asked for; undefined: they are not. */
  const views = new Map<number, { camera: string; why: string | undefined }>();
  /** Why each camera is watched, as the view said that asked while no other did. */
  const whys = new Map<string, string>();
  let lastView = 0;

  const videoWorker = new VideoWorker();
  videoWorker.onmessage = ({ data }: MessageEvent<FromVideo>) => listener.video(data.state);

  function startWorker(): Worker {
    const worker = new FeedWorker();
    worker.onmessage = ({ data }: MessageEvent<FromFeed>) => {
      spokeAtMs = Date.now();
      if (data.kind === 'change') listener.change(data.change);
      else if (data.kind === 'line') listener.line(data.line, data.stats);
      else {
        digests.get(data.request)?.(data.text);
        digests.delete(data.request);
      }
    };
    const channel = new MessageChannel();
    const port: ToVideo = { kind: 'feed', port: channel.port2 };
    videoWorker.postMessage(port, [channel.port2]);
    const start: ToFeed = { kind: 'start', origins, language, districts, why: ownScreen() };
    worker.postMessage(start, [channel.port1]);
    for (const [camera, why] of whys) worker.postMessage({ kind: 'watch', camera, why } satisfies ToFeed);
    return worker;
  }
  let feedWorker = startWorker();
  function replace(): void {
    // What the old one said last may still be on its way.
    feedWorker.onmessage = null;
    feedWorker.terminate();
    spokeAtMs = Date.now();
    feedWorker = startWorker();
  }

  const tell = (message: ToFeed) => feedWorker.postMessage(message);
  const nudge = () => {
    if (document.visibilityState === 'visible') tell({ kind: 'nudge' });
  };
  window.addEventListener('online', nudge);
  document.addEventListener('visibilitychange', nudge);
  let checkedAtMs = Date.now();
  const check = setInterval(() => {
    const now = Date.now();
    // A page that slept itself has no right to call the worker hung.
    const slept = now - checkedAtMs > WORKER_CHECK_MS * 2;
    checkedAtMs = now;
    if (slept || now - spokeAtMs < WORKER_SILENCE_MS_MAX) return;
    listener.restarted();
    replace();
  }, WORKER_CHECK_MS);

  /** Whether another view asks for the same camera. */
  const isAskedElsewhere = (view: number, camera: string) => [...views].some(([other, { camera: of, why }]) => other !== view && of === camera && why !== undefined);
  function rest(view: number): void {
    const resting = views.get(view);
    if (resting === undefined || resting.why === undefined) return;
    resting.why = undefined;
    videoWorker.postMessage({ kind: 'rest', view } satisfies ToVideo);
    if (isAskedElsewhere(view, resting.camera)) return;
    whys.delete(resting.camera);
    tell({ kind: 'unwatch', camera: resting.camera });
  }

  return {
    open(camera, canvas) {
      lastView += 1;
      const offscreen = canvas.transferControlToOffscreen();
      const message: ToVideo = { kind: 'open', view: lastView, camera, canvas: offscreen };
      videoWorker.postMessage(message, [offscreen]);
      views.set(lastView, { camera, why: undefined });
      return lastView;
    },
    ask(view, why) {
      const asking = views.get(view);
      if (asking === undefined) return;
      asking.why = why;
      videoWorker.postMessage({ kind: 'ask', view } satisfies ToVideo);
      // A camera that is open elsewhere on the page is watched for that reason.
      if (isAskedElsewhere(view, asking.camera) || whys.get(asking.camera) === why) return;
      whys.set(asking.camera, why);
      tell({ kind: 'watch', camera: asking.camera, why });
    },
    rest,
    close(view) {
      rest(view);
      views.delete(view);
      videoWorker.postMessage({ kind: 'close', view } satisfies ToVideo);
    },
    follow(wanted) {
      districts = wanted;
      replace();
    },
    digest() {
      const request = digests.size === 0 ? 1 : Math.max(...digests.keys()) + 1;
      return new Promise((resolve) => {
        digests.set(request, resolve);
        tell({ kind: 'digest', request });
      });
    },
    stop() {
      clearInterval(check);
      window.removeEventListener('online', nudge);
      document.removeEventListener('visibilitychange', nudge);
      feedWorker.terminate();
      videoWorker.terminate();
    },
  };
}
