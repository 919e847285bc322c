import type { PluginReference } from '../plugins/definition.ts';
import { type BatchPlan, type HostBatch, makeBatch } from './batch.ts';
import type { ImageStore } from './image-store.ts';
import { answerQuestions } from './worker-answers.ts';
import { openRegistry, type RegistrySource } from './worker-registry.ts';

/** What the worker is started with; the store's pixels are shared, all else is copied. It is asked for batches by step. */
export interface LoaderWorkerStart extends RegistrySource {
  readonly store: ImageStore;
  readonly plan: BatchPlan;
  readonly augmentation: PipelineReferences;
}

export interface PipelineReferences {
  readonly weak: readonly PluginReference[];
  readonly strong: readonly PluginReference[];
}

async function openBatches(start: LoaderWorkerStart): Promise<(step: number) => HostBatch> {
  const registry = await openRegistry(start);
  const create = (reference: PluginReference) => registry.create('augmentation', reference, {});
  const { weak, strong } = start.augmentation;
  const pipelines = { weak: weak.map(create), strong: strong.map(create) };
  return (step) => makeBatch(start.store, start.plan, pipelines, step);
}

function buffersOf({ labeled, unlabeled }: HostBatch): ArrayBuffer[] {
  const arrays = [...Object.values(labeled ?? {}), ...Object.values(unlabeled ?? {})];
  return arrays.map(({ values }) => values.buffer);
}

await answerQuestions(openBatches, buffersOf);
