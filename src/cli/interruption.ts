import { EXIT_CODES } from '../core/errors.ts';
import type { Interruption } from '../core/experiment/train.ts';

/** Ctrl-C or SIGTERM asks the run to stop after its step; a second one stops at once. */
export function watchInterrupts(tell: (message: string) => void): Interruption {
  const interruption: Interruption = { requested: false };
  const stop = () => {
    if (interruption.requested) process.exit(EXIT_CODES.interrupted);
    interruption.requested = true;
    tell('Stopping after this step; once more stops at once.');
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return interruption;
}
