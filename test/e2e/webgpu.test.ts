import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { webGpuIsMissing } from '../core/engine/webgpu/open-webgpu.ts';
import {
  type CliOutcome,
  eventsOf,
  fsx,
  fsxRun,
  runFolder,
  TINY,
  temporaryFolder,
  tensorsOf,
} from './cli.ts';

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());

const losses = ({ events }: CliOutcome) => eventsOf(events, 'progress').map(({ metrics }) => metrics.loss!);

describe.skipIf(webGpuIsMissing)('a run on webgpu', () => {
  const run = (engine: string, name: string) => fsxRun(TINY, join(folder.path, name), ['--engine', engine]);

  test('ends by itself with the losses of wasm, within float tolerance, and is the same again', async () => {
    const [once, again, wasm] = [
      await run('webgpu', 'once'),
      await run('webgpu', 'again'),
      await run('wasm', 'wasm'),
    ];
    expect(once).toMatchObject({ code: 0, signal: null });
    expect(eventsOf(once.events, 'start')[0]!.header.engine).toMatch(/^webgpu: .*WebGPU on /);
    const expected = losses(wasm);
    for (const [step, loss] of losses(once).entries()) {
      expect(Math.abs(loss / expected[step]! - 1), `step ${step + 1}`).toBeLessThan(1e-4);
    }
    expect(await tensorsOf(runFolder(again))).toEqual(await tensorsOf(runFolder(once)));
  });
});

describe.skipIf(process.platform !== 'linux')('webgpu without a driver', () => {
  const env = { VK_DRIVER_FILES: '/nowhere', VK_ICD_FILENAMES: '/nowhere' };

  test('is an error that says why, not a crash', async () => {
    const { code, stdout, stderr } = await fsx(['engine', 'doctor', '--engine', 'webgpu'], { env });
    expect({ code, stderr }).toEqual({ code: 5, stderr: '' });
    expect(stdout).toContain('WebGPU does not run here: no Vulkan, Metal or Direct3D 12 driver offers a GPU');
    expect(stdout).toContain('Try this: Install the driver of the GPU');
  });

  test('is listed as unavailable, with the reason', async () => {
    const { code, stdout, stderr } = await fsx(['engine', 'list'], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^webgpu +unavailable +WebGPU does not run here: /m);
    expect(stdout).not.toContain('takes webgpu');
  });
});
