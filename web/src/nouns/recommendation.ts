// Whom to send, as the cluster recommends it, with its reasons.

/** One thing that speaks for or against a unit. */
export type Reason =
  | { code: 'travel'; distanceM: number; travelS: number }
  | { code: 'busy'; status: string; incident: string }
  | { code: 'skill'; skills: string[] }
  | { code: 'rested' | 'tired' | 'stale_position'; ms: number | undefined }
  | { code: 'free' | 'no_skill' | 'off_shift' | 'unanswered' | 'declined' | 'agency_task' | 'mayday' };

/** One unit, and why it stands where it does. */
export interface Recommended {
  unit: string;
  name: string;
  agency: string;
  canSend: boolean;
  costS: number;
  reasons: Reason[];
}

/** Whom to send to one incident. */
export interface Recommendation {
  /** The incident's version that this was made for. */
  version: number;
  hasCard: boolean;
  needs: { skill: string; count: number; covered: number }[];
  /** The best first. */
  units: Recommended[];
  speedKmH: number;
  roadFactor: number;
}

interface RawReason {
  code: string;
  distance_m?: number;
  travel_s?: number;
  status?: string;
  incident?: string | null;
  skills?: string[];
  for_ms?: number | null;
  age_ms?: number | null;
}

const BARE = ['free', 'no_skill', 'off_shift', 'unanswered', 'declined', 'agency_task', 'mayday'] as const;

/** The reason of its JSON; undefined for one that this screen does not know yet. */
export function reasonOf(raw: RawReason): Reason | undefined {
  switch (raw.code) {
    case 'travel':
      return { code: 'travel', distanceM: raw.distance_m ?? 0, travelS: raw.travel_s ?? 0 };
    case 'busy':
      return { code: 'busy', status: (raw.status ?? '').replaceAll('_', '-'), incident: raw.incident ?? '' };
    case 'skill':
      return { code: 'skill', skills: raw.skills ?? [] };
    case 'rested':
    case 'tired':
      return { code: raw.code, ms: raw.for_ms ?? undefined };
    case 'stale_position':
      return { code: 'stale_position', ms: raw.age_ms ?? undefined };
    default: {
      const code = BARE.find((known) => known === raw.code);
      return code && { code };
    }
  }
}

/** The recommendation of its JSON. */
export function recommendationOf(answer: unknown): Recommendation {
  const raw = answer as {
    version: number;
    has_card: boolean;
    needs: Recommendation['needs'];
    units: { unit: string; name: string; agency: string; can_send: boolean; cost_s: number; reasons: RawReason[] }[];
    speed_km_h: number;
    road_factor: number;
  };
  return {
    version: raw.version,
    hasCard: raw.has_card,
    needs: raw.needs,
    units: raw.units.map((unit) => ({
      unit: unit.unit,
      name: unit.name,
      agency: unit.agency,
      canSend: unit.can_send,
      costS: unit.cost_s,
      reasons: unit.reasons.flatMap((reason) => reasonOf(reason) ?? []),
    })),
    speedKmH: raw.speed_km_h,
    roadFactor: raw.road_factor,
  };
}
