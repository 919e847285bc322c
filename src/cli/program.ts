import { fileURLToPath } from 'node:url';

/** How this program is started: what a trial's process is. */
export const PROGRAM: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL('../../bin/run.js', import.meta.url)),
];
