import type { Point } from '../../../core/data/dataset.ts';
import { Profile } from './curves.ts';
import type { Outline } from './outlines.ts';
import { changeRows, type Raster } from './raster.ts';

/** What lies under a shell's outline at one station of its axis; millimetres. */
export interface Station {
  /** From where the axis starts. */
  readonly along: number;
  /** Within this distance of the outline the surface curves away from the film. */
  readonly rounding: number;
  /** Half its thickness along the ray, where the surface is flat. */
  readonly depth: number;
  /** Thickness of the dense wall. */
  readonly wall: number;
  /** Density inside the wall, as a share of the wall's. */
  readonly core: number;
}

/** A bone, or a bubble, as a film shows it: an outline, and what the ray goes through under it. */
export class Shell {
  readonly outline: Outline;
  readonly #origin: Point;
  readonly #direction: Point;
  readonly #profiles: readonly [rounding: Profile, depth: Profile, wall: Profile, core: Profile];
  readonly #mostRounding: number;

  /**
   * @param origin where the axis starts. @param direction its unit vector.
   * @param stations along the axis, by rising `along`; one is enough for what is the same throughout.
   */
  constructor(outline: Outline, origin: Point, direction: Point, stations: readonly Station[]) {
    this.outline = outline;
    this.#origin = origin;
    this.#direction = direction;
    const end = Math.max(1, (stations[stations.length - 1] as Station).along);
    const profile = (value: (station: Station) => number): Profile =>
      new Profile(0, end, (along) => interpolate(stations, along, value));
    this.#profiles = [
      profile(({ rounding }) => rounding),
      profile(({ depth }) => depth),
      profile(({ wall }) => wall),
      profile(({ core }) => core),
    ];
    this.#mostRounding = Math.max(...stations.map(({ rounding }) => rounding));
  }

  /** Adds the equivalent thickness of the wall's material times `density`, in millimetres, averaged over each pixel. */
  addTo(raster: Raster, density: number): void {
    const halfPx = raster.mmPerPx / 2;
    const most = this.#mostRounding + halfPx;
    const inside = new Float64Array(raster.size);
    const [x0, y0] = this.#origin;
    const [dx, dy] = this.#direction;
    const [roundings, depths, walls, cores] = this.#profiles;
    const { left, top, right, bottom } = this.outline.box;
    const box = { left: left - halfPx, top: top - halfPx, right: right + halfPx, bottom: bottom + halfPx };
    changeRows(raster, box, (row) => {
      this.outline.readInto(inside, row, most);
      const { x, y, values } = row;
      for (let i = 0; i < values.length; i++) {
        const distance = inside[i] as number;
        if (distance <= -halfPx) continue;
        const along = ((x[i] as number) - x0) * dx + ((y[i] as number) - y0) * dy;
        const rounding = roundings.at(along);
        const depth = depths.at(along);
        const wall = walls.at(along);
        const whole = depth * meanRoundEdge(distance, rounding, halfPx);
        const hollow = meanRoundEdge(distance - wall, Math.max(rounding - wall, 0.1), halfPx);
        const core = Math.max(depth - wall, 0) * (1 - cores.at(along)) * hollow;
        values[i] = (values[i] as number) + 2 * density * (whole - core);
      }
    });
  }
}

function interpolate(
  stations: readonly Station[],
  along: number,
  value: (station: Station) => number,
): number {
  const next = stations.findIndex((station) => station.along > along);
  const [to, from] = [stations[next], stations[next - 1]];
  if (next < 0) return value(stations[stations.length - 1] as Station);
  if (to === undefined || from === undefined) return value(stations[0] as Station);
  const share = (along - from.along) / (to.along - from.along);
  return value(from) + share * (value(to) - value(from));
}

/** Area under a unit quarter circle from its edge inwards: the integral of `roundEdge(inside, 1)`. */
const AREA_STEPS = 512;
const QUARTER_CIRCLE = new Profile(0, AREA_STEPS, (step) => {
  const rest = 1 - step / AREA_STEPS;
  return Math.PI / 4 - (rest * Math.sqrt(1 - rest * rest) + Math.asin(rest)) / 2;
});

function areaInside(inside: number, reach: number): number {
  if (inside <= 0) return 0;
  if (inside >= reach) return (reach * Math.PI) / 4 + inside - reach;
  return reach * QUARTER_CIRCLE.at((inside / reach) * AREA_STEPS);
}

/** `roundEdge` averaged over `halfWidth` to both sides: what a pixel sees of a curved surface's edge. */
function meanRoundEdge(inside: number, reach: number, halfWidth: number): number {
  return (areaInside(inside + halfWidth, reach) - areaInside(inside - halfWidth, reach)) / (2 * halfWidth);
}
