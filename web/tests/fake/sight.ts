// What a screen sees that asked for some districts, as the gateway judges it (`screen/view.rs`): records whose place lies in them. A district
// that there is none of adds nothing; the hierarchy, rooms, models and calls have no place and are seen by all.
import { create } from '@bufbuild/protobuf';
import { EventSchema, type Event } from '../../src/gen/trongdong/v1/event_pb';
import { ReadingsSchema } from '../../src/gen/trongdong/v1/sensor_pb';
import type { Scene } from './scene';

type At = { adminUnit: string } | undefined;
interface Snapshot {
  [list: string]: unknown;
}
/** Where each kind of record has its place, by the name of its list in a snapshot. */
const PLACES: Readonly<Record<string, (record: never) => At>> = {
  units: ({ station }: { station: At }) => station,
  incidents: ({ place }: { place: At }) => place,
  sensors: ({ place }: { place: At }) => place,
  cameras: ({ place }: { place: At }) => place,
  alarms: ({ place }: { place: At }) => place,
  waitingReports: ({ place }: { place: At }) => place,
  instructions: (record: At) => record,
  shiftNotes: (record: At) => record,
};

export interface Sight {
  /** A part of a snapshot with what is seen of it. */
  part<T extends Snapshot>(whole: T): T;
  events(all: readonly Event[]): Event[];
}

/** Of these districts; none: everything. */
export function sightOf(scene: Scene, districts: readonly string[]): Sight {
  if (districts.length === 0) return { part: (whole) => whole, events: (all) => [...all] };
  const codes = new Set(scene.communes.filter(({ district }) => districts.includes(district)).map(({ code }) => code));
  const sees = (list: string, record: unknown) => {
    const place = PLACES[list];
    return place === undefined || codes.has(place(record as never)?.adminUnit ?? '');
  };
  const part = <T extends Snapshot>(whole: T): T =>
    Object.fromEntries(Object.entries(whole).map(([list, records]) => [list, Array.isArray(records) ? records.filter((record) => sees(list, record)) : records])) as T;
  const events = (all: readonly Event[]) =>
    all.flatMap((event) => {
      const { subject } = event;
      if (subject.case === 'readings') {
        const readings = subject.value.readings.filter(({ sensor }) => codes.has(scene.sensors.get(sensor)?.place?.adminUnit ?? ''));
        return readings.length === 0 ? [] : [create(EventSchema, { ...event, subject: { case: 'readings', value: create(ReadingsSchema, { readings }) } })];
      }
      return sees(subject.case === 'dutyEntry' ? 'shiftNotes' : `${subject.case}s`, subject.value) ? [event] : [];
    });
  return { part, events };
}
