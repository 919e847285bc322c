/**
 * The training step of HRNet-W18 up to the concatenation (2 images of 256 x 256, forward, backward, AdamW on the flat
 * vector) on the compiled native engine, beside PyTorch on the same cores, in turns. Prints medians and their ratio.
 *
 * `npm run bench:step [-- ROUNDS [STEPS]]`. PyTorch comes from the Python that FSX_BENCH_PYTHON names (default
 * python3), which needs torch and timm:
 *
 *     python3 -m venv .venv && .venv/bin/pip install torch && .venv/bin/pip install --no-deps timm
 *     FSX_BENCH_PYTHON=.venv/bin/python npm run bench:step
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import * as tf from '@tensorflow/tfjs-core';
import type { TensorFunction } from '../src/core/engine/engine.ts';
import { openEngine } from '../src/core/engine/open.ts';
import { forwardPass, unflatten } from '../src/core/nn/forward.ts';
import { initialParameters } from '../src/core/nn/landmark-model.ts';
import { ParameterLayout, ParameterScope } from '../src/core/nn/parameters.ts';
import { hrnetBranches } from '../src/plugins/backbones/hrnet.ts';
import { adamw } from '../src/plugins/optimizers/adamw.ts';

const [BATCH, SIZE] = [2, 256];
const W18 = {
  width: 18,
  modules: [1, 4, 3] as [number, number, number],
  blocks: 4,
  stemWidth: 64,
  narrowStem: false,
  bottlenecks: 4,
  upsampling: 'nearest' as const,
};

/** Trains so many steps and gives the milliseconds of each. */
type Trainer = (steps: number) => Promise<number[]>;

const rounds = Number(process.argv[2] ?? 5);
const steps = Number(process.argv[3] ?? 4);
const threads = availableParallelism();

const ours = await openOurs();
const peer = await openPeer();
const times = { ours: [] as number[], peer: [] as number[] };
console.error(`warming up ${ours.name} and ${peer.name}`);
await ours.train(2);
await peer.train(2);
for (let round = 1; round <= rounds; round++) {
  times.ours.push(...(await ours.train(steps)));
  times.peer.push(...(await peer.train(steps)));
  console.error(`round ${round} of ${rounds}`);
}
peer.close();
const [mine, theirs] = [median(times.ours), median(times.peer)];
console.log(
  `training step of HRNet-W18, ${BATCH} x ${SIZE} x ${SIZE}, medians of ${times.ours.length} steps`,
);
console.log(`  fsx, ${ours.name}: ${mine.toFixed(0)} ms`);
console.log(`  ${peer.name}: ${theirs.toFixed(0)} ms`);
console.log(`  ratio: ${(mine / theirs).toFixed(2)} (below 1: fsx is faster)`);

async function openOurs(): Promise<{ name: string; train: Trainer }> {
  const engine = await openEngine({ type: 'native', threads });
  const layout = new ParameterLayout();
  const run = engine.compile('HRNet-W18', trainingStep(layout));
  const constants = {
    images: tf.randomNormal([BATCH, SIZE, SIZE, 3], 0, 1, 'float32', 1),
    decayMask: tf.ones([layout.parameterCount]),
    learningRate: tf.scalar(1e-3),
  };
  let state: tf.NamedTensorMap = {
    parameters: tf.tensor1d(initialParameters(layout, 1)),
    first: tf.zeros([layout.parameterCount]),
    second: tf.zeros([layout.parameterCount]),
  };
  let done = 0;
  const advance = () => {
    done += 1;
    const step = tf.scalar(done);
    const { loss, ...next } = run({ ...constants, ...state, step });
    loss!.dataSync();
    tf.dispose([state, step, loss!]);
    state = next;
  };
  return {
    name: engine.description,
    train: async (count) => Array.from({ length: count }, () => clock(advance)),
  };
}

interface StepInputs {
  readonly images: tf.Tensor4D;
  readonly parameters: tf.Tensor1D;
  readonly first: tf.Tensor1D;
  readonly second: tf.Tensor1D;
  readonly decayMask: tf.Tensor1D;
  readonly learningRate: tf.Scalar;
  readonly step: tf.Scalar;
}

/** Declares the network in the layout, and gives its step as a function of tensors. */
function trainingStep(layout: ParameterLayout): TensorFunction {
  const scope = new ParameterScope(layout, 'backbone');
  const branches = hrnetBranches(W18, { scope, inputChannels: 3 });
  const optimizer = adamw.create({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 1e-4 }, {});
  return (inputs) => {
    const { images, parameters, first, second, decayMask, learningRate, step } =
      inputs as unknown as StepInputs;
    const loss = (...blocks: tf.Tensor[]) => {
      const maps = branches(images, forwardPass(layout, blocks, [], new Map()));
      return tf.addN(maps.map((map) => tf.mean(tf.square(map)))) as tf.Scalar;
    };
    const { value, grads } = tf.valueAndGrads(loss)(unflatten(parameters, layout.parameters));
    const gradient = tf.concat(grads.map((block) => tf.reshape(block, [-1]))) as tf.Tensor1D;
    const slots = { first, second };
    const updated = optimizer.update({ parameters, gradient, slots, decayMask, learningRate, step });
    return { loss: value, parameters: updated.parameters, ...updated.slots };
  };
}

/** PyTorch in a process of its own, which trains when it is told to. */
async function openPeer(): Promise<{ name: string; train: Trainer; close: () => void }> {
  const python = process.env.FSX_BENCH_PYTHON ?? 'python3';
  const child = spawn(python, ['-B', 'bench/step_peer.py', String(threads)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    if (!done) return JSON.parse(value) as T;
    console.error(
      `${python} cannot run bench/step_peer.py. It needs torch and timm:\n` +
        '  python3 -m venv .venv && .venv/bin/pip install torch && .venv/bin/pip install --no-deps timm\n' +
        '  FSX_BENCH_PYTHON=.venv/bin/python npm run bench:step',
    );
    process.exit(1);
  };
  const { name } = await answer<{ name: string }>();
  const train = async (count: number) => {
    child.stdin.write(`${count}\n`);
    return (await answer<{ milliseconds: number[] }>()).milliseconds;
  };
  return { name, train, close: () => child.stdin.end() };
}

function clock(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle) - 1]!) / 2;
}
