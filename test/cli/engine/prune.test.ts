import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import EnginePrune from '../../../src/cli/commands/engine/prune.ts';
import { runCommand } from '../run-command.ts';

const NAME = 'libraries-2.20.0-cpu-x64-22222222';

test.runIf(process.platform === 'linux')(
  '`fsx engine prune` can be tried before it removes anything',
  async () => {
    const cache = mkdtempSync(join(tmpdir(), 'fsx-prune-'));
    vi.stubEnv('FSX_CACHE', cache);
    const folder = join(cache, 'native', NAME);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'library'), Buffer.alloc(3e6));
    const tried = await runCommand(EnginePrune, ['--dry-run']);
    expect(tried.stdout).toContain(`would remove ${NAME} (3 MB)`);
    expect(existsSync(folder)).toBe(true);
    const { stdout } = await runCommand(EnginePrune, []);
    expect(stdout).toContain(`removed ${NAME} (3 MB)`);
    expect(existsSync(folder)).toBe(false);
    rmSync(cache, { recursive: true });
  },
);
