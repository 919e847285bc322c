import { existsSync, readdirSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { installPythonEnvironment } from '../../src/core/python-environment.ts';
import { RecipeFolder } from './recipe/fixture.ts';

test('what pip cannot install is told with its reason, and is not taken for installed the next time', async () => {
  await using folder = await RecipeFolder.create({});
  vi.stubEnv('FSX_CACHE', folder.path);
  let installs = 0;
  const install = () =>
    installPythonEnvironment({
      name: 'broken-1.0',
      packages: [folder.file('no-such.whl')],
      onInstall: () => {
        installs += 1;
      },
      failure: (reason) => new Error(`it cannot be installed: ${reason}`),
    });
  await expect(install()).rejects.toThrow('it cannot be installed: ');
  await expect(install()).rejects.toThrow(/cannot be installed: .*\w/);
  expect(installs).toBe(2);
  expect(existsSync(folder.file('broken-1.0'))).toBe(false);
  expect(readdirSync(folder.path).filter((name) => name.endsWith('.lock'))).toEqual([]);
  vi.unstubAllEnvs();
});
