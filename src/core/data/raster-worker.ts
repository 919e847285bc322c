import type { PluginReference } from '../plugins/definition.ts';
import { type RasterShape, type StoredRaster, storedRaster } from './stored-raster.ts';
import { answerQuestions } from './worker-answers.ts';
import { openRegistry, type RegistrySource } from './worker-registry.ts';

/** How another thread makes the same dataset. */
export interface DatasetSource extends RegistrySource {
  readonly dataset: PluginReference;
  readonly baseDirectory: string;
}

/** What the worker is started with; it is asked for the rasters of samples by their ids. */
export interface RasterWorkerStart {
  readonly source: DatasetSource;
  readonly shape: RasterShape;
}

async function openImages({
  source,
  shape,
}: RasterWorkerStart): Promise<(id: string) => Promise<StoredRaster>> {
  const registry = await openRegistry(source);
  const { baseDirectory } = source;
  const dataset = await registry.create('dataset', source.dataset, { baseDirectory });
  const samples = new Map(dataset.samples.map((sample) => [sample.id, sample]));
  return async (id) => storedRaster(await dataset.read(samples.get(id)!), shape);
}

await answerQuestions(openImages, ({ bytes }) => [bytes.buffer]);
