// What a crew's phone asks of a node.
import { crewOf, type Crew } from '../nouns/crew';
import { readJson } from './http';

/** What the centre knows of the crew that is signed in. */
export async function readCrew(): Promise<Crew> {
  return crewOf(await readJson('/api/crew'));
}
