import { expect, it } from 'vitest';
import { declareHead } from './declare-head.ts';

it('a graph attention head whose channels its attention heads cannot share is refused, with the way out', async () => {
  await expect(declareHead({ type: 'gat', hidden: 10, attentionHeads: 4 })).rejects.toMatchObject({
    code: 'FSX_HEAD_ATTENTION',
    suggestion: "Set the head's hidden to a multiple of 4.",
  });
});
