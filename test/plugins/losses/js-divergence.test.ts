import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { sampleBilinear } from '../../../src/core/engine/ops/sample-bilinear.ts';
import type { FeatureLoss, LandmarkPlaces } from '../../../src/core/training/strategy.ts';
import { jsDivergence } from '../../../src/plugins/losses/js-divergence.ts';
import expected from '../../fixtures/losses/expected.json' with { type: 'json' };
import { ENGINES } from '../../support/engines.ts';
import { gradientError, randomInput } from '../../support/finite-differences.ts';
import { formulaTensor } from '../../support/formula.ts';

const SHAPE = [2, 3, 4, 5] as [number, number, number, number];
const OVER = ['space', 'channels'] as const;

describe.each(ENGINES)('the Jensen-Shannon loss on %s', (_name, open) => {
  beforeAll(async () => {
    await open();
  }, 60_000);

  describe.each(OVER)('over %s', (over) => {
    it('is what SciPy gives, with and without a mask, at any temperature', () => {
      const [student, teacher] = [maps('student'), maps('teacher')];
      const wanted = expected[over];
      expect(value(loss(over), student, teacher, everywhere())).toBeCloseTo(wanted.everywhere, 5);
      expect(value(loss(over), student, teacher, known())).toBeCloseTo(wanted.known, 5);
      const warm = value(loss(over, 2.5), student, teacher, known());
      expect(warm).toBeCloseTo(wanted['known, temperature 2.5'], 5);
    });

    it('is 0 for the same maps, also for very sharp ones', () => {
      const student = tf.mul(maps('student'), 1000) as tf.Tensor4D;
      expect(value(loss(over), student, student, known())).toBeCloseTo(0, 6);
    });

    it('is ln 2 for maps that have nothing in common, and finite in its gradient', () => {
      const axis = over === 'space' ? 1 : 3;
      const student = peak(axis, 0);
      const teacher = peak(axis, 1);
      expect(value(loss(over), student, teacher, everywhere())).toBeCloseTo(Math.LN2, 5);
      const gradient = tf.grad((s) => loss(over).evaluate(s as tf.Tensor4D, teacher, everywhere(), PLACES))(
        student,
      );
      expect([...gradient.dataSync()].every(Number.isFinite)).toBe(true);
    });

    it('stays in [0, ln 2]', () => {
      for (const factor of [0.01, 1, 30, 300]) {
        const student = tf.mul(maps('student'), factor) as tf.Tensor4D;
        const found = value(loss(over), student, maps('teacher'), known());
        expect(found).toBeGreaterThanOrEqual(-1e-6);
        expect(found).toBeLessThanOrEqual(Math.LN2 + 1e-6);
      }
    });

    it('is finite and without gradient where nothing is known', () => {
      const nowhere = tf.zeros([2, 3, 4, 1]) as tf.Tensor4D;
      const found = value(loss(over), maps('student'), maps('teacher'), nowhere);
      expect(Number.isFinite(found)).toBe(true);
    });

    it('does not look at unknown places', () => {
      const changed = tf.add(maps('student'), tf.mul(tf.sub(1, known()), 5)) as tf.Tensor4D;
      const before = value(loss(over), maps('student'), maps('teacher'), known());
      expect(value(loss(over), changed, maps('teacher'), known())).toBeCloseTo(before, 6);
    });

    it('at the landmarks is that of maps which have nothing but the features there', () => {
      const [student, teacher] = [maps('student'), maps('teacher')];
      const inView = tf.slice(PLACES.landmarks, [0, 0, 0], [2, 4, 2]);
      const read = (map: tf.Tensor4D) => tf.expandDims(sampleBilinear(map, inView), 1) as tf.Tensor4D;
      const wanted = value(loss(over), read(student), read(teacher), tf.ones([2, 1, 4, 1]));
      const found = value(loss(over, 1, 'landmarks'), student, teacher, everywhere());
      expect(found).toBeCloseTo(wanted, 5);
      const nowhere = tf.zeros([2, 3, 4, 1]) as tf.Tensor4D;
      expect(Number.isFinite(value(loss(over, 1, 'landmarks'), student, teacher, nowhere))).toBe(true);
    });

    it.each(['unit', 'standard'] as const)(
      'of features made %s does not depend on their size',
      (normalise) => {
        const by = loss(over, 1, 'everywhere', normalise);
        const before = value(by, maps('student'), maps('teacher'), known());
        const larger = tf.mul(maps('student'), 7) as tf.Tensor4D;
        expect(value(by, larger, maps('teacher'), known())).toBeCloseTo(before, 4);
        expect(value(loss(over), larger, maps('teacher'), known())).not.toBeCloseTo(
          value(loss(over), maps('student'), maps('teacher'), known()),
          2,
        );
        const changed = tf.add(maps('student'), tf.mul(tf.sub(1, known()), 5)) as tf.Tensor4D;
        expect(value(by, changed, maps('teacher'), known())).toBeCloseTo(before, 5);
      },
    );

    it.each([
      ['everywhere', 'none'],
      ['landmarks', 'none'],
      ['everywhere', 'unit'],
      ['landmarks', 'standard'],
    ] as const)('learns by the right gradient (%s, %s)', (at, normalise) => {
      const seen = at === 'landmarks' ? everywhere() : known();
      const error = gradientError(
        (student) =>
          loss(over, 1, at, normalise).evaluate(student as tf.Tensor4D, maps('teacher'), seen, PLACES),
        [randomInput(SHAPE)],
      );
      expect(error).toBeLessThan(5e-3);
    });
  });
});

type Normalise = 'none' | 'unit' | 'standard';

function loss(
  over: (typeof OVER)[number],
  temperature = 1,
  at: 'everywhere' | 'landmarks' = 'everywhere',
  normalise: Normalise = 'none',
): FeatureLoss {
  return jsDivergence.create({ over, at, normalise, temperature }, {}) as FeatureLoss;
}

/** Of both images: the centre of a pixel, places between pixels, and one that is out of view. */
const PLACES: LandmarkPlaces = {
  get landmarks() {
    const points = [2.5 / 4, 1.5 / 3, 0.5, 0.4, 0.2, 0.7, 0.3, 0.2, 0.9, 0.9];
    return tf.tensor3d([...points, ...points], [2, 5, 2]);
  },
  get inView() {
    return tf.tensor2d([1, 1, 1, 1, 0, 1, 1, 1, 1, 0], [2, 5]);
  },
};

function value(by: FeatureLoss, student: tf.Tensor4D, teacher: tf.Tensor4D, valid: tf.Tensor4D): number {
  return by.evaluate(student, teacher, valid, PLACES).dataSync()[0]!;
}

function maps(name: string): tf.Tensor4D {
  return formulaTensor(name, SHAPE, -3, 3);
}

function everywhere(): tf.Tensor4D {
  return tf.ones([2, 3, 4, 1]);
}

function known(): tf.Tensor4D {
  return tf.cast(tf.greater(formulaTensor('known', [2, 3, 4, 1], 0, 1), 0.3), 'float32') as tf.Tensor4D;
}

/** All mass at one index of an axis. */
function peak(axis: number, index: number): tf.Tensor4D {
  const logits = tf.oneHot(tf.tensor1d([index], 'int32'), SHAPE[axis]!);
  const shape = SHAPE.map((_, i) => (i === axis ? SHAPE[axis]! : 1));
  return tf.mul(tf.mul(tf.reshape(logits, shape), 200), tf.ones(SHAPE)) as tf.Tensor4D;
}
