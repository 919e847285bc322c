import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { RunError } from '../errors.ts';
import {
  encodeEntry,
  JOURNAL_FILE,
  type JournalEntry,
  type JournalHeader,
  readJournal,
} from './journal-file.ts';
import type { TrackedItem } from './tracker.ts';

const SYNC_INTERVAL_MS = 3_000;

export interface JournalOptions {
  /**
   * For a resumed run: the journal's `sequence` when the checkpoint was written. The steps after the checkpoint are
   * trained once more; a metric point (name and step) or a picture of a series that the interrupted run wrote for them
   * is not written again, so that the journal stays append-only, every point is there once, and what a server has already got stays true.
   */
  readonly resumeAfter?: number;
  /** Of a journal that is created; a new UUID where absent. */
  readonly runId?: string;
  /** Milliseconds since 1970; the system's clock where absent. */
  readonly now?: () => number;
}

/**
 * Everything that a run tracks, in order: the file `journal.jsonl` of its folder, one JSON object a line, appended to
 * and never rewritten. It reaches the disk at every `sync()` and at least every few seconds.
 */
export class Journal {
  readonly header: JournalHeader;
  readonly #descriptor: number;
  readonly #file: string;
  readonly #now: () => number;
  readonly #alreadyWritten: ReadonlySet<string>;
  readonly #timer: NodeJS.Timeout;
  #sequence: number;
  #lastMs: number;
  #wholeBytes: number;
  #dirty = false;

  /** Opens a run folder's journal, creating it where there is none, and cuts a last line torn by a crash. */
  constructor(runDirectory: string, options: JournalOptions = {}) {
    this.#now = options.now ?? Date.now;
    this.#file = join(runDirectory, JOURNAL_FILE);
    if (!existsSync(this.#file)) createJournal(this.#file, this.#now(), options.runId ?? randomUUID());
    const { header, entries, wholeBytes } = readJournal(runDirectory);
    this.header = header;
    this.#sequence = entries.at(-1)?.sequence ?? 0;
    this.#lastMs = entries.at(-1)?.timestampMs ?? header.createdMs;
    this.#wholeBytes = wholeBytes;
    this.#alreadyWritten = pointsAfter(options.resumeAfter ?? this.#sequence, entries);
    this.#descriptor = openSync(this.#file, 'r+');
    ftruncateSync(this.#descriptor, wholeBytes);
    this.#timer = setInterval(() => this.#syncInBackground(), SYNC_INTERVAL_MS).unref();
  }

  /** Of the last entry; 0 where there is none. A checkpoint stores it for `resumeAfter`. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The time, which does not go back where the clock is set back. */
  nowMs(): number {
    return Math.max(this.#lastMs, this.#now());
  }

  /** @throws RunError `FSX_JOURNAL_WRITE_FAILED`, for instance when the disk is full; what was written before stays. */
  append(item: TrackedItem): void {
    const fresh = this.#withoutWrittenPoints(item);
    if (fresh === undefined) return;
    const entry: JournalEntry = { sequence: this.#sequence + 1, timestampMs: this.nowMs(), item: fresh };
    this.#write(Buffer.from(encodeEntry(entry)));
    this.#sequence = entry.sequence;
    this.#lastMs = entry.timestampMs;
    this.#dirty = true;
  }

  /** Waits until everything is on the disk: at the end of a stage, and before a checkpoint names a sequence. */
  sync(): void {
    try {
      fsyncSync(this.#descriptor);
      this.#dirty = false;
    } catch (cause) {
      throw this.#writeFailed(cause);
    }
  }

  close(): void {
    clearInterval(this.#timer);
    try {
      this.sync();
    } finally {
      closeSync(this.#descriptor);
    }
  }

  #withoutWrittenPoints(item: TrackedItem): TrackedItem | undefined {
    if (this.#alreadyWritten.size === 0) return item;
    if (item.kind === 'image') {
      return this.#alreadyWritten.has(pointKey(item.image.step, item.image.key)) ? undefined : item;
    }
    if (item.kind !== 'metrics') return item;
    const fresh = Object.entries(item.metrics).filter(
      ([name]) => !this.#alreadyWritten.has(pointKey(item.step, name)),
    );
    return fresh.length === 0 ? undefined : { ...item, metrics: Object.fromEntries(fresh) };
  }

  #write(line: Buffer): void {
    try {
      let written = 0;
      while (written < line.length) {
        const position = this.#wholeBytes + written;
        written += writeSync(this.#descriptor, line, written, line.length - written, position);
      }
      this.#wholeBytes += line.length;
    } catch (cause) {
      this.#cutTornLine();
      throw this.#writeFailed(cause);
    }
  }

  #cutTornLine(): void {
    try {
      ftruncateSync(this.#descriptor, this.#wholeBytes);
    } catch {
      // the torn line stays, and is cut when the journal is opened again
    }
  }

  #syncInBackground(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    fdatasync(this.#descriptor, (error) => {
      if (error) this.#dirty = true;
    });
  }

  #writeFailed(cause: unknown): RunError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new RunError(
      'FSX_JOURNAL_WRITE_FAILED',
      `cannot write ${this.#file}: ${reason}; the ${this.#sequence} items before are kept`,
      {
        suggestion: 'make room on the disk and continue with `fsx resume`',
        cause,
      },
    );
  }
}

/** Written under another name first, so that a journal always has its header. */
function createJournal(file: string, createdMs: number, runId: string): void {
  const header: JournalHeader = { format: 'fsx-journal', version: 1, runId, createdMs };
  const draft = `${file}.new`;
  try {
    writeFileSync(draft, `${JSON.stringify(header)}\n`, { flush: true });
    renameSync(draft, file);
  } catch (cause) {
    throw new RunError('FSX_JOURNAL_WRITE_FAILED', `cannot create ${file}; nothing was tracked yet`, {
      suggestion: `check that ${dirname(file)} can be written and that its disk has room`,
      cause,
    });
  }
}

function pointsAfter(sequence: number, entries: readonly JournalEntry[]): Set<string> {
  const points = new Set<string>();
  for (const { item } of entries.slice(sequence)) {
    if (item.kind === 'image') points.add(pointKey(item.image.step, item.image.key));
    if (item.kind !== 'metrics') continue;
    for (const name of Object.keys(item.metrics)) points.add(pointKey(item.step, name));
  }
  return points;
}

function pointKey(step: number, name: string): string {
  return `${step} ${name}`;
}
