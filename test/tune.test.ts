import { readFileSync } from 'node:fs';
import { it } from 'vitest';
import { ENGINES } from './support/engines.ts';
import { errorAfterTraining } from './support/learning.ts';

it('tunes', async () => {
  for (const line of readFileSync('/tmp/heads-rows', 'utf8').split('\n')) {
    if (line.trim() === '') continue;
    const [engineName, ...set] = line.split(' | ');
    const engine = await ENGINES.find(([name]) => name === engineName)![1]();
    const start = performance.now();
    const cpu = process.cpuUsage();
    const error = await errorAfterTraining(engine, set);
    const used = process.cpuUsage(cpu);
    console.log(
      'LEARN',
      line,
      error.toFixed(3),
      ((performance.now() - start) / 1000).toFixed(1),
      ((used.user + used.system) / 1e6).toFixed(1),
    );
  }
}, 600_000);
