import { placeOf, type Place } from './place';
import { UnitStatus, type Unit as UnitWire } from '../gen/trongdong/v1/unit_pb';

/** In the order of an assignment's life. */
export const UNIT_STATES = ['available', 'offered', 'accepted', 'en-route', 'on-scene', 'out-of-service'] as const;
export type UnitState = (typeof UNIT_STATES)[number];

const STATE: Partial<Record<UnitStatus, UnitState>> = {
  [UnitStatus.AVAILABLE]: 'available',
  [UnitStatus.OFFERED]: 'offered',
  [UnitStatus.ACCEPTED]: 'accepted',
  [UnitStatus.EN_ROUTE]: 'en-route',
  [UnitStatus.ON_SCENE]: 'on-scene',
};

/** One response unit as the screens know it. */
export interface Unit {
  id: string;
  name: string;
  agency: string;
  /** Where it is: its last position, its station where none is known. */
  place?: Place;
  positionAtMs: number;
  status: UnitState;
  statusAtMs: number;
  incident: string;
}

/** The domain unit of a wire unit. */
export function unitOf(wire: UnitWire): Unit {
  return {
    id: wire.id,
    name: wire.name,
    agency: wire.agency,
    place: placeOf(wire.position) ?? placeOf(wire.station),
    positionAtMs: Number(wire.positionAtMs),
    status: STATE[wire.status] ?? 'out-of-service',
    statusAtMs: Number(wire.statusAtMs),
    incident: wire.incident,
  };
}
