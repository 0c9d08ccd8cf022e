// Records become map features. Incidents, sensors and cameras change rarely and are hundreds; units move and have a layer
// of their own.
import { isOpen, type Incident } from '../nouns/incident';
import type { Camera } from '../nouns/camera';
import type { Place } from '../nouns/place';
import { passedThreshold, sensorHealth, type Sensor } from '../nouns/sensor';
import type { Features } from '../link/assets';
import { incidentIcon, sensorIcon, wedgeIcon } from './icons';

function point(place: Place, properties: Record<string, unknown>): GeoJSON.Feature {
  return {
    type: 'Feature',
    properties,
    geometry: { type: 'Point', coordinates: [place.longitude, place.latitude] },
  };
}

const collection = (features: GeoJSON.Feature[]): Features => ({ type: 'FeatureCollection', features });

/** Open incidents, the worst drawn last and so on top. */
export function incidentFeatures(incidents: Iterable<Incident>, chosen: string | undefined): Features {
  const features: GeoJSON.Feature[] = [];
  for (const incident of incidents) {
    if (!isOpen(incident) || incident.place === undefined) continue;
    features.push(
      point(incident.place, {
        id: incident.id,
        icon: incidentIcon(incident.severity, incident.status !== 'opened', incident.exercise),
        rank: incident.severity,
        label: incident.id,
        chosen: incident.id === chosen,
      }),
    );
  }
  return collection(features);
}

/** Sensors; what is past a limit is drawn in its level's colour, silence as a dashed ring with a cross; what is played has `mark` under it. */
export function sensorFeatures(sensors: Iterable<Sensor>, nowMs: number, mark: string): Features {
  const features: GeoJSON.Feature[] = [];
  for (const sensor of sensors) {
    if (sensor.place === undefined) continue;
    const health = sensorHealth(sensor, nowMs);
    const passed = health === 'measuring' ? passedThreshold(sensor) : undefined;
    const dead = health === 'silent' || health === 'fault' || health === 'never';
    const state = passed !== undefined ? 'abnormal' : dead ? 'silent' : 'normal';
    features.push(
      point(sensor.place, {
        id: sensor.id,
        icon: sensorIcon(sensor.kind, state, passed?.severity),
        rank: passed?.severity ?? 0,
        ...(sensor.exercise && { mark }),
      }),
    );
  }
  return collection(features);
}

/** Cameras with the wedge that they look into. */
export function cameraFeatures(cameras: Iterable<Camera>): Features {
  const features: GeoJSON.Feature[] = [];
  for (const camera of cameras) {
    if (camera.place === undefined) continue;
    features.push(
      point(camera.place, {
        id: camera.id,
        icon: camera.health === 'live' ? 'camera-live' : 'camera-dead',
        wedge: wedgeIcon(camera.fieldOfViewDeg),
        azimuth: camera.azimuthDeg,
      }),
    );
  }
  return collection(features);
}

/** Bounds as west, south, east, north. */
export type Bounds = [number, number, number, number];

/** Share of the province's height or width from which its incidents are shown as the whole province. */
const WHOLE_SHARE = 0.3;
/** Least extent of a view of incidents, degrees. */
const EXTENT_DEG_MIN = 0.12;

/** What the map shows by itself: the incidents if they lie close together, else the whole province. */
export function followBounds(incidents: Iterable<Incident>, province: Bounds): Bounds {
  const places = [...incidents].flatMap((incident) => (isOpen(incident) && incident.place ? [incident.place] : []));
  if (places.length === 0) return province;
  const longitudes = places.map((place) => place.longitude);
  const latitudes = places.map((place) => place.latitude);
  const [west, east] = [Math.min(...longitudes), Math.max(...longitudes)];
  const [south, north] = [Math.min(...latitudes), Math.max(...latitudes)];
  const [provinceWest, provinceSouth, provinceEast, provinceNorth] = province;
  const wide = east - west > (provinceEast - provinceWest) * WHOLE_SHARE;
  const tall = north - south > (provinceNorth - provinceSouth) * WHOLE_SHARE;
  if (wide || tall) return province;
  const [x, y] = [(west + east) / 2, (south + north) / 2];
  const half = Math.max(EXTENT_DEG_MIN, east - west, north - south);
  return [x - half, y - half, x + half, y + half];
}
