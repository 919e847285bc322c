import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { expect, test } from 'vitest';
import { RunError } from '../../../src/core/errors.ts';
import { Journal } from '../../../src/core/tracking/journal.ts';
import { JOURNAL_FILE, JournalReader, readJournal } from '../../../src/core/tracking/journal-file.ts';
import { beginRun, temporaryRun, trainSteps } from '../../support/tracked-run.ts';

const JOURNAL_SOURCE = fileURLToPath(new URL('../../../src/core/tracking/journal.ts', import.meta.url));

test('what was tracked is read back in order, NaN and infinities included', () => {
  const directory = temporaryRun();
  let nowMs = 1_000;
  const journal = new Journal(directory, { now: () => nowMs++ });
  const metrics = {
    loss: Number.NaN,
    rate: 0.1,
    peak: Number.POSITIVE_INFINITY,
    low: Number.NEGATIVE_INFINITY,
  };
  journal.append({ kind: 'params', params: { seed: '7', note: 'müde\nund "zitiert"' } });
  journal.append({ kind: 'metrics', step: 3, metrics });
  journal.close();

  const { header, entries } = readJournal(directory);
  expect(header.runId).toBe(journal.header.runId);
  expect(entries.map((entry) => [entry.sequence, entry.timestampMs])).toEqual([
    [1, 1_001],
    [2, 1_002],
  ]);
  expect(entries[0]!.item).toEqual({ kind: 'params', params: { seed: '7', note: 'müde\nund "zitiert"' } });
  expect(entries[1]!.item).toEqual({ kind: 'metrics', step: 3, metrics });
});

test('a clock that is set back does not take the run back in time, nor when it is resumed', () => {
  const directory = temporaryRun();
  const clock = [5_000, 6_000, 2_000, 7_000];
  const first = new Journal(directory, { now: () => clock.shift()! });
  for (const step of [1, 2, 3]) trainSteps(first, step, step);
  first.close();
  const resumed = new Journal(directory, { now: () => 1_000 });
  trainSteps(resumed, 4, 4);
  resumed.close();
  expect(readJournal(directory).entries.map(({ timestampMs }) => timestampMs)).toEqual([
    6_000, 6_000, 7_000, 7_000,
  ]);
});

test.each([
  ['half a line', '{"sequence":5,"timest'],
  ['a line of zeros, as a power cut leaves it', `${'\0'.repeat(40)}\n`],
])('%s at the end is left out, and the next run writes over it', (_, rubbish) => {
  const directory = temporaryRun();
  const journal = beginRun(directory, 'torn');
  journal.close();
  appendFileSync(join(directory, JOURNAL_FILE), rubbish);
  expect(readJournal(directory).entries).toHaveLength(3);

  const again = new Journal(directory);
  expect(again.header).toEqual(journal.header);
  trainSteps(again, 1, 2);
  again.close();
  expect(readJournal(directory).entries.map((entry) => entry.sequence)).toEqual([1, 2, 3, 4, 5]);
});

test('a journal cut at any byte of its last record is read without it, and goes on from there', () => {
  const directory = temporaryRun();
  const file = join(directory, JOURNAL_FILE);
  beginRun(directory, 'cut').close();
  const whole = readFileSync(file);
  const lastStart = whole.lastIndexOf(10, whole.length - 2) + 1;
  for (let end = lastStart; end < whole.length; end++) {
    writeFileSync(file, whole.subarray(0, end));
    expect(readJournal(directory).entries, `cut at ${end}`).toHaveLength(2);
    const journal = new Journal(directory);
    trainSteps(journal, 1, 1);
    journal.close();
    expect(readJournal(directory).entries.at(-1)).toMatchObject({ sequence: 3, item: { kind: 'metrics' } });
  }
});

test('a journal damaged in its middle is refused with the place, not read half', () => {
  const directory = temporaryRun();
  beginRun(directory, 'damaged').close();
  const file = join(directory, JOURNAL_FILE);
  const lines = readFileSync(file, 'utf8').split('\n');
  writeFileSync(file, lines.toSpliced(2, 1).join('\n'));
  expect(() => readJournal(directory)).toThrow(`${file}:3 cannot be read: it is not entry 2`);
  expect(() => new Journal(directory)).toThrow(RunError);
});

