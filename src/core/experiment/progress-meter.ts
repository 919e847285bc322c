import type { StepMetrics } from '../training/step-metrics.ts';

/** Means and rates since the last time they were taken. */
export interface Progress {
  readonly metrics: StepMetrics;
  readonly imagesPerSecond: number;
  readonly secondsLeft: number;
  /** Part of the time in which the step waited for its batch, in [0, 1]. */
  readonly waitShare: number;
}

/** Gathers what the steps of a stage tell between two log lines. */
export class ProgressMeter {
  readonly #steps: number;
  readonly #imagesPerStep: number;
  readonly #now: () => number;
  readonly #firstStep: number;
  readonly #startMs: number;
  #sinceMs: number;
  #added = 0;
  #waitedMs = 0;
  #waitedBeforeMs = 0;
  readonly #sums = new Map<string, number>();

  constructor(
    steps: number,
    imagesPerStep: number,
    firstStep: number,
    now: () => number = () => performance.now(),
  ) {
    this.#steps = steps;
    this.#imagesPerStep = imagesPerStep;
    this.#now = now;
    this.#firstStep = firstStep;
    this.#startMs = now();
    this.#sinceMs = this.#startMs;
  }

  /** @param waitedMs all that the loader made steps wait since it was opened. */
  add(metrics: StepMetrics, waitedMs: number): void {
    this.#added += 1;
    this.#waitedMs = waitedMs;
    for (const [name, value] of Object.entries(metrics))
      this.#sums.set(name, (this.#sums.get(name) ?? 0) + value);
  }

  take(step: number): Progress {
    const nowMs = this.#now();
    const elapsedMs = Math.max(1, nowMs - this.#sinceMs);
    const progress = {
      metrics: Object.fromEntries([...this.#sums].map(([name, sum]) => [name, sum / this.#added])),
      imagesPerSecond: (1000 * this.#imagesPerStep * this.#added) / elapsedMs,
      secondsLeft:
        ((nowMs - this.#startMs) / 1000 / Math.max(1, step - this.#firstStep)) * (this.#steps - step),
      waitShare: Math.min(1, (this.#waitedMs - this.#waitedBeforeMs) / elapsedMs),
    };
    this.#sums.clear();
    this.#added = 0;
    this.#sinceMs = nowMs;
    this.#waitedBeforeMs = this.#waitedMs;
    return progress;
  }
}
