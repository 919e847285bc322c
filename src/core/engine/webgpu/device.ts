import { EngineError } from '../../errors.ts';
import { dawnUrl } from './adapter.ts';

/** The limits that TensorFlow.js's kernels and large models want as high as the GPU has them. */
const RAISED_LIMITS = [
  'maxBufferSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/** The types of WebGPU that TensorFlow.js brings along are older than `info`. */
type Adapter = GPUAdapter & { readonly info: GPUAdapterInfo };

/** What the package `webgpu` exports. Not imported by name: without this optional package everything else is still compiled. */
interface Dawn {
  create(options: readonly string[]): {
    requestAdapter(options: GPURequestAdapterOptions): Promise<Adapter | null>;
  };
  /** `GPUBuffer`, `GPUBufferUsage` and so on. */
  readonly globals: object;
}

export interface OpenDevice {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
}

/**
 * The fastest GPU, through Dawn. Puts WebGPU where TensorFlow.js looks for it: Node.js has none of its own.
 *
 * @throws {EngineError} FSX_ENGINE_WEBGPU when the driver gives none.
 */
export async function openDevice(): Promise<OpenDevice> {
  const { create, globals } = (await import(dawnUrl())) as Dawn;
  const gpu = create([]);
  offerGlobally(gpu, globals);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) throw new EngineError('FSX_ENGINE_WEBGPU', 'the driver offers no GPU any more');
  const requiredLimits = Object.fromEntries(RAISED_LIMITS.map((name) => [name, adapter.limits[name]]));
  return { device: await adapter.requestDevice({ requiredLimits }), info: adapter.info };
}

function offerGlobally(gpu: object, globals: object): void {
  Object.assign(globalThis, globals);
  const scope = globalThis as { navigator?: object };
  scope.navigator ??= {}; // Node 20 has none
  Object.defineProperty(scope.navigator, 'gpu', { value: gpu, configurable: true });
}
