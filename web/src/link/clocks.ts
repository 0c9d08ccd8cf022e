// Rosters, for whoever gives an instruction, over HTTP.
import { readJson } from './api';
import { postsOf, type Post } from '../nouns/register';

/** Duty posts and who is on duty when. */
export const readPosts = async (): Promise<Post[]> => postsOf(await readJson('/api/duty-posts'));
