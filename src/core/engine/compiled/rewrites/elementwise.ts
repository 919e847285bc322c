import { DataType } from '../data-type.ts';
import { type GraphNode, numbersOf, type Reference } from '../graph.ts';
import type { GraphEditor } from './graph-editor.ts';
import { type NodeGroup, NodeGroups } from './node-groups.ts';

/** TensorFlow's names, in the order of the opcodes in `native/elementwise.cc`. */
const OPCODES = [
  'Add',
  'Sub',
  'Mul',
  'RealDiv',
  'Maximum',
  'Minimum',
  'Square',
  'Sqrt',
  'Neg',
  'Abs',
  'Relu',
  'Select',
];

/** Below this many numbers a pass over memory costs less than starting an op. */
const WORTHWHILE_NUMBERS = 16_384;

/**
 * Chains of elementwise ops on tensors of one shape (an optimizer's update, moving averages, clipping) as one op that
 * goes through memory once.
 */
export function fuseElementwise(editor: GraphEditor): void {
  const groups = new NodeGroups(editor, (node) => isElementwise(editor, node));
  for (const group of groups.all()) {
    if (group.size > 1) replaceGroup(editor, group);
  }
}

function isElementwise(editor: GraphEditor, node: GraphNode): boolean {
  const { op, inputs, outputs } = node;
  const [output] = outputs;
  if (!OPCODES.includes(op) || output!.dtype !== DataType.float || numbersOf(output!) < WORTHWHILE_NUMBERS)
    return false;
  if (endsConvolution(editor, node)) return false;
  return inputs.every((input, position) => {
    if (op === 'Select' && position === 0) return oneConditionOf(editor, input) !== undefined;
    const type = editor.typeOf(input);
    const isSame = String(type.shape) === String(output!.shape);
    return type.dtype === DataType.float && (isSame || numbersOf(type) === 1);
  });
}

/** TensorFlow itself makes a convolution, its bias, an addition and ReLU one op, as far as they follow each other. */
function endsConvolution(editor: GraphEditor, { op, inputs }: GraphNode): boolean {
  const sources = inputs.map((input) => editor.producer(input));
  if (op === 'Add') return sources.some((source) => source.op === 'BiasAdd');
  return (
    op === 'Relu' && sources.some((source) => source.op === 'BiasAdd' || endsConvolution(editor, source))
  );
}

/** The one truth value that a condition repeats; undefined where it has several. */
function oneConditionOf(editor: GraphEditor, condition: Reference): Reference | undefined {
  const node = editor.producer(condition);
  const source = node.op === 'Tile' ? node.inputs[0]! : condition;
  const type = editor.typeOf(source);
  return type.dtype === DataType.bool && numbersOf(type) === 1 ? source : undefined;
}

function replaceGroup(editor: GraphEditor, group: NodeGroup): void {
  const members = [...group].map((name) => editor.node(name)!);
  const program = new ProgramBuilder(editor, members);
  const name = `fused_${members[0]!.name}`;
  const kept = members.filter(({ name: member }) => {
    const reference = `${member}:0`;
    return editor.isOutput(reference) || editor.users(reference).some((user) => !group.has(user.name));
  });
  const { outputs } = members[0]!;
  editor.put({
    name,
    op: 'FsxElementwise',
    inputs: program.inputs,
    attributes: new Map([
      ['input_count', { int: program.inputs.length }],
      ['result_count', { int: kept.length }],
      ['program', { ints: program.instructions() }],
      ['constants', { floats: program.constants }],
      ['results', { ints: kept.map((member) => program.valueOf(`${member.name}:0`)) }],
      ['shape', { shape: outputs[0]!.shape }],
    ]),
    outputs: kept.map(() => outputs[0]!),
  });
  for (const [index, member] of kept.entries()) editor.redirect(`${member.name}:0`, `${name}:${index}`);
  for (const member of members) editor.remove(member.name);
}

/** Numbers the values of a group: what it reads, its constants, then what each member gives. */
class ProgramBuilder {
  readonly inputs: Reference[] = [];
  readonly constants: number[] = [];
  readonly #editor: GraphEditor;
  readonly #members: readonly GraphNode[];
  /** For each member its operands. */
  readonly #operands: readonly (readonly Operand[])[];

  constructor(editor: GraphEditor, members: readonly GraphNode[]) {
    this.#editor = editor;
    this.#members = members;
    const own = new Map(members.map(({ name }, index) => [`${name}:0`, index]));
    this.#operands = members.map((member) =>
      member.inputs.map((input, position): Operand => {
        const index = own.get(input);
        if (index !== undefined) return { member: index };
        const constant = constantOf(editor, input);
        if (constant !== undefined) return { constant: indexIn(this.constants, constant) };
        return { input: indexIn(this.inputs, this.#source(member, input, position)) };
      }),
    );
  }

  /** Opcode and three operands each; an operand that an op lacks is its first. */
  instructions(): number[] {
    return this.#members.flatMap(({ op }, index) => {
      const values = this.#operands[index]!.map((operand) => this.#number(operand));
      const [first, second = first, third = first] = values as [number, number?, number?];
      return [OPCODES.indexOf(op), first, second, third];
    });
  }

  valueOf(reference: Reference): number {
    return this.#number({ member: this.#members.findIndex(({ name }) => `${name}:0` === reference) });
  }

  #number(operand: Operand): number {
    if ('input' in operand) return operand.input;
    if ('constant' in operand) return this.inputs.length + operand.constant;
    return this.inputs.length + this.constants.length + operand.member;
  }

  /** A condition is read as a number that is 0 or 1. */
  #source(member: GraphNode, input: Reference, position: number): Reference {
    if (member.op !== 'Select' || position > 0) return input;
    return this.#editor.cast(oneConditionOf(this.#editor, input)!, DataType.float);
  }
}

type Operand = { readonly input: number } | { readonly constant: number } | { readonly member: number };

function constantOf(editor: GraphEditor, reference: Reference): number | undefined {
  const { op, constant } = editor.producer(reference);
  if (op === 'ZerosLike') return 0;
  if (constant?.dtype !== DataType.float || numbersOf(constant) !== 1) return undefined;
  return new DataView(constant.bytes.buffer, constant.bytes.byteOffset).getFloat32(0, true);
}

function indexIn<Value>(list: Value[], value: Value): number {
  const known = list.indexOf(value);
  return known >= 0 ? known : list.push(value) - 1;
}
