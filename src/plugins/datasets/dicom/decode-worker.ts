import { readFile, stat } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { GreyImage } from '../../../core/data/dataset.ts';
import { type PostedError, postableError } from '../../../core/data/worker-error.ts';
import { parseDataSet } from './data-set.ts';
import { unreadable } from './errors.ts';
import { readFrame } from './frame.ts';
import { toGrey } from './grey.ts';
import { headerOf } from './header.ts';
import type { DicomSettings } from './options.ts';

/** What the thread answers to a path. */
export type DecodeAnswer = { readonly image: GreyImage } | { readonly error: PostedError };

const LARGEST_FILE_BYTES = 512e6;

const settings = workerData as DicomSettings;
const port = parentPort!;

port.on('message', async (path: string) => {
  try {
    const image = await readImage(path);
    post({ image }, [image.pixels.buffer as ArrayBuffer]);
  } catch (cause) {
    post({ error: postableError(unreadable(path, cause)) });
  }
});

function post(answer: DecodeAnswer, transfer: ArrayBuffer[] = []): void {
  port.postMessage(answer, transfer);
}

async function readImage(path: string): Promise<GreyImage> {
  const { size } = await stat(path);
  if (size > LARGEST_FILE_BYTES) throw new Error(`the file has ${Math.round(size / 1e6)} MB`);
  const dataSet = parseDataSet(path, await readFile(path));
  const header = headerOf(path, dataSet, settings);
  const pixels = toGrey(await readFrame(dataSet, header), header, settings);
  return { width: header.width, height: header.height, pixels };
}
