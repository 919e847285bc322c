import { FsxError } from '../../errors.ts';
import type { Dataset, Sample } from '../dataset.ts';
import type { Split } from '../split.ts';
import type { Finding } from './finding.ts';
import { findDuplicates, findFaultyImages, type PixelFacts, pixelFacts } from './image-checks.ts';
import { findCoinciding, findOutside } from './landmark-checks.ts';
import { type LandmarkStatistics, landmarkStatistics } from './landmark-statistics.ts';
import { type Range, rangeOf } from './spread.ts';
import { findUnusualShapes, shapeStatistics } from './unusual-shapes.ts';

const IMAGES_AT_ONCE = 4;

export interface SampleCounts {
  readonly samples: number;
  /** With at least one landmark. */
  readonly labeled: number;
  /** With every landmark. */
  readonly complete: number;
  /** `null` when no sample names its patient. */
  readonly patients: number | null;
}

/** What a dataset holds, and what seems wrong with it. */
export interface DataInspection {
  readonly counts: SampleCounts;
  /** The parts that the dataset's authors named. */
  readonly parts: Readonly<Record<string, SampleCounts>>;
  /** How many images the recipe uses for what; `null` when its split does not suit the dataset. */
  readonly uses: Readonly<Record<keyof Split, number>> | null;
  readonly size: { readonly width: Range; readonly height: Range } | null;
  readonly spacing: {
    /** Samples whose pixel spacing is known. */
    readonly known: number;
    readonly xMm: Range | null;
    readonly yMm: Range | null;
  };
  readonly landmarks: readonly LandmarkStatistics[];
  /** Errors first. */
  readonly findings: readonly Finding[];
}

/**
 * Reads every image of a dataset once and examines images and landmarks. An image that cannot be read is a finding, not
 * a failure.
 * @param uses what a recipe uses the images for.
 */
export async function inspectDataset(
  dataset: Dataset,
  uses: Split | null,
  onProgress: (done: number, total: number) => void,
): Promise<DataInspection> {
  const { samples } = dataset;
  const { facts, unreadable } = await readFacts(dataset, onProgress);
  const shapes = shapeStatistics(samples);
  const findings = [
    ...unreadable,
    ...findFaultyImages(samples, facts),
    ...findDuplicates(samples, facts, uses),
    ...findOutside(dataset),
    ...findCoinciding(dataset),
    ...findUnusualShapes(dataset, shapes),
  ];
  return {
    counts: countSamples(samples),
    parts: countParts(samples),
    uses: uses && countUses(uses),
    size: sizeOf(samples),
    spacing: spacingOf(samples),
    landmarks: landmarkStatistics(dataset, shapes),
    findings: [...findings.filter(isError), ...findings.filter((finding) => !isError(finding))],
  };
}

async function readFacts(
  dataset: Dataset,
  onProgress: (done: number, total: number) => void,
): Promise<{ facts: readonly PixelFacts[]; unreadable: readonly Finding[] }> {
  const { samples } = dataset;
  const answers: (PixelFacts | Finding)[] = new Array(samples.length);
  let [next, done] = [0, 0];
  const readInTurn = async () => {
    while (next < samples.length) {
      const index = next++;
      answers[index] = await factsOrFinding(dataset, samples[index]!);
      onProgress(++done, samples.length);
    }
  };
  await Promise.all(Array.from({ length: IMAGES_AT_ONCE }, readInTurn));
  return {
    facts: answers.filter((answer) => 'hash' in answer),
    unreadable: answers.filter((answer) => 'kind' in answer),
  };
}

async function factsOrFinding(dataset: Dataset, sample: Sample): Promise<PixelFacts | Finding> {
  try {
    return pixelFacts(sample.id, await dataset.read(sample));
  } catch (error) {
    if (!(error instanceof FsxError)) throw error;
    return { severity: 'error', kind: 'unreadable-image', samples: [sample.id], message: error.message };
  }
}

function isError({ severity }: Finding): boolean {
  return severity === 'error';
}

function countSamples(samples: readonly Sample[]): SampleCounts {
  const patients = new Set(samples.flatMap(({ patientId }) => (patientId === undefined ? [] : [patientId])));
  return {
    samples: samples.length,
    labeled: samples.filter(({ landmarks }) => landmarks.some((point) => point !== null)).length,
    complete: samples.filter(({ landmarks }) => landmarks.every((point) => point !== null)).length,
    patients: patients.size === 0 ? null : patients.size,
  };
}

function countParts(samples: readonly Sample[]): Record<string, SampleCounts> {
  const names = [...new Set(samples.flatMap(({ split }) => split ?? []))].sort();
  return Object.fromEntries(
    names.map((name) => [name, countSamples(samples.filter(({ split }) => split === name))]),
  );
}

function countUses({ labeled, unlabeled, validation, test }: Split): Record<keyof Split, number> {
  return {
    labeled: labeled.length,
    unlabeled: unlabeled.length,
    validation: validation.length,
    test: test.length,
  };
}

function sizeOf(samples: readonly Sample[]): DataInspection['size'] {
  const width = rangeOf(samples.map((sample) => sample.width));
  const height = rangeOf(samples.map((sample) => sample.height));
  return width && height && { width, height };
}

function spacingOf(samples: readonly Sample[]): DataInspection['spacing'] {
  const known = samples.flatMap(({ spacing }) => spacing ?? []);
  return {
    known: known.length,
    xMm: rangeOf(known.map(({ xMm }) => xMm)),
    yMm: rangeOf(known.map(({ yMm }) => yMm)),
  };
}
