import type { TensorMetadata } from '../native/tensorflow.ts';
import type { AttributeValue } from './attribute.ts';

interface Signature {
  readonly inputs: readonly TensorMetadata[];
  readonly outputCount: number;
}
type Rule = (signature: Signature) => AttributeValue;

const typeOf =
  (index: number): Rule =>
  ({ inputs }) => ({ type: inputs.at(index)!.dtype });
const inputCount =
  (less = 0): Rule =>
  ({ inputs }) => ({ int: inputs.length - less });
const outputCount: Rule = (signature) => ({ int: signature.outputCount });

const reduction = { T: typeOf(0), Tidx: typeOf(1) };

/** Attributes that eager execution works out from the tensors, and tfjs-node leaves out, but a graph must spell out. */
const RULES: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  AddN: { N: inputCount(), T: typeOf(0) },
  All: { Tidx: typeOf(1) },
  Any: { Tidx: typeOf(1) },
  ArgMax: { T: typeOf(0), Tidx: typeOf(1) },
  ArgMin: { T: typeOf(0), Tidx: typeOf(1) },
  BroadcastTo: { T: typeOf(0), Tidx: typeOf(1) },
  Cast: { SrcT: typeOf(0) },
  ConcatV2: { N: inputCount(1), T: typeOf(0), Tidx: typeOf(-1) },
  Cumprod: { T: typeOf(0), Tidx: typeOf(1) },
  Cumsum: { T: typeOf(0), Tidx: typeOf(1) },
  ExpandDims: { T: typeOf(0), Tdim: typeOf(1) },
  FsxBatchNorm: { addends: inputCount(3) },
  Fill: { T: typeOf(1), index_type: typeOf(0) },
  GatherNd: { Tparams: typeOf(0), Tindices: typeOf(1) },
  GatherV2: { Tparams: typeOf(0), Tindices: typeOf(1), Taxis: typeOf(2) },
  Max: reduction,
  Mean: reduction,
  Min: reduction,
  MirrorPad: { T: typeOf(0), Tpaddings: typeOf(1) },
  OneHot: { T: typeOf(2), TI: typeOf(0) },
  Pack: { N: inputCount(), T: typeOf(0) },
  PadV2: { T: typeOf(0), Tpaddings: typeOf(1) },
  Prod: reduction,
  Range: { Tidx: typeOf(0) },
  Reshape: { T: typeOf(0), Tshape: typeOf(1) },
  ReverseV2: { T: typeOf(0), Tidx: typeOf(1) },
  ScatterNd: { T: typeOf(1), Tindices: typeOf(0) },
  Select: { T: typeOf(1) },
  Slice: { T: typeOf(0), Index: typeOf(1) },
  SplitV: { T: typeOf(0), Tlen: typeOf(1), num_split: outputCount },
  StridedSlice: { T: typeOf(0), Index: typeOf(1) },
  Sum: reduction,
  Tile: { T: typeOf(0), Tmultiples: typeOf(1) },
  Transpose: { T: typeOf(0), Tperm: typeOf(1) },
  Unpack: { T: typeOf(0), num: outputCount },
  UnsortedSegmentSum: { T: typeOf(0), Tindices: typeOf(1), Tnumsegments: typeOf(2) },
};

/** The element type of the first input, which nearly every op calls T and some kernels leave out. */
const TYPED_BY_FIRST_INPUT = ['Equal', 'Greater', 'GreaterEqual', 'Less', 'LessEqual', 'NotEqual'];

export function inferredAttributes(op: string, signature: Signature): Map<string, AttributeValue> {
  const rules = RULES[op] ?? (TYPED_BY_FIRST_INPUT.includes(op) ? { T: typeOf(0) } : {});
  return new Map(Object.entries(rules).map(([name, rule]) => [name, rule(signature)]));
}
