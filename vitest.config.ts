import { defineConfig } from 'vitest/config';

const E2E = 'test/e2e/**/*.test.ts';

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [E2E],
          testTimeout: 120_000,
          hookTimeout: 240_000,
        },
      },
      {
        // Real runs in processes of their own: seconds each on an idle machine, minutes on a busy one.
        extends: true,
        test: { name: 'e2e', include: [E2E], testTimeout: 600_000, hookTimeout: 600_000 },
      },
    ],
  },
});
