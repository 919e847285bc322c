import type { Graph, GraphNode, Reference, TensorType } from '../graph.ts';

/** The name of the node that a reference points into. */
export function nodeOf(reference: Reference): string {
  return reference.slice(0, reference.lastIndexOf(':'));
}

function outputOf(reference: Reference): number {
  return Number(reference.slice(reference.lastIndexOf(':') + 1));
}

/** A graph that is being rewritten, node by node. */
export class GraphEditor {
  readonly #nodes: Map<string, GraphNode>;
  readonly #users = new Map<Reference, Set<string>>();
  #outputs: readonly Reference[];

  constructor({ nodes, outputs }: Graph) {
    this.#nodes = new Map(nodes.map((node) => [node.name, node]));
    this.#outputs = outputs;
    for (const node of nodes) this.#noteUses(node);
  }

  /** As they are now; later changes do not show. */
  nodes(): GraphNode[] {
    return [...this.#nodes.values()];
  }

  /** Undefined for a node that was removed. */
  node(name: string): GraphNode | undefined {
    return this.#nodes.get(name);
  }

  /** Of all nodes, each after those that it reads. */
  namesInOrder(): string[] {
    const ordered = new Set<string>();
    const open = [...this.#nodes.keys()].reverse();
    for (let name = open.at(-1); name !== undefined; name = open.at(-1)) {
      const missing = this.#nodes
        .get(name)!
        .inputs.map(nodeOf)
        .filter((input) => !ordered.has(input));
      if (missing.length === 0) ordered.add(open.pop()!);
      else open.push(...missing);
    }
    return [...ordered];
  }

  producer(reference: Reference): GraphNode {
    return this.#nodes.get(nodeOf(reference))!;
  }

  typeOf(reference: Reference): TensorType {
    return this.producer(reference).outputs[outputOf(reference)]!;
  }

  users(reference: Reference): GraphNode[] {
    return Array.from(this.#users.get(reference) ?? [], (name) => this.#nodes.get(name)!);
  }

  isOutput(reference: Reference): boolean {
    return this.#outputs.includes(reference);
  }

  /** Whether nothing but this node looks at the tensor. */
  isOnlyFor(reference: Reference, user: GraphNode): boolean {
    return !this.isOutput(reference) && this.users(reference).every(({ name }) => name === user.name);
  }

  /** Adds the node, or puts it in the place of the one of its name. */
  put(node: GraphNode): void {
    this.#forgetUses(node.name);
    this.#nodes.set(node.name, node);
    this.#noteUses(node);
  }

  /**
   * The tensor in another type, converted once for all who want it so; what was made wider from that very type is taken
   * from before. @param dtype TensorFlow's `DataType`.
   */
  cast(reference: Reference, dtype: number): Reference {
    const { op, inputs } = this.producer(reference);
    if (op === 'Cast' && this.typeOf(inputs[0]!).dtype === dtype) return inputs[0]!;
    const name = `${nodeOf(reference)}_${outputOf(reference)}_as_${dtype}`;
    if (!this.#nodes.has(name)) {
      const type = this.typeOf(reference);
      const attributes = new Map([
        ['SrcT', { type: type.dtype }],
        ['DstT', { type: dtype }],
      ]);
      this.put({
        name,
        op: 'Cast',
        inputs: [reference],
        attributes,
        outputs: [{ shape: type.shape, dtype }],
      });
    }
    return `${name}:0`;
  }

  remove(name: string): void {
    this.#forgetUses(name);
    this.#nodes.delete(name);
  }

  /** Whoever used the one tensor, or some of them, use the other from now on; the graph's outputs do, too. */
  redirect(from: Reference, to: Reference, users = this.users(from)): void {
    const moved = (reference: Reference) => (reference === from ? to : reference);
    for (const user of users) this.put({ ...user, inputs: user.inputs.map(moved) });
    this.#outputs = this.#outputs.map(moved);
  }

  /** Whether the tensor is computed from an output of the node. */
  dependsOn(reference: Reference, name: string): boolean {
    const seen = new Set<string>();
    const open = [nodeOf(reference)];
    for (let current = open.pop(); current !== undefined; current = open.pop()) {
      if (current === name) return true;
      if (seen.has(current)) continue;
      seen.add(current);
      open.push(...this.#nodes.get(current)!.inputs.map(nodeOf));
    }
    return false;
  }

  /** Without the nodes that no output needs; placeholders stay. */
  graph(): Graph {
    const needed = new Set<string>();
    const open = this.#outputs.map(nodeOf);
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (needed.has(name)) continue;
      needed.add(name);
      open.push(...this.#nodes.get(name)!.inputs.map(nodeOf));
    }
    const nodes = this.nodes().filter(({ name, op }) => needed.has(name) || op === 'Placeholder');
    return { nodes, outputs: this.#outputs };
  }

  #noteUses({ name, inputs }: GraphNode): void {
    for (const input of inputs) {
      const users = this.#users.get(input) ?? new Set();
      this.#users.set(input, users.add(name));
    }
  }

  #forgetUses(name: string): void {
    for (const input of this.#nodes.get(name)?.inputs ?? []) this.#users.get(input)?.delete(name);
  }
}
