import type { GraphEditor } from './graph-editor.ts';

/** Reshapes to the shape that is there already, as gradients of additions have them, stand between ops that belong together. */
export function removeNoOps(editor: GraphEditor): void {
  for (const { name, op, outputs } of editor.nodes()) {
    if (op !== 'Reshape' || editor.isOutput(`${name}:0`)) continue;
    const source = editor.node(name)!.inputs[0]!;
    if (String(editor.typeOf(source).shape) !== String(outputs[0]!.shape)) continue;
    editor.redirect(`${name}:0`, source);
    editor.remove(name);
  }
}
