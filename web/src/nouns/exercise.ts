// Exercises: a drill with records of its own on the real screens.
import type { Exercise as ExerciseWire } from '../gen/trongdong/v1/room_pb';

/** One exercise. Times are Unix milliseconds. */
export interface Exercise {
  id: string;
  name: string;
  scenario: string;
  startedAtMs: number;
  startedBy: string;
  /** 0: it runs. */
  endedAtMs: number;
  note: string;
  closed: number;
}

/** The domain exercise of a wire exercise. */
export function exerciseOf(wire: ExerciseWire): Exercise {
  const { id, name, scenario, startedBy, note, closed } = wire;
  return { id, name, scenario, startedAtMs: Number(wire.startedAtMs), startedBy, endedAtMs: Number(wire.endedAtMs), note, closed };
}

/** The one that runs. */
export function runningExercise(all: Iterable<Exercise>): Exercise | undefined {
  return [...all].find((exercise) => exercise.endedAtMs === 0);
}

/** Those that ended, the last one first. */
export function endedExercises(all: Iterable<Exercise>): Exercise[] {
  return [...all].filter((exercise) => exercise.endedAtMs > 0).sort((a, b) => b.endedAtMs - a.endedAtMs);
}

/** What is real, or all of it where exercises are to be seen. */
export function visible<T extends { exercise: boolean }>(all: Iterable<T>, withExercises: boolean): T[] {
  return withExercises ? [...all] : [...all].filter((record) => !record.exercise);
}
