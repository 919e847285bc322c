import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import type { Problem } from './problems.ts';
import type { Place, Source } from './source.ts';
import type { MapEntry, RecipeNode, ScalarNode } from './tree.ts';

/** A recipe has some hundred values; aliases that multiply them beyond this are a mistake or an attack. */
const MAX_NODES = 20_000;
const MAX_DEPTH = 64;

export interface ParsedText {
  /** Undefined when the text is empty or not YAML. */
  readonly root: RecipeNode | undefined;
  readonly problems: readonly Problem[];
}

/** YAML 1.2 to values with places. Duplicate keys, unknown tags and aliases without end are problems. */
export function parseYaml(source: Source): ParsedText {
  const document = parseDocument(source.text, { version: '1.2', prettyErrors: false, logLevel: 'error' });
  const syntax = [...document.errors, ...document.warnings].map(({ pos, code, message }) => ({
    ...explainSyntax(code, message),
    place: { source, start: pos[0], end: pos[1] },
  }));
  if (syntax.length > 0) return { root: undefined, problems: syntax };
  return new TreeBuilder(source, document).build();
}

function explainSyntax(code: string, message: string): { message: string; suggestion?: string } {
  if (code === 'DUPLICATE_KEY') {
    return { message: 'this key is given twice', suggestion: 'Keep one of the two.' };
  }
  if (code === 'MULTIPLE_DOCS') return { message: 'a recipe is one YAML document: no `---` between parts' };
  return { message: `not valid YAML: ${message}` };
}

class TreeBuilder {
  readonly #source: Source;
  readonly #document: Document.Parsed;
  readonly #problems: Problem[] = [];
  #nodes = 0;

  constructor(source: Source, document: Document.Parsed) {
    this.#source = source;
    this.#document = document;
  }

  build(): ParsedText {
    const { contents } = this.#document;
    const root = contents === null ? undefined : this.#node(contents, 0);
    return { root: this.#problems.length > 0 ? undefined : root, problems: this.#problems };
  }

  #node(node: Node | null, depth: number, fallback?: Place): RecipeNode {
    const place = node === null ? fallback! : this.#place(node);
    this.#nodes++;
    if (this.#nodes > MAX_NODES || depth > MAX_DEPTH) return this.#tooMuch(place);
    if (isAlias(node)) return this.#alias(node, depth, place);
    if (isMap(node)) return { kind: 'map', entries: this.#entries(node, depth), place };
    if (isSeq(node)) {
      const items = node.items.map((item) => this.#node(item as Node | null, depth + 1, place));
      return { kind: 'list', items, place };
    }
    return { kind: 'scalar', value: isScalar(node) ? (node.value as ScalarNode['value']) : null, place };
  }

  #entries(map: YAMLMap, depth: number): Map<string, MapEntry> {
    const entries = new Map<string, MapEntry>();
    for (const { key, value } of map.items as Pair<Node, Node | null>[]) {
      const keyPlace = this.#place(key);
      if (!isScalar(key)) {
        this.#problems.push({ message: 'a key must be a plain name', place: keyPlace });
        continue;
      }
      entries.set(String(key.value), { keyPlace, value: this.#node(value, depth + 1, keyPlace) });
    }
    return entries;
  }

  #alias(alias: Alias, depth: number, place: Place): RecipeNode {
    const target = alias.resolve(this.#document);
    return target === undefined ? { kind: 'scalar', value: null, place } : this.#node(target, depth + 1);
  }

  #tooMuch(place: Place): RecipeNode {
    if (this.#problems.length === 0) {
      this.#problems.push({
        message: 'the recipe grows without end here: its aliases repeat each other, or it is nested too deep',
        expected: `at most ${MAX_NODES} values and ${MAX_DEPTH} levels once aliases are written out`,
        place,
      });
    }
    return { kind: 'scalar', value: null, place };
  }

  #place(node: Node): Place {
    const [start, end] = node.range ?? [0, 0];
    return { source: this.#source, start, end };
  }
}
