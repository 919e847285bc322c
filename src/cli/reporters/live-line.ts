import { createLogUpdate } from 'log-update';

/** On a stream that is no terminal, a progress line at most so often. */
const PLAIN_INTERVAL_MS = 10_000;

export interface LiveLine {
  print(text: string): void;
  /** @param last true for a line that must not be left out. */
  progress(text: string, last: boolean): void;
}

/** Lines that stay, and a progress line: one that is written over on a terminal, now and then a plain one elsewhere. */
export function liveLine(stream: NodeJS.WriteStream, now: () => number = () => performance.now()): LiveLine {
  const live = stream.isTTY ? createLogUpdate(stream) : undefined;
  let lastPlainMs = Number.NEGATIVE_INFINITY;
  return {
    print(text) {
      live?.clear();
      stream.write(`${text}\n`);
    },
    progress(text, last) {
      if (live !== undefined) return live(text);
      if (!last && now() - lastPlainMs < PLAIN_INTERVAL_MS) return;
      lastPlainMs = now();
      stream.write(`${text}\n`);
    },
  };
}
