import { parentPort, workerData } from 'node:worker_threads';
import { type PostedError, postableError } from './worker-error.ts';

/** What a thread says: that it is ready, a value, why there is none, or why it cannot answer anything. */
export type WorkerAnswer<K, V> =
  | { readonly ready: true }
  | { readonly key: K; readonly value: V }
  | { readonly key: K; readonly error: PostedError }
  | { readonly error: PostedError };

/**
 * The life of a worker thread: answers the questions of its `WorkerThread`.
 * @param open gets what the thread was started with, and makes what answers.
 * @param buffersOf memory of a value that the other thread takes over.
 */
export async function answerQuestions<D, K, V>(
  open: (data: D) => Promise<(key: K) => V | Promise<V>>,
  buffersOf: (value: V) => ArrayBuffer[],
): Promise<void> {
  const port = parentPort!;
  const post = (answer: WorkerAnswer<K, V>, transfer: ArrayBuffer[] = []) =>
    port.postMessage(answer, transfer);
  try {
    const answer = await open(workerData as D);
    port.on('message', async (key: K) => {
      try {
        const value = await answer(key);
        post({ key, value }, buffersOf(value));
      } catch (error) {
        post({ key, error: postableError(error) });
      }
    });
    post({ ready: true });
  } catch (error) {
    post({ error: postableError(error) });
  }
}
