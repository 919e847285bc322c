import type { Random } from '../../../core/random.ts';
import type { Anatomy } from './anatomy.ts';
import { addGas } from './gas.ts';
import { addLungs } from './lungs.ts';
import { ATTENUATION_PER_MM, contrastPerMm } from './materials.ts';
import { NormalTable } from './noise.ts';
import { blankLike, coarsened, type Raster } from './raster.ts';
import { addShoulderGirdle } from './shoulder-bones.ts';
import { enlarge } from './smoothing.ts';
import { addBody } from './soft-tissue.ts';
import { addRibCage } from './thorax-bones.ts';
import { addVessels } from './vessels.ts';

/** Where the lung is this thick, its vessels are all inside it. */
const VESSEL_BED_MM = 50;

/** The body's outline is soft: it is drawn on a grid of this many pixels. */
const BODY_GRID_PX = 2;

export interface Projection {
  /** The line integral of attenuation along each ray (Beer-Lambert: the transmission is its negative exponential). */
  readonly attenuation: Raster;
  /** Thickness of lung along each ray, in millimetres. */
  readonly lung: Raster;
}

/** Sums thickness times attenuation coefficient over the body's materials. */
export function project(blank: Raster, anatomy: Anatomy, random: Random): Projection {
  const [lung, vessels, gas, bone] = [0, 1, 2, 3].map(() => blankLike(blank)) as [
    Raster,
    Raster,
    Raster,
    Raster,
  ];
  const body = coarsened(blank, BODY_GRID_PX);
  addBody(body, anatomy);
  const attenuation = { ...blank, values: enlarge(body.values, body.size, blank.size, BODY_GRID_PX) };
  addLungs(lung, anatomy);
  addVessels(vessels, anatomy, random);
  addGas(gas, anatomy, random);
  addRibCage(bone, anatomy);
  addShoulderGirdle(bone, anatomy);
  const texture = parenchyma(blank, random);
  const tissue = ATTENUATION_PER_MM.fat * anatomy.fatShare + ATTENUATION_PER_MM.soft * (1 - anatomy.fatShare);
  const air = contrastPerMm('air', 'soft');
  const aerated = contrastPerMm('lung', 'soft');
  const blood = contrastPerMm('soft', 'lung');
  const mineral = contrastPerMm('bone', 'soft');
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
  return { attenuation, lung };
}

/** Relative unevenness of the lungs' air: patches of some centimetres, and grain. */
function parenchyma(raster: Raster, random: Random): Float32Array {
  const { size, mmPerPx } = raster;
  const normals = new NormalTable(random);
  const texture = noiseLayer(size, PATCH_MM / mmPerPx, 0.04, normals);
  const grain = noiseLayer(size, GRAIN_MM / mmPerPx, 0.028, normals);
  for (let i = 0; i < texture.length; i++) texture[i] = (texture[i] as number) + (grain[i] as number);
  return texture;
}

const PATCH_MM = 30;
const GRAIN_MM = 3.4;

function noiseLayer(size: number, cell: number, strength: number, normals: NormalTable): Float32Array {
  const cellPx = Math.max(1, cell);
  const cells = Math.ceil(size / cellPx) + 1;
  const grid = new Float32Array(cells * cells);
  for (let i = 0; i < grid.length; i++) grid[i] = strength * normals.at(i);
  return enlarge(grid, cells, size, cellPx);
}
