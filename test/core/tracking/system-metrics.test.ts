import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Journal } from '../../../src/core/tracking/journal.ts';
import { readJournal } from '../../../src/core/tracking/journal-file.ts';
import { startSystemMetrics } from '../../../src/core/tracking/system-metrics.ts';
import { temporaryRun } from '../../support/tracked-run.ts';

test('a run shows how busy its machine was, in sane units, until it stops', async () => {
  const directory = temporaryRun();
  const journal = new Journal(directory);
  const stop = startSystemMetrics(journal, 50);
  await expect.poll(() => journal.sequence, { timeout: 5_000 }).toBeGreaterThanOrEqual(2);
  await stop();
  const stoppedAt = journal.sequence;
  await sleep(150);
  expect(journal.sequence).toBe(stoppedAt);
  journal.close();

  const { item } = readJournal(directory).entries.at(-1)!;
  if (item.kind !== 'metrics') throw new Error('not a metric');
  const cpu = item.metrics['system/cpu_utilization_percentage']!;
  const memory = item.metrics['system/system_memory_usage_megabytes']!;
  expect(cpu).toBeGreaterThanOrEqual(0);
  expect(cpu).toBeLessThanOrEqual(100);
  expect(memory).toBeGreaterThan(10);
  expect(memory).toBeLessThan(10_000_000);
});

test('a run of seconds shows it once, at its end', async () => {
  const journal = new Journal(temporaryRun());
  await startSystemMetrics(journal)();
  expect(journal.sequence).toBe(1);
  journal.close();
});
