// Where the log of the cluster has a command: what an operator finds again in the record. Pure.

export interface LogPlace {
  group: number;
  /** 0: it was taken before, and the node that answered no longer knew where. */
  index: number;
  term: number;
  /** It was taken before, under the same number: the place is that of the first. */
  again: boolean;
}

/** Of `log` of an answer; undefined: the answer does not say, as those of an older node. */
export function logPlaceOf(wire: unknown): LogPlace | undefined {
  if (typeof wire !== 'object' || wire === null) return undefined;
  const { group, index, term, again } = wire as { [key in keyof LogPlace]?: unknown };
  if (typeof group !== 'number' || typeof index !== 'number' || typeof term !== 'number') return undefined;
  return { group, index, term, again: again === true };
}
