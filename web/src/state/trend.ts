// Short memory of sensor values for sparklines: what this screen has seen, no more.
import type { Sensor } from '../nouns/sensor';

/** Points kept per sensor; the oldest go first. */
const POINTS_MAX = 60;

class Trends {
  private readonly points = new Map<string, { atMs: number; value: number }[]>();

  /** Notes the newest value of each sensor once. */
  note(sensors: Iterable<Sensor>): void {
    for (const sensor of sensors) {
      if (sensor.lastAtMs === 0) continue;
      const points = this.points.get(sensor.id) ?? [];
      if ((points.at(-1)?.atMs ?? 0) >= sensor.lastAtMs) continue;
      points.push({ atMs: sensor.lastAtMs, value: sensor.last });
      if (points.length > POINTS_MAX) points.shift();
      this.points.set(sensor.id, points);
    }
  }

  of(sensor: string): readonly { atMs: number; value: number }[] {
    return this.points.get(sensor) ?? [];
  }

  clear(): void {
    this.points.clear();
  }
}

export const trends = new Trends();
