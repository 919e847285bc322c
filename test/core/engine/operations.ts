import * as tf from '@tensorflow/tfjs-core';
import { batchNormTraining } from '../../../src/core/engine/ops/batch-norm.ts';
import { sampleBilinear } from '../../../src/core/engine/ops/sample-bilinear.ts';
import { Random } from '../../../src/core/random.ts';

export type Operation = (...inputs: tf.Tensor[]) => tf.Tensor;

const random = new Random(5);
export function draw(shape: readonly number[]): tf.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => random.normal()),
    [...shape],
  );
}

/** `[name, operation, shapes of its inputs]`: what a backbone with a graph head trains through. */
export const OPERATIONS: readonly [string, Operation, readonly (readonly number[])[]][] = [
  ...(['same', 'valid', 0, 1, 2] as const).flatMap((pad) =>
    [1, 2].map((stride): [string, Operation, number[][]] => [
      `conv2d, padding ${pad}, stride ${stride}`,
      (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad),
      [
        [2, 6, 8, 2],
        [3, 3, 2, 3],
      ],
    ]),
  ),
  ...[1, 2].map((stride): [string, Operation, number[][]] => [
    `conv2d of whole vectors of channels, stride ${stride}`,
    (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, 'same'),
    [
      [2, 9, 10, 4],
      [3, 3, 4, 8],
    ],
  ]),
  [
    'conv2d 1x1',
    (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'),
    [
      [1, 3, 4, 3],
      [1, 1, 3, 2],
    ],
  ],
  ...(
    [
      [7, 9],
      [3, 8],
      [2, 3],
    ] as const
  ).flatMap((size) =>
    (
      [
        [false, true],
        [true, false],
        [false, false],
      ] as const
    ).map(([corners, half]): [string, Operation, number[][]] => [
      `resizeBilinear to ${size}, alignCorners ${corners}, halfPixelCenters ${half}`,
      (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [...size], corners, half),
      [[1, 4, 5, 2]],
    ]),
  ),
  [
    'batch norm',
    (x, s, o) => batchNormTraining(x as tf.Tensor4D, s!, o!, 1e-3).output,
    [[2, 3, 4, 3], [3], [3]],
  ],
  [
    'reading a map between its pixels',
    (maps, x) => sampleBilinear(maps as tf.Tensor4D, x!.tanh().mul(0.05).add([0.3, 0.6]) as tf.Tensor3D),
    [
      [2, 4, 5, 3],
      [2, 6, 2],
    ],
  ],
  ['relu', (x) => x!.relu(), [[4, 5]]],
  ['leakyRelu', (x) => x!.leakyRelu(0.1), [[4, 5]]],
  [
    'matMul',
    (a, b) => tf.matMul(a!, b!),
    [
      [3, 4],
      [4, 2],
    ],
  ],
  [
    'matMul, both transposed',
    (a, b) => tf.matMul(a!, b!, true, true),
    [
      [4, 3],
      [2, 4],
    ],
  ],
  [
    'matMul, batched',
    (a, b) => tf.matMul(a!, b!, false, true),
    [
      [2, 3, 4],
      [2, 5, 4],
    ],
  ],
  [
    'matMul, batch broadcast on the left',
    (a, b) => tf.matMul(a!, b!),
    [
      [1, 3, 4],
      [2, 4, 2],
    ],
  ],
  [
    'matMul, batch broadcast on the right',
    (a, b) => tf.matMul(a!, b!),
    [
      [2, 3, 4],
      [1, 4, 2],
    ],
  ],
  ['add and multiply, broadcast', (a, b, c) => a!.mul(b!).add(c!), [[2, 3, 4], [3, 1], [4]]],
  ['divide and subtract, broadcast', (a, b) => a!.div(b!.square().add(1)).sub(b!), [[2, 3], [3]]],
  [
    'concat',
    (a, b) => tf.concat([a!, b!.mul(2)], 1),
    [
      [2, 3, 2],
      [2, 1, 2],
    ],
  ],
  [
    'stack and unstack',
    (a, b) => tf.stack(tf.unstack(tf.stack([a!, b!], 1), 0).toReversed()),
    [
      [2, 3],
      [2, 3],
    ],
  ],
  ['split', (x) => tf.split(x!, [1, 3], 1).reduce((a, b) => a.sum().mul(b)), [[2, 4]]],
  ['slice', (x) => tf.slice(x!, [0, 1], [2, 2]), [[3, 4]]],
  ['gather, with repeats', (x) => tf.gather(x!, [2, 0, 2, 1], 1), [[2, 3, 2]]],
  ['softmax', (x) => tf.softmax(x!), [[3, 4]]],
  ['logSoftmax', (x) => tf.logSoftmax(x!), [[3, 4]]],
  ['logSumExp', (x) => tf.logSumExp(x!, 1), [[3, 4]]],
  [
    'maximum',
    (a, b) => tf.maximum(a!, b!),
    [
      [3, 4],
      [3, 4],
    ],
  ],
  ['clipByValue', (x) => x!.clipByValue(-0.5, 0.5), [[4, 5]]],
  ['norm', (x) => tf.norm(x!, 'euclidean', 1), [[3, 4]]],
  ['mean and sum', (x) => x!.mean([1, 2]).add(x!.sum([1, 2])), [[2, 3, 4]]],
  ['max', (x) => x!.max(1), [[3, 4]]],
  ['transpose', (x) => tf.transpose(x!, [2, 0, 1]), [[2, 3, 4]]],
  ['tile', (x) => tf.tile(x!, [1, 3, 2]), [[2, 1, 3]]],
  [
    'reshape and pad',
    (x) =>
      tf.pad(x!.reshape([3, 4]), [
        [1, 0],
        [2, 1],
      ]),
    [[2, 6]],
  ],
  ['exp, log, sqrt', (x) => x!.exp().add(1).log().sqrt(), [[3, 4]]],
  ['abs', (x) => x!.abs(), [[3, 4]]],
  ['sigmoid and tanh', (x) => x!.sigmoid().add(x!.tanh()), [[3, 4]]],
  ['where', (a, b) => tf.where(tf.tensor([true, false, true, false]), a!, b!), [[4], [4]]],
  ['addN', (a, b) => tf.addN([a!, b!, a!]), [[3], [3]]],
  ['cumsum', (x) => x!.cumsum(1), [[2, 3]]],
  ...(
    [
      [1, 'same'],
      [2, 'valid'],
    ] as const
  ).map(([stride, pad]): [string, Operation, number[][]] => [
    `depthwiseConv2d, padding ${pad}, stride ${stride}`,
    (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad),
    [
      [2, 7, 5, 3],
      [3, 3, 3, 1],
    ],
  ]),
  ['maxPool', (x) => tf.maxPool(x as tf.Tensor4D, 3, 2, 'same'), [[1, 6, 6, 2]]],
  ['avgPool', (x) => tf.avgPool(x as tf.Tensor4D, 2, 2, 'valid'), [[1, 6, 6, 2]]],
];
