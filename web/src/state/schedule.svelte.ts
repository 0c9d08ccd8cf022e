// By what deadlines run, as an administrator sees it and changes it. It is asked for again after each order, and every few seconds.
import { readSchedule } from '../link/clocks';
import { postToWire, type Post } from '../nouns/register';
import type { CalendarJson, PolicyJson } from '../nouns/schedule';
import { order, type Sent } from './orders';

const ASK_AGAIN_MS = 5_000;

/** What commands are shown beside. */
export const CALENDAR_FORM = 'calendar/form';
export const POLICY_FORM = 'policy/form';
export const ladderTarget = (post: string) => `ladder/${post}`;

class Schedule {
  calendars = $state.raw<readonly CalendarJson[]>([]);
  policies = $state.raw<readonly PolicyJson[]>([]);
  posts = $state.raw<readonly Post[]>([]);
  /** The node did not answer the last time. */
  missing = $state(false);

  async load(): Promise<void> {
    try {
      ({ calendars: this.calendars, policies: this.policies, posts: this.posts } = await readSchedule());
      this.missing = false;
    } catch {
      this.missing = true;
    }
  }

  /** Asks until what it gives back is called. */
  start(): () => void {
    void this.load();
    const timer = setInterval(() => void this.load(), ASK_AGAIN_MS);
    return () => clearInterval(timer);
  }
}

export const schedule = new Schedule();

/** Sends a command, then asks for what came of it; of one that was refused, too: somebody else may have changed it. */
async function ordered(target: string, path: string, body: unknown): Sent {
  const sent = await order('administer', target, path, body);
  await schedule.load();
  return sent;
}

/** Puts a calendar. What runs by it is due at another time from then on. */
export const putCalendar = (calendar: CalendarJson): Sent => ordered(CALENDAR_FORM, '/api/calendars', calendar);
/** Puts a policy, for clocks that start from then on. */
export const putPolicy = (policy: PolicyJson): Sent => ordered(POLICY_FORM, '/api/deadline-policies', policy);
/** Says who is told when nobody is on duty at the post; null: nobody is above it. */
export const putAbove = (post: Post, above: string | null): Sent => ordered(ladderTarget(post.id), '/api/duty-posts', postToWire({ ...post, above }));
