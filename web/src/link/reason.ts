// Why somebody looks at something or changes it, for the record. Nobody types it where a noun explains it: the call in progress, else
// the incident, report or instruction that a request is about, else the screen that they sit at. A noun stands as `call/C7`, which the
// record says in its reader's language; anything else are their own words.

/** What a request is about, by its path. */
const PATH_OF = /^\/api\/(incident|report|instruction|call|warning)s\/([^/?]+)/;
/** Around what it asks for photos or reports. */
const QUERY_OF = /[?&](incident|report)=([^&]+)/;

let engaged: () => string = () => '';

/** From here on `of` says what this person is in the middle of, or why in their words; empty: nothing that explains the rest. */
export function explainBy(of: () => string): void {
  engaged = of;
}

/** The screen of a page, such as `screen/wall`. */
export function screenOf(pathname: string): string {
  const name = pathname.replace(/^\//, '').replace(/\.html$/, '');
  return `screen/${name === '' || name === 'index' ? 'wall' : name}`;
}

/** This page's. */
export const ownScreen = (): string => screenOf(globalThis.location?.pathname ?? '');

/** Why a request to this path is made. */
export function reasonFor(path: string): string {
  const [, noun = '', id = ''] = PATH_OF.exec(path) ?? QUERY_OF.exec(path) ?? [];
  return engaged() || (noun === '' ? ownScreen() : `${noun}/${id}`);
}

/** The header that says so: a browser sends no other than Latin letters in one. */
export const reasonHeader = (why: string): Record<string, string> => (why === '' ? {} : { 'x-reason': encodeURIComponent(why) });
