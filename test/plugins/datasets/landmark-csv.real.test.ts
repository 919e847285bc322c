import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Dataset, Point, Sample } from '../../../src/core/data/dataset.ts';
import { transformPoint } from '../../../src/core/data/geometry.ts';
import { loadImageStore } from '../../../src/core/data/image-store.ts';
import { meanShape } from '../../../src/core/data/mean-shape.ts';
import { PluginRegistry } from '../../../src/core/plugins/registry.ts';
import { landmarkCsv } from '../../../src/plugins/datasets/landmark-csv.ts';

const ROOT = process.env.FSX_DATA ?? resolve(import.meta.dirname, '../../../../shared/data');
const present = existsSync(ROOT);
if (!present)
  console.warn(`SKIPPED: the tests on real X-rays, because ${ROOT} is absent; set FSX_DATA to their folder`);

async function load(set: string, sampleColumns: Record<string, string>): Promise<Dataset> {
  const registry = new PluginRegistry();
  registry.register(landmarkCsv);
  const reference = {
    type: 'landmark-csv',
    root: set,
    columns: { landmark: 'landmark_index' },
    samples: 'meta.csv',
    sampleColumns,
  };
  return registry.create('dataset', reference, { baseDirectory: ROOT });
}

/** Mean radial error in pixels when every test image is answered with the mean shape of the training images. */
async function meanShapeErrorPx(dataset: Dataset, test: string): Promise<number> {
  const part = (name: string) => dataset.samples.filter(({ split }) => split === name);
  const [train, tested] = [part('train'), part(test)];
  // The landmarks alone matter here, so the images need not be decoded.
  const blank = {
    ...dataset,
    read: async ({ width, height }: Sample) => ({ width, height, pixels: new Float32Array(width * height) }),
  };
  const options = { size: { width: 32, height: 32 }, fit: 'pad', oversample: 1 } as const;
  const store = await loadImageStore(blank, [...train, ...tested], options);
  const shape = meanShape(
    store,
    train.map((_, index) => index),
    dataset.landmarkNames,
  );
  const errors = tested.flatMap(({ landmarks }, k) =>
    landmarks.map((point, i) => {
      const [x, y] = transformPoint(store.images[train.length + k]!.frame.toOriginal, [
        shape[2 * i]!,
        shape[2 * i + 1]!,
      ]);
      return Math.hypot(x - (point as Point)[0], y - (point as Point)[1]);
    }),
  );
  return errors.reduce((a, b) => a + b) / errors.length;
}

describe.skipIf(!present)('real X-rays', () => {
  it('the chest set loads whole, and its mean shape errs as it is known to', async () => {
    const dataset = await load('chest_shenzhen6', { split: 'split' });
    expect(dataset.samples).toHaveLength(219);
    expect(dataset.landmarkNames).toHaveLength(6);
    expect(Math.abs((await meanShapeErrorPx(dataset, 'test')) - 34.3)).toBeLessThan(0.1);
  });

  it('the cephalometric set loads whole, with its spacing, and its mean shape errs as it is known to', async () => {
    const spacing = { spacingXMm: 'mm_per_px_x', spacingYMm: 'mm_per_px_y' };
    const dataset = await load('ceph_isbi2015', { split: 'split', ...spacing });
    expect(dataset.samples).toHaveLength(300);
    expect(dataset.landmarkNames).toEqual(Array.from({ length: 19 }, (_, k) => String(k)));
    expect(dataset.samples[0]!.spacing).toEqual({ xMm: 0.46852, yMm: 0.46875 });
    expect(Math.abs((await meanShapeErrorPx(dataset, 'test1')) - 20.6)).toBeLessThan(0.1);
  });

  it('pixels of a real film are grey values that use the range', async () => {
    const dataset = await load('hand_dha9', {});
    const { pixels } = await dataset.read(dataset.samples[0]!);
    const high = pixels.reduce((a, b) => Math.max(a, b));
    expect(high).toBeGreaterThan(0.5);
    expect(high).toBeLessThanOrEqual(1);
  });
});
