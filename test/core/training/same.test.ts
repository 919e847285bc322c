import { createHash } from 'node:crypto';
import { it } from 'vitest';
import { ENGINES } from '../../support/engines.ts';
import { tinyTraining, train } from './tiny-training.ts';

it.each(ENGINES)(
  '%s',
  async (name, open) => {
    const engine = await open();
    for (const js of [0, 0.1]) {
      const training = await tinyTraining({ ssl: { type: 'few-shot-dag', jsWeight: js } });
      const { losses, end } = train(engine.compile('same', training.run), training);
      const hash = createHash('sha256');
      for (const key of Object.keys(end).sort()) hash.update(Buffer.from(end[key]!.buffer));
      console.log('SAME', name, js, losses.join(), hash.digest('hex').slice(0, 16));
    }
  },
  60_000,
);
