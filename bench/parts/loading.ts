import { createRegistry } from '../../src/composition.ts';
import type { BenchOptions, Part, Table } from '../harness/part.ts';
import { type BatchSpeed, batchSpeed } from '../loading/batches.ts';
import { type FolderRun, makeCache, makeFolder, runOnFolder } from '../loading/folder.ts';

const PHANTOMS = ['chest-phantom', 'hand-phantom', 'pelvis-phantom'];
const PHANTOM_SIZE_PX = 256;

export const loading: Part = {
  title: 'Loading',
  measure: async (options) => {
    const folders = await runOnFolders(options);
    const batches: BatchSpeed[] = [];
    for (const sizePx of options.quick ? [64] : [256, 512]) {
      batches.push(await batchSpeed(sizePx, options.quick ? 4 : 50));
    }
    const phantoms: PhantomSpeed[] = [];
    for (const type of PHANTOMS) phantoms.push(await phantomSpeed(type, options.quick ? 2 : 100));
    return {
      text: 'Reading images, making batches of them while the step before is trained, and drawing phantoms.',
      tables: [folderTable(folders), batchTable(batches), phantomTable(phantoms)],
      measurements: { folders, batches, phantoms },
    };
  },
};

async function runOnFolders({ quick, scratch }: BenchOptions): Promise<FolderRun[]> {
  const runs: FolderRun[] = [];
  const places = { scratch, cache: makeCache(scratch) };
  for (const images of quick ? [12] : [100, 1_000, 10_000]) {
    console.error(`a folder of ${images} images`);
    const folder = await makeFolder(scratch, images);
    for (const time of ['first', 'second'] as const) {
      runs.push({ images, time, ...(await runOnFolder(folder, places, quick ? 64 : 512)) });
    }
  }
  return runs;
}

function folderTable(runs: readonly FolderRun[]): Table {
  const rows = runs.map(({ images, time, readS, firstStepS, waitShare, readingPeakMb, peakMb }) => [
    `${images}, the ${time} time`,
    readS.toFixed(1),
    firstStepS.toFixed(1),
    `${(100 * waitShare).toFixed(1)} %`,
    readingPeakMb?.toFixed(0) ?? 'not told',
    peakMb?.toFixed(0) ?? 'not told',
  ]);
  return {
    caption: '`fsx run` on a folder of PNG files, 512 x 512: few-shot-dag on the small HRNet',
    columns: [
      ...['images', 'all read, s', 'first step, s', 'later steps wait for batches'],
      ...['peak memory until read, MB', 'peak memory, MB'],
    ],
    rows,
  };
}

function batchTable(speeds: readonly BatchSpeed[]): Table {
  const rows = speeds.map(({ sizePx, viewsPerBatch, viewsPerSecond }) => [
    `${sizePx} x ${sizePx}`,
    String(viewsPerBatch),
    viewsPerSecond.toFixed(0),
  ]);
  return {
    caption:
      'Views that the loader makes when nothing is trained, all augmentations of `recipes/base/few-shot-dag.yaml`',
    columns: ['size', 'views a batch', 'views/s'],
    rows,
  };
}

interface PhantomSpeed {
  readonly type: string;
  /** Images by processor time: on one core. */
  readonly imagesPerSecond: number;
}

async function phantomSpeed(type: string, count: number): Promise<PhantomSpeed> {
  const warmUp = 10;
  const registry = await createRegistry();
  const reference = { type, samples: count + warmUp, size: PHANTOM_SIZE_PX };
  const dataset = await registry.create('dataset', reference, { baseDirectory: '.' });
  for (const sample of dataset.samples.slice(0, warmUp)) await dataset.read(sample);
  const start = process.cpuUsage();
  for (const sample of dataset.samples.slice(warmUp)) await dataset.read(sample);
  const { user, system } = process.cpuUsage(start);
  return { type, imagesPerSecond: (count * 1e6) / (user + system) };
}

function phantomTable(speeds: readonly PhantomSpeed[]): Table {
  return {
    caption: `Phantoms, ${PHANTOM_SIZE_PX} x ${PHANTOM_SIZE_PX}`,
    columns: ['', 'images/s of one core'],
    rows: speeds.map(({ type, imagesPerSecond }) => [type, imagesPerSecond.toFixed(1)]),
  };
}
