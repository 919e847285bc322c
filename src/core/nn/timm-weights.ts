import { readFile } from 'node:fs/promises';
import { RunError } from '../errors.ts';
import { decodeSafetensors, type NamedTensor } from '../training/safetensors.ts';
import type { PublishedWeights } from './model.ts';
import type { ParameterLayout, Slot } from './parameters.ts';

/** What a file and a network that fit each other do not have in common. */
export interface TimmMatch {
  /** Blocks of the network, by our names, that no published file has: they keep their values. */
  readonly fresh: readonly string[];
  /** Tensors of the file, by timm's names, for which the network has no place. */
  readonly unexpected: readonly string[];
}

export interface TimmTarget {
  readonly layout: ParameterLayout;
  readonly published: PublishedWeights;
  /** The vectors that the weights are copied into. */
  readonly parameters: Float32Array;
  readonly statistics: Float32Array;
  /** The name under which the model declared the network. Default `backbone`. */
  readonly scope?: string;
}

const COUNTER = /num_batches_tracked$/;

const CONVOLUTION_WORDS: Readonly<Record<string, string>> = { weight: 'kernel' };
const NORM_WORDS: Readonly<Record<string, string>> = {
  weight: 'scale',
  bias: 'offset',
  running_mean: 'mean',
  running_var: 'variance',
};

/**
 * Copies the weights of a network as timm names and stores them (safetensors; kernels output x input x height x
 * width) into the vectors of a model. A network for grey images gets the sum of a kernel's input channels, which is
 * what a grey image as red, green and blue would give.
 *
 * @throws {RunError} FSX_WEIGHTS_UNREADABLE; FSX_WEIGHTS_MISMATCH, with the names, when a block that published files
 * have is missing or a tensor has another shape.
 */
export async function readTimmWeights(path: string, target: TimmTarget): Promise<TimmMatch> {
  const tensors = await readTensors(path);
  const { missing, misshaped, ...match } = copyTensors(tensors, target);
  const problems = [...listed('missing', missing), ...listed('of another shape', misshaped)];
  if (problems.length === 0) return match;
  const all = [...problems, ...listed('unexpected', match.unexpected)];
  throw new RunError(
    'FSX_WEIGHTS_MISMATCH',
    [`the weights in ${path} are those of another network:`, ...all].join('\n'),
    { suggestion: 'Name a file of the same network (kind, depth and width), or change model.backbone.' },
  );
}

async function readTensors(path: string): Promise<readonly NamedTensor[]> {
  try {
    return decodeSafetensors(await readFile(path)).tensors;
  } catch (cause) {
    const message = `cannot read the weights in ${path}: ${(cause as Error).message}`;
    throw new RunError('FSX_WEIGHTS_UNREADABLE', message, {
      suggestion: 'Name a .safetensors file, as timm stores its models.',
      cause,
    });
  }
}

interface Copied extends TimmMatch {
  readonly missing: readonly string[];
  readonly misshaped: readonly string[];
}

function copyTensors(tensors: readonly NamedTensor[], target: TimmTarget): Copied {
  const { published, scope = 'backbone' } = target;
  const places = placesIn(target, `${scope}.`);
  const open = new Set(places.keys());
  const unexpected: string[] = [];
  const misshaped: string[] = [];
  for (const tensor of tensors) {
    if (COUNTER.test(tensor.name) || published.beyond.test(tensor.name)) continue;
    const name = blockName(tensor.name, published);
    const place = places.get(name);
    if (place === undefined) unexpected.push(tensor.name);
    else if (!copyBlock(tensor, place))
      misshaped.push(`${tensor.name} [${inOurOrder(tensor.shape)}], not [${place.slot.shape}]`);
    open.delete(name);
  }
  const isOwn = (name: string) => published.own.some((layer) => name.startsWith(`${layer}.`));
  const fresh = [...open].filter(isOwn);
  const missing = [...open].filter((name) => !isOwn(name));
  return { fresh, missing, unexpected, misshaped };
}

/** A block of the network, and the vector that it is a part of. */
interface BlockPlace {
  readonly slot: Slot;
  readonly vector: Float32Array;
}

/** Every block of the network, by its name within it. */
function placesIn({ layout, parameters, statistics }: TimmTarget, prefix: string): Map<string, BlockPlace> {
  const all = [
    ...layout.parameters.map((slot) => ({ slot, vector: parameters })),
    ...layout.statistics.map((slot) => ({ slot, vector: statistics })),
  ];
  const own = all.filter(({ slot }) => slot.name.startsWith(prefix));
  return new Map(own.map((place) => [place.slot.name.slice(prefix.length), place]));
}

/** `layer1.0.downsample.1.running_mean` -> `layer1.0.downsample.norm.mean`. */
function blockName(timmName: string, { layerOf = (layer) => layer }: PublishedWeights): string {
  const end = timmName.lastIndexOf('.');
  const layer = layerOf(timmName.slice(0, end)).replace(/\.0$/, '.conv').replace(/\.1$/, '.norm');
  const words = /(norm|bn\d)$/.test(layer) ? NORM_WORDS : CONVOLUTION_WORDS;
  const word = timmName.slice(end + 1);
  return `${layer}.${words[word] ?? word}`;
}

/** @returns false, with nothing copied, where the shapes differ. */
function copyBlock({ shape, values }: NamedTensor, { slot, vector }: BlockPlace): boolean {
  const block = vector.subarray(slot.offset, slot.offset + slot.size);
  const stored = inOurOrder(shape);
  const wanted = slot.shape.join();
  const fits = stored.join() === wanted;
  const fitsInGrey = shape.length === 4 && stored.with(2, 1).join() === wanted;
  if (!fits && !fitsInGrey) return false;
  if (shape.length === 4) copyKernel(values, shape, block);
  else block.set(values);
  return true;
}

/** `[output, input, height, width]` -> `[height, width, input, output]`. */
function inOurOrder(shape: readonly number[]): number[] {
  const [output, input, ...size] = shape;
  return shape.length === 4 ? [...size, input!, output!] : [...shape];
}

/** Puts a kernel in our order; its input channels are added up where the block has room for one. */
function copyKernel(values: Float32Array, shape: readonly number[], into: Float32Array): void {
  const [outputs, inputs, height, width] = shape as [number, number, number, number];
  const area = height * width;
  const room = into.length / (area * outputs);
  into.fill(0);
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      const from = (output * inputs + input) * area;
      for (let at = 0; at < area; at++) {
        const to = (at * room + (input % room)) * outputs + output;
        into[to] = into[to]! + values[from + at]!;
      }
    }
  }
}

function listed(what: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`  ${what}: ${names.join(', ')}`];
}
