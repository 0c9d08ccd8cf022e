// Whom to send to the incident that a dispatcher has chosen: asked anew when the incident changes, and now and then, because
// units move.
import { readRecommendation } from '../link/dispatch';
import type { Incident } from '../nouns/incident';
import type { Recommendation } from '../nouns/recommendation';
import { sendUnit } from './orders';

/** How often it is asked for without a change of the incident. */
const ASK_MS = 10_000;
/** After a failure. */
const ASK_AGAIN_MS = 2_000;

class Recommended {
  made = $state.raw<Recommendation | undefined>(undefined);
  failed = $state(false);
  private of = '';
  private version = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Follows this incident; undefined: none. */
  follow(incident: Incident | undefined): void {
    const id = incident?.id ?? '';
    if (id === this.of && (incident?.version ?? 0) === this.version) return;
    // Of another incident nothing is shown; of the same one the list stays while it is worked out anew.
    if (id !== this.of) this.made = undefined;
    this.of = id;
    this.version = incident?.version ?? 0;
    clearTimeout(this.timer);
    if (id !== '') void this.ask(id);
  }

  /** Sends the unit at this place of the list, if it can be sent. */
  send(incident: Incident, at: number): void {
    const { made } = this;
    const unit = made?.units[at];
    if (made === undefined || unit === undefined || !unit.canSend || made.version !== incident.version) return;
    void sendUnit(incident, unit.unit, made.version);
  }

  private async ask(id: string): Promise<void> {
    let again = ASK_MS;
    try {
      const made = await readRecommendation(id);
      if (this.of !== id) return;
      this.made = made;
      this.failed = false;
      // The node that answered may be behind the picture.
      if (made.version < this.version) again = ASK_AGAIN_MS;
    } catch {
      if (this.of !== id) return;
      this.failed = true;
      again = ASK_AGAIN_MS;
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(id), again);
  }
}

export const recommendation = new Recommended();
