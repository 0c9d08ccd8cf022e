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
  /** Shows a camera in a canvas until `unwatch` of the view, and says why; the canvas's drawing is given away for good. */
  watch(camera: string, canvas: HTMLCanvasElement, why: string): number;
  unwatch(view: number): void;
  /** Sorted JSON of all that is held, for tests. */
  digest(): Promise<string>;
  stop(): void;
}

/** Starts the live line over the given origins, first one first. */
export function startFeed(origins: string[], language: string, districts: string[], listener: FeedListener): Feed {
  let spokeAtMs = Date.now();
  const digests = new Map<number, (text: string) => void>();
  /** Camera of each open view. */
  const views = new Map<number, string>();
  /** Why each camera is watched, as whoever opened its first view said. */
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
    for (const camera of new Set(views.values())) worker.postMessage({ kind: 'watch', camera, why: whys.get(camera) ?? '' } satisfies ToFeed);
    return worker;
  }
  let feedWorker = startWorker();

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
    feedWorker.terminate();
    spokeAtMs = now;
    listener.restarted();
    feedWorker = startWorker();
  }, WORKER_CHECK_MS);

  return {
    watch(camera, canvas, why) {
      lastView += 1;
      const offscreen = canvas.transferControlToOffscreen();
      const message: ToVideo = { kind: 'open', view: lastView, camera, canvas: offscreen };
      videoWorker.postMessage(message, [offscreen]);
      const first = ![...views.values()].includes(camera);
      views.set(lastView, camera);
      if (first) {
        whys.set(camera, why);
        tell({ kind: 'watch', camera, why });
      }
      return lastView;
    },
    unwatch(view) {
      const camera = views.get(view);
      views.delete(view);
      if (camera !== undefined && ![...views.values()].includes(camera)) tell({ kind: 'unwatch', camera });
      videoWorker.postMessage({ kind: 'close', view } satisfies ToVideo);
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
