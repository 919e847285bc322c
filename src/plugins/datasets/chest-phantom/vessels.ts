import type { Random } from '../../../core/random.ts';
import type { Raster } from '../phantom/raster.ts';
import { type AxisPoint, addTube } from '../phantom/tubes.ts';
import type { Anatomy } from './anatomy.ts';
import type { LungOutline } from './lung-outline.ts';

const SEGMENT_MM = 7;
const SMALLEST_RADIUS_MM = 0.45;

/** Adds the thickness of the pulmonary vessels, in millimetres of blood. They are drawn beyond the lungs' borders. */
export function addVessels(vessels: Raster, anatomy: Anatomy, random: Random): void {
  for (const lung of anatomy.lungs) addTree(vessels, anatomy, lung, random);
}

/** Arteries and veins fan out from the hilum, upwards, sideways and, thickest, downwards. */
function addTree(vessels: Raster, anatomy: Anatomy, lung: LungOutline, random: Random): void {
  const { side, apex, costophrenic, medial } = lung;
  const height = costophrenic.y - apex.y;
  const y = apex.y + height * (side < 0 ? 0.46 : 0.41);
  const x = anatomy.midline.at(y) + side * (medial.at(y) + 6);
  const trunks = 13;
  for (let i = 0; i < trunks; i++) {
    // From straight up (-80 degrees) to straight down (75 degrees), measured from outwards.
    const angle = ((-80 + (155 * (i + random.uniform(-0.3, 0.3))) / (trunks - 1)) * Math.PI) / 180;
    const downwards = Math.max(0, Math.sin(angle));
    addBranch(
      vessels,
      random,
      side,
      {
        x: x + random.normal(0, 3),
        y: y + random.normal(0, 9),
        angle,
        radius: anatomy.build * random.uniform(2, 2.9) * (1 + 0.5 * downwards),
        length: height * random.uniform(0.38, 0.55),
      },
      anatomy.vascularity,
    );
  }
  addHilum(vessels, anatomy, lung, x, y, random);
}

interface Branch {
  readonly x: number;
  readonly y: number;
  /** From outwards, positive downwards; radians. */
  readonly angle: number;
  readonly radius: number;
  readonly length: number;
}

function addBranch(vessels: Raster, random: Random, side: number, branch: Branch, gain: number): void {
  const steps = Math.ceil(branch.length / SEGMENT_MM);
  const tilt = random.uniform(-0.8, 0.8);
  const axis: AxisPoint[] = [];
  let { x, y, angle } = branch;
  for (let step = 0; step <= steps; step++) {
    const radius = Math.max(SMALLEST_RADIUS_MM, branch.radius * (1 - step / steps) ** 0.8);
    axis.push({ x, y, z: step * SEGMENT_MM * tilt, radius });
    if (step > 1 && branch.length > 18 && random.chance(0.42)) {
      addBranch(
        vessels,
        random,
        side,
        {
          x,
          y,
          angle: angle + (random.chance(0.5) ? 1 : -1) * random.uniform(0.4, 0.9),
          radius: 0.68 * radius,
          length: 0.55 * (branch.length - step * SEGMENT_MM) + 8,
        },
        gain,
      );
    }
    angle += random.normal(0.02, 0.13);
    x += side * SEGMENT_MM * Math.cos(angle);
    y += SEGMENT_MM * Math.sin(angle);
  }
  addTube(vessels, axis, gain);
}

/** The large pulmonary artery that runs down beside the heart, the densest part of the hilum. */
function addHilum(
  vessels: Raster,
  { build, vascularity }: Anatomy,
  { side }: LungOutline,
  x: number,
  y: number,
  random: Random,
): void {
  const artery = [0, 1, 2, 3, 4].map(
    (i): AxisPoint => ({
      x: x + side * (i * 3.5 - 4 + random.normal(0, 1)),
      y: y - 14 + i * 14,
      z: 0,
      radius: build * (6.5 - 0.9 * i),
    }),
  );
  addTube(vessels, artery, 0.8 * vascularity);
}
