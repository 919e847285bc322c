import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { EngineError } from '../../errors.ts';

/** What a driver says of the GPU that WebGPU would take. */
export interface AdapterFacts {
  readonly vendor: string;
  readonly architecture: string;
  /** For people: the device's name, or the driver's. */
  readonly description: string;
  /** It computes on the processor, like Mesa's lavapipe or SwiftShader: for tests, far slower than WebAssembly. */
  readonly isSoftware: boolean;
}

const PROBE_TIMEOUT_MS = 30_000;

/**
 * Asks for the fastest adapter in a process of its own: a driver that crashes takes only that one along, and what drivers
 * write to stderr stays there.
 *
 * @throws {EngineError} FSX_ENGINE_WEBGPU_MISSING when the package, a driver or a GPU is not there.
 */
export async function probeAdapter(): Promise<AdapterFacts> {
  const probe = `
    import { create } from ${JSON.stringify(dawnUrl())};
    const adapter = await create([]).requestAdapter({ powerPreference: 'high-performance' });
    const { vendor, architecture, device, description, isFallbackAdapter } = adapter?.info ?? {};
    const found = { vendor, architecture, description: description || device, isSoftware: isFallbackAdapter };
    console.log(JSON.stringify(adapter && found));`;
  const facts = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', probe], {
    timeout: PROBE_TIMEOUT_MS,
  }).then(
    ({ stdout }) => JSON.parse(stdout) as AdapterFacts | null,
    (cause: unknown) => {
      throw missing('the package `webgpu` does not load on this machine', cause);
    },
  );
  if (facts === null) throw missing('no Vulkan, Metal or Direct3D 12 driver offers a GPU');
  return facts;
}

/**
 * Where the package `webgpu` stands: Dawn, built for Node.js.
 * @throws {EngineError} FSX_ENGINE_WEBGPU_MISSING when the installation left it out, as it is optional.
 */
export function dawnUrl(): string {
  try {
    return import.meta.resolve('webgpu');
  } catch (cause) {
    throw missing('the package `webgpu` is not installed', cause);
  }
}

function missing(why: string, cause?: unknown): EngineError {
  return new EngineError('FSX_ENGINE_WEBGPU_MISSING', `WebGPU does not run here: ${why}`, {
    cause,
    suggestion: 'Install the driver of the GPU, or choose the engine `wasm`, which needs none.',
  });
}
