import { Document, isMap, isScalar, type Node, type Pair, visit } from 'yaml';
import type { LoadedRecipe } from './load.ts';

export interface RenderOptions {
  /** With the values that nobody wrote. */
  readonly defaults: boolean;
  /** A comment beside each value: where it was written. */
  readonly origins: boolean;
}

/** A loaded recipe as YAML. */
export function renderRecipe({ recipe, origins }: LoadedRecipe, options: RenderOptions): string {
  const value = options.defaults ? recipe : writtenPart(recipe, origins, '');
  const document = new Document(value);
  if (options.origins) addOrigins(document, origins);
  return document.toString({ lineWidth: 0 });
}

/** What was written, without the defaults; undefined when nothing was. */
function writtenPart(value: unknown, origins: LoadedRecipe['origins'], path: string): unknown {
  if (value === null || typeof value !== 'object') return origins.has(path) ? value : undefined;
  const at = (key: string | number) => (path === '' ? String(key) : `${path}.${key}`);
  if (Array.isArray(value)) {
    const items = value.map((item, index) => writtenPart(item, origins, at(index)));
    return items.some((item) => item !== undefined) ? items : undefined;
  }
  const members = Object.entries(value)
    .map(([key, member]) => [key, writtenPart(member, origins, at(key))] as const)
    .filter(([, member]) => member !== undefined);
  if (members.length > 0) return Object.fromEntries(members);
  return origins.has(path) ? value : undefined;
}

function addOrigins(document: Document, origins: LoadedRecipe['origins']): void {
  visit(document, {
    Scalar(key, node, path) {
      if (key === 'key') return;
      const name = pathOf(node, path as Node[]);
      node.comment = ` ${origins.get(name) ?? 'default'}`;
    },
    Collection(_key, node) {
      if (node.items.length === 0) node.flow = true;
    },
  });
}

/** The path of a node from its ancestors in the document. */
function pathOf(node: Node, ancestors: readonly (Node | Pair)[]): string {
  const line = [...ancestors, node];
  const keys: (string | number)[] = [];
  line.forEach((one, index) => {
    const parent = line[index - 1];
    if (parent !== undefined && 'items' in parent && !isMap(parent))
      keys.push((parent.items as unknown[]).indexOf(one));
    if ('key' in one && isScalar(one.key)) keys.push(String(one.key.value));
  });
  return keys.join('.');
}
