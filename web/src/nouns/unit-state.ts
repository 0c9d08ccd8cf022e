/** What a unit is doing, in the order of an assignment's life. */
export const UNIT_STATES = ['available', 'offered', 'accepted', 'en-route', 'staging', 'on-scene', 'out-of-service'] as const;
export type UnitState = (typeof UNIT_STATES)[number];
