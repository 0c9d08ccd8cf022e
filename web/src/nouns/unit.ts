import { placeOf, type Place } from './place';
import type { UnitState } from './unit-state';
import { UnitStatus, type Assignment as AssignmentWire, type Unit as UnitWire } from '../gen/trongdong/v1/unit_pb';

export { UNIT_STATES, type UnitState } from './unit-state';

const STATE: Partial<Record<UnitStatus, UnitState>> = {
  [UnitStatus.AVAILABLE]: 'available',
  [UnitStatus.OFFERED]: 'offered',
  [UnitStatus.ACCEPTED]: 'accepted',
  [UnitStatus.EN_ROUTE]: 'en-route',
  [UnitStatus.STAGING]: 'staging',
  [UnitStatus.ON_SCENE]: 'on-scene',
};

/** One status of an assignment: when the crew tapped it, and when the centre received it. */
export interface UnitStep {
  status: UnitState;
  tappedAtMs: number;
  receivedAtMs: number;
  by: string;
  /** Of one that sets out: the way along roads as the centre estimates it, and when the unit is late; 0: nothing is expected. */
  distanceM: number;
  lateAtMs: number;
}

/** One unit sent to one incident. Times are Unix milliseconds, 0: no deadline runs. */
export interface Assignment {
  number: number;
  steps: UnitStep[];
  offerDueAtMs: number;
  checkInDueAtMs: number;
  /** 0: heard of in time; 1: the crew is asked; 2: a person is called. */
  checkInLevel: number;
}

/** One response unit as the screens know it. */
export interface Unit {
  id: string;
  name: string;
  agency: string;
  /** Where it is: its last position, its station where none is known. */
  place?: Place;
  /** Where it stands when it is not out. */
  station?: Place;
  positionAtMs: number;
  status: UnitState;
  statusAtMs: number;
  incident: string;
  skills: string[];
  /** When the crew is on duty; undefined: always. */
  shift?: { startsAtMs: number; endsAtMs: number };
  assignment?: Assignment;
  /** When the centre received the crew's mayday, which names it; 0: the crew is in no danger. */
  maydayAtMs: number;
  /** Grows with every change of it but where it is. */
  version?: number;
}

/** The domain status of a wire status. */
function unitStateOf(wire: UnitStatus): UnitState {
  return STATE[wire] ?? 'out-of-service';
}

/** The domain unit of a wire unit. */
export function unitOf(wire: UnitWire): Unit {
  return {
    id: wire.id,
    name: wire.name,
    agency: wire.agency,
    place: placeOf(wire.position) ?? placeOf(wire.station),
    station: placeOf(wire.station),
    positionAtMs: Number(wire.positionAtMs),
    status: unitStateOf(wire.status),
    statusAtMs: Number(wire.statusAtMs),
    incident: wire.incident,
    skills: [...wire.skills],
    shift: wire.duty?.shift && { startsAtMs: Number(wire.duty.shift.startsAtMs), endsAtMs: Number(wire.duty.shift.endsAtMs) },
    assignment: wire.duty?.assignment && assignmentOf(wire.duty.assignment),
    maydayAtMs: Number(wire.duty?.mayday?.receivedAtMs ?? 0n),
    version: Number(wire.version),
  };
}

function assignmentOf(wire: AssignmentWire): Assignment {
  return {
    number: Number(wire.number),
    steps: wire.steps.map((step) => ({
      status: unitStateOf(step.status),
      tappedAtMs: Number(step.tappedAtMs),
      receivedAtMs: Number(step.receivedAtMs),
      by: step.by,
      distanceM: Number(step.distanceM),
      lateAtMs: Number(step.lateAtMs),
    })),
    offerDueAtMs: Number(wire.offerDueAtMs),
    checkInDueAtMs: Number(wire.checkInDueAtMs),
    checkInLevel: wire.checkInLevel,
  };
}
