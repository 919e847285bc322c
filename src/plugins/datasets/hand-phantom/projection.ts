import type { Random } from '../../../core/random.ts';
import type { Projection } from '../phantom/detector.ts';
import { ATTENUATION_PER_MM } from '../phantom/materials.ts';
import { NormalTable, noiseLayer } from '../phantom/noise.ts';
import { blankOf, coarsened, type Film } from '../phantom/raster.ts';
import { enlarge } from '../phantom/smoothing.ts';
import { addForearm } from './forearm.ts';
import { addLongBones } from './long-bones.ts';
import type { PlacedHand } from './placing.ts';
import { addFlesh } from './soft-tissue.ts';
import { addWristBones } from './wrist-bones.ts';

/** About the mean energy behind the filter of a 55 to 60 kVp beam. */
const BEAM = ATTENUATION_PER_MM.at40keV;

/** Share of fat in the flesh. */
const FAT = 0.3;

/** Rays through this much flesh are what the exposure is set for. */
const MEASURED_FLESH_MM = 6;

/** The skin's edge is soft: it is drawn on a grid of this many pixels. */
const FLESH_GRID_PX = 2;

const PATCH_MM = 9;
const GRAIN_MM = 1.6;

/** Sums thickness times attenuation coefficient over flesh and bone. */
export function projectHand(film: Film, { hand, placed }: PlacedHand, random: Random): Projection {
  const coarse = coarsened(film, FLESH_GRID_PX);
  addFlesh(coarse, hand, placed);
  const flesh = enlarge(coarse.values, coarse.size, film.size, FLESH_GRID_PX);
  const bone = blankOf(film);
  addForearm(bone, hand, placed);
  addWristBones(bone, hand, placed);
  addLongBones(bone, hand, placed);
  const normals = new NormalTable(random);
  const patches = noiseLayer(film.size, PATCH_MM / film.mmPerPx, 0.02, normals);
  const grain = noiseLayer(film.size, GRAIN_MM / film.mmPerPx, 0.07, normals);
  const tissue = FAT * BEAM.fat + (1 - FAT) * BEAM.soft;
  const mineral = BEAM.bone - tissue;
  const sum = new Float32Array(flesh.length);
  for (let i = 0; i < sum.length; i++) {
    sum[i] =
      (flesh[i] as number) * tissue * (1 + (patches[i] as number)) +
      (bone.values[i] as number) * mineral * (1 + (grain[i] as number));
  }
  return {
    attenuation: { ...film, values: sum },
    isMeasured: (pixel) => (flesh[pixel] as number) >= MEASURED_FLESH_MM,
  };
}
