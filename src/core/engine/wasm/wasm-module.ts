import { createRequire } from 'node:module';
import path from 'node:path';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { EngineError } from '../../errors.ts';

const require = createRequire(import.meta.url);

type ArgumentType = 'number' | 'array';

/** The part of emscripten's module that the engine calls itself. */
interface Emscripten {
  _malloc(bytes: number): number;
  _free(address: number): void;
  cwrap(
    name: string,
    result: 'number' | null,
    types: readonly ArgumentType[],
  ): (...values: readonly unknown[]) => unknown;
}

type WasmModule = BackendWasm['wasm'] &
  Emscripten & {
    readonly asm: { readonly memory: WasmMemory };
  };

/** `WebAssembly.Memory`, which is declared for browsers only. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** @param options.locateFile says where the loader's file of WebAssembly lies. */
type ModuleFactory = (options: { readonly locateFile: () => string }) => Promise<WasmModule>;

/** Loads the SIMD build. */
export async function loadWasmModule(): Promise<WasmModule> {
  const folder = path.join(
    path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')),
    'wasm-out',
  );
  const factory = require(path.join(folder, 'tfjs-backend-wasm.js')) as ModuleFactory;
  const file = path.join(folder, 'tfjs-backend-wasm-simd.wasm');
  const module = await withoutProcessListeners(() => factory({ locateFile: () => file }));
  bindRuntime(module);
  failWhenFull(module);
  return module;
}

/** Emscripten listens for the whole process's failures and throws them again with 50 kB of its source: not here. */
async function withoutProcessListeners<T>(load: () => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection'];
  const before = new Set(events.flatMap((event) => process.rawListeners(event)));
  try {
    return await load();
  } finally {
    for (const event of events) {
      for (const listener of process.rawListeners(event)) {
        if (!before.has(listener)) process.removeListener(event, listener as () => void);
      }
    }
  }
}

/** The part of the C++ runtime that `BackendWasm` calls. */
function bindRuntime(module: WasmModule): void {
  module.tfjs = {
    init: module.cwrap('init', null, []),
    initWithThreadsCount: module.cwrap('init_with_threads_count', null, ['number']),
    getThreadsCount: module.cwrap('get_threads_count', 'number', []),
    registerTensor: module.cwrap('register_tensor', null, ['number', 'number', 'number']),
    disposeData: module.cwrap('dispose_data', null, ['number']),
    dispose: module.cwrap('dispose', null, []),
  } as unknown as WasmModule['tfjs'];
}

/** The heap, to share with kernels of our own. */
export function wasmMemory(backend: BackendWasm): WasmMemory {
  return (backend.wasm as WasmModule).asm.memory;
}

/** Room above every tensor for XNNPACK's packed weights and the like, which C++ allocates without a check. */
const RESERVE_BYTES = 128e6;
const ADDRESS_LIMIT = 2 ** 32;
/** An allocation that ends nearer than this to the limit has wrapped the allocator's own end of memory around it. */
const WRAP_MARGIN_BYTES = 1e6;

/**
 * The stock backend does not check what it gets from a full heap: a null pointer, or one whose memory ends beyond 4 GB.
 * After the latter the allocator would hand out memory that is in use, so nothing more is taken from it.
 */
function failWhenFull(module: WasmModule): void {
  module._free(module._malloc(1)); // the first call of each puts the real function in the place of a stub
  const malloc = module._malloc.bind(module);
  let broken = false;
  module._malloc = (bytes) => {
    const pointer = broken ? 0 : malloc(bytes);
    const end = (pointer >>> 0) + bytes;
    broken ||= end > ADDRESS_LIMIT - WRAP_MARGIN_BYTES;
    if (end <= ADDRESS_LIMIT - RESERVE_BYTES && (pointer !== 0 || bytes === 0)) return pointer;
    if (!broken && pointer !== 0) module._free(pointer);
    throw outOfMemory(bytes);
  };
}

function outOfMemory(bytes: number): EngineError {
  const megabytes = Math.ceil(bytes / 1e6).toLocaleString('en');
  return new EngineError(
    'FSX_ENGINE_OUT_OF_MEMORY',
    `out of memory: WebAssembly has 4 GB at most, and another ${megabytes} MB do not fit`,
    { suggestion: 'Use a smaller batch or image, or the native engine (fsx engine install).' },
  );
}
