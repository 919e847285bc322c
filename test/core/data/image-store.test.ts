import { describe, expect, it } from 'vitest';
import { plainView } from '../../../src/core/data/augment.ts';
import type { Dataset, Sample } from '../../../src/core/data/dataset.ts';
import { frameOf } from '../../../src/core/data/frame.ts';
import { transformPoint } from '../../../src/core/data/geometry.ts';
import { loadImageStore } from '../../../src/core/data/image-store.ts';
import { meanShape } from '../../../src/core/data/mean-shape.ts';
import { resample } from '../../../src/core/data/resample.ts';
import { pixelsOf } from '../../../src/core/data/stored-pixels.ts';
import { dottedDataset } from './dotted-dataset.ts';

describe('the frame of an image', () => {
  const image = { width: 400, height: 800 };
  const size = { width: 200, height: 200 };

  it('keeps the aspect ratio with padding, from the top left', () => {
    const { toFrame } = frameOf(image, size, 'pad');
    expect(transformPoint(toFrame, [-0.5, -0.5])).toEqual([0, 0]);
    expect(transformPoint(toFrame, [399.5, 799.5])).toEqual([0.5, 1]);
  });

  it('is filled by stretching', () => {
    const { toFrame } = frameOf(image, size, 'stretch');
    expect(transformPoint(toFrame, [399.5, 799.5])).toEqual([1, 1]);
  });

  it('leads back to the pixels of the original', () => {
    const { toFrame, toOriginal } = frameOf(image, { width: 96, height: 160 }, 'pad');
    const [x, y] = transformPoint(toOriginal, transformPoint(toFrame, [123.25, 45.5]));
    expect(x).toBeCloseTo(123.25, 9);
    expect(y).toBeCloseTo(45.5, 9);
  });
});

describe('resampling', () => {
  it('averages when reducing, so that fine stripes become grey and not other stripes', () => {
    const pixels = Float32Array.from({ length: 90 * 30 }, (_, i) => i % 2);
    const target = resample(
      { width: 90, height: 30, pixels },
      { width: 20, height: 7 },
      { x: 20 / 90, y: 7 / 30 },
    );
    for (const value of target) expect(value).toBeCloseTo(0.5, 1);
  });

  it('leaves an image of the right size as it is', () => {
    const pixels = Float32Array.from({ length: 35 }, (_, i) => (i * 13) % 7);
    expect(resample({ width: 5, height: 7, pixels }, { width: 5, height: 7 }, { x: 1, y: 1 })).toEqual(
      pixels,
    );
  });

  it('keeps a ramp a ramp, at the right place, for any scale', () => {
    const pixels = Float32Array.from({ length: 100 }, (_, i) => i);
    for (const width of [37, 61, 250]) {
      const scale = width / 100;
      const target = resample({ width: 100, height: 1, pixels }, { width, height: 1 }, { x: scale, y: 1 });
      for (let x = 5; x < width - 5; x++)
        expect(Math.abs(target[x]! - ((x + 0.5) / scale - 0.5))).toBeLessThan(0.1);
    }
  });
});

describe('the store', () => {
  const options = { size: { width: 16, height: 16 }, fit: 'pad', oversample: 1 } as const;

  function singleImage(values: (i: number) => number, landmarks: Sample['landmarks'] = [null]): Dataset {
    const sample = { id: 'only', width: 16, height: 16, landmarks };
    const pixels = Float32Array.from({ length: 256 }, (_, i) => values(i));
    const read = async () => ({ width: 16, height: 16, pixels });
    return { landmarkNames: ['apex'], mirrorPairs: [], edges: [], samples: [sample], read };
  }

  it('keeps the detail of a film of 12 bits in a file of 16', async () => {
    const faint = singleImage((i) => (i / 255) * (4095 / 65535));
    const store = await loadImageStore(faint, faint.samples, options);
    expect(new Set(pixelsOf(store, 0)).size).toBe(256);
  });

  it('keeps it beside a white marker and dead pixels, which stay white and black', async () => {
    const side = 64;
    const film = (i: number) => (1000 + (i % 256) * 16) / 65535;
    const values = Float32Array.from({ length: side * side }, (_, i) => film(i));
    values.set([1, 1, 1], 2000);
    values[77] = 0;
    const sample = { id: 'only', width: side, height: side, landmarks: [null] };
    const read = async () => ({ width: side, height: side, pixels: values });
    const dataset = { landmarkNames: ['apex'], mirrorPairs: [], edges: [], samples: [sample], read };
    const size = { width: side, height: side };
    const kept = pixelsOf(await loadImageStore(dataset, [sample], { ...options, size }), 0);
    expect(new Set(kept).size).toBeGreaterThan(230);
    expect([...kept.subarray(2000, 2003), kept[77]]).toEqual([255, 255, 255, 0]);
    expect(kept[130]! - kept[129]!).toBeLessThanOrEqual(2);
  });

  it('leaves an image as it is whose film uses enough of the range', async () => {
    const dataset = singleImage((i) => (i % 128) / 255);
    const store = await loadImageStore(dataset, dataset.samples, options);
    expect([...pixelsOf(store, 0)]).toEqual(Array.from({ length: 256 }, (_, i) => i % 128));
  });

  it('shows a plain view without any change but standardisation', async () => {
    const dataset = singleImage((i) => i / 255);
    const { pixels: view } = plainView(await loadImageStore(dataset, dataset.samples, options), 0);
    for (let i = 1; i < 256; i++) expect(view[i]! - view[i - 1]!).toBeCloseTo(view[1]! - view[0]!, 3);
  });

  it('passes on the error of an image that cannot be read', async () => {
    const broken = { ...singleImage(() => 0), read: () => Promise.reject(new Error('damaged')) };
    await expect(loadImageStore(broken, broken.samples, options)).rejects.toThrow('damaged');
  });

  it('reports each decoded image', async () => {
    const dataset = dottedDataset(32, 32);
    const seen: number[] = [];
    await loadImageStore(dataset, dataset.samples, { ...options, onProgress: (done) => seen.push(done) });
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('the mean shape', () => {
  const options = { size: { width: 32, height: 32 }, fit: 'pad', oversample: 1 } as const;
  const whole = dottedDataset(32, 32);

  it('takes each landmark over the images that label it', async () => {
    const samples: Sample[] = [
      { ...whole.samples[0]!, landmarks: [[1, 1], null, [5, 5], [6, 6], [7, 7]] },
      { ...whole.samples[1]!, landmarks: [[3, 5], [9, 9], null, [6, 6], [7, 7]] },
    ];
    const store = await loadImageStore(whole, samples, options);
    const shape = meanShape(store, [0, 1], whole.landmarkNames);
    const expected = [2, 3, 9, 9, 5, 5].map((pixel) => (pixel + 0.5) / 32);
    expected.forEach((value, k) => {
      expect(shape[k]).toBeCloseTo(value, 6);
    });
  });

  it('is refused, by name, when no labeled image shows a landmark', async () => {
    const samples = [{ ...whole.samples[0]!, landmarks: [[1, 1], null, [5, 5], [6, 6], null] } as Sample];
    const store = await loadImageStore(whole, samples, options);
    expect(() => meanShape(store, [0], whole.landmarkNames)).toThrow(
      /none of the 1 .* "left top", "left base"/,
    );
  });
});
