/**
 * The safetensors format (Hugging Face, v0.4): eight bytes of header length, a JSON header with name, dtype, shape
 * and byte range of every tensor and a `__metadata__` map of strings, then the bytes.
 */

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface SafetensorsFile {
  readonly tensors: readonly NamedTensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

interface HeaderEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const LENGTH_BYTES = 8;
const ALIGNMENT = 8;
const DTYPE = 'F32';

interface NumberFormat {
  /** Of one number. */
  readonly bytes: number;
  decode(bytes: Buffer, into: Float32Array): void;
}

/** What published weights come in; I64 are counters. */
const FORMATS: Readonly<Record<string, NumberFormat>> = {
  F32: { bytes: 4, decode: (bytes, into) => bytesOf(into).set(bytes) },
  F64: each(8, (view, at) => view.getFloat64(at, true)),
  F16: each(2, (view, at) => halfPrecision(view.getUint16(at, true))),
  BF16: each(2, (view, at) => upperHalf(view.getUint16(at, true))),
  I64: each(8, (view, at) => Number(view.getBigInt64(at, true))),
};

/** The file's parts, to be written one after the other. */
export function encodeSafetensors({ tensors, metadata }: SafetensorsFile): Uint8Array[] {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    const end = offset + values.byteLength;
    header[name] = { dtype: DTYPE, shape, data_offsets: [offset, end] } satisfies HeaderEntry;
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(Math.ceil(json.length / ALIGNMENT) * ALIGNMENT, ' ');
  json.copy(padded);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeBigUInt64LE(BigInt(padded.length));
  return [length, padded, ...tensors.map(({ values }) => bytesOf(values))];
}

/**
 * Numbers of any of `FORMATS` become 32-bit floats.
 * @throws {RangeError | SyntaxError} when the bytes are not a whole safetensors file of such numbers.
 */
export function decodeSafetensors(file: Buffer): SafetensorsFile {
  if (file.length < LENGTH_BYTES) throw new RangeError('too short to be a safetensors file');
  const length = Number(file.readBigUInt64LE(0));
  const start = LENGTH_BYTES + length;
  if (length > file.length - LENGTH_BYTES) throw new RangeError('the safetensors header is cut off');
  const header = JSON.parse(file.toString('utf8', LENGTH_BYTES, start)) as Record<string, unknown>;
  const { __metadata__: metadata = {}, ...entries } = header;
  const tensors = Object.entries(entries).map(([name, entry]) =>
    readTensor(name, entry as HeaderEntry, file, start),
  );
  return { tensors, metadata: metadata as Record<string, string> };
}

function readTensor(name: string, entry: HeaderEntry, file: Buffer, start: number): NamedTensor {
  const format = FORMATS[entry.dtype];
  if (format === undefined) {
    throw new RangeError(`tensor "${name}" is ${entry.dtype}, not one of ${Object.keys(FORMATS).join(', ')}`);
  }
  const [from, to] = entry.data_offsets;
  const size = entry.shape.reduce((product, extent) => product * extent, 1);
  if (to - from !== size * format.bytes) {
    throw new RangeError(`tensor "${name}" has ${to - from} bytes, not those of shape [${entry.shape}]`);
  }
  if (from < 0 || start + to > file.length)
    throw new RangeError(`the bytes of tensor "${name}" are not in the file`);
  const values = new Float32Array(size);
  format.decode(file.subarray(start + from, start + to), values);
  return { name, shape: entry.shape, values };
}

function each(bytes: number, read: (view: DataView, at: number) => number): NumberFormat {
  const decode = (source: Buffer, into: Float32Array) => {
    const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    for (let i = 0; i < into.length; i++) into[i] = read(view, i * bytes);
  };
  return { bytes, decode };
}

/** IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction. */
function halfPrecision(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = (bits & 0x3ff) / 0x400;
  if (exponent === 0) return sign * fraction * 2 ** -14;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction) * 2 ** (exponent - 15);
}

/** bfloat16: the upper half of a 32-bit float. */
function upperHalf(bits: number): number {
  const float = Buffer.alloc(4);
  float.writeUInt16BE(bits);
  return float.readFloatBE();
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
