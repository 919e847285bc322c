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
 * @throws {RangeError | SyntaxError} when the bytes are not a whole safetensors file of 32-bit floats.
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
  if (entry.dtype !== DTYPE) throw new RangeError(`tensor "${name}" is ${entry.dtype}, not ${DTYPE}`);
  const [from, to] = entry.data_offsets;
  const size = entry.shape.reduce((product, extent) => product * extent, 1);
  if (to - from !== size * Float32Array.BYTES_PER_ELEMENT) {
    throw new RangeError(`tensor "${name}" has ${to - from} bytes, not those of shape [${entry.shape}]`);
  }
  if (from < 0 || start + to > file.length)
    throw new RangeError(`the bytes of tensor "${name}" are not in the file`);
  const values = new Float32Array(size);
  bytesOf(values).set(file.subarray(start + from, start + to));
  return { name, shape: entry.shape, values };
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
