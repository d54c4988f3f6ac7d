import { defineConfig } from 'vitest/config'

/** Tests that start servers run on shared machines in CI: one that fails there is tried once more, and both runs are shown. */
const retry = process.env['CI'] ? 1 : 0

/**
 * Four projects, from fast to slow: `unit` (beside the code), `integration` (a whole hub in this process),
 * `conformance` (stock kubectl against a hub process), `e2e` (child clusters).
 */
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts'], testTimeout: 30_000 } },
      {
        test: {
          name: 'integration',
          retry,
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'conformance',
          retry,
          include: ['test/conformance/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'e2e',
          retry,
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
