// What a page's first picture does not need comes after it.

/** What could not be had is asked for again so often: a phone comes out of its tunnel. */
const AGAIN_MS = 5_000;

interface Later<T> {
  load: () => Promise<T>;
  take: (part: T) => void;
  /** It could not be had; it is asked for again. */
  missed?: () => void;
}

/** Loads a part once what is shown now is painted. Gives back what gives it up. */
export function afterPicture<T>({ load, take, missed = () => {} }: Later<T>): () => void {
  let isGivenUp = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ask = (): void => {
    load().then(
      (part) => {
        if (!isGivenUp) take(part);
      },
      () => {
        if (isGivenUp) return;
        missed();
        timer = setTimeout(ask, AGAIN_MS);
      },
    );
  };
  // A task behind the next frame: by then the browser has painted it.
  const frame = requestAnimationFrame(() => (timer = setTimeout(ask)));
  return () => {
    isGivenUp = true;
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}
