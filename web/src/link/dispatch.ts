// What dispatchers and crews ask of a node beside the picture that comes over the line.
import { crewOf, type Crew } from '../nouns/crew';
import { recommendationOf, type Recommendation } from '../nouns/recommendation';
import { readJson } from './api';

/** Whom to send to an incident, as the node sees it now. */
export async function readRecommendation(incident: string): Promise<Recommendation> {
  return recommendationOf(await readJson(`/api/incidents/${encodeURIComponent(incident)}/recommendation`));
}

/** What the centre knows of the crew that is signed in. */
export async function readCrew(): Promise<Crew> {
  return crewOf(await readJson('/api/crew'));
}
