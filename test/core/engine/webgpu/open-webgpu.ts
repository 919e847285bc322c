import type { Engine } from '../../../../src/core/engine/engine.ts';
import { probeAdapter } from '../../../../src/core/engine/webgpu/adapter.ts';
import { openWebGpu } from '../../../../src/core/engine/webgpu/webgpu-engine.ts';
import { EngineError } from '../../../../src/core/errors.ts';

const missing = await probeAdapter().then(
  () => undefined,
  (error: unknown) => {
    if (error instanceof EngineError) return error;
    throw error;
  },
);

/** Neither a GPU nor a driver that computes on the processor. */
export const webGpuIsMissing = missing !== undefined;

if (missing) console.warn(`SKIPPED: tests of the webgpu engine, since ${missing.message}`);

export function openTestWebGpu(): Promise<Engine> {
  return openWebGpu({ reason: 'test' });
}
