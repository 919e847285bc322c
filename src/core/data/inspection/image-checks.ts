import { createHash } from 'node:crypto';
import type { GreyImage, Sample } from '../dataset.ts';
import { spreadNarrowRange } from '../grey-range.ts';
import type { Split } from '../split.ts';
import type { Finding } from './finding.ts';

/** A pixel above this share of the range is not black. */
const BLACK = 0.1;
/** An image with fewer pixels that are not black shows nothing. */
const LEAST_BRIGHT_SHARE = 0.01;

/** What is kept of an image's pixels. */
export interface PixelFacts {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** SHA-256 of the size and the decoded pixels: the same for a copy, in whatever lossless format. */
  readonly hash: string;
  readonly isConstant: boolean;
  /** Pixels that are not nearly black, once the range is spread as a model sees it. */
  readonly brightShare: number;
}

export function pixelFacts(id: string, image: GreyImage): PixelFacts {
  const { width, height, pixels } = image;
  const bytes = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  const first = pixels[0];
  return {
    ...{ id, width, height },
    hash: createHash('sha256').update(`${width}x${height}`).update(bytes).digest('hex'),
    isConstant: pixels.every((value) => value === first),
    brightShare: spreadNarrowRange(image).pixels.filter((value) => value > BLACK).length / pixels.length,
  };
}

/** Images that show nothing, or are not of the size that the dataset says. */
export function findFaultyImages(samples: readonly Sample[], facts: readonly PixelFacts[]): Finding[] {
  const byId = new Map(samples.map((sample) => [sample.id, sample]));
  return facts.flatMap(({ id, width, height, isConstant, brightShare }): Finding[] => {
    const sample = byId.get(id)!;
    const found: Finding[] = [];
    if (width !== sample.width || height !== sample.height) {
      const message = `the image has ${width} x ${height} pixels, the dataset says ${sample.width} x ${sample.height}`;
      found.push({ severity: 'error', kind: 'image-size', samples: [id], message });
    }
    if (isConstant) {
      const message = 'all pixels have the same value';
      found.push({ severity: 'error', kind: 'constant-image', samples: [id], message });
    } else if (brightShare < LEAST_BRIGHT_SHARE) {
      const message = `nearly black: ${(100 * brightShare).toFixed(2)} % of its pixels are above a tenth of the range`;
      found.push({ severity: 'suspicion', kind: 'dark-image', samples: [id], message });
    }
    return found;
  });
}

/**
 * Images with the same pixels: an error where they lie in several of the dataset's named parts, or where a recipe
 * measures on one of them and uses another otherwise.
 */
export function findDuplicates(
  samples: readonly Sample[],
  facts: readonly PixelFacts[],
  uses: Split | null,
): Finding[] {
  const byHash = new Map<string, string[]>();
  for (const { id, hash } of facts) byHash.set(hash, [...(byHash.get(hash) ?? []), id]);
  const byId = new Map(samples.map((sample) => [sample.id, sample]));
  return [...byHash.values()]
    .filter((same) => same.length > 1)
    .map((same): Finding => {
      const ids = [...same].sort();
      const parts = distinct(ids.map((id) => byId.get(id)!.split));
      const used = distinct(ids.map((id) => useOf(id, uses)));
      const leaks = [
        ...(parts.length > 1 ? [`the dataset's parts ${parts.join(' and ')}`] : []),
        ...(used.length > 1 && (used.includes('test') || used.includes('validation'))
          ? [`the recipe's ${used.join(' and ')} images`]
          : []),
      ];
      const leak =
        leaks.length > 0 ? `, in ${leaks.join(' and in ')}: what is measured there is not independent` : '';
      return {
        severity: leaks.length > 0 ? 'error' : 'suspicion',
        kind: 'duplicate-images',
        samples: ids,
        message: `${ids.length} images with the same pixels${leak}`,
      };
    });
}

function useOf(id: string, uses: Split | null): string | undefined {
  return Object.entries(uses ?? {}).find(([, ids]: [string, readonly string[]]) => ids.includes(id))?.[0];
}

function distinct(values: readonly (string | undefined)[]): string[] {
  return [...new Set(values.filter((value) => value !== undefined))].sort();
}
