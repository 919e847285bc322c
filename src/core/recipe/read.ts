import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { type Environment, substituteEnvironment } from './environment.ts';
import { merge } from './merge.ts';
import { parseYaml } from './parse.ts';
import type { Problem } from './problems.ts';
import type { Place, Source } from './source.ts';
import type { MapNode, RecipeNode, ScalarNode } from './tree.ts';

/** A recipe is a page or two of text. */
const MAX_BYTES = 1024 * 1024;

export interface ReadRecipe {
  /** Undefined when a file could not be read or is not YAML. */
  readonly root: MapNode | undefined;
  readonly problems: readonly Problem[];
  /** Every file that was read, the recipe first. */
  readonly files: readonly string[];
}

/** Reads a recipe and everything that it extends into one tree. */
export async function readRecipe(path: string, environment: Environment): Promise<ReadRecipe> {
  const reader = new RecipeReader(environment);
  const start: Place = { source: { name: path, text: '', kind: 'file' }, start: 0, end: 0 };
  const root = await reader.read(path, start, []);
  return { root: reader.problems.some(({ fatal }) => fatal) ? undefined : root, ...reader };
}

interface ReadProblem extends Problem {
  /** Nothing sensible can be said of the recipe's values. */
  readonly fatal?: boolean;
}

class RecipeReader {
  readonly problems: ReadProblem[] = [];
  readonly files: string[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** @param chain the real paths of the files that led here. */
  async read(path: string, namedAt: Place, chain: readonly Visit[]): Promise<MapNode | undefined> {
    const visit = { name: path, file: await realpath(path).catch(() => path) };
    if (chain.some(({ file }) => file === visit.file)) return this.#refuseCycle([...chain, visit], namedAt);
    const source = await this.#source(path, namedAt);
    const node = source && this.#parse(source);
    return node && (await this.#extend(node, path, [...chain, visit]));
  }

  async #source(path: string, namedAt: Place): Promise<Source | undefined> {
    try {
      const { size } = await stat(path);
      if (size > MAX_BYTES) throw new Error(`it has ${size} bytes; a recipe has at most ${MAX_BYTES}`);
      const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
      this.files.push(path);
      return { name: path, text, kind: 'file' };
    } catch (error) {
      return this.#refuse({ message: `cannot read ${path}: ${reasonOf(error)}`, place: namedAt });
    }
  }

  #parse(source: Source): MapNode | undefined {
    const { root, problems } = parseYaml(source);
    this.problems.push(...problems.map((problem) => ({ ...problem, fatal: true })));
    if (problems.length > 0) return undefined;
    if (root?.kind !== 'map') {
      const message = root === undefined ? 'the recipe is empty' : 'a recipe is a mapping of keys to values';
      const place = root?.place ?? { source, start: 0, end: 0 };
      return this.#refuse({ message, expected: 'name: …, data: …, model: …, stages: …', place });
    }
    const substituted = substituteEnvironment(root, this.#environment);
    this.problems.push(...substituted.problems);
    return substituted.node as MapNode;
  }

  async #extend(node: MapNode, path: string, chain: readonly Visit[]): Promise<MapNode | undefined> {
    const { extends: extended, ...own } = Object.fromEntries(node.entries);
    const layers: (RecipeNode | undefined)[] = [];
    for (const base of this.#bases(extended?.value)) {
      layers.push(await this.read(besideOf(path, String(base.value)), base.place, chain));
    }
    layers.push(withPluginPaths({ ...node, entries: new Map(Object.entries(own)) }));
    if (layers.includes(undefined)) return undefined;
    return (layers as RecipeNode[]).reduce(merge) as MapNode;
  }

  #bases(node: RecipeNode | undefined): ScalarNode[] {
    if (node === undefined) return [];
    const items = node.kind === 'list' ? node.items : [node];
    const isFile = (item: RecipeNode): item is ScalarNode =>
      item.kind === 'scalar' && typeof item.value === 'string' && item.value !== '';
    const wrong = items.filter((item) => !isFile(item));
    for (const { place } of wrong) {
      this.#refuse({
        message: 'this is not the name of a recipe',
        expected: 'a file, or a list of files',
        place,
      });
    }
    return items.filter(isFile);
  }

  #refuseCycle(visits: readonly Visit[], place: Place): undefined {
    const first = visits.findIndex(({ file }) => file === visits.at(-1)!.file);
    const chain = visits.slice(first).map(({ name }) => name);
    return this.#refuse({
      message: `these recipes extend each other in a circle: ${chain.join(' -> ')}`,
      suggestion: 'Move what they share into a recipe that extends neither.',
      place,
    });
  }

  #refuse(problem: Problem): undefined {
    this.problems.push({ ...problem, fatal: true });
  }
}

interface Visit {
  readonly name: string;
  readonly file: string;
}

/** Plugin files are relative to the file that names them, also where a recipe elsewhere takes them over. */
export function withPluginPaths(node: MapNode): MapNode {
  const plugins = node.entries.get('plugins');
  if (plugins?.value.kind !== 'list') return node;
  const items = plugins.value.items.map((item) =>
    item.kind === 'scalar' && typeof item.value === 'string' && isFilePath(item.value)
      ? { ...item, value: resolve(dirname(item.place.source.name), item.value) }
      : item,
  );
  return {
    ...node,
    entries: new Map(node.entries).set('plugins', { ...plugins, value: { ...plugins.value, items } }),
  };
}

function isFilePath(name: string): boolean {
  return name.startsWith('.') || isAbsolute(name);
}

/** A file that another one names, relative to that one. */
export function besideOf(recipe: string, name: string): string {
  return isAbsolute(name) ? name : join(dirname(recipe), name);
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES') return 'you may not read it';
  return code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8 text' : message;
}
