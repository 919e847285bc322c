import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/core/data/dataset.ts';
import { matchLandmarks } from '../../../src/core/experiment/matched-landmarks.ts';

function datasetOf(landmarkNames: string[]): Dataset {
  return {
    landmarkNames,
    mirrorPairs: [[0, 1]],
    edges: [[1, 2]],
    samples: [{ id: 'a', width: 9, height: 9, landmarks: [[0, 0], [1, 1], null] }],
    read: async () => ({ width: 9, height: 9, pixels: new Float32Array(81) }),
  };
}

describe('landmarks of a dataset and of a model', () => {
  it('are paired by name, whatever the order of the table', () => {
    const { dataset, notice } = matchLandmarks(datasetOf(['left', 'right', 'arch']), [
      'arch',
      'left',
      'right',
    ]);
    expect(notice).toBeUndefined();
    expect(dataset).toMatchObject({
      landmarkNames: ['arch', 'left', 'right'],
      mirrorPairs: [[1, 2]],
      edges: [[2, 0]],
      samples: [{ landmarks: [null, [0, 0], [1, 1]] }],
    });
  });

  it('are paired by order, with a notice, where one side has numbers only', () => {
    const names = ['arch', 'left', 'right'];
    expect(matchLandmarks(datasetOf(['0', '1', '2']), names)).toMatchObject({
      dataset: { landmarkNames: names, samples: [{ landmarks: [[0, 0], [1, 1], null] }] },
      notice: expect.stringContaining('The dataset numbers'),
    });
    expect(matchLandmarks(datasetOf(names), ['0', '1', '2']).notice).toContain('The checkpoint numbers');
  });

  it.each([[['left', 'right']], [['left', 'right', 'heart']]])(
    'are refused when they are others: %j',
    (names) => {
      expect(() => matchLandmarks(datasetOf(['left', 'right', 'arch']), names)).toThrow(
        new RegExp(`left, right, arch[\\s\\S]*${names.join(', ')}`),
      );
    },
  );
});
