import type { PluginReference } from '../plugins/definition.ts';
import { type BatchPlan, type HostBatch, makeBatch } from './batch.ts';
import type { ImageStore } from './image-store.ts';
import { answerQuestions } from './worker-answers.ts';
import { openRegistry, type RegistrySource } from './worker-registry.ts';

/** What the worker is started with; the store's pixels are shared, all else is copied. */
export interface LoaderWorkerStart extends RegistrySource {
  readonly store: ImageStore;
  /** Of every stage. */
  readonly plans: readonly BatchPlan[];
  readonly augmentation: PipelineReferences;
}

/** Which batch the worker is asked for. */
export interface BatchRequest {
  /** Position in `plans`. */
  readonly plan: number;
  readonly step: number;
}

export interface PipelineReferences {
  readonly weak: readonly PluginReference[];
  readonly strong: readonly PluginReference[];
}

async function openBatches(start: LoaderWorkerStart): Promise<(request: BatchRequest) => HostBatch> {
  const registry = await openRegistry(start);
  const create = (reference: PluginReference) => registry.create('augmentation', reference, {});
  const { weak, strong } = start.augmentation;
  const pipelines = { weak: weak.map(create), strong: strong.map(create) };
  return ({ plan, step }) => makeBatch(start.store, start.plans[plan]!, pipelines, step);
}

function buffersOf({ labeled, unlabeled }: HostBatch): ArrayBuffer[] {
  const arrays = [...Object.values(labeled ?? {}), ...Object.values(unlabeled ?? {})];
  return arrays.map(({ values }) => values.buffer);
}

await answerQuestions(openBatches, buffersOf);
