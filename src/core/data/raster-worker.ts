import { parentPort, workerData } from 'node:worker_threads';
import type { PluginReference } from '../plugins/definition.ts';
import type { Dataset } from './dataset.ts';
import { type RasterShape, type StoredRaster, storedRaster } from './stored-raster.ts';
import { type PostedError, postableError } from './worker-error.ts';
import { openRegistry, type RegistrySource } from './worker-registry.ts';

/** The raster of a sample, or why there is none; without an id: why there is no dataset. */
export type RasterAnswer =
  | { readonly id: string; readonly raster: StoredRaster }
  | { readonly id: string; readonly error: PostedError }
  | { readonly error: PostedError };

/** How another thread makes the same dataset. */
export interface DatasetSource extends RegistrySource {
  readonly dataset: PluginReference;
  readonly baseDirectory: string;
}

interface WorkerStart {
  readonly source: DatasetSource;
  readonly shape: RasterShape;
}

async function openDataset({ dataset, baseDirectory, ...from }: DatasetSource): Promise<Dataset> {
  const registry = await openRegistry(from);
  return registry.create('dataset', dataset, { baseDirectory });
}

async function serve(): Promise<void> {
  const port = parentPort!;
  const { source, shape } = workerData as WorkerStart;
  const post = (answer: RasterAnswer, transfer: ArrayBuffer[] = []) => port.postMessage(answer, transfer);
  try {
    const dataset = await openDataset(source);
    const samples = new Map(dataset.samples.map((sample) => [sample.id, sample]));
    port.on('message', async (id: string) => {
      try {
        const raster = storedRaster(await dataset.read(samples.get(id)!), shape);
        post({ id, raster }, [raster.bytes.buffer]);
      } catch (error) {
        post({ id, error: postableError(error) });
      }
    });
  } catch (error) {
    post({ error: postableError(error) });
  }
}

await serve();
