import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { type WasmMemory, wasmMemory } from './wasm-module.ts';

/** The part of WebAssembly's interface that is used here; it is declared for browsers only. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly env: { readonly memory: WasmMemory } },
  ) => { readonly exports: unknown };
}

/** The compiled kernels of `simd/`, which say what they do. All arguments are addresses on the heap, and numbers. */
interface SimdKernels {
  batchNorm(
    ...call: [
      ...[x: number, count: number, channels: number, period: number],
      ...[scale: number, offset: number, epsilon: number],
      ...[y: number, mean: number, variance: number, inverse: number, scratch: number],
    ]
  ): void;
  batchNormGrad(
    ...call: [
      ...[dy: number, x: number, count: number, channels: number, period: number],
      ...[scale: number, mean: number, inverse: number],
      ...[dx: number, dScale: number, dOffset: number, scratch: number],
    ]
  ): void;
  padImages(
    ...call: [
      ...[x: number, images: number, height: number, rowBytes: number],
      ...[padTop: number, padLeft: number, paddedHeight: number, paddedRowBytes: number, out: number],
    ]
  ): void;
  convolve(
    ...call: [
      ...[x: number, filter: number, out: number, batch: number],
      ...[inHeight: number, inWidth: number, inChannels: number],
      ...[outHeight: number, outWidth: number, outChannels: number],
      ...[filterHeight: number, filterWidth: number, strideY: number, strideX: number, panels: number],
    ]
  ): void;
  filterGradient(
    ...call: [
      ...[x: number, dy: number, batch: number],
      ...[inHeight: number, inWidth: number, inChannels: number],
      ...[outHeight: number, outWidth: number, outChannels: number],
      ...[filterHeight: number, filterWidth: number, strideY: number, strideX: number],
      ...[padTop: number, padLeft: number, sums: number, out: number],
    ]
  ): void;
  reluGrad(dy: number, y: number, count: number, dx: number): void;
  resizeBilinearGrad(
    ...call: [
      ...[dy: number, batch: number, height: number, width: number, channels: number],
      ...[outHeight: number, outWidth: number, scaleY: number, scaleX: number, shift: number],
      ...[line: number, dx: number],
    ]
  ): void;
  transpose(source: number, rows: number, columns: number, target: number): void;
}

/** Numbers of a vector. */
export const LANES = 4;

export function wholeVectors(numbers: number): number {
  return Math.ceil(numbers / LANES) * LANES;
}

/** What `npm run build` makes of `simd/`. */
const FILE = join(dirname(createRequire(import.meta.url).resolve('fsx/package.json')), 'dist', 'simd.wasm');

const bound = new WeakMap<BackendWasm, SimdKernels>();

/** The kernels, working on the backend's memory. */
export function simdKernels(backend: BackendWasm): SimdKernels {
  const known = bound.get(backend);
  if (known !== undefined) return known;
  const kernels = bind(wasmMemory(backend));
  bound.set(backend, kernels);
  return kernels;
}

function bind(memory: WasmMemory): SimdKernels {
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
  const module = new Module(readFileSync(FILE));
  return new Instance(module, { env: { memory } }).exports as SimdKernels;
}
