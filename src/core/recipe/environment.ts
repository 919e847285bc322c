import { secretNames } from '../secrets.ts';
import type { Problem } from './problems.ts';
import type { MapEntry, RecipeNode, ScalarNode } from './tree.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `${env:NAME}` and `${env:NAME:-default}`; `$${env:…}` is left as text. */
const REFERENCE = /(\$?)\$\{env:([^}]*)\}/g;
const NAME_AND_DEFAULT = /^([A-Za-z_]\w*)(?::-(.*))?$/s;

export interface Substituted {
  readonly node: RecipeNode;
  readonly problems: readonly Problem[];
}

/**
 * Replaces every reference to the environment in a tree's values; the schema decides their types later. References to
 * secrets stay, because what is made of the recipe is stored and shown.
 */
export function substituteEnvironment(node: RecipeNode, environment: Environment): Substituted {
  const problems: Problem[] = [];
  return { node: substitute(node, environment, problems), problems };
}

function substitute(node: RecipeNode, environment: Environment, problems: Problem[]): RecipeNode {
  if (node.kind === 'scalar') return substituteScalar(node, environment, problems);
  if (node.kind === 'list') {
    return { ...node, items: node.items.map((item) => substitute(item, environment, problems)) };
  }
  const entries = [...node.entries].map(([key, entry]): [string, MapEntry] => [
    key,
    { ...entry, value: substitute(entry.value, environment, problems) },
  ]);
  return { ...node, entries: new Map(entries) };
}

function substituteScalar(node: ScalarNode, environment: Environment, problems: Problem[]): ScalarNode {
  if (typeof node.value !== 'string') return node;
  for (const name of secretNames(node.value)) {
    if (!environment[name]) problems.push({ ...missingSecret(name), place: node.place });
  }
  if (!node.value.includes('${env:')) return node;
  const value = node.value.replaceAll(REFERENCE, (whole: string, dollar: string, body: string) => {
    if (dollar !== '') return whole.slice(1);
    const [, name, fallback] = NAME_AND_DEFAULT.exec(body) ?? [];
    const found = name === undefined ? undefined : environment[name];
    // As in a shell, an empty variable takes the default too.
    const text = found === undefined || found === '' ? (fallback ?? found) : found;
    if (text === undefined) problems.push({ ...explainMissing(whole, name), place: node.place });
    return text ?? '';
  });
  return { ...node, value, untyped: true };
}

function missingSecret(name: string): Omit<Problem, 'place'> {
  return {
    message: `the environment variable ${name}, a secret, is not set`,
    suggestion: `Set it (export ${name}=…).`,
  };
}

function explainMissing(whole: string, name: string | undefined): Omit<Problem, 'place'> {
  if (name === undefined) {
    return {
      message: `${whole} does not name an environment variable`,
      expected: `\${env:NAME} or \${env:NAME:-default}`,
    };
  }
  return {
    message: `the environment variable ${name} is not set`,
    suggestion: `Set it (export ${name}=…), or give a default: \${env:${name}:-default}.`,
  };
}
