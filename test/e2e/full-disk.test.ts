import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { eventsOf, fsxRun, runFolder, TINY, temporaryFolder, tensorsOf } from './cli.ts';

const folder = temporaryFolder();
const disk = join(folder.path, 'disk');
mkdirSync(disk);
const unavailable = mountSmallDisk();
if (unavailable !== undefined) console.warn(`skipped, a small disk cannot be mounted here: ${unavailable}`);

afterAll(() => {
  if (unavailable === undefined) execFileSync('umount', ['--lazy', disk]);
  folder[Symbol.dispose]();
});

/** Room for two checkpoints of the tiny recipe and the journal, not for three. */
function mountSmallDisk(): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'fsx-test', disk], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return (error as Error).message.trim().split('\n').at(-1);
  }
}

test.skipIf(unavailable !== undefined)(
  'a disk that fills up fails the run with its reason, and the checkpoint before stays whole',
  async () => {
    const outcome = await fsxRun(TINY, join(disk, 'runs'));
    expect(outcome.code).toBe(7);
    expect(outcome.stderr).toContain('ENOSPC');
    expect(outcome.stderr).toContain('Try this:');
    expect(eventsOf(outcome.events, 'result')).toEqual([]);
    expect(Object.keys(await tensorsOf(runFolder(outcome)))).toContain('student.head.local.edges');
  },
);
