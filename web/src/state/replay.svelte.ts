// What the map shows instead of now: an incident as it was seen at a moment.
import type { Then } from '../nouns/replay';

class Replay {
  /** Undefined: the map shows what is now. */
  then = $state.raw<Then | undefined>(undefined);
  /** Of which incident, for its label. */
  id = $state('');
  exercise = $state(false);

  show(id: string, exercise: boolean, then: Then | undefined): void {
    this.id = id;
    this.exercise = exercise;
    this.then = then;
  }

  end(): void {
    this.then = undefined;
  }
}

export const replay = new Replay();
