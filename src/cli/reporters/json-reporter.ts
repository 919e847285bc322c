import type { RunListener } from '../../core/experiment/events.ts';

/** Shows a run to a program: every event as one line of JSON. */
export function jsonReporter(stream: NodeJS.WritableStream): RunListener {
  return (event) => {
    stream.write(`${JSON.stringify(event)}\n`);
  };
}
