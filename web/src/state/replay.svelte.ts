// What the map shows instead of now: an incident as it was seen at a moment.
import type { Then } from '../nouns/replay';

class Replay {
  /** Which moment of its course somebody looks at; undefined: now. */
  at = $state<number>();
  /** Undefined: the map shows what is now. */
  then = $state.raw<Then | undefined>(undefined);
  /** Of which incident, for its label. */
  id = $state('');
  exercise = $state(false);
  /** The moment that the map shows. */
  atMs = $state(0);

  show(id: string, exercise: boolean, then: Then | undefined, atMs: number): void {
    this.id = id;
    this.atMs = atMs;
    this.exercise = exercise;
    this.then = then;
  }

  end(): void {
    this.at = undefined;
    this.then = undefined;
  }
}

export const replay = new Replay();
