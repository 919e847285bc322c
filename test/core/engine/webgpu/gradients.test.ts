import { beforeAll, describe, test } from 'vitest';
import { expectGradients } from '../expect-gradients.ts';
import { OPERATIONS } from '../operations.ts';
import { openTestWebGpu, webGpuIsMissing } from './open-webgpu.ts';

describe.skipIf(webGpuIsMissing)('webgpu gradients agree with finite differences', () => {
  beforeAll(async () => {
    await openTestWebGpu();
  });

  test.each(OPERATIONS)('%s', (_name, operation, shapes) => expectGradients(operation, shapes));
});
