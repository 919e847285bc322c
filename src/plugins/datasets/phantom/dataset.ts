import { extname } from 'node:path';
import { codeHash } from '../../../core/code-hash.ts';
import type { Dataset, GreyImage, Point, Sample } from '../../../core/data/dataset.ts';
import { transformPoint } from '../../../core/data/geometry.ts';
import { Random } from '../../../core/random.ts';
import { develop, drawExposure, type ExposureLaw, type Projection } from './detector.ts';
import { finishFilm, type MarkerHabit } from './film.ts';
import type { PhantomOptions } from './options.ts';
import type { Film } from './raster.ts';

/** One patient, and the film that is to show them. */
export interface Patient<Anatomy> {
  readonly anatomy: Anatomy;
  readonly film: Film;
  readonly marker: MarkerHabit;
}

/** What tells one phantom from another. */
export interface Phantom<Anatomy> extends Pick<Dataset, 'landmarkNames' | 'mirrorPairs' | 'edges'> {
  /** Names the streams of random numbers. */
  readonly type: string;
  readonly exposure: ExposureLaw;
  /** Cheap, so that landmarks are known without drawing. */
  drawPatient(random: Random): Patient<Anatomy>;
  /** In patient millimetres. */
  landmarksOf(anatomy: Anatomy): Point[];
  project(film: Film, anatomy: Anatomy, random: Random): Projection;
}

/** Radiograph i depends on the seed and on i alone; it is drawn when it is read. */
export function phantomDataset<Anatomy>(options: PhantomOptions, phantom: Phantom<Anatomy>): Dataset {
  const { landmarkNames, mirrorPairs, edges } = phantom;
  const samples = Array.from({ length: options.samples }, (_, index) => describe(options, phantom, index));
  const indexOf = new Map(samples.map(({ id }, index) => [id, index]));
  return {
    landmarkNames,
    mirrorPairs,
    edges,
    samples,
    read: async (sample) => expose(options, phantom, indexOf.get(sample.id) as number),
    fingerprint: async ({ id }) => JSON.stringify([phantom.type, options, id, drawnBy()]),
  };
}

let code: string | undefined;

/** What draws: the phantoms, the random numbers, and the arithmetic of Node. */
function drawnBy(): string {
  const random = `../../../core/random${extname(import.meta.url)}`;
  code ??= codeHash(new URL('..', import.meta.url), new URL(random, import.meta.url));
  return `${code} ${process.version} ${process.arch}`;
}

function patientOf<A>({ seed }: PhantomOptions, phantom: Phantom<A>, index: number): Patient<A> {
  return phantom.drawPatient(new Random(seed, phantom.type, index, 'patient'));
}

function describe<A>(options: PhantomOptions, phantom: Phantom<A>, index: number): Sample {
  const { anatomy, film } = patientOf(options, phantom, index);
  return {
    id: `phantom-${String(index).padStart(4, '0')}`,
    width: film.size,
    height: film.size,
    spacing: { xMm: film.mmPerPx, yMm: film.mmPerPx },
    landmarks: phantom.landmarksOf(anatomy).map((point) => transformPoint(film.toPixels, point)),
  };
}

function expose<A>(options: PhantomOptions, phantom: Phantom<A>, index: number): GreyImage {
  const { anatomy, film, marker } = patientOf(options, phantom, index);
  const random = new Random(options.seed, phantom.type, index, 'film');
  const projection = phantom.project(film, anatomy, random);
  const exposure = drawExposure(random, phantom.exposure, options.exposureVariation, options.noise);
  const pixels = develop(projection, exposure, random);
  if (options.markings) finishFilm(pixels, film, marker, random);
  return { width: film.size, height: film.size, pixels };
}
