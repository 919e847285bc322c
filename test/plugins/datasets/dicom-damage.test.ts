import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FsxError } from '../../../src/core/errors.ts';
import { Random } from '../../../src/core/random.ts';
import { dicomFormat } from '../../../src/plugins/datasets/dicom/format.ts';
import type { DicomSettings } from '../../../src/plugins/datasets/dicom/options.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/dicom');
const FILES = 500;
const AT_ONCE = 2;
const SEED = 20;

/** Of each file. Most take milliseconds; a new thread takes half a second, seconds on a busy machine. */
const MAX_DECODE_SECONDS = 20;
const MAX_MEGAPIXELS = 4;
/** What the program may grow by: `AT_ONCE` decoders whose WebAssembly begins with 256 MiB, most of it untouched. */
const MAX_GROWTH_BYTES = 6e8;

const SOURCES = [
  'explicit-little.dcm',
  'implicit-little.dcm',
  'explicit-big.dcm',
  'rle-12.dcm',
  'jpeg-baseline-8.dcm',
  'jpeg-extended-12.dcm',
  'jpeg-lossless-12.dcm',
  'jpeg-ls-12.dcm',
  'jpeg-ls-near-12.dcm',
  'jpeg-2000-12.dcm',
  'jpeg-2000-lossy-12.dcm',
  'voi-lut.dcm',
  'frames-rle.dcm',
] as const;

const SETTINGS = {
  window: 'file',
  frames: 'first',
  maxMegapixels: MAX_MEGAPIXELS,
  maxDecodeSeconds: MAX_DECODE_SECONDS,
} as DicomSettings;

const EXTREMES = [0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
/** Rows, columns, bits, the VOI LUT, pixel data, items, and the end of sequences. */
const ATTACKED = [
  '28001000',
  '28001100',
  '28000001',
  '28001030',
  '28000230',
  'e07f1000',
  'feff00e0',
  'feffdde0',
];

type Mutation = (bytes: Buffer, random: Random) => Buffer;

const flipBits: Mutation = (bytes, random) => {
  for (let flips = random.integer(1, 16); flips > 0; flips--) flipOne(bytes, random, 0);
  return bytes;
};

const flipPixelBits: Mutation = (bytes, random) => {
  for (let flips = random.integer(1, 8); flips > 0; flips--) flipOne(bytes, random, startOfPixels(bytes));
  return bytes;
};

/** The headers of compressed frames, where sizes, tables and offsets are. */
const writeExtremeIntoFrameHeader: Mutation = (bytes, random) => {
  const at = startOfPixels(bytes) + random.integer(0, 120);
  return at + 4 <= bytes.length ? writeExtreme(bytes, random, at) : bytes;
};

const truncate: Mutation = (bytes, random) => bytes.subarray(0, random.integer(0, bytes.length - 1));

const deleteSome: Mutation = (bytes, random) => {
  const at = random.integer(0, bytes.length - 1);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random.integer(1, 64))]);
};

const repeatSome: Mutation = (bytes, random) => {
  const at = random.integer(0, bytes.length - 1);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - random.integer(1, 200)))]);
};

/** Writes an extreme number over the VR, the length or the value of an element. */
const attackLength: Mutation = (bytes, random) => {
  const tags = ATTACKED.map((tag) => Buffer.from(tag, 'hex')).filter((tag) => bytes.includes(tag));
  const tag = tags[random.integer(0, tags.length - 1)];
  if (tag === undefined) return bytes;
  const at = bytes.indexOf(tag) + 4 + random.integer(0, 8);
  return at + 4 <= bytes.length ? writeExtreme(bytes, random, at) : bytes;
};

const MUTATIONS = {
  flipBits,
  flipPixelBits,
  writeExtremeIntoFrameHeader,
  truncate,
  deleteSome,
  repeatSome,
  attackLength,
};

function flipOne(bytes: Buffer, random: Random, from: number): void {
  const at = random.integer(from, bytes.length - 1);
  bytes[at] = bytes[at]! ^ (1 << random.integer(0, 7));
}

function writeExtreme(bytes: Buffer, random: Random, at: number): Buffer {
  bytes.writeUInt32LE(EXTREMES[random.integer(0, EXTREMES.length - 1)]!, at);
  return bytes;
}

function startOfPixels(bytes: Buffer): number {
  return Math.max(0, bytes.indexOf(Buffer.from('e07f1000', 'hex')));
}

