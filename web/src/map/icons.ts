// Symbols of the map, drawn once per theme from the same paths as those of the lists.
import { SEVERITIES, SEVERITY_NUMBER_Y, SEVERITY_PATH, type Severity } from '../nouns/severity';
import type { SensorKindName } from '../nouns/sensor';
import type { Colours } from './style';

/** Pixels of the picture per CSS pixel: sharp on a wall with two physical pixels per CSS pixel. */
export const PIXEL_RATIO = 2;
/** Half angles of view for which a wedge is drawn, degrees; a camera gets the nearest. */
export const WEDGES_DEG: readonly number[] = [30, 60, 90, 120];

export interface Icon {
  name: string;
  image: ImageData;
}

/** Glyphs in a 24 by 24 box, stroked. */
const SENSOR_GLYPH: Readonly<Record<SensorKindName, string>> = {
  'river-level': 'M3 9q3-3 6 0t6 0 6 0M3 15q3-3 6 0t6 0 6 0',
  rain: 'M12 3.5c4 5 6 7.5 6 10.5a6 6 0 0 1-12 0c0-3 2-5.5 6-10.5Z',
  air: 'M3 9h11a3 3 0 1 0-3-3M3 14h15a3 3 0 1 1-3 3',
  fire: 'M12 3c1 4 5 6 5 11a5 5 0 0 1-10 0c0-2 1-3 2-4 0 2 1 3 2 3 2-2 1-6 1-10Z',
  traffic: 'M5 16v-5l2-5h10l2 5v5ZM5 11h14',
  temperature: 'M10 4a2 2 0 0 1 4 0v9a4 4 0 1 1-4 0Z',
  other: 'M12 6v6l4 3',
};
const SENSOR_KINDS = Object.keys(SENSOR_GLYPH) as SensorKindName[];

function draw(edge: number, paint: (context: CanvasRenderingContext2D) => void): ImageData {
  const canvas = document.createElement('canvas');
  canvas.width = edge * PIXEL_RATIO;
  canvas.height = edge * PIXEL_RATIO;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) return new ImageData(canvas.width, canvas.height);
  context.scale(PIXEL_RATIO, PIXEL_RATIO);
  paint(context);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** All icons of the theme; `scale` is the wall's. */
export function drawIcons(colour: Colours, scale: number): Icon[] {
  const icons: Icon[] = [];
  for (const severity of SEVERITIES) {
    for (const acknowledged of [false, true]) {
      for (const exercise of [false, true]) {
        icons.push({
          name: incidentIcon(severity, acknowledged, exercise),
          image: incidentImage(colour, scale, severity, acknowledged, exercise),
        });
      }
    }
  }
  for (const kind of SENSOR_KINDS) {
    icons.push({ name: sensorIcon(kind, 'normal', undefined), image: sensorImage(colour, scale, kind, undefined, false) });
    icons.push({ name: sensorIcon(kind, 'silent', undefined), image: sensorImage(colour, scale, kind, undefined, true) });
    for (const severity of SEVERITIES) {
      icons.push({ name: sensorIcon(kind, 'abnormal', severity), image: sensorImage(colour, scale, kind, severity, false) });
    }
  }
  icons.push({ name: 'camera-live', image: cameraImage(colour, scale, true) });
  icons.push({ name: 'camera-dead', image: cameraImage(colour, scale, false) });
  for (const degrees of WEDGES_DEG) icons.push({ name: `wedge-${degrees}`, image: wedgeImage(colour, scale, degrees) });
  return icons;
}

export function incidentIcon(severity: Severity, acknowledged: boolean, exercise: boolean): string {
  return `incident-${severity}-${acknowledged ? 'ack' : 'open'}${exercise ? '-exercise' : ''}`;
}

export function sensorIcon(
  kind: SensorKindName,
  state: 'normal' | 'silent' | 'abnormal',
  severity: Severity | undefined,
): string {
  return `sensor-${kind}-${state}${severity ?? ''}`;
}

/** The wedge that comes closest to a camera's field of view. */
export function wedgeIcon(fieldOfViewDeg: number): string {
  const nearest = WEDGES_DEG.reduce((a, b) => (Math.abs(b - fieldOfViewDeg) < Math.abs(a - fieldOfViewDeg) ? b : a));
  return `wedge-${nearest}`;
}

