// How much each person has in hand: open incidents that they took on, and alarms that they acknowledged (EEMUA 191). From what the line
// tells: an incident names who acknowledged it, an alarm who did so last. Pure.
import type { Alarm } from './alarm';
import { leader } from './handover';
import { isOpen, type Incident } from './incident';

/** Over which alarms are counted, and how many of them one person can see to in it for long. */
export const ALARMS_SPAN_MS = 600_000;
export const ALARMS_IN_SPAN = 1;
/** From this level on an incident is grave. */
const GRAVE = 4;

/** What one person has in hand. */
export interface Load {
  person: string;
  open: number;
  /** Of those, of level 4 and 5. */
  grave: number;
  /** Alarms acknowledged in the span; one that came again in it counts once. */
  alarms: number;
}

export interface Loads {
  /** Who has most in hand first. */
  people: Load[];
  /** Open incidents that nobody took on, and those that another service leads. */
  nobody: number;
  elsewhere: number;
}

/** Of what is there at `nowMs`. */
export function operatorLoads(incidents: Iterable<Incident>, alarms: Iterable<Alarm>, nowMs: number): Loads {
  const people = new Map<string, Load>();
  const of = (person: string) => {
    const load = people.get(person) ?? { person, open: 0, grave: 0, alarms: 0 };
    people.set(person, load);
    return load;
  };
  let [nobody, elsewhere] = [0, 0];
  for (const incident of incidents) {
    if (!isOpen(incident)) continue;
    if (leader(incident.handovers) !== undefined) elsewhere += 1;
    else if (incident.status === 'opened' || incident.acknowledgedBy === '') nobody += 1;
    else {
      const load = of(incident.acknowledgedBy);
      load.open += 1;
      if (incident.severity >= GRAVE) load.grave += 1;
    }
  }
  for (const alarm of alarms) {
    if (alarm.acknowledgedBy !== '' && alarm.acknowledgedAtMs > nowMs - ALARMS_SPAN_MS) of(alarm.acknowledgedBy).alarms += 1;
  }
  const ranked = [...people.values()].sort((a, b) => b.open - a.open || b.grave - a.grave || b.alarms - a.alarms || (a.person < b.person ? -1 : 1));
  return { people: ranked, nobody, elsewhere };
}
