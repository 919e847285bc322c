import type { MetricsFile } from '../evaluation/metrics-schema.ts';
import type { DeliveryReport } from '../tracking/tracker.ts';
import type { StepMetrics } from '../training/step-metrics.ts';

/** What a run says while it goes; a reporter shows it. */
export type RunEvent =
  | { readonly kind: 'preparing'; readonly what: string; readonly done: number; readonly total: number }
  | { readonly kind: 'start'; readonly header: RunHeader }
  | { readonly kind: 'stage'; readonly name: string; readonly strategy: string; readonly steps: number }
  | ProgressEvent
  | ValidationEvent
  | { readonly kind: 'notice'; readonly message: string }
  | {
      readonly kind: 'interrupted';
      readonly runDirectory: string;
      readonly stage: string;
      readonly step: number;
      readonly cpuSeconds: number;
    }
  | {
      readonly kind: 'result';
      readonly metrics: MetricsFile;
      readonly runDirectory: string;
      readonly seconds: number;
      /** Processor time of the whole process, all of its threads. */
      readonly cpuSeconds: number;
    }
  | { readonly kind: 'tracking'; readonly delivery: DeliveryReport | null; readonly runDirectory: string };

/** Facts of a run, for its header and its report. */
export interface RunHeader {
  readonly name: string;
  readonly recipeFile: string;
  readonly recipeHash: string;
  readonly commit: string;
  readonly seed: number;
  readonly engine: string;
  readonly engineReason: string;
  readonly parameters: number;
  readonly setSizes: Readonly<Record<'labeled' | 'unlabeled' | 'validation' | 'test', number>>;
  readonly runDirectory: string;
  readonly tracking: string;
}

/** After every logged step. */
export interface ProgressEvent {
  readonly kind: 'progress';
  readonly stage: string;
  readonly step: number;
  readonly steps: number;
  /** Means since the last one. */
  readonly metrics: StepMetrics;
  readonly imagesPerSecond: number;
  readonly secondsLeft: number;
}

export interface ValidationEvent {
  readonly kind: 'validation';
  readonly stage: string;
  readonly step: number;
  /** Mean radial errors in pixels of the original images. */
  readonly teacherPx: number;
  readonly studentPx: number;
  /** True when the teacher was never better in this stage. */
  readonly best: boolean;
}

export type RunListener = (event: RunEvent) => void;
