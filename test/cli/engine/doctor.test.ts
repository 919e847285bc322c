import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import EngineDoctor from '../../../src/cli/commands/engine/doctor.ts';
import { EXIT_CODES } from '../../../src/core/errors.ts';
import { runCommand } from '../run-command.ts';

test('`fsx engine doctor --json` on wasm is a document that a script can read', async () => {
  const outcome = await runCommand(EngineDoctor, ['--engine', 'wasm', '--json']);
  const report = JSON.parse(outcome.stdout);
  expect(report.engine).toBe('wasm');
  expect(report.checks.length).toBeGreaterThan(5);
  expect(outcome.exitCode).toBe(report.healthy ? 0 : EXIT_CODES.engine);
});

test('a native engine that is not installed exits with 5 and names the command that installs it', async () => {
  vi.stubEnv('FSX_CACHE', mkdtempSync(join(tmpdir(), 'fsx-empty-')));
  const { findNativeBinding } = await import('../../../src/core/engine/provisioning/native-binding.ts');
  if (await findNativeBinding()) return; // one stands in the package's own folder
  const outcome = await runCommand(EngineDoctor, ['--engine', 'native']);
  expect(outcome.exitCode).toBe(EXIT_CODES.engine);
  expect(outcome.stdout).toContain('Try this: run `fsx engine install`');
});
