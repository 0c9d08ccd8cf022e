// Which districts a room's wall is about. A room holds the unit of the hierarchy that it is of, a subscription names districts: the one is
// found from the other here.

interface Ground {
  districts: ReadonlyMap<string, { id: string; adminUnits: readonly string[] }>;
  adminUnits: ReadonlyMap<string, { parent: string }>;
  rooms: ReadonlyMap<string, { adminUnit: string; follows: string }>;
}

/** No hierarchy is so deep; a circle in one ends here. */
const LEVELS_MAX = 8;

/** The district that the unit lies in, itself or by a unit above it; undefined: none, as of the province. */
export function districtOf(code: string, { districts, adminUnits }: Omit<Ground, 'rooms'>): string | undefined {
  for (let [at, level] = [code, 0]; at !== '' && level < LEVELS_MAX; level += 1) {
    for (const { id, adminUnits: of } of districts.values()) if (of.includes(at)) return id;
    at = adminUnits.get(at)?.parent ?? '';
  }
  return undefined;
}

/**
 * The districts that the room's wall follows; none: the whole province. A room that follows another one's scene sees what lies in that
 * one's district too, because a scene names records and each screen shows those that it has.
 */
export function followedBy(room: string, ground: Ground): string[] {
  const own = ground.rooms.get(room);
  const leader = ground.rooms.get(own?.follows ?? '');
  const districts = [own, leader].flatMap((it) => (it === undefined ? [] : [districtOf(it.adminUnit, ground)]));
  const named = districts.filter((it) => it !== undefined);
  return named.length < districts.length ? [] : [...new Set(named)];
}
