import type { Random } from '../../../core/random.ts';
import type { Projection } from '../phantom/detector.ts';
import { ATTENUATION_PER_MM } from '../phantom/materials.ts';
import { NormalTable, noiseLayer } from '../phantom/noise.ts';
import { blankOf, coarsened, type Film } from '../phantom/raster.ts';
import { enlarge } from '../phantom/smoothing.ts';
import { addFemurs } from './femurs.ts';
import { addHipBones } from './hip-bones.ts';
import type { Pelvis } from './shape-model.ts';
import { addBody, addBowelGas } from './soft-tissue.ts';
import { addSpine } from './spine.ts';

/** About the mean energy behind a patient of a 75 to 80 kVp beam. */
const BEAM = ATTENUATION_PER_MM.at50keV;

/** Rays through this much tissue are what the exposure control measures. */
const MEASURED_TISSUE_MM = 100;

/** The body's outline is soft: it is drawn on a grid of this many pixels. */
const BODY_GRID_PX = 2;

const PATCH_MM = 26;
const GRAIN_MM = 2.6;

/** Sums thickness times attenuation coefficient over the body's materials. */
export function projectPelvis(film: Film, pelvis: Pelvis, random: Random): Projection {
  const coarse = coarsened(film, BODY_GRID_PX);
  addBody(coarse, pelvis);
  const body = enlarge(coarse.values, coarse.size, film.size, BODY_GRID_PX);
  const [bone, gas] = [blankOf(film), blankOf(film)];
  addHipBones(bone, pelvis);
  addFemurs(bone, pelvis);
  addSpine(bone, pelvis);
  addBowelGas(gas, pelvis, random);
  const normals = new NormalTable(random);
  const patches = noiseLayer(film.size, PATCH_MM / film.mmPerPx, 0.012, normals);
  const grain = noiseLayer(film.size, GRAIN_MM / film.mmPerPx, 0.08, normals);
  const { fatShare } = pelvis.shape;
  const tissue = fatShare * BEAM.fat + (1 - fatShare) * BEAM.soft;
  const mineral = BEAM.bone - BEAM.soft;
  const air = BEAM.air - tissue;
  const sum = new Float32Array(body.length);
  for (let i = 0; i < sum.length; i++) {
    const rays =
      (body[i] as number) * tissue * (1 + (patches[i] as number)) +
      Math.max(0, bone.values[i] as number) * mineral * (1 + (grain[i] as number)) +
      (gas.values[i] as number) * air;
    sum[i] = Math.max(0, rays);
  }
  return {
    attenuation: { ...film, values: sum },
    isMeasured: (pixel) => (body[pixel] as number) >= MEASURED_TISSUE_MM,
  };
}
