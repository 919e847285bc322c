import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { WorkerOptions } from 'node:worker_threads';

/**
 * What a worker thread needs to run a module of fsx beside `from`: nothing when it is built; when it is TypeScript
 * source, a hook that strips the types, since Node 20 does not.
 * @param name the module's file name without its extension.
 */
export function workerModule(
  name: string,
  from: string,
): { url: URL; options: Pick<WorkerOptions, 'execArgv'> } {
  const isSource = from.endsWith('.ts');
  const url = new URL(`./${name}${isSource ? '.ts' : '.js'}`, from);
  return { url, options: { execArgv: isSource ? ['--import', typescriptHook()] : [] } };
}

function typescriptHook(): string {
  const esbuild = pathToFileURL(createRequire(import.meta.url).resolve('esbuild')).href;
  const hooks = `
    import { readFile } from 'node:fs/promises';
    import { fileURLToPath } from 'node:url';
    import { transform } from ${JSON.stringify(esbuild)};
    export async function load(url, context, next) {
      if (!url.endsWith('.ts')) return next(url, context);
      const { code } = await transform(await readFile(fileURLToPath(url), 'utf8'), {
        loader: 'ts', format: 'esm', target: 'es2023', sourcefile: url, sourcemap: 'inline',
      });
      return { format: 'module', source: code, shortCircuit: true };
    }`;
  const registration = `import { register } from 'node:module'; register(${JSON.stringify(inline(hooks))});`;
  return inline(registration);
}

function inline(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}
