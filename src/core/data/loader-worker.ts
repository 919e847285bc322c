import { parentPort, workerData } from 'node:worker_threads';
import type { PluginReference } from '../plugins/definition.ts';
import { type BatchPlan, type HostBatch, makeBatch, type Pipelines } from './batch.ts';
import type { ImageStore } from './image-store.ts';
import { type PostedError, postableError } from './worker-error.ts';
import { openRegistry, type RegistrySource } from './worker-registry.ts';

/** What the worker is started with; the store's pixels are shared, all else is copied. */
export interface WorkerStart extends RegistrySource {
  readonly store: ImageStore;
  readonly plan: BatchPlan;
  readonly augmentation: PipelineReferences;
}

export interface PipelineReferences {
  readonly weak: readonly PluginReference[];
  readonly strong: readonly PluginReference[];
}

/** What the worker answers: that it is ready, a batch, or why there is none. */
export type WorkerMessage =
  | { readonly ready: true }
  | { readonly batch: HostBatch }
  | { readonly error: PostedError };

async function createPipelines(start: WorkerStart): Promise<Pipelines> {
  const registry = await openRegistry(start);
  const create = (reference: PluginReference) => registry.create('augmentation', reference, {});
  return { weak: start.augmentation.weak.map(create), strong: start.augmentation.strong.map(create) };
}

function buffersOf({ labeled, unlabeled }: HostBatch): ArrayBuffer[] {
  const arrays = [...Object.values(labeled ?? {}), ...Object.values(unlabeled ?? {})];
  return arrays.map(({ values }) => values.buffer);
}

async function serve(): Promise<void> {
  const port = parentPort!;
  const start = workerData as WorkerStart;
  const post = (message: WorkerMessage, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  try {
    const pipelines = await createPipelines(start);
    port.on('message', (step: number) => {
      try {
        const batch = makeBatch(start.store, start.plan, pipelines, step);
        post({ batch }, buffersOf(batch));
      } catch (error) {
        post({ error: postableError(error) });
      }
    });
    post({ ready: true });
  } catch (error) {
    post({ error: postableError(error) });
  }
}

await serve();
