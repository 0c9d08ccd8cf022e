// The base map: shapes that ship with the screen, our own fonts, no tile server, no glyph server.
import type { ExpressionSpecification, StyleSpecification } from 'maplibre-gl';
import latin500 from '@fontsource/be-vietnam-pro/files/be-vietnam-pro-latin-500-normal.woff2?url';
import latin600 from '@fontsource/be-vietnam-pro/files/be-vietnam-pro-latin-600-normal.woff2?url';
import latinExt500 from '@fontsource/be-vietnam-pro/files/be-vietnam-pro-latin-ext-500-normal.woff2?url';
import latinExt600 from '@fontsource/be-vietnam-pro/files/be-vietnam-pro-latin-ext-600-normal.woff2?url';
import vietnamese500 from '@fontsource/be-vietnam-pro/files/be-vietnam-pro-vietnamese-500-normal.woff2?url';
import vietnamese600 from '@fontsource/be-vietnam-pro/files/be-vietnam-pro-vietnamese-600-normal.woff2?url';
import type { Features, MapFiles } from '../link/assets';
import { labelPoint } from './label-point';

/** Font stacks of map labels. */
export const FONT_MEDIUM = ['medium'];
export const FONT_BOLD = ['bold'];

// Ranges as in the font package's own style sheet.
const VIETNAMESE =
  'U+0102-0103,U+0110-0111,U+0128-0129,U+0168-0169,U+01A0-01A1,U+01AF-01B0,U+0300-0301,U+0303-0304,U+0308-0309,U+0323,U+0329,U+1EA0-1EF9,U+20AB'.split(',');
const LATIN_EXT = 'U+0100-02BA,U+1D00-1DBF,U+1E00-1E9F,U+1EF2-1EFF,U+2020,U+20A0-20AB,U+20AD-20C0,U+2113'.split(',');
const LATIN = 'U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+2000-206F,U+20AC,U+2122,U+2212'.split(',');

/** The theme's colours, read from the page's tokens. */
export type Colours = (token: string) => string;

/** Reads a token of the current theme. */
export function themeColours(): Colours {
  const computed = getComputedStyle(document.documentElement);
  return (token) => computed.getPropertyValue(`--${token}`).trim();
}

const absolute = (url: string) => new URL(url, location.href).href;
const geojson = (data: Features) => ({ type: 'geojson', data }) as const;
const only = (kind: string): ExpressionSpecification => ['==', ['get', 'kind'], kind];

/** One label point per area, because a label of a polygon would be repeated in each tile that it touches. */
function areaLabels(areas: Features): Features {
  return {
    type: 'FeatureCollection',
    features: areas.features.flatMap((area) => {
      const properties = area.properties ?? {};
      const given: [number, number] | undefined =
        typeof properties['label_lon'] === 'number' ? [properties['label_lon'], properties['label_lat']] : undefined;
      const point = given ?? labelPoint(area.geometry);
      if (point === undefined) return [];
      return [{ type: 'Feature' as const, properties, geometry: { type: 'Point' as const, coordinates: point } }];
    }),
  };
}

/** The style of one theme. `scale` multiplies every text and line that a far seat must read. */
export function baseStyle(files: MapFiles, colour: Colours, scale: number): StyleSpecification {
  const halo = { 'text-halo-color': colour('map-halo'), 'text-halo-width': 1.6 * scale };
  const size = (px: number) => px * scale;
  return {
    version: 8,
    'font-faces': {
      medium: [
        { url: absolute(vietnamese500), 'unicode-range': VIETNAMESE },
        { url: absolute(latinExt500), 'unicode-range': LATIN_EXT },
        { url: absolute(latin500), 'unicode-range': LATIN },
      ],
      bold: [
        { url: absolute(vietnamese600), 'unicode-range': VIETNAMESE },
        { url: absolute(latinExt600), 'unicode-range': LATIN_EXT },
        { url: absolute(latin600), 'unicode-range': LATIN },
      ],
    },
    sources: {
      communes: geojson(files.communes),
      'commune-labels': geojson(areaLabels(files.communes)),
      districts: geojson(files.districts),
      'district-labels': geojson(areaLabels(files.districts)),
      province: geojson(files.province),
      neighbours: geojson(files.neighbours),
      places: geojson(files.places),
      roads: geojson(files.roads),
      rivers: geojson(files.rivers),
    },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': colour('map-ground') } },
      {
        id: 'land',
        type: 'fill',
        source: 'neighbours',
        filter: only('land'),
        paint: { 'fill-color': colour('map-land') },
      },
      {
        id: 'land-rule',
        type: 'line',
        source: 'neighbours',
        filter: only('land'),
        paint: { 'line-color': colour('map-land-rule'), 'line-width': size(1) },
      },
      { id: 'province', type: 'fill', source: 'province', paint: { 'fill-color': colour('map-province') } },
      {
        id: 'rivers',
        type: 'line',
        source: 'rivers',
        paint: { 'line-color': colour('map-water'), 'line-width': size(1) },
      },
      {
        id: 'communes',
        type: 'line',
        source: 'communes',
        paint: {
          'line-color': colour('map-commune'),
          'line-width': ['interpolate', ['linear'], ['zoom'], 8, size(0.5), 11, size(1)],
        },
      },
      {
        id: 'roads',
        type: 'line',
        source: 'roads',
        paint: {
          'line-color': colour('map-road'),
          'line-width': ['interpolate', ['linear'], ['zoom'], 7, size(0.8), 12, size(3)],
        },
      },
      {
        id: 'districts',
        type: 'line',
        source: 'districts',
        layout: { 'line-join': 'round' },
        paint: { 'line-color': colour('map-district'), 'line-width': size(1.2), 'line-dasharray': [3, 2] },
      },
      {
        id: 'outline-glow',
        type: 'line',
        source: 'province',
        layout: { 'line-join': 'round' },
        paint: { 'line-color': colour('map-outline'), 'line-width': size(7), 'line-blur': size(7), 'line-opacity': 0.35 },
      },
      {
        id: 'outline',
        type: 'line',
        source: 'province',
        layout: { 'line-join': 'round' },
        paint: { 'line-color': colour('map-outline'), 'line-width': size(1.8) },
      },
      {
        id: 'neighbour-labels',
        type: 'symbol',
        source: 'neighbours',
        filter: only('label'),
        layout: {
          'text-field': ['upcase', ['get', 'name']],
          'text-font': FONT_MEDIUM,
          'text-size': size(12),
          'text-letter-spacing': 0.14,
        },
        paint: { 'text-color': colour('map-label-2'), 'text-halo-color': colour('map-land'), 'text-halo-width': size(1.2) },
      },
      {
        id: 'commune-labels',
        type: 'symbol',
        source: 'commune-labels',
        minzoom: 10.2,
        layout: {
          'text-field': ['coalesce', ['get', 'label'], ['get', 'name']],
          'text-font': FONT_MEDIUM,
          'text-size': size(12),
        },
        paint: { 'text-color': colour('map-label-2'), ...halo },
      },
      {
        id: 'district-labels',
        type: 'symbol',
        source: 'district-labels',
        maxzoom: 11.5,
        layout: {
          'text-field': ['upcase', ['get', 'name']],
          'text-font': FONT_BOLD,
          'text-size': ['interpolate', ['linear'], ['zoom'], 7.5, size(11), 10, size(15)],
          'text-letter-spacing': 0.08,
          'text-max-width': 7,
        },
        paint: { 'text-color': colour('map-label'), ...halo },
      },
    ],
  };
}
