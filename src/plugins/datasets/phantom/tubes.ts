import type { Raster } from './raster.ts';

/** One place on the axis of a bone or a vessel; patient millimetres, z towards the front. */
export interface AxisPoint {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** Half the width seen on the film. */
  readonly radius: number;
  /** Half the thickness along the ray, were the axis in the film's plane; the radius by default. */
  readonly depth?: number;
}

/** A hollow tube: `cortex` millimetres of wall around a core of `core` times its density. */
export interface Hollow {
  readonly cortex: number;
  readonly core: number;
}

/** Dense enough that bilinear spreading leaves no ripples. */
const STEPS_PER_PX = 1.5;

const SOLID: Hollow = { cortex: 0, core: 1 };

/**
 * Adds the thickness of a bent tube. Its mass is laid down in steps finer than a pixel along and across, so that a
 * stretch that runs along the ray shows as dense as it is.
 *
 * @param gain what a millimetre of the tube's material adds.
 */
export function addTube(
  raster: Raster,
  axis: readonly AxisPoint[],
  gain: number,
  wall: Hollow = SOLID,
): void {
  for (let i = 1; i < axis.length; i++) {
    addStretch(raster, axis[i - 1] as AxisPoint, axis[i] as AxisPoint, gain, wall);
  }
}

function addStretch(raster: Raster, from: AxisPoint, to: AxisPoint, gain: number, wall: Hollow): void {
  const [a, b, c, d, e, f] = raster.toPixels;
  const { mmPerPx } = raster;
  const [dx, dy, dz] = [to.x - from.x, to.y - from.y, to.z - from.z];
  const flat = Math.hypot(dx, dy);
  const length = Math.hypot(flat, dz);
  if (length === 0) return;
  const [normalX, normalY] = flat > 0 ? [-dy / flat, dx / flat] : [1, 0];
  const [acrossX, acrossY] = [a * normalX + b * normalY, d * normalX + e * normalY];
  const steps = Math.max(1, Math.ceil((STEPS_PER_PX * flat) / mmPerPx));
  const stepArea = ((length / steps) * gain) / (mmPerPx * mmPerPx);
  for (let step = 0; step < steps; step++) {
    const t = (step + 0.5) / steps;
    const x = from.x + t * dx;
    const y = from.y + t * dy;
    const radius = from.radius + t * (to.radius - from.radius);
    const fromDepth = from.depth ?? from.radius;
    const depth = fromDepth + t * ((to.depth ?? to.radius) - fromDepth);
    const column = a * x + b * y + c;
    const row = d * x + e * y + f;
    addAcross(raster, column, row, acrossX, acrossY, radius, depth, stepArea, wall);
  }
}

/** One cross-section: chords of the outer ellipse less the hollow part of the inner one. */
function addAcross(
  raster: Raster,
  column: number,
  row: number,
  acrossX: number,
  acrossY: number,
  radius: number,
  depth: number,
  stepArea: number,
  { cortex, core }: Hollow,
): void {
  const count = Math.max(1, Math.ceil((2 * STEPS_PER_PX * radius) / raster.mmPerPx));
  const width = (2 * radius) / count;
  const innerRadius = Math.max(radius - cortex, 0);
  const innerDepth = Math.max(depth - cortex, 0) * (1 - core);
  for (let i = 0; i < count / 2; i++) {
    const s = (i + 0.5) * width - radius;
    const outer = Math.sqrt(1 - (s / radius) ** 2) * depth;
    const hollow = innerDepth > 0 && Math.abs(s) < innerRadius;
    const inner = hollow ? Math.sqrt(1 - (s / innerRadius) ** 2) * innerDepth : 0;
    const amount = 2 * (outer - inner) * width * stepArea;
    addPoint(raster, column + s * acrossX, row + s * acrossY, amount);
    const isMiddle = 2 * i + 1 === count;
    if (!isMiddle) addPoint(raster, column - s * acrossX, row - s * acrossY, amount);
  }
}

/** Spreads an amount over the four pixels around a place. */
function addPoint({ size, values }: Raster, column: number, row: number, amount: number): void {
  const last = size - 1;
  if (!(column >= 0 && row >= 0 && column < last && row < last)) return;
  const left = column | 0;
  const top = row | 0;
  const right = column - left;
  const below = row - top;
  const index = top * size + left;
  values[index] = (values[index] as number) + amount * (1 - right) * (1 - below);
  values[index + 1] = (values[index + 1] as number) + amount * right * (1 - below);
  values[index + size] = (values[index + size] as number) + amount * (1 - right) * below;
  values[index + size + 1] = (values[index + size + 1] as number) + amount * right * below;
}
