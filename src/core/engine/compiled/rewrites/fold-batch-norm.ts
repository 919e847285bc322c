import type { AttributeValue } from '../attribute.ts';
import type { GraphNode, Reference, TensorType } from '../graph.ts';
import type { GraphEditor } from './graph-editor.ts';

const FLOAT = 1;

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
    editor.put({ name, op, inputs, attributes: new Map([['T', { type: FLOAT }]]), outputs: [type] });
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
  const constant = { shape: [], dtype: FLOAT, bytes };
  const attributes = new Map<string, AttributeValue>([
    ['dtype', { type: FLOAT }],
    ['value', { tensor: constant }],
  ]);
  editor.put({ name, op: 'Const', inputs: [], attributes, outputs: [constant], constant });
  return `${name}:0`;
}
