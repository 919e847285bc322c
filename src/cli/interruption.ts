import { EXIT_CODES } from '../core/errors.ts';
import type { Interruption } from '../core/experiment/train.ts';

/**
 * Ctrl-C or SIGTERM asks the run to stop after its step; a second one stops at once. A child of `fsx bench` or of
 * `fsx sweep` is also asked by the end of the IPC channel between them: none is left behind when its parent is killed.
 */
export function watchInterrupts(tell: (message: string) => void): Interruption {
  // undefined without a channel, false when it is closed already
  const interruption: Interruption = { requested: process.connected === false };
  const stop = () => {
    if (interruption.requested) process.exit(EXIT_CODES.interrupted);
    interruption.requested = true;
    tell('Stopping after this step; once more stops at once.');
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.once('disconnect', () => {
    interruption.requested = true;
  });
  process.channel?.unref();
  return interruption;
}

/** The same as a signal, for what runs trials in processes of their own. */
export function interruptSignal(tell: (message: string) => void): AbortSignal {
  const controller = new AbortController();
  watchInterrupts((message) => {
    tell(message);
    controller.abort();
  });
  return controller.signal;
}