/** Unacknowledged incidents wear a halo ring, exercises a dashed one in their own colour. */
function incidentImage(
  colour: Colours,
  scale: number,
  severity: Severity,
  acknowledged: boolean,
  exercise: boolean,
): ImageData {
  const edge = Math.ceil(46 * scale);
  return draw(edge, (context) => {
    const sevColour = colour(`sev-${severity}`);
    const middle = edge / 2;
    if (!acknowledged || exercise) {
      context.beginPath();
      context.arc(middle, middle, 19.5 * scale, 0, Math.PI * 2);
      context.strokeStyle = exercise ? colour('exercise') : sevColour;
      context.lineWidth = 2.5 * scale;
      if (exercise) context.setLineDash([5 * scale, 3.5 * scale]);
      if (!exercise) {
        context.globalAlpha = 0.2;
        context.fillStyle = sevColour;
        context.fill();
        context.globalAlpha = 1;
      }
      context.stroke();
      context.setLineDash([]);
    }
    context.translate(middle - 12 * scale, middle - (severity === 4 ? 13.5 : 12) * scale);
    context.scale(scale, scale);
    const path = new Path2D(SEVERITY_PATH[severity]);
    context.lineJoin = 'round';
    context.lineWidth = 4;
    context.strokeStyle = colour('map-halo');
    context.stroke(path);
    context.fillStyle = sevColour;
    context.fill(path);
    context.fillStyle = colour('sev-ink');
    context.font = "700 12.5px 'Be Vietnam Pro', sans-serif";
    context.textAlign = 'center';
    context.fillText(String(severity), 12, SEVERITY_NUMBER_Y[severity]);
  });
}

function sensorImage(
  colour: Colours,
  scale: number,
  kind: SensorKindName,
  severity: Severity | undefined,
  silent: boolean,
): ImageData {
  const edge = Math.ceil(26 * scale);
  return draw(edge, (context) => {
    const ink = severity === undefined ? colour('map-thing') : colour(`sev-${severity}`);
    context.scale(scale, scale);
    context.beginPath();
    context.arc(13, 13, severity === undefined ? 8.5 : 11, 0, Math.PI * 2);
    context.fillStyle = colour('map-halo');
    context.fill();
    context.strokeStyle = ink;
    context.lineWidth = severity === undefined ? 1.2 : 2.4;
    if (silent) context.setLineDash([2.5, 2.5]);
    context.stroke();
    context.setLineDash([]);
    const glyph = severity === undefined ? 0.46 : 0.58;
    context.translate(13 - 12 * glyph, 13 - 12 * glyph);
    context.scale(glyph, glyph);
    context.lineWidth = 2.4;
    context.lineJoin = 'round';
    context.lineCap = 'round';
    context.stroke(new Path2D(silent ? 'M6 6l12 12M18 6 6 18' : SENSOR_GLYPH[kind]));
  });
}

function cameraImage(colour: Colours, scale: number, live: boolean): ImageData {
  const edge = Math.ceil(24 * scale);
  return draw(edge, (context) => {
    context.scale(scale, scale);
    const ink = colour('map-thing');
    context.beginPath();
    context.roundRect(3, 3, 18, 18, 4);
    context.fillStyle = live ? ink : colour('map-halo');
    context.fill();
    context.strokeStyle = live ? colour('map-halo') : ink;
    context.lineWidth = 1.4;
    context.stroke();
    context.fillStyle = live ? colour('map-halo') : ink;
    context.fill(new Path2D('M6.5 9h7v6.5h-7ZM14.5 11l3-2v6.5l-3-2Z'));
    if (!live) {
      context.beginPath();
      context.moveTo(5.5, 18.5);
      context.lineTo(18.5, 5.5);
      context.strokeStyle = ink;
      context.lineWidth = 2;
      context.stroke();
    }
  });
}

/** Points north; the map turns it to the camera's azimuth. */
function wedgeImage(colour: Colours, scale: number, degrees: number): ImageData {
  const edge = Math.ceil(72 * scale);
  return draw(edge, (context) => {
    const middle = edge / 2;
    const half = (degrees * Math.PI) / 360;
    const gradient = context.createRadialGradient(middle, middle, 0, middle, middle, middle);
    gradient.addColorStop(0.2, colour('map-thing'));
    gradient.addColorStop(1, 'transparent');
    context.globalAlpha = 0.6;
    context.fillStyle = gradient;
    context.beginPath();
    context.moveTo(middle, middle);
    context.arc(middle, middle, middle, -Math.PI / 2 - half, -Math.PI / 2 + half);
    context.fill();
  });
}
