import type { AttributeValue } from '../attribute.ts';
import { DataType } from '../data-type.ts';
import { type GraphNode, numbersOf, type Reference, type TensorType } from '../graph.ts';
import type { GraphEditor } from './graph-editor.ts';

/** The op in `native/convolution.cc`. */
const CONVOLUTION = 'FsxConvolution';

/** Numbers in a register, as the kernels are laid out for. */
const REGISTER = 16;

/** How many channels fsx's op computes together: the one or the other. */
const BLOCKS = [4, 6];

/** A kernel is read anew for every few pixels: more than this comes from too far away. */
const CACHED_NUMBERS = 2 ** 17;

/**
 * Convolutions that keep the size of the maps, and their gradients for the maps, by an op of fsx's own, with the bias,
 * the addition and the ReLU that follow. TensorFlow's kernels fill a register with channels, so that 18 cost as much as
 * 32; here it is filled with pixels. Idle threads help, whatever TensorFlow's settings are.
 */
export function fillRegistersWithPixels(editor: GraphEditor): void {
  for (const { name } of editor.nodes()) {
    const node = editor.node(name);
    if (!node || !isFaster(editor, node)) continue;
    const { op, inputs, outputs } = node;
    const isGradient = op === 'Conv2DBackpropInput';
    const [maps, kernel] = [inputs[isGradient ? 2 : 0]!, inputs[1]!];
    const attributes = new Map([['gradient', { bool: isGradient }]]);
    editor.put({ name, op: CONVOLUTION, inputs: [maps, kernel], attributes, outputs });
    takeWhatFollows(editor, name);
  }
}

function isFaster(editor: GraphEditor, { op, inputs, outputs, attributes }: GraphNode): boolean {
  if (op !== 'Conv2D' && op !== 'Conv2DBackpropInput') return false;
  const kernel = editor.typeOf(inputs[1]!);
  const [{ shape, dtype }] = outputs as [TensorType];
  if (dtype !== DataType.float || !keepsSize(kernel, attributes)) return false;
  const [, , width, channels] = shape as [number, number, number, number];
  const own = waste(width, REGISTER) * Math.min(...BLOCKS.map((block) => waste(channels, block)));
  return own <= waste(channels, REGISTER) && numbersOf(kernel) <= CACHED_NUMBERS;
}

/** Kernels of one or 3 x 3 pixels that are moved by one, with as many zeros around the maps as it takes. */
function keepsSize({ shape: [height, width] }: TensorType, attributes: GraphNode['attributes']): boolean {
  const isOf = (name: string, value: string) => textOf(attributes.get(name)) === value;
  const isPlain = isOf('strides', '1,1,1,1') && isOf('dilations', '1,1,1,1') && isOf('data_format', 'NHWC');
  if (!isPlain || height !== width) return false;
  const isByMargin = isOf('padding', 'SAME') || isOf('explicit_paddings', '0,0,1,1,1,1,0,0');
  return height === 1 ? !isOf('padding', 'EXPLICIT') : height === 3 && isByMargin;
}

/** Of a list, with commas between. */
function textOf(value: AttributeValue | undefined): string {
  return value === undefined ? '' : String(Object.values(value)[0]);
}

/** How many times as much is computed where things come in groups of a size. */
function waste(count: number, size: number): number {
  return (Math.ceil(count / size) * size) / count;
}

/** A bias, an addition and ReLU, in this order, as far as nobody else reads what lies between. */
function takeWhatFollows(editor: GraphEditor, name: string): void {
  const output = `${name}:0`;
  for (const understand of [asBias, asAddition, asRelu]) {
    const user = onlyUserOf(editor, output);
    const taken = user && understand(editor, user, output);
    if (!taken) continue;
    const node = editor.node(name)!;
    const attributes = new Map(node.attributes).set(...taken.attribute);
    editor.put({ ...node, inputs: [...node.inputs, ...taken.inputs], attributes });
    editor.remove(user.name);
    editor.redirect(`${user.name}:0`, output);
  }
}

function onlyUserOf(editor: GraphEditor, reference: Reference): GraphNode | undefined {
  const users = editor.users(reference);
  return users.length === 1 && !editor.isOutput(reference) ? users[0] : undefined;
}

/** What becomes of the op when it does a node's work, too. */
interface Taken {
  readonly attribute: [name: string, value: AttributeValue];
  readonly inputs: readonly Reference[];
}

function asBias(editor: GraphEditor, node: GraphNode, maps: Reference): Taken | undefined {
  const channels = editor.typeOf(maps).shape.slice(-1);
  const bias = node.op === 'BiasAdd' ? node.inputs[1] : otherSummand(editor, node, maps, channels);
  return bias === undefined ? undefined : { attribute: ['biases', { int: 1 }], inputs: [bias] };
}

function asAddition(editor: GraphEditor, node: GraphNode, maps: Reference): Taken | undefined {
  const addend = otherSummand(editor, node, maps, editor.typeOf(maps).shape);
  return addend === undefined ? undefined : { attribute: ['addends', { int: 1 }], inputs: [addend] };
}

/** Undefined where it is no addition, one of the maps to themselves, or of another shape. */
function otherSummand(
  editor: GraphEditor,
  { op, inputs }: GraphNode,
  summand: Reference,
  shape: readonly number[],
): Reference | undefined {
  const others = op === 'Add' ? inputs.filter((input) => input !== summand) : [];
  return others.length === 1 && String(editor.typeOf(others[0]!).shape) === String(shape)
    ? others[0]
    : undefined;
}

function asRelu(_: GraphEditor, { op }: GraphNode): Taken | undefined {
  return op === 'Relu' ? { attribute: ['relu', { bool: true }], inputs: [] } : undefined;
}
