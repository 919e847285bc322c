import { beforeAll, describe, test } from 'vitest';
import { expectGradients } from '../expect-gradients.ts';
import { OPERATIONS } from '../operations.ts';
import { nativeIsMissing, openTestNative } from './open-native.ts';

describe.skipIf(nativeIsMissing)('native gradients agree with finite differences', () => {
  beforeAll(async () => {
    await openTestNative();
  });

  test.each(OPERATIONS)('%s', (_name, operation, shapes) => expectGradients(operation, shapes));
});
