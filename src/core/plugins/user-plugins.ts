import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire, isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildFailure, BuildResult, Plugin } from 'esbuild';
import { PluginError } from '../errors.ts';
import { type AnyPluginDefinition, PLUGIN_KINDS } from './definition.ts';
import type { PluginRegistry } from './registry.ts';

/** Where a plugin's bundle finds the fsx that runs it: one instance, whether compiled or under a test runner. */
const API_KEY = Symbol.for('fsx.plugin-api');

/** Makes this program's public API what plugin files get when they import from `fsx`. */
export function providePluginApi(api: object): void {
  (globalThis as Record<symbol, unknown>)[API_KEY] = api;
}

/**
 * The file of a plugin that a recipe names: a path, or a package that is installed where the recipe is.
 * @throws {PluginError} FSX_PLUGIN_MISSING.
 */
export function resolvePlugin(name: string, baseDirectory: string): string {
  if (name.startsWith('.') || isAbsolute(name)) {
    const file = resolve(baseDirectory, name);
    if (existsSync(file)) return file;
    throw new PluginError('FSX_PLUGIN_MISSING', `there is no plugin file ${file}`, {
      suggestion: 'Plugin files are named relative to the recipe that names them.',
    });
  }
  try {
    return createRequire(join(baseDirectory, 'recipe.yaml')).resolve(name);
  } catch (cause) {
    throw new PluginError('FSX_PLUGIN_MISSING', `the package "${name}" is not installed beside the recipe`, {
      suggestion: `npm install ${name}; a file is named with a leading ./`,
      cause,
    });
  }
}

/** Loads plugin files and registers what they export. @throws {PluginError} naming the file, and the line if known. */
export async function registerUserPlugins(registry: PluginRegistry, files: readonly string[]): Promise<void> {
  for (const file of files) {
    for (const definition of await loadUserPlugins(file)) registry.register(definition, file);
  }
}

/**
 * The plugins that a TypeScript or JavaScript file exports, by default or by name, alone or in a list. Its relative
 * imports come along, `fsx` is this program, and other packages are those installed beside the file.
 * @throws {PluginError} FSX_PLUGIN_SYNTAX, FSX_PLUGIN_LOAD or FSX_PLUGIN_EMPTY.
 */
async function loadUserPlugins(file: string): Promise<AnyPluginDefinition[]> {
  const { outputFiles } = await bundle(file);
  const exported = await importBundle(file, outputFiles[0]!.text);
  const values = Object.values(exported).flat();
  const definitions = [...new Set(values)].filter(isDefinition);
  if (definitions.length > 0) return definitions;
  throw new PluginError('FSX_PLUGIN_EMPTY', `${file} exports no plugin`, {
    suggestion:
      'Export one: `export default definePlugin({ kind: …, type: …, summary: …, options, create })`.',
  });
}

/** SHA-256 of a plugin file and the files that it imports by their paths: packages and fsx itself are left out. */
export async function digestPlugin(file: string): Promise<string> {
  const { metafile } = await bundle(file);
  const names = Object.keys(metafile.inputs).filter((name) => !name.startsWith('fsx:'));
  const hash = createHash('sha256');
  for (const name of names.sort()) hash.update(await readFile(resolve(dirname(file), name)));
  return hash.digest('hex');
}

type Bundle = BuildResult<{ write: false; metafile: true }>;

async function bundle(file: string): Promise<Bundle> {
  const { build } = await import('esbuild');
  try {
    return await build({
      entryPoints: [file],
      outfile: `${file}.mjs`,
      absWorkingDir: dirname(file),
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      sourcemap: 'inline',
      sourceRoot: pathToFileURL(`${dirname(file)}/`).href,
      logLevel: 'silent',
      plugins: [fsxImports()],
    });
  } catch (cause) {
    throw explainBuild(file, cause as BuildFailure);
  }
}

/** `fsx` becomes the running program, files are inlined, and packages are named by where they lie. */
function fsxImports(): Plugin {
  return {
    name: 'fsx-imports',
    setup(build) {
      build.onResolve({ filter: /^fsx$/ }, () => ({ path: 'fsx', namespace: 'fsx' }));
      build.onLoad({ filter: /.*/, namespace: 'fsx' }, () => ({ contents: apiModule(), loader: 'js' }));
      build.onResolve({ filter: /^[^./]/ }, async ({ path, resolveDir, kind, pluginData }) => {
        if (kind === 'entry-point' || pluginData === API_KEY || isAbsolute(path)) return undefined;
        if (isBuiltin(path)) return { path, external: true };
        const found = await build.resolve(path, { resolveDir, kind, pluginData: API_KEY });
        if (found.errors.length > 0) return { errors: found.errors };
        return { path: pathToFileURL(found.path).href, external: true };
      });
    },
  };
}

function apiModule(): string {
  const api = (globalThis as Record<symbol, object | undefined>)[API_KEY];
  const names = Object.keys(api ?? {}).filter((name) => name !== 'default');
  return `export const { ${names.join(', ')} } = globalThis[Symbol.for(${JSON.stringify(API_KEY.description)})];`;
}

async function importBundle(file: string, code: string): Promise<Record<string, unknown>> {
  process.setSourceMapsEnabled(true);
  const folder = await mkdtemp(join(tmpdir(), 'fsx-plugin-'));
  try {
    const module = join(folder, 'plugin.mjs');
    await writeFile(module, code);
    return (await import(pathToFileURL(module).href)) as Record<string, unknown>;
  } catch (cause) {
    throw new PluginError(
      'FSX_PLUGIN_LOAD',
      `${file} fails while it is loaded: ${(cause as Error).message}`,
      {
        suggestion: 'The cause names the line.',
        cause,
      },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function explainBuild(file: string, failure: BuildFailure): PluginError {
  const [first] = failure.errors ?? [];
  if (first === undefined)
    return new PluginError('FSX_PLUGIN_LOAD', `cannot read ${file}`, { cause: failure });
  const { location, text } = first;
  const where =
    location === null
      ? file
      : `${resolve(dirname(file), location.file)}:${location.line}:${location.column + 1}`;
  const line = location?.lineText.trim();
  return new PluginError('FSX_PLUGIN_SYNTAX', `${where}: ${text}${line ? `\n  ${line}` : ''}`, {
    suggestion: 'A plugin imports from `fsx`, from files beside it and from packages installed beside it.',
  });
}

function isDefinition(value: unknown): value is AnyPluginDefinition {
  if (value === null || typeof value !== 'object') return false;
  const { kind, type, create, options } = value as Partial<AnyPluginDefinition>;
  return (
    PLUGIN_KINDS.includes(kind as AnyPluginDefinition['kind']) &&
    typeof type === 'string' &&
    typeof create === 'function' &&
    typeof options === 'object'
  );
}
