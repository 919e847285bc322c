import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { SmallDisk } from '../support/small-disk.ts';
import { eventsOf, fsx, fsxRun, readJson, runFolder, TINY, temporaryFolder, tensorsOf } from './cli.ts';

const folder = temporaryFolder();
const mountPoint = join(folder.path, 'disk');
mkdirSync(mountPoint);
/** Room for two checkpoints of the tiny recipe and the journal, not for three. */
const disk = SmallDisk.mount(mountPoint, '400k');
const unavailable = typeof disk === 'string';
if (unavailable) console.warn(`skipped, a small disk cannot be mounted here: ${disk}`);

afterAll(() => {
  if (typeof disk !== 'string') disk.unmount();
  folder[Symbol.dispose]();
});

test.skipIf(unavailable)(
  'a disk that fills up, and then is read-only, fails the run with its reason; once it is better the run goes on to the same numbers',
  async () => {
    const small = disk as SmallDisk;
    const outcome = await fsxRun(TINY, join(mountPoint, 'runs'));
    expect(outcome.code).toBe(7);
    expect(outcome.stderr).toContain('ENOSPC');
    expect(outcome.stderr).toContain('Try this:');
    expect(eventsOf(outcome.events, 'result')).toEqual([]);
    const run = runFolder(outcome);
    expect(Object.keys(await tensorsOf(run))).toContain('student.head.local.edges');

    small.remount('ro');
    const refused = await fsx(['resume', run]);
    expect(refused.code).toBe(7);
    expect(refused.stderr).toContain('FSX_RUN_DIRECTORY');

    small.remount('rw,size=32m');
    expect(await fsx(['resume', run])).toMatchObject({ code: 0, stderr: '' });
    const whole = runFolder(await fsxRun(TINY, join(folder.path, 'whole')));
    expect(await tensorsOf(run)).toEqual(await tensorsOf(whole));
    expect(readJson(run, 'metrics.json')).toEqual(readJson(whole, 'metrics.json'));
  },
);
