// Reasons of a recommendation in words.
import { roughAge } from '../i18n/format';
import type { Reason } from '../nouns/recommendation';
import { UNIT_STATES } from '../nouns/unit';
import { settings } from '../state/settings.svelte';
import { distanceText } from './words';

const SECONDS_PER_MINUTE = 60;
const AGAINST: readonly Reason['code'][] = [
  'busy', 'no_skill', 'tired', 'stale_position', 'off_shift', 'unanswered', 'declined', 'mayday',
];

/** Whether the reason is one to look at before sending. */
export function speaksAgainst(reason: Reason): boolean {
  return AGAINST.includes(reason.code);
}

/** The reason as a dispatcher reads it. */
export function reasonText(reason: Reason): string {
  const { t, format } = settings;
  const words = t.dispatch.reason;
  switch (reason.code) {
    case 'travel':
      return words.travel(distanceText(reason.distanceM), format.count(Math.ceil(reason.travelS / SECONDS_PER_MINUTE)));
    case 'busy': {
      const status = UNIT_STATES.find((known) => known === reason.status);
      return words.busy(status === undefined ? reason.status : t.unit.status[status], reason.incident);
    }
    case 'skill':
      return words.skill(reason.skills.join(', '));
    case 'rested':
    case 'tired':
    case 'stale_position':
      return words[reason.code](reason.ms === undefined ? '' : roughAge(reason.ms, t.age));
    default:
      return words[reason.code];
  }
}
