// What dispatchers ask of a node beside the picture that comes over the line.
import { recommendationOf, type Recommendation } from '../nouns/recommendation';
import { readJson } from './http';

/** Whom to send to an incident, as the node sees it now. */
export async function readRecommendation(incident: string): Promise<Recommendation> {
  return recommendationOf(await readJson(`/api/incidents/${encodeURIComponent(incident)}/recommendation`));
}
