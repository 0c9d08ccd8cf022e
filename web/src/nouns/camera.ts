import { rankIncidents, type Incident } from './incident';
import { distanceM, placeOf, type Place } from './place';
import { outOfServiceOf, type OutOfService } from './service';
import { CameraHealth, type Camera as CameraWire } from '../gen/trongdong/v1/camera_pb';

export type Health = 'live' | 'connecting' | 'no-signal' | 'unauthorized' | 'unknown';

const HEALTH: Partial<Record<CameraHealth, Health>> = {
  [CameraHealth.LIVE]: 'live',
  [CameraHealth.CONNECTING]: 'connecting',
  [CameraHealth.NO_SIGNAL]: 'no-signal',
  [CameraHealth.UNAUTHORIZED]: 'unauthorized',
};

/** One camera as the screens know it; its address and password never come here. */
export interface Camera {
  id: string;
  name: string;
  place?: Place;
  /** Degrees from north, clockwise. */
  azimuthDeg: number;
  fieldOfViewDeg: number;
  health: Health;
  healthAtMs: number;
  sensitive: boolean;
  /** What of it is out of service; what is over may still be there. */
  outOfService: OutOfService[];
}

/** The domain health of a wire health. */
export function healthOf(wire: CameraHealth): Health {
  return HEALTH[wire] ?? 'unknown';
}

/** The domain camera of a wire camera. */
export function cameraOf(wire: CameraWire): Camera {
  return {
    id: wire.id,
    name: wire.name,
    place: placeOf(wire.place),
    azimuthDeg: wire.azimuthDeg,
    fieldOfViewDeg: wire.fieldOfViewDeg,
    health: healthOf(wire.health),
    healthAtMs: Number(wire.healthAtMs),
    sensitive: wire.sensitive,
    outOfService: wire.outOfService.map(outOfServiceOf),
  };
}

/** A camera this close to an incident may see it, metres. */
export const NEAR_M = 500;

/** The worst open incident that the camera may see; undefined: there is none. */
export function incidentBefore(camera: Pick<Camera, 'place'>, incidents: Iterable<Incident>): Incident | undefined {
  const { place } = camera;
  return place && rankIncidents(incidents).find((incident) => incident.place && distanceM(place, incident.place) <= NEAR_M);
}
