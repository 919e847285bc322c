import type { Random } from '../../../core/random.ts';
import type { Projection } from '../phantom/detector.ts';
import { ATTENUATION_PER_MM } from '../phantom/materials.ts';
import { NormalTable, noiseLayer } from '../phantom/noise.ts';
import { blankOf, coarsened, type Film, type Raster } from '../phantom/raster.ts';
import { enlarge } from '../phantom/smoothing.ts';
import type { Anatomy } from './anatomy.ts';
import { addGas } from './gas.ts';
import { addLungs } from './lungs.ts';
import { addShoulderGirdle } from './shoulder-bones.ts';
import { addBody } from './soft-tissue.ts';
import { addRibCage } from './thorax-bones.ts';
import { addVessels } from './vessels.ts';

/** About the mean energy of a 100 to 120 kVp chest beam. */
const BEAM = ATTENUATION_PER_MM.at60keV;

/** Mass attenuation of ICRU-44 lung at 60 keV, 0.2053 cm2/g, at the 0.20 g/cm3 of full inspiration. */
const LUNG_PER_MM = 0.0041;

/** Where the lung is this thick, its vessels are all inside it. */
const VESSEL_BED_MM = 50;

/** The body's outline is soft: it is drawn on a grid of this many pixels. */
const BODY_GRID_PX = 2;

/** Rays through this much lung are what the exposure control measures. */
const MEASURED_LUNG_MM = 40;

/** Sums thickness times attenuation coefficient over the body's materials. */
export function project(film: Film, anatomy: Anatomy, random: Random): Projection {
  const [lung, vessels, gas, bone] = [0, 1, 2, 3].map(() => blankOf(film)) as [
    Raster,
    Raster,
    Raster,
    Raster,
  ];
  const body = coarsened(film, BODY_GRID_PX);
  addBody(body, anatomy);
  const attenuation = { ...film, values: enlarge(body.values, body.size, film.size, BODY_GRID_PX) };
  addLungs(lung, anatomy);
  addVessels(vessels, anatomy, random);
  addGas(gas, anatomy, random);
  addRibCage(bone, anatomy);
  addShoulderGirdle(bone, anatomy);
  const texture = parenchyma(film, random);
  const tissue = BEAM.fat * anatomy.fatShare + BEAM.soft * (1 - anatomy.fatShare);
  const air = BEAM.air - BEAM.soft;
  const aerated = LUNG_PER_MM - BEAM.soft;
  const blood = BEAM.soft - LUNG_PER_MM;
  const mineral = BEAM.bone - BEAM.soft;
  const sum = attenuation.values;
  for (let i = 0; i < sum.length; i++) {
    const lungMm = lung.values[i] as number;
    const bedded = Math.min(1, lungMm / VESSEL_BED_MM);
    const rays =
      (sum[i] as number) * tissue +
      lungMm * aerated * (1 + (texture[i] as number)) +
      (vessels.values[i] as number) * bedded * blood +
      (gas.values[i] as number) * air +
      (bone.values[i] as number) * mineral;
    sum[i] = Math.max(0, rays);
  }
  return { attenuation, isMeasured: (pixel) => (lung.values[pixel] as number) >= MEASURED_LUNG_MM };
}

/** Relative unevenness of the lungs' air: patches of some centimetres, and grain. */
function parenchyma(film: Film, random: Random): Float32Array {
  const { size, mmPerPx } = film;
  const normals = new NormalTable(random);
  const texture = noiseLayer(size, PATCH_MM / mmPerPx, 0.04, normals);
  const grain = noiseLayer(size, GRAIN_MM / mmPerPx, 0.028, normals);
  for (let i = 0; i < texture.length; i++) texture[i] = (texture[i] as number) + (grain[i] as number);
  return texture;
}

const PATCH_MM = 30;
const GRAIN_MM = 3.4;
