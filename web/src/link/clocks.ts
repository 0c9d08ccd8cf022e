// By what deadlines run, and rosters, over HTTP.
import { readJson } from './api';
import { postsOf, type Post } from '../nouns/register';
import type { CalendarJson, PolicyJson } from '../nouns/schedule';

/** Duty posts and who is on duty when. */
export const readPosts = async (): Promise<Post[]> => postsOf(await readJson('/api/duty-posts'));

/** All by which deadlines run. */
export async function readSchedule(): Promise<{ calendars: CalendarJson[]; policies: PolicyJson[]; posts: Post[] }> {
  const [calendars, policies, posts] = await Promise.all([readJson('/api/calendars'), readJson('/api/deadline-policies'), readPosts()]);
  return { calendars: (calendars as { items: CalendarJson[] }).items, policies: (policies as { items: PolicyJson[] }).items, posts };
}
