import type { Position } from '../gen/trongdong/v1/event_pb';

/** Groups 0 to 8: command and eight field groups. A position outside is a broken message. */
export const GROUPS = 9;

/** Same place in the same history. */
export function samePosition(a: Position, b: Position): boolean {
  return a.epoch === b.epoch && a.group === b.group && a.index === b.index && a.ordinal === b.ordinal;
}

/** Whether `a` stands at or before `b`. Another epoch is another history: nothing there is before or after. */
export function notAfter(a: Position, b: Position): boolean {
  if (a.epoch !== b.epoch || a.group !== b.group) return false;
  return a.index < b.index || (a.index === b.index && a.ordinal <= b.ordinal);
}

/** What people and tests read: `epoch.index.ordinal`. */
export function positionText(position: Position): string {
  return `${position.epoch}.${position.index}.${position.ordinal}`;
}
