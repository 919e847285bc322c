import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomically } from '../atomic-file.ts';
import type { Dataset, Sample } from '../data/dataset.ts';
import { spreadNarrowRange } from '../data/grey-range.ts';
import type { Finding } from '../data/inspection/finding.ts';
import { type DataInspection, inspectDataset } from '../data/inspection/inspect.ts';
import { type Split, splitSamples } from '../data/split.ts';
import { FsxError } from '../errors.ts';
import { drawContactSheet, type SheetImage } from '../evaluation/contact-sheet.ts';
import type { ExperimentSource } from './experiment.ts';

/** A recipe's dataset and what was found in it. */
export interface InspectedData {
  readonly dataset: Dataset;
  readonly inspection: DataInspection;
}

/**
 * Reads the dataset of a recipe and examines it. A split that the dataset cannot give is a finding.
 * @throws {DataError} for a dataset that cannot be read at all, {PluginError} for its plugin.
 */
export async function inspectData(
  { recipe, registry, baseDirectory }: ExperimentSource,
  onProgress: (done: number, total: number) => void,
): Promise<InspectedData> {
  const dataset = await registry.create('dataset', recipe.data.dataset, { baseDirectory });
  const split = trySplit(dataset, { recipe });
  const uses = 'message' in split ? null : split;
  const inspection = await inspectDataset(dataset, uses, onProgress);
  const findings = 'message' in split ? [split, ...inspection.findings] : inspection.findings;
  return { dataset, inspection: { ...inspection, findings } };
}

function trySplit({ samples }: Dataset, { recipe }: Pick<ExperimentSource, 'recipe'>): Split | Finding {
  const { split } = recipe.data;
  try {
    return splitSamples(samples, split, split.seed ?? recipe.seed);
  } catch (error) {
    if (!(error instanceof FsxError)) throw error;
    return { severity: 'error', kind: 'split', samples: [], message: error.message };
  }
}

/**
 * Draws some images of a dataset with their landmarks: those that something was found in first, half of the sheet at
 * most, then others from all over the dataset, labeled ones before unlabeled ones.
 */
export async function writeContactSheet(
  file: string,
  { dataset, inspection }: InspectedData,
  title: string,
  count: number,
): Promise<void> {
  const flags = flagsOf(inspection.findings);
  const unreadable = idsOf(inspection.findings.filter(({ kind }) => kind === 'unreadable-image'));
  const readable = dataset.samples.filter(({ id }) => !unreadable.has(id));
  const images: SheetImage[] = [];
  for (const sample of chooseForSheet(readable, flags, count)) {
    images.push(await sheetImage(dataset, sample, flags.get(sample.id)));
  }
  const { landmarkNames, edges } = dataset;
  const sheet = await drawContactSheet(images, { title, landmarkNames, edges });
  await mkdir(dirname(file), { recursive: true });
  await writeFileAtomically(file, [sheet]);
}

/** What was found in each image, in a word or two. */
function flagsOf(findings: readonly Finding[]): ReadonlyMap<string, string> {
  const flags = new Map<string, string>();
  for (const { kind, samples } of findings) {
    for (const id of samples) {
      if (!flags.has(id)) flags.set(id, kind.replaceAll('-', ' '));
    }
  }
  return flags;
}

function idsOf(findings: readonly Finding[]): ReadonlySet<string> {
  return new Set(findings.flatMap(({ samples }) => samples));
}

/** Samples for a sheet of `count` images; `flags` has the ids that something was found in. */
export function chooseForSheet(
  samples: readonly Sample[],
  flags: ReadonlyMap<string, string>,
  count: number,
): Sample[] {
  const flagged = evenly(
    samples.filter(({ id }) => flags.has(id)),
    Math.ceil(count / 2),
  );
  const others = samples.filter(({ id }) => !flags.has(id));
  const isLabeled = ({ landmarks }: Sample) => landmarks.some((point) => point !== null);
  const labeled = evenly(others.filter(isLabeled), count - flagged.length);
  const rest = evenly(
    others.filter((sample) => !isLabeled(sample)),
    count - flagged.length - labeled.length,
  );
  return [...flagged, ...labeled, ...rest];
}

function evenly<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, index) => items[Math.floor((index * items.length) / count)]!);
}

async function sheetImage(dataset: Dataset, sample: Sample, flag: string | undefined): Promise<SheetImage> {
  const { id, width, height, landmarks, split = '' } = sample;
  const image = spreadNarrowRange(await dataset.read(sample));
  return {
    image,
    width,
    height,
    landmarks,
    caption: id,
    remark: flag ?? split,
    isFlagged: flag !== undefined,
  };
}
