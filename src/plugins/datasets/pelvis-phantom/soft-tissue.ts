import type { Point } from '../../../core/data/dataset.ts';
import type { Random } from '../../../core/random.ts';
import { mergeCapsule, rod } from '../phantom/capsules.ts';
import { Profile, smoothStep } from '../phantom/curves.ts';
import { Outline, smoothRing } from '../phantom/outlines.ts';
import { changeRows, EVERYWHERE, type Raster } from '../phantom/raster.ts';
import { Shell } from '../phantom/shells.ts';
import { SIDES } from '../phantom/sides.ts';
import type { Pelvis } from './shape-model.ts';

/** Levels from the femoral heads' down, in millimetres. */
const HIPS = 5;
const GROIN = 75;

/** Of the femur's outer border from the middle of its head. */
const TROCHANTER_OUT = 70;

/** Adds the thickness of trunk and thighs along each ray, bones counted as flesh, in millimetres. */
export function addBody(thickness: Raster, pelvis: Pelvis): void {
  addTrunk(thickness, pelvis);
  for (const side of SIDES) {
    const { trunkDepth } = pelvis.shape;
    const [x, y] = pelvis.posture.centre;
    const halfWidth = hipHalfWidth(pelvis);
    const radius = 0.49 * halfWidth;
    const outer = x + side * (halfWidth - radius);
    const hip = { x: outer, y: y + GROIN };
    const knee = { x: outer - side * 12, y: y + 420 };
    mergeCapsule(thickness, rod(hip, knee, radius, 0.8 * radius, 0.92 * trunkDepth));
  }
}

/** The greater trochanters, and the flesh beside them. */
function hipHalfWidth({ shape }: Pelvis): number {
  return (shape.headOffset + TROCHANTER_OUT * shape.neckLength) * shape.size + shape.hipFlesh;
}

function addTrunk(thickness: Raster, pelvis: Pelvis): void {
  const [middle, hips] = pelvis.posture.centre;
  const { trunkDepth } = pelvis.shape;
  const hipWidth = hipHalfWidth(pelvis);
  const halfWidth = new Profile(-400, 200, (y) => hipWidth * (1 - 0.13 * smoothStep(HIPS, -190, y)));
  changeRows(thickness, EVERYWHERE, ({ x, y, values }) => {
    for (let i = 0; i < values.length; i++) {
      const down = (y[i] as number) - hips;
      const across = ((x[i] as number) - middle) / halfWidth.at(down);
      const below = Math.max(0, down - GROIN + 55) / 75;
      const rest = 1 - across ** 4 - below * below;
      if (rest > 0) values[i] = (values[i] as number) + trunkDepth * Math.sqrt(rest);
    }
  });
}

/** Adds the thickness of gas in the bowel, in millimetres: rectum, and loops of colon above it. */
export function addBowelGas(gas: Raster, pelvis: Pelvis, random: Random): void {
  const { size } = pelvis.shape;
  const [middle, hips] = pelvis.posture.centre;
  const loops = random.integer(2, 6);
  for (let i = 0; i < loops; i++) {
    const isRectum = i === 0;
    const x = middle + (isRectum ? random.normal(0, 6) : random.normal(0, 55)) * size;
    const y = hips + (isRectum ? random.uniform(-50, -10) : random.uniform(-200, -55)) * size;
    addLoop(gas, x, y, random);
  }
}

const STEP_MM = 5;

/** From fold to fold of the bowel. */
const FOLD_MM = 24;

/** A bent tube whose folds pinch it. */
function addLoop(gas: Raster, x: number, y: number, random: Random): void {
  const steps = random.integer(3, 14);
  const [radius, flatness] = [random.uniform(6, 14), random.uniform(0.25, 0.8)];
  const fold = random.uniform(0.1, 0.35);
  const bend = random.normal(0, 0.09);
  let angle = random.uniform(0, 2 * Math.PI);
  const sides: [Point[], Point[]] = [[], []];
  for (let step = 0; step <= steps; step++) {
    const end = Math.min(1, (step + 0.5) / 2, (steps - step + 0.5) / 2);
    const pinch = 1 - fold * Math.cos((Math.PI * STEP_MM * step) / FOLD_MM) ** 4;
    const width = radius * Math.sqrt(1 - (1 - end) ** 2) * pinch;
    const [acrossX, acrossY] = [-width * Math.sin(angle), width * Math.cos(angle)];
    sides[0].push([x + acrossX, y + acrossY]);
    sides[1].unshift([x - acrossX, y - acrossY]);
    angle += bend;
    x += STEP_MM * Math.cos(angle);
    y += STEP_MM * Math.sin(angle);
  }
  const station = { along: 0, rounding: radius, depth: flatness * radius, wall: 0, core: 1 };
  const outline = new Outline(smoothRing(sides.flat()));
  new Shell(outline, [0, 0], [0, 1], [station]).addTo(gas, 1);
}