interface Outcome {
  readonly name: string;
  readonly seconds: number;
  /** Undefined for pixels. */
  readonly error: unknown;
  readonly rssBytes: number;
}

describe('damaged files end in pixels or in an error that names them, in bounded time and memory', () => {
  let folder: string;
  const outcomes: Outcome[] = [];
  const before = process.memoryUsage().rss;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fsx-damage-'));
    const format = dicomFormat(SETTINGS);
    const mutations = Object.entries(MUTATIONS);
    let next = 0;
    const examineInTurn = async () => {
      while (next < FILES) {
        const k = next++;
        const source = SOURCES[k % SOURCES.length]!;
        const [kind, mutate] = mutations[Math.floor(k / SOURCES.length) % mutations.length]!;
        const name = `${k}-${kind}-${source}`;
        const path = join(folder, name);
        await writeFile(path, mutate(await readFile(join(FIXTURES, source)), new Random(SEED, name)));
        const startMs = performance.now();
        const error = await format.describe(path).then(
          () =>
            format.read(path).then(
              () => undefined,
              (cause) => cause,
            ),
          (cause) => cause,
        );
        const seconds = (performance.now() - startMs) / 1000;
        outcomes.push({ name, seconds, error, rssBytes: process.memoryUsage().rss });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, examineInTurn));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('every one of them is answered', () => {
    expect(outcomes).toHaveLength(FILES);
    const decoded = outcomes.filter(({ error }) => error === undefined).length;
    console.log(
      `${decoded} of ${FILES} damaged DICOM files were decoded; the slowest took ` +
        `${Math.max(...outcomes.map(({ seconds }) => seconds)).toFixed(1)} s; memory grew by at most ` +
        `${Math.round((Math.max(...outcomes.map(({ rssBytes }) => rssBytes)) - before) / 1e6)} MB`,
    );
    // damage of both kinds, or the test would show little
    expect(decoded).toBeGreaterThan(FILES / 10);
    expect(decoded).toBeLessThan((FILES * 9) / 10);
  });

  it('an error is one that fsx foresees, with the name of the file', () => {
    const unforeseen = outcomes.filter(
      ({ name, error }) =>
        error !== undefined && !(error instanceof FsxError && error.message.includes(name)),
    );
    expect(unforeseen).toEqual([]);
  });

  it('none takes longer than the limit', () => {
    const slow = outcomes.filter(
      ({ error }) => error instanceof FsxError && error.code === 'FSX_IMAGE_TIMEOUT',
    );
    const seconds = Math.max(...outcomes.map((outcome) => outcome.seconds));
    expect(slow).toEqual([]);
    expect(seconds).toBeLessThan(MAX_DECODE_SECONDS);
  });

  it('memory stays bounded', () => {
    const growths = outcomes.map(({ rssBytes }) => rssBytes - before);
    expect(Math.max(...growths)).toBeLessThan(MAX_GROWTH_BYTES);
  });
});

it('a decoder that does not come to an end is ended, and the next file is decoded', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fsx-endless-'));
  try {
    const bytes = await readFile(join(FIXTURES, 'jpeg-2000-12.dcm'));
    // 48,000 tiles of 64 x 64 pixels: minutes of work for OpenJPEG
    const px = 14_000;
    for (const tag of ['28001000', '28001100']) {
      bytes.writeUInt16LE(px, bytes.indexOf(Buffer.from(`${tag}55530200`, 'hex')) + 8);
    }
    const size = bytes.indexOf(Buffer.from('ff4fff51', 'hex'));
    for (const at of [8, 12]) bytes.writeUInt32BE(px, size + at);
    for (const at of [24, 28]) bytes.writeUInt32BE(64, size + at);
    const path = join(folder, 'tiles.dcm');
    await writeFile(path, bytes);
    const format = dicomFormat({ ...SETTINGS, maxMegapixels: 200, maxDecodeSeconds: 6 });
    const startMs = performance.now();
    await expect(format.read(path)).rejects.toMatchObject({ code: 'FSX_IMAGE_TIMEOUT' });
    // the limit, and some seconds for a busy machine
    expect(performance.now() - startMs).toBeLessThan(15_000);
    const { pixels } = await format.read(join(FIXTURES, 'jpeg-2000-12.dcm'));
    expect(pixels).toHaveLength(48 * 32);
  } finally {
    await rm(folder, { recursive: true });
  }
});
