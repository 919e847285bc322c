import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseCases } from '../../../src/core/evaluation/cases.ts';
import { measureRadii } from '../../../src/core/evaluation/conformal.ts';
import { computeMetrics } from '../../../src/core/evaluation/metrics.ts';
import { drawOverlay } from '../../../src/core/evaluation/overlay.ts';
import { html } from '../../../src/core/evaluation/report/html.ts';
import { writeReport } from '../../../src/core/evaluation/report/report.ts';
import type { ReportInput } from '../../../src/core/evaluation/report/report-input.ts';
import { trainingCurves } from '../../../src/core/evaluation/report/training-curves.ts';
import {
  LANDMARK_NAMES,
  MEAN_SHAPE,
  meanShapePredictions,
  syntheticImage,
  syntheticPredictions,
} from './synthetic-run.ts';

const TOLERANCE = { toleranceMm: 4, tolerancePx: 12 };
const spacing = { xMm: 0.47, yMm: 0.47 };
const teacher = syntheticPredictions({ images: 40, noisePx: 3.5, seed: 'teacher', spacing });
const student = syntheticPredictions({ images: 40, noisePx: 4.2, seed: 'student', spacing });
const predictions = { teacher, student, meanShape: meanShapePredictions(teacher) };

let directory: string;
let report: string;

beforeAll(async () => {
  directory = process.env.FSX_KEEP_REPORT ?? (await mkdtemp(join(tmpdir(), 'fsx-report-')));
  await writeReport(directory, await reportInput());
  report = await readFile(join(directory, 'report.html'), 'utf8');
});

afterAll(async () => {
  if (process.env.FSX_KEEP_REPORT === undefined) await rm(directory, { recursive: true });
});

async function reportInput(): Promise<ReportInput> {
  const cases = await Promise.all(
    chooseCases(teacher).map(async (choice) => {
      const prediction = teacher.find(({ id }) => id === choice.id);
      if (prediction === undefined) throw new Error(choice.id);
      const options = {
        ...TOLERANCE,
        edges: [
          [0, 1],
          [3, 4],
        ] as const,
      };
      await writeFile(join(directory, choice.id), await drawOverlay(syntheticImage(), prediction, options));
      return { ...choice, file: choice.id };
    }),
  );
  const losses = Array.from({ length: 120 }, (_, index) => ({
    kind: 'metrics' as const,
    step: index * 10,
    metrics: {
      'train/loss': 0.4 * Math.exp(-index / 40) + 0.02,
      'train/loss.local': 0.25 * Math.exp(-index / 40) + 0.01,
      ...(index > 60 ? { 'train/loss.ssl': 0.05 * Math.exp(-index / 90) } : {}),
      ...(index % 10 === 0 ? { 'val/mre_px': 5 + 40 * Math.exp(-index / 15) } : {}),
    },
  }));
  return {
    facts: {
      name: 'chest <5shot>',
      recipeHash: 'a1b2c3d4',
      commit: '0123abc',
      seed: 7,
      engine: 'native (CPU)',
      parameterCount: 931_204,
      dataset: 'chest-phantom',
      setSizes: { labeled: 5, unlabeled: 200, validation: 16, test: 40 },
      stages: [
        { name: 'pretrain', steps: 600, seconds: 151.2 },
        { name: 'finetune', steps: 600, seconds: 200 },
      ],
    },
    landmarkNames: LANDMARK_NAMES,
    metrics: {
      version: 1,
      teacher: computeMetrics(teacher, LANDMARK_NAMES),
      student: computeMetrics(student, LANDMARK_NAMES),
      meanShape: computeMetrics(predictions.meanShape, LANDMARK_NAMES),
      conformal: measureRadii(
        {
          teacher: { validation: teacher.slice(0, 12), test: teacher },
          student: { validation: student.slice(0, 12), test: student },
        },
        LANDMARK_NAMES,
        0.9,
      ),
    },
    predictions,
    curves: trainingCurves(losses),
    edgeMatrices: ['head.global.edges', 'head.local.edges'].map((name, matrix) => ({
      name,
      weights: LANDMARK_NAMES.map((_, i) =>
        LANDMARK_NAMES.map((_, j) => Math.sin(3 * i + 5 * j + matrix) / 3),
      ),
    })),
    meanShape: MEAN_SHAPE,
    cases,
    recipe: 'name: chest-5shot\nseed: 7\nnote: "</pre><script>alert(1)</script>"\n',
  };
}

describe('report.html', () => {
  it('needs no network and runs no script', () => {
    expect(report.match(/<script|(?:src|href)="(?!data:)/g)).toBeNull();
    expect(report.match(/https?:[^"\s]*/g)?.filter((url) => !url.startsWith('http://www.w3.org/'))).toEqual(
      [],
    );
  });

  it('escapes what comes from the recipe and the file names', () => {
    expect(report.includes('<h1>chest &lt;5shot&gt;</h1>')).toBe(true);
    expect(html`<p title="${'"x" & \'y\''}"></p>`.toString()).toBe(
      '<p title="&quot;x&quot; &amp; &#39;y&#39;"></p>',
    );
  });

  it('shows every part', () => {
    for (const title of [
      'Result on the test images',
      'Errors',
      'Landmarks',
      'Error radius',
      'Training',
      'Best and worst',
      'Learned edges',
      'Recipe',
    ]) {
      expect(report.includes(`<h2>${title}`), title).toBe(true);
    }
    expect(report.match(/class="chart"/g)).toHaveLength(8);
    const withoutImages = report.replace(/data:image\/png;base64,[^"]*/g, '');
    expect(withoutImages.match(/NaN|undefined|\[object/g)).toBeNull();
  });

  it('tells a screen reader what each picture shows', () => {
    expect(report.match(/<img /g)).toHaveLength(8);
    expect(report.match(/<img [^>]*alt="Image case-/g)).toHaveLength(8);
    expect(report.match(/<svg (?!class="chart" role="img" aria-label="[^"]+")/g)).toBeNull();
  });
});

describe('training curves', () => {
  it('show a resumed run once, without the part that was trained again', () => {
    const track = (step: number, value: number) => ({
      kind: 'metrics' as const,
      step,
      metrics: { loss: value },
    });
    expect(
      trainingCurves([track(1, 5), track(2, 4), track(3, Number.NaN), track(4, 2), track(2, 3), track(3, 1)]),
    ).toEqual([
      {
        name: 'loss',
        points: [
          [1, 5],
          [2, 3],
          [3, 1],
        ],
      },
    ]);
  });
});

describe('an overlay', () => {
  it('enlarges a small image and puts the marks where the landmarks are', async () => {
    const { default: sharp } = await import('sharp');
    const black = { width: 4, height: 4, pixels: new Float32Array(16) };
    const prediction = {
      id: 'a.png',
      width: 4,
      height: 4,
      landmarks: [[2, 1]] as const,
      truth: [[2, 1]] as const,
    };
    const png = await drawOverlay(black, prediction, { ...TOLERANCE, sizePx: 400 });
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    expect(info.width).toBe(400);
    const pixel = (x: number, y: number) => [
      ...data.subarray((y * info.width + x) * info.channels).subarray(0, 3),
    ];
    expect(pixel(250, 150)).toEqual([255, 183, 3]);
    expect(pixel(60, 60)).toEqual([0, 0, 0]);
  });
});

describe('the best and worst cases', () => {
  it('never shows one image as both', () => {
    const ids = chooseCases(teacher.slice(0, 3)).map(({ kind, id }) => `${kind} ${id}`);
    expect(new Set(ids.map((id) => id.split(' ')[1])).size).toBe(3);
  });
});
