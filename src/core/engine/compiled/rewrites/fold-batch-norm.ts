import type { AttributeValue } from '../attribute.ts';
import { DataType } from '../data-type.ts';
import { constantNode, type GraphNode, type Reference, type TensorType } from '../graph.ts';
import type { GraphEditor } from './graph-editor.ts';

/**
 * Batch norm by stored statistics, right after a convolution, as part of it: the kernel is scaled and a bias takes the
 * rest. TensorFlow then does convolution, bias and ReLU in one.
 */
export function foldBatchNorm(editor: GraphEditor): void {
  for (const node of editor.nodes()) {
    if (!isInference(node)) continue;
    const convolution = editor.producer(node.inputs[0]!);
    const canFold = convolution.op === 'Conv2D' && editor.isOnlyFor(node.inputs[0]!, node);
    if (canFold) fold(editor, convolution, node);
  }
}

function isInference({ op, attributes }: GraphNode): boolean {
  if (op !== 'FusedBatchNorm' && op !== 'FusedBatchNormV3') return false;
  const training = attributes.get('is_training');
  return training !== undefined && 'bool' in training && !training.bool;
}

function fold(editor: GraphEditor, convolution: GraphNode, batchNorm: GraphNode): void {
  const [maps, kernel] = convolution.inputs;
  const [, scale, offset, mean, variance] = batchNorm.inputs;
  const channels = editor.typeOf(scale!);
  const add = (suffix: string, op: string, inputs: Reference[], type: TensorType): Reference => {
    const name = `${batchNorm.name}_${suffix}`;
    editor.put({ name, op, inputs, attributes: new Map([['T', { type: DataType.float }]]), outputs: [type] });
    return `${name}:0`;
  };
  const epsilon = addScalar(editor, `${batchNorm.name}_epsilon`, batchNorm.attributes.get('epsilon')!);
  const inverse = add('inverse', 'Rsqrt', [add('safe', 'AddV2', [variance!, epsilon], channels)], channels);
  const factor = add('factor', 'Mul', [scale!, inverse], channels);
  const scaled = add('kernel', 'Mul', [kernel!, factor], editor.typeOf(kernel!));
  const bias = add('bias', 'Sub', [offset!, add('shift', 'Mul', [mean!, factor], channels)], channels);
  editor.put({ ...convolution, inputs: [maps!, scaled] });
  const output = add('output', 'BiasAdd', [`${convolution.name}:0`, bias], convolution.outputs[0]!);
  editor.remove(batchNorm.name);
  editor.redirect(`${batchNorm.name}:0`, output);
}

function addScalar(editor: GraphEditor, name: string, value: AttributeValue): Reference {
  const bytes = new Uint8Array(Float32Array.of((value as { float: number }).float).buffer);
  editor.put(constantNode(name, { shape: [], dtype: DataType.float, bytes }));
  return `${name}:0`;
}
