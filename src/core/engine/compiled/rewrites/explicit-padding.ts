import { DataType } from '../data-type.ts';
import { constantNode, type GraphNode, numbersOf, type Reference, type TensorType } from '../graph.ts';
import type { GraphEditor } from './graph-editor.ts';

/** For maps of fewer numbers the detour costs more than it gains. */
const WORTHWHILE_NUMBERS = 2 ** 17;

/**
 * TensorFlow has no fast kernel for the gradients of a convolution with explicit padding (in an HRNet, those of stride
 * 2). Here the maps are padded first, and the convolution pads nothing: filter gradients of large maps.
 */
export function padBeforeFilterGradients(editor: GraphEditor): void {
  for (const node of editor.nodes()) {
    if (node.op !== 'Conv2DBackpropFilter') continue;
    const padding = worthwhilePadding(node, editor.typeOf(node.inputs[0]!));
    if (padding === undefined) continue;
    const [maps, ...others] = node.inputs;
    const type = editor.typeOf(maps!);
    const shape = type.shape.map((size, axis) => size + padding[axis]![0] + padding[axis]![1]);
    const name = `${node.name}_padded`;
    editor.put({
      name,
      op: 'PadV2',
      inputs: [maps!, addInts(editor, `${name}_by`, padding.flat(), [4, 2]), addZero(editor, `${name}_with`)],
      attributes: new Map([
        ['T', { type: type.dtype }],
        ['Tpaddings', { type: DataType.int32 }],
      ]),
      outputs: [{ ...type, shape }],
    });
    editor.put({ ...node, inputs: [`${name}:0`, ...others], attributes: withoutPadding(node) });
  }
}

/** Likewise gradients of maps, which are then cut to size. It pays in bfloat16 only. */
export function cutInputGradients(editor: GraphEditor): void {
  for (const node of editor.nodes()) {
    if (node.op !== 'Conv2DBackpropInput') continue;
    const type = node.outputs[0]!;
    const padding = worthwhilePadding(node, type);
    if (padding === undefined) continue;
    const [, ...others] = node.inputs;
    const shape = type.shape.map((size, axis) => size + padding[axis]![0] + padding[axis]![1]);
    const name = `${node.name}_cut`;
    const users = editor.users(`${node.name}:0`);
    editor.put({
      ...node,
      inputs: [addInts(editor, `${node.name}_size`, shape, [4]), ...others],
      attributes: withoutPadding(node),
      outputs: [{ ...type, shape }],
    });
    const before = padding.map(([first]) => first);
    editor.put({
      name,
      op: 'Slice',
      inputs: [
        `${node.name}:0`,
        addInts(editor, `${name}_from`, before, [4]),
        addInts(editor, `${name}_size`, type.shape, [4]),
      ],
      attributes: new Map([
        ['T', { type: type.dtype }],
        ['Index', { type: DataType.int32 }],
      ]),
      outputs: [type],
    });
    editor.redirect(`${node.name}:0`, `${name}:0`, users);
  }
}

type Padding = readonly (readonly [before: number, after: number])[];

/** By axis; undefined where there is none or it does not pay. */
function worthwhilePadding({ attributes }: GraphNode, type: TensorType): Padding | undefined {
  const padding = attributes.get('explicit_paddings');
  if (padding === undefined || !('ints' in padding) || numbersOf(type) < WORTHWHILE_NUMBERS) return undefined;
  return type.shape.map((_, axis) => [padding.ints[2 * axis]!, padding.ints[2 * axis + 1]!] as const);
}

function withoutPadding({ attributes }: GraphNode): GraphNode['attributes'] {
  const result = new Map(attributes).set('padding', { string: 'VALID' });
  result.delete('explicit_paddings');
  return result;
}

function addInts(editor: GraphEditor, name: string, ints: readonly number[], shape: number[]): Reference {
  const bytes = new Uint8Array(Int32Array.from(ints).buffer);
  editor.put(constantNode(name, { shape, dtype: DataType.int32, bytes }));
  return `${name}:0`;
}

function addZero(editor: GraphEditor, name: string): Reference {
  editor.put(constantNode(name, { shape: [], dtype: DataType.float, bytes: new Uint8Array(4) }));
  return `${name}:0`;
}
