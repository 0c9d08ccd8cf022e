// Asks for an incident at a point of a map.
import { commands } from '../state/commands.svelte';
import { desk, NEW_INCIDENT } from '../state/desk.svelte';

/** Asks the rest of the incident, or says why this person may open none. */
export function openAt(latitude: number, longitude: number): void {
  const why = desk.whyNot('open-incident');
  if (why === '') desk.question = { about: 'open', at: { longitude, latitude } };
  else commands.keepBack(NEW_INCIDENT, why);
}
