/** Five levels, 5 the worst, the same on every screen: colour, shape, number and word together, never colour alone. */
export type Severity = 1 | 2 | 3 | 4 | 5;

/** Worst first, the order in which legends and counters show them. */
export const SEVERITIES: readonly Severity[] = [5, 4, 3, 2, 1];

/** What the server calls them. */
export const SEVERITY_NAME: Readonly<Record<Severity, string>> = { 1: 'info', 2: 'low', 3: 'medium', 4: 'high', 5: 'critical' };

/** The level of that name; one that is not known is shown in the middle. */
export function severityNamed(name: string): Severity {
  return SEVERITIES.find((severity) => SEVERITY_NAME[severity] === name) ?? 3;
}

/** Anything outside the five levels is shown as the least, so that a newer server cannot blank a row. */
export function severityOf(value: number): Severity {
  return value >= 1 && value <= 5 ? (value as Severity) : 1;
}

/**
 * The outline of a level in a 24 by 24 box, as an SVG path: octagon, triangle, diamond, circle, square.
 * The map draws its symbols from the same paths.
 */
export const SEVERITY_PATH: Readonly<Record<Severity, string>> = {
  5: 'M8 1.5h8L22.5 8v8L16 22.5H8L1.5 16V8Z',
  4: 'M12 1.2 23.2 21.6H.8Z',
  3: 'M12 .8 23.2 12 12 23.2.8 12Z',
  2: 'M12 1.5a10.5 10.5 0 1 1 0 21 10.5 10.5 0 0 1 0-21Z',
  1: 'M4.5 2.5h15a2 2 0 0 1 2 2v15a2 2 0 0 1-2 2h-15a2 2 0 0 1-2-2v-15a2 2 0 0 1 2-2Z',
};

/** Baseline of the number inside the shape, in the same box; a triangle carries it lower. */
export const SEVERITY_NUMBER_Y: Readonly<Record<Severity, number>> = { 5: 16.4, 4: 18.6, 3: 16.4, 2: 16.4, 1: 16.4 };
