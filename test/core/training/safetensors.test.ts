import { describe, expect, it } from 'vitest';
import { decodeSafetensors } from '../../../src/core/training/safetensors.ts';

describe('published weights of other number types become the numbers that they stand for', () => {
  it.each([
    ['F16', '003c00c0ff7b0100008000fc', [1, -2, 65504, 2 ** -24, -0, Number.NEGATIVE_INFINITY]],
    ['BF16', '803f00c07f7f01000080', [1, -2, 3.3895313892515355e38, Math.fround(2 ** -133), -0]],
    ['F64', '9a9999999999b93f', [Math.fround(0.1)]],
    ['F32', 'cdcccc3d', [Math.fround(0.1)]],
    ['I64', 'feffffffffffffff', [-2]],
  ] as const)('%s', (dtype, hex, numbers) => {
    const bytes = Buffer.from(hex, 'hex');
    const entry = { dtype, shape: [numbers.length], data_offsets: [0, bytes.length] };
    const header = Buffer.from(JSON.stringify({ a: entry }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    const { tensors } = decodeSafetensors(Buffer.concat([length, header, bytes]));
    expect([...tensors[0]!.values]).toEqual(numbers);
  });
});
