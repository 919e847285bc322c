import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** Of the sections of a WebAssembly module: numbers that it writes into memory when it starts. */
const DATA_SECTION = 11;

describe('the compiled kernels', () => {
  it('bring nothing of their own into the heap', () => {
    expect(sections(readFileSync('dist/simd.wasm'))).not.toContain(DATA_SECTION);
  });
});

function sections(module: Uint8Array): number[] {
  const found: number[] = [];
  for (let at = 8; at < module.length; ) {
    found.push(module[at]!);
    const { value, end } = unsigned(module, at + 1);
    at = end + value;
  }
  return found;
}

/** WebAssembly's numbers: seven bits a byte, lowest first. */
function unsigned(bytes: Uint8Array, start: number): { value: number; end: number } {
  const byte = bytes[start]!;
  if (byte < 128) return { value: byte, end: start + 1 };
  const { value, end } = unsigned(bytes, start + 1);
  return { value: (byte & 127) + 128 * value, end };
}
