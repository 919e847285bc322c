import { readFile } from 'node:fs/promises';
import { RunError } from '../errors.ts';
import { decodeSafetensors, type NamedTensor } from '../training/safetensors.ts';
import type { ParameterLayout, Slot } from './parameters.ts';

/** What a file and a network do not have in common. */
export interface TimmMatch {
  /** Blocks of the network, by our names, for which the file has nothing: they keep their values. */
  readonly missing: readonly string[];
  /** Tensors of the file, by timm's names, for which the network has no place. */
  readonly unexpected: readonly string[];
}

/** Parts of the published networks that a feature map does without: counters, and what follows the branches. */
const UNUSED = /num_batches_tracked$|^(incre_modules|downsamp_modules|final_layer|classifier)\./;

const CONVOLUTION_WORDS: Readonly<Record<string, string>> = { weight: 'kernel' };
const NORM_WORDS: Readonly<Record<string, string>> = {
  weight: 'scale',
  bias: 'offset',
  running_mean: 'mean',
  running_var: 'variance',
};

/**
 * Copies the weights of an HRNet as timm names and stores them (safetensors, 32-bit floats; kernels output x input x
 * height x width) into the vectors of a model.
 *
 * @param scope under which the model declared the network.
 * @throws {RunError} FSX_WEIGHTS_UNREADABLE when the file cannot be read or a tensor has another shape.
 */
export async function readTimmWeights(
  path: string,
  layout: ParameterLayout,
  into: { readonly parameters: Float32Array; readonly statistics: Float32Array },
  scope = 'backbone',
): Promise<TimmMatch> {
  try {
    const { tensors } = decodeSafetensors(await readFile(path));
    return copyTimmWeights(tensors, layout, into, scope);
  } catch (cause) {
    const message = `cannot use the weights in ${path}: ${(cause as Error).message}`;
    throw new RunError('FSX_WEIGHTS_UNREADABLE', message, {
      suggestion: 'Name a .safetensors file of a timm HRNet of the same width.',
      cause,
    });
  }
}

function copyTimmWeights(
  tensors: readonly NamedTensor[],
  layout: ParameterLayout,
  into: { readonly parameters: Float32Array; readonly statistics: Float32Array },
  scope: string,
): TimmMatch {
  const places = new Map<string, readonly [Slot, Float32Array]>();
  for (const slot of layout.parameters) places.set(slot.name, [slot, into.parameters]);
  for (const slot of layout.statistics) places.set(slot.name, [slot, into.statistics]);
  const missing = new Set([...places.keys()].filter((name) => name.startsWith(`${scope}.`)));
  const unexpected: string[] = [];
  for (const tensor of tensors) {
    if (UNUSED.test(tensor.name)) continue;
    const name = `${scope}.${nameOf(tensor.name)}`;
    const place = places.get(name);
    if (place === undefined) unexpected.push(tensor.name);
    else copyBlock(tensor, ...place);
    missing.delete(name);
  }
  return { missing: [...missing], unexpected };
}

/** `layer1.0.downsample.1.running_mean` -> `layer1.0.downsample.norm.mean`. */
function nameOf(timmName: string): string {
  const end = timmName.lastIndexOf('.');
  const layer = timmName
    .slice(0, end)
    .replace(/^conv(\d)$/, 'stem$1.conv')
    .replace(/^bn(\d)$/, 'stem$1.norm')
    .replace(/\.0$/, '.conv')
    .replace(/\.1$/, '.norm');
  const words = /(norm|bn\d)$/.test(layer) ? NORM_WORDS : CONVOLUTION_WORDS;
  const word = timmName.slice(end + 1);
  return `${layer}.${words[word] ?? word}`;
}

function copyBlock({ name, shape, values }: NamedTensor, slot: Slot, vector: Float32Array): void {
  const [out, input, ...size] = shape;
  const stored = shape.length === 4 ? [...size, input, out] : shape;
  if (stored.join() !== slot.shape.join()) {
    throw new RangeError(`${name}, stored as ours, has shape [${stored}]; ${slot.name} has [${slot.shape}]`);
  }
  const block = vector.subarray(slot.offset, slot.offset + slot.size);
  if (shape.length === 4) toHeightWidthInputOutput(values, shape, block);
  else block.set(values);
}

function toHeightWidthInputOutput(values: Float32Array, shape: readonly number[], into: Float32Array): void {
  const [outputs, inputs, height, width] = shape as [number, number, number, number];
  const area = height * width;
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      const from = (output * inputs + input) * area;
      for (let at = 0; at < area; at++) into[(at * inputs + input) * outputs + output] = values[from + at]!;
    }
  }
}
