import {
  add,
  cast,
  concat,
  div,
  greater,
  image,
  mul,
  neg,
  ones,
  reshape,
  slice,
  split,
  squeeze,
  sub,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  zeros,
} from '@tensorflow/tfjs-core';

/** Maps carried to another view, and where they are known there. */
export interface WarpedMaps {
  readonly maps: Tensor4D;
  /** `[batch, height, width, 1]`: 1 where the warped map comes wholly from inside the original. */
  readonly valid: Tensor4D;
}

/**
 * Carries maps `[batch, height, width, channels]` by affine matrices `[batch, 2, 3]` that act on points in [0, 1]
 * (`to = M from`). Bilinear; zero outside. Gives no gradient.
 */
export function warpMaps(maps: Tensor4D, matrices: Tensor3D): WarpedMaps {
  const [batch, height, width] = maps.shape;
  const transforms = outputToInputPixels(matrices, width, height);
  const warp = (source: Tensor4D) => image.transform(source, transforms, 'bilinear', 'constant', 0);
  const inside = greater(warp(ones([batch, height, width, 1]) as Tensor4D), 0.999);
  return { maps: warp(maps), valid: cast(inside, 'float32') as Tensor4D };
}

/** Points `[batch, points, 2]` carried by matrices `[batch, 2, 3]`. */
export function transformPoints(points: Tensor3D, matrices: Tensor3D): Tensor3D {
  const [a, b, c, d, e, f] = elements(matrices, 3);
  const [x, y] = split(points, 2, 2) as [Tensor, Tensor];
  return concat([add(add(mul(a, x), mul(b, y)), c), add(add(mul(d, x), mul(e, y)), f)], 2) as Tensor3D;
}

/** The matrices `[batch, 2, 3]` that undo these. */
export function inverseMatrices(matrices: Tensor3D): Tensor3D {
  return reshape(concat(inverseElements(matrices), 1), matrices.shape);
}

/** The inverse matrices, in pixel indices and in the form that `tf.image.transform` takes: `[batch, 8]`. */
function outputToInputPixels(matrices: Tensor3D, width: number, height: number): Tensor2D {
  const [p, q, tx, r, s, ty] = inverseElements(matrices);
  const a1 = mul(q, width / height);
  const b0 = mul(r, height / width);
  const shift = (scaleX: Tensor, scaleY: Tensor, offset: Tensor, size: number) =>
    sub(add(add(mul(scaleX, 0.5), mul(scaleY, 0.5)), mul(offset, size)), 0.5);
  const blank = zeros([matrices.shape[0], 2]);
  return concat([p, a1, shift(p, a1, tx, width), b0, s, shift(b0, s, ty, height), blank], 1) as Tensor2D;
}

/** The six entries of every inverse, each `[batch, 1]`. */
function inverseElements(matrices: Tensor3D): Six {
  const [a, b, c, d, e, f] = elements(matrices, 2);
  const determinant = sub(mul(a, e), mul(b, d));
  const [p, q, r, s] = [
    div(e, determinant),
    div(neg(b), determinant),
    div(neg(d), determinant),
    div(a, determinant),
  ];
  const tx = neg(add(mul(p, c), mul(q, f)));
  const ty = neg(add(mul(r, c), mul(s, f)));
  return [p, q, tx, r, s, ty];
}

type Six = [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];

/** The six entries of every matrix, each `[batch, 1]` or `[batch, 1, 1]`. */
function elements(matrices: Tensor3D, rank: 2 | 3): Six {
  const entry = (row: number, column: number) => {
    const value = slice(matrices, [0, row, column], [-1, 1, 1]);
    return rank === 3 ? value : squeeze(value, [2]);
  };
  return [entry(0, 0), entry(0, 1), entry(0, 2), entry(1, 0), entry(1, 1), entry(1, 2)];
}
