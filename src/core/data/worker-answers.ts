import { parentPort, workerData } from 'node:worker_threads';
import { type PostedError, postableError } from './worker-error.ts';

/** What a thread is asked: its answer bears the same number. */
export interface WorkerQuestion<Q> {
  readonly number: number;
  readonly question: Q;
}

/** What a thread says: that it is ready, a value, why there is none, or why it cannot answer anything. */
export type WorkerAnswer<V> =
  | { readonly ready: true }
  | { readonly number: number; readonly value: V }
  | { readonly number: number; readonly error: PostedError }
  | { readonly error: PostedError };

/**
 * The life of a worker thread: answers the questions of its `WorkerThread`.
 * @param open gets what the thread was started with, and makes what answers.
 * @param buffersOf memory of a value that the other thread takes over.
 */
export async function answerQuestions<D, Q, V>(
  open: (data: D) => Promise<(question: Q) => V | Promise<V>>,
  buffersOf: (value: V) => ArrayBuffer[],
): Promise<void> {
  const port = parentPort!;
  const post = (answer: WorkerAnswer<V>, transfer: ArrayBuffer[] = []) => port.postMessage(answer, transfer);
  try {
    const answer = await open(workerData as D);
    port.on('message', async ({ number, question }: WorkerQuestion<Q>) => {
      try {
        const value = await answer(question);
        post({ number, value }, buffersOf(value));
      } catch (error) {
        post({ number, error: postableError(error) });
      }
    });
    post({ ready: true });
  } catch (error) {
    post({ error: postableError(error) });
  }
}
