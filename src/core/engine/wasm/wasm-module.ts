import { createRequire } from 'node:module';
import os from 'node:os';
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
    readonly PThread?: ThreadPool;
    /** Of the threaded build alone; the other one exports its own. */
    readonly wasmMemory?: WasmMemory;
    readonly asm: { readonly memory: WasmMemory };
  };

/** `WebAssembly.Memory`, which is declared for browsers only. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
}

/** What emscripten's loader asks for. */
interface ModuleOptions {
  readonly locateFile: (file: string) => string | URL;
  readonly mainScriptUrlOrBlob: string;
}

type ModuleFactory = (options: ModuleOptions) => Promise<WasmModule>;

interface ThreadPool {
  readonly runningWorkers: readonly { unref(): void }[];
  readonly unusedWorkers: readonly { unref(): void }[];
}

/** Loads the SIMD build, or the threaded SIMD build for more than one thread. */
export async function loadWasmModule(threads: number): Promise<WasmModule> {
  const folder = path.join(
    path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')),
    'wasm-out',
  );
  const script = path.join(
    folder,
    threads > 1 ? 'tfjs-backend-wasm-threaded-simd.js' : 'tfjs-backend-wasm.js',
  );
  const factory = require(script) as ModuleFactory;
  const module = await withoutProcessListeners(() =>
    factory({
      locateFile: (file) => (file.endsWith('.worker.js') ? workerUrl(folder) : wasmFile(folder, threads)),
      mainScriptUrlOrBlob: script,
    }),
  );
  bindRuntime(module);
  failWhenFull(module);
  return module;
}

/** Lets the process end while the threads wait for work. To be called when they run: starting one holds the process. */
export function releaseThreads({ PThread }: WasmModule): void {
  for (const worker of [...(PThread?.runningWorkers ?? []), ...(PThread?.unusedWorkers ?? [])])
    worker.unref();
}

function wasmFile(folder: string, threads: number): string {
  return path.join(
    folder,
    threads > 1 ? 'tfjs-backend-wasm-threaded-simd.wasm' : 'tfjs-backend-wasm-simd.wasm',
  );
}

/** A worker that evaluates emscripten's own, which the package ships as a string. */
function workerUrl(folder: string): URL {
  const contents = path.join(folder, 'tfjs-backend-wasm-threaded-simd.worker.js');
  const source = `
    import { createRequire } from 'node:module';
    globalThis.__filename = ${JSON.stringify(contents)};
    globalThis.require = createRequire(globalThis.__filename);
    const { wasmWorkerContents } = globalThis.require(globalThis.__filename);
    (0, eval)(wasmWorkerContents.replaceAll('\\n', '\\\\n'));`;
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
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
  const { wasmMemory, asm } = backend.wasm as WasmModule;
  return wasmMemory ?? asm.memory;
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

/** The thread pool takes at most half of the cores that it counts at start-up: lets it count enough of them. */
export async function withCoresFor<T>(threads: number, start: () => Promise<T>): Promise<T> {
  const cpus = os.cpus;
  const core = cpus()[0] as os.CpuInfo;
  os.cpus = () => Array<os.CpuInfo>(2 * threads).fill(core);
  try {
    return await start();
  } finally {
    os.cpus = cpus;
  }
}