test('a folder without a journal says that it is no run', () => {
  expect(() => readJournal(temporaryRun())).toThrow(expect.objectContaining({ code: 'FSX_JOURNAL_MISSING' }));
});

test('steps that a resumed run trains once more are in the journal once, with their first values', () => {
  const directory = temporaryRun();
  const journal = beginRun(directory, 'resume');
  trainSteps(journal, 1, 10);
  const checkpointed = journal.sequence;
  trainSteps(journal, 11, 15);
  journal.close();

  const resumed = new Journal(directory, { resumeAfter: checkpointed });
  for (let step = 11; step <= 20; step++) {
    resumed.append({ kind: 'metrics', step, metrics: { 'train/loss': -1, 'val/mre_px': step } });
  }
  resumed.close();
  const losses = readJournal(directory).entries.flatMap(({ item }) =>
    item.kind === 'metrics' && item.metrics['train/loss'] !== undefined
      ? [[item.step, item.metrics['train/loss']]]
      : [],
  );
  const expected = Array.from({ length: 20 }, (_, i) => [i + 1, i < 15 ? 1 / (i + 1) : -1]);
  expect(losses).toEqual(expected);
});

test('a reader that follows a run gets each entry once and never half a line', () => {
  const directory = temporaryRun();
  const journal = beginRun(directory, 'follow');
  const file = join(directory, JOURNAL_FILE);
  const reader = new JournalReader(file);
  expect(reader.readNew()).toHaveLength(3);
  expect(reader.readNew()).toEqual([]);
  trainSteps(journal, 1, 2);
  const whole = readFileSync(file);
  writeFileSync(file, whole.subarray(0, whole.length - 5));
  expect(reader.readNew()).toHaveLength(1);
  writeFileSync(file, whole);
  expect(reader.readNew()).toHaveLength(1);
  journal.close();
});

test('a run killed with kill -9 loses nothing of what it had tracked', async () => {
  const directory = temporaryRun();
  const [node, ...script] = nodeScript(`
    const journal = new Journal(${JSON.stringify(directory)});
    for (let step = 1; step <= 500; step++) journal.append({ kind: 'metrics', step, metrics: { loss: step } });
    process.stdout.write('tracked');
    setInterval(() => {}, 1000);`);
  const child = spawn(node!, script, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(readJournal(directory).entries).toHaveLength(500);
});

test.skipIf(process.platform === 'win32')('a full disk says what was kept, and that can be read', () => {
  const directory = temporaryRun();
  const script = nodeScript(`
    const journal = new Journal(${JSON.stringify(directory)});
    try {
      for (let step = 1; ; step++) journal.append({ kind: 'metrics', step, metrics: { loss: step } });
    } catch (error) {
      console.log(JSON.stringify({ code: error.code, message: error.message, kept: journal.sequence }));
      process.exit();
    }`);
  // a limit on the size of files stands for the end of the disk
  const limited = spawnSync('bash', ['-c', 'ulimit -f 8 && exec "$@"', 'bash', ...script], {
    encoding: 'utf8',
  });
  const failure = JSON.parse(limited.stdout) as { code: string; message: string; kept: number };
  expect(failure.code).toBe('FSX_JOURNAL_WRITE_FAILED');
  expect(failure.message).toContain(`the ${failure.kept} items before are kept`);
  expect(readJournal(directory).entries).toHaveLength(failure.kept);
  expect(readFileSync(join(directory, JOURNAL_FILE)).at(-1)).toBe(10);
});

/** The command line of a process of its own that runs `body` with the `Journal` of this source. */
function nodeScript(body: string): string[] {
  const bundle = join(temporaryRun(), 'journal.mjs');
  buildSync({
    entryPoints: [JOURNAL_SOURCE],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: bundle,
  });
  const program = `import { Journal } from ${JSON.stringify(bundle)};${body}`;
  return [process.execPath, '--input-type=module', '-e', program];
}
