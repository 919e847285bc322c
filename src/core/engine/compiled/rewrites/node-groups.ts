import type { GraphNode } from '../graph.ts';
import { type GraphEditor, nodeOf } from './graph-editor.ts';

/** Names of nodes that become one, each after those that it reads. */
export type NodeGroup = ReadonlySet<string>;

/**
 * Connected sets of nodes of one shape, as large as they can be while each set can run as one: nothing outside of it
 * both needs a member and is needed by one.
 */
export class NodeGroups {
  readonly #editor: GraphEditor;
  readonly #groups = new Map<string, NodeGroup>();

  constructor(editor: GraphEditor, isMember: (node: GraphNode) => boolean) {
    this.#editor = editor;
    for (const node of editor.nodes()) {
      if (isMember(node)) this.#add(node);
    }
  }

  all(): NodeGroup[] {
    return [...new Set(this.#groups.values())];
  }

  #add(node: GraphNode): void {
    this.#set(new Set([node.name]));
    for (const name of new Set(node.inputs.map(nodeOf))) {
      const neighbours = this.#groups.get(name);
      const own = this.#groups.get(node.name)!;
      if (!neighbours || neighbours === own || !this.#isSameShape(name, node)) continue;
      const joined = new Set([...neighbours, ...own]);
      if (!this.#needsItself(joined)) this.#set(this.#inOrder(joined));
    }
  }

  #set(group: NodeGroup): void {
    for (const name of group) this.#groups.set(name, group);
  }

  #isSameShape(name: string, node: GraphNode): boolean {
    return String(this.#editor.node(name)!.outputs[0]!.shape) === String(node.outputs[0]!.shape);
  }

  #inOrder(group: NodeGroup): NodeGroup {
    const ordered = new Set<string>();
    const visit = (name: string): void => {
      if (!group.has(name) || ordered.has(name)) return;
      for (const input of this.#editor.node(name)!.inputs) visit(nodeOf(input));
      ordered.add(name);
    };
    for (const name of group) visit(name);
    return ordered;
  }

  /** Whether a path leads out of the group and back, other groups taken as one node each. */
  #needsItself(group: NodeGroup): boolean {
    const seen = new Set<string>(group);
    const open = this.#inputsOf(group).filter((name) => !group.has(name));
    for (let current = open.pop(); current !== undefined; current = open.pop()) {
      if (group.has(current)) return true;
      if (seen.has(current)) continue;
      const whole = this.#groups.get(current) ?? new Set([current]);
      for (const name of whole) seen.add(name);
      open.push(...this.#inputsOf(whole).filter((name) => !whole.has(name)));
    }
    return false;
  }

  #inputsOf(group: NodeGroup): string[] {
    return [...group].flatMap((name) => this.#editor.node(name)!.inputs.map(nodeOf));
  }
}
