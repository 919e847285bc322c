import { fileURLToPath } from 'node:url';
import { run } from '@oclif/core/run';
import { settings } from '@oclif/core/settings';
import { exitCodeOf, renderError } from './error-report.ts';

/** The package's root folder: where package.json and the manifest of commands stand. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs one command line to its end. The one place where errors are rendered and become exit codes. */
export async function runCli(argv: readonly string[]): Promise<void> {
  settings.enableAutoTranspile = false; // always the compiled commands, whatever NODE_ENV says
  try {
    await run([...argv], { root: ROOT });
  } catch (error) {
    const verbose = argv.includes('--verbose') || Boolean(process.env.DEBUG);
    const colors = process.stderr.isTTY && process.stderr.hasColors();
    process.stderr.write(renderError(error, { verbose, colors }));
    await flush(process.stdout);
    // Worker threads and open sockets must not keep a failed process alive.
    process.exit(exitCodeOf(error));
  }
}

function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
