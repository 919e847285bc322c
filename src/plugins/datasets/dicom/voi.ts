import type { DataSet } from 'dicom-parser';
import { numbersOf } from './data-set.ts';

export type WindowFunction = 'linear' | 'linear_exact' | 'sigmoid';

/** A window on the values after the modality rescale (PS3.3, section C.11.2.1.2). */
export interface VoiWindow {
  readonly center: number;
  readonly width: number;
  readonly function: WindowFunction;
}

/** A table of output values of `bits` bits, the first of which stands for `first` and all below (C.11.2.1.1). */
export interface VoiTable {
  readonly first: number;
  readonly bits: number;
  readonly values: Uint16Array;
}

export type Voi = VoiWindow | VoiTable;

const FUNCTIONS: Readonly<Record<string, WindowFunction>> = {
  LINEAR: 'linear',
  LINEAR_EXACT: 'linear_exact',
  SIGMOID: 'sigmoid',
};

/** The first window of a file, else its first VOI LUT. */
export function voiOf(dataSet: DataSet, signed: boolean): Voi | undefined {
  const [center] = numbersOf(dataSet, 'x00281050', 'Window Center');
  const [width] = numbersOf(dataSet, 'x00281051', 'Window Width');
  if (center === undefined || width === undefined) return tableOf(dataSet, signed);
  const name = dataSet.string('x00281056') ?? 'LINEAR';
  if (!Object.hasOwn(FUNCTIONS, name)) throw new Error(`VOI LUT Function is "${name}"`);
  const window = { center, width, function: FUNCTIONS[name]! };
  checkWindow(window);
  return window;
}

/** @throws {Error} for a width for which the function is not defined. */
export function checkWindow({ width, function: shape }: VoiWindow): void {
  if (shape === 'linear' ? width >= 1 : width > 0) return;
  throw new Error(`a ${shape} window cannot have the width ${width}`);
}

/** A value after the modality rescale -> [0, 1]. */
export function applyVoi(voi: Voi, value: number): number {
  return 'values' in voi ? lookUp(voi, value) : applyWindow(voi, value);
}

function applyWindow({ center, width, function: shape }: VoiWindow, value: number): number {
  if (shape === 'sigmoid') return 1 / (1 + Math.exp((-4 * (value - center)) / width));
  const [middle, span] = shape === 'linear' ? [center - 0.5, width - 1] : [center, width];
  if (value <= middle - span / 2) return 0;
  if (value > middle + span / 2) return 1;
  return (value - middle) / span + 0.5;
}

function lookUp({ first, bits, values }: VoiTable, value: number): number {
  const index = Math.min(Math.max(Math.round(value) - first, 0), values.length - 1);
  return Math.min(values[index]! / (2 ** bits - 1), 1);
}

function tableOf(dataSet: DataSet, signed: boolean): VoiTable | undefined {
  const item = dataSet.elements.x00283010?.items?.[0]?.dataSet;
  if (item === undefined) return undefined;
  const [descriptor, data] = ['x00283002', 'x00283006'] as const;
  // 65536 entries do not fit into the 16 bits of their count
  const count = item.uint16(descriptor, 0) || 65536;
  const first = (signed ? item.int16(descriptor, 1) : item.uint16(descriptor, 1)) ?? 0;
  const bits = item.uint16(descriptor, 2) ?? 0;
  const length = item.elements[data]?.length ?? 0;
  if (bits < 8 || bits > 16 || length < 2 * count) {
    throw new Error(`a VOI LUT of ${count} entries of ${bits} bits in ${length} bytes`);
  }
  return { first, bits, values: Uint16Array.from({ length: count }, (_, i) => item.uint16(data, i)!) };
}
