import type { RunListener } from '../../core/experiment/events.ts';
import { redact } from '../../core/secrets.ts';

/** Shows a run to a program: every event as one line of JSON. */
export function jsonReporter(stream: NodeJS.WritableStream): RunListener {
  return (event) => {
    stream.write(`${redact(JSON.stringify(event))}\n`);
  };
}
