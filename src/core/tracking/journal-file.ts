import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { RunError } from '../errors.ts';
import type { TrackedItem } from './tracker.ts';

/** Name of the journal inside a run folder. */
export const JOURNAL_FILE = 'journal.jsonl';

/** One line of the journal. */
export interface JournalEntry {
  /** 1 for the first entry, then one more for each. */
  readonly sequence: number;
  readonly timestampMs: number;
  readonly item: TrackedItem;
}

/** The journal's first line. */
export interface JournalHeader {
  readonly format: 'fsx-journal';
  readonly version: 1;
  /** Unique for ever; a tracking server finds the run again by it, wherever its folder has moved. */
  readonly runId: string;
  readonly createdMs: number;
}

export interface JournalContent {
  readonly header: JournalHeader;
  readonly entries: readonly JournalEntry[];
  /** Bytes up to the end of the last whole line; what follows is a line torn by a crash. */
  readonly wholeBytes: number;
}

/** Reads a run's journal; a last line torn by a crash is left out. */
export function readJournal(runDirectory: string): JournalContent {
  const file = join(runDirectory, JOURNAL_FILE);
  if (!existsSync(file)) {
    throw new RunError('FSX_JOURNAL_MISSING', `${runDirectory} holds no ${JOURNAL_FILE}`, {
      suggestion: 'name the folder of a run, as `fsx run` prints it',
    });
  }
  const reader = new JournalReader(file);
  const entries = reader.readNew();
  if (reader.header === undefined) throw corrupt(file, 1, 'the header is missing');
  return { header: reader.header, entries, wholeBytes: reader.offset };
}

/** Follows a journal as it grows, each call giving the whole lines that are new. */
export class JournalReader {
  readonly #file: string;
  #header: JournalHeader | undefined;
  #offset = 0;
  #lines = 0;

  constructor(file: string) {
    this.#file = file;
  }

  get header(): JournalHeader | undefined {
    return this.#header;
  }

  /** Bytes read so far, always the end of a whole line. */
  get offset(): number {
    return this.#offset;
  }

  /** @throws RunError `FSX_JOURNAL_CORRUPT` for a line that is whole and yet makes no sense. */
  readNew(): JournalEntry[] {
    const bytes = readFrom(this.#file, this.#offset);
    const entries: JournalEntry[] = [];
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      const parsed = parseLine(bytes.toString('utf8', start, end));
      // a power cut may leave rubbish in the last line, line end included
      if (parsed === undefined && end === bytes.length - 1) break;
      this.#accept(parsed, entries);
      this.#offset += end + 1 - start;
      start = end + 1;
    }
    return entries;
  }

  #accept(parsed: unknown, entries: JournalEntry[]): void {
    this.#lines += 1;
    if (this.#lines === 1) {
      if (!isHeader(parsed)) throw corrupt(this.#file, 1, 'it is not a journal header of this version');
      this.#header = parsed;
      return;
    }
    const expected = this.#lines - 1;
    if (!isEntry(parsed) || parsed.sequence !== expected) {
      throw corrupt(this.#file, this.#lines, `it is not entry ${expected}`);
    }
    entries.push({ ...parsed, item: decodeItem(parsed.item) });
  }
}

/** The line of an entry, line end included. */
export function encodeEntry(entry: JournalEntry): string {
  return `${JSON.stringify({ ...entry, item: encodeItem(entry.item) })}\n`;
}

/** JSON has no NaN and no infinities: they are written as strings. */
function encodeItem(item: TrackedItem): unknown {
  if (item.kind !== 'metrics') return item;
  const encode = (value: number) => (Number.isFinite(value) ? value : String(value));
  return { ...item, metrics: mapValues(item.metrics, encode) };
}

function decodeItem(item: TrackedItem): TrackedItem {
  if (item.kind !== 'metrics') return item;
  return { ...item, metrics: mapValues(item.metrics, Number) };
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isHeader(value: unknown): value is JournalHeader {
  const header = value as Partial<JournalHeader> | null | undefined;
  return header?.format === 'fsx-journal' && header.version === 1 && typeof header.runId === 'string';
}

function isEntry(value: unknown): value is JournalEntry {
  const entry = value as Partial<JournalEntry> | null | undefined;
  return typeof entry?.sequence === 'number' && typeof entry.item?.kind === 'string';
}

function corrupt(file: string, line: number, why: string): RunError {
  return new RunError('FSX_JOURNAL_CORRUPT', `${file}:${line} cannot be read: ${why}`, {
    suggestion: `remove the lines from ${line} on to keep what comes before them`,
  });
}

function readFrom(file: string, offset: number): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(descriptor).size - offset));
    let filled = 0;
    while (filled < bytes.length) {
      const count = readSync(descriptor, bytes, filled, bytes.length - filled, offset + filled);
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  } finally {
    closeSync(descriptor);
  }
}
