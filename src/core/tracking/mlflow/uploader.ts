import { join } from 'node:path';
import { JOURNAL_FILE, type JournalEntry, JournalReader } from '../journal-file.ts';
import type { DeliveryReport } from '../tracker.ts';
import { MlflowApi } from './api.ts';
import { attachRun, type JournaledRun } from './attach.ts';
import { MlflowClient, type MlflowRun } from './client.ts';
import type { RetryOptions } from './connection.ts';
import { type DeliveryCursor, loadCursor, NOTHING_SENT, saveCursor } from './cursor.ts';
import { nextGroup, RunDelivery } from './delivery.ts';
import { MlflowError } from './errors.ts';
import type { ServerAddress } from './server-address.ts';

export interface UploaderOptions {
  readonly runDirectory: string;
  readonly address: ServerAddress;
  /** Empty for the run's own. */
  readonly experiment: string;
  /** Added to the run's own. */
  readonly tags: Readonly<Record<string, string>>;
  /** See `DeliveryCursor`. */
  readonly register: string;
  readonly retry?: RetryOptions;
}

const FOLLOW_INTERVAL_MS = 1_000;
const AFTER_FAILURE_MS = 5_000;

/**
 * Delivers a run's journal to an MLflow server, from where the cursor file says. Whatever the server or the disk
 * does, nothing is thrown: what could not be sent stays in the journal and is reported.
 */
export class MlflowUploader {
  readonly #options: UploaderOptions;
  readonly #reader: JournalReader;
  /** Of the whole journal: a server that has lost the run gets all of it again. */
  readonly #entries: JournalEntry[] = [];
  #cursor: DeliveryCursor;
  #run: MlflowRun | undefined;
  #sent = 0;
  #failure: unknown;
  #background = new AbortController();
  #backgroundClient: MlflowClient | undefined;
  #pass: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: UploaderOptions) {
    this.#options = options;
    this.#reader = new JournalReader(join(options.runDirectory, JOURNAL_FILE));
    const { experiment, tags, register } = options;
    const target = { uri: options.address.uri, experiment, tags, register };
    const stored = loadCursor(options.runDirectory);
    this.#cursor = stored?.uri === target.uri ? { ...stored, ...target } : { ...target, ...NOTHING_SENT };
    this.#forgetWhatTheJournalLost();
  }

  /** Delivers in the background what is in the journal and what comes. It does not keep the process alive. */
  follow(): void {
    this.#background = new AbortController();
    this.#backgroundClient = this.#newClient(this.#background.signal);
    this.#schedule(0);
  }

  /** Delivers what is left, in the foreground, and says how it went; following ends here. */
  async flush(timeoutMs: number): Promise<DeliveryReport> {
    clearTimeout(this.#timer);
    this.#background.abort();
    await this.#pass;
    const foreground = new AbortController();
    const timer = setTimeout(() => foreground.abort(), timeoutMs);
    await this.#deliver(this.#newClient(foreground.signal));
    clearTimeout(timer);
    return this.#report();
  }

  /** After a power cut the journal may end before what was sent already; what it gets next is to be sent. */
  #forgetWhatTheJournalLost(): void {
    try {
      this.#entries.push(...this.#reader.readNew());
      const sentSequence = Math.min(this.#cursor.sentSequence, this.#entries.length);
      this.#saveCursor({ ...this.#cursor, sentSequence });
    } catch (error) {
      this.#failure = error;
    }
  }

  #newClient(signal: AbortSignal): MlflowClient {
    const { address, retry } = this.#options;
    return new MlflowClient(new MlflowApi(address, { signal, ...(retry && { retry }) }));
  }

  #schedule(delayMs: number): void {
    const { signal } = this.#background;
    this.#timer = setTimeout(() => {
      this.#pass = this.#deliver(this.#backgroundClient!).then(() => {
        if (!signal.aborted && this.#mayRecover()) this.#schedule(this.#nextDelay());
      });
    }, delayMs).unref();
  }

  /** A wrong password or a deleted run is reported once, not tried again every few seconds. */
  #mayRecover(): boolean {
    return this.#failure === undefined || (this.#failure instanceof MlflowError && this.#failure.transient);
  }

  #nextDelay(): number {
    return this.#failure === undefined ? FOLLOW_INTERVAL_MS : AFTER_FAILURE_MS;
  }

  async #deliver(client: MlflowClient): Promise<void> {
    try {
      this.#failure = undefined;
      this.#entries.push(...this.#reader.readNew());
      const journaled = this.#journaledRun();
      if (journaled !== undefined && this.#unsent.length > 0) await this.#send(client, journaled);
    } catch (error) {
      this.#failure = error;
      this.#run = undefined;
    }
  }

  /** Undefined as long as the journal does not say which run it is. */
  #journaledRun(): JournaledRun | undefined {
    const { header } = this.#reader;
    const start = this.#entries.find(isRunStart);
    if (header === undefined || start === undefined) return undefined;
    return { directory: this.#options.runDirectory, runId: header.runId, start };
  }

  /** Entries are numbered from 1 without a gap. */
  get #unsent(): JournalEntry[] {
    return this.#entries.slice(this.#cursor.sentSequence);
  }

  async #send(client: MlflowClient, journaled: JournaledRun): Promise<void> {
    const run = this.#run ?? (await this.#attach(client, journaled));
    const delivery = new RunDelivery(client, run, journaled);
    for (let unsent = this.#unsent; unsent.length > 0; ) {
      const group = nextGroup(unsent);
      this.#saveCursor(await delivery.send(group, this.#cursor));
      this.#sent += group.length;
      unsent = unsent.slice(group.length);
    }
  }

  async #attach(client: MlflowClient, journaled: JournaledRun): Promise<MlflowRun> {
    const { run, cursor } = await attachRun(client, journaled, this.#cursor);
    this.#saveCursor(cursor);
    this.#run = run;
    return run;
  }

  #saveCursor(cursor: DeliveryCursor): void {
    this.#cursor = cursor;
    saveCursor(this.#options.runDirectory, cursor);
  }

  #report(): DeliveryReport {
    const { refused, experimentId, runId } = this.#cursor;
    const { uri } = this.#options.address;
    const page = experimentId && runId ? { url: pageOf(uri, experimentId, runId) } : {};
    return {
      sent: this.#sent,
      unsent: this.#unsent.length + refused.length,
      message: this.#message(),
      ...page,
    };
  }

  #message(): string {
    const { refused, artifactsKeptLocal } = this.#cursor;
    const unsent = this.#unsent.length;
    const parts: string[] = [];
    if (unsent > 0) {
      parts.push(`${count(unsent, 'item')} unsent (${reasonOf(this.#failure)})`);
      parts.push(`send the rest with: fsx sync ${this.#options.runDirectory}`);
    }
    if (refused.length > 0) {
      parts.push(`${count(refused.length, 'item')} refused by MLflow (${refused[0]!.reason})`);
    }
    if (artifactsKeptLocal > 0) {
      parts.push(
        `${count(artifactsKeptLocal, 'artifact')} only in the run folder, because the server was not started with --serve-artifacts`,
      );
    }
    return parts.length === 0 ? 'everything is in MLflow' : parts.join('; ');
  }
}

/** Of a run. MLflow 3 shows it among the pages for language models unless it is told what the run is. */
function pageOf(uri: string, experimentId: string, runId: string): string {
  return `${uri}/#/experiments/${experimentId}/runs/${runId}?workflowType=machine_learning`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function isRunStart(entry: JournalEntry): entry is JournaledRun['start'] {
  return entry.item.kind === 'run-start';
}

function reasonOf(failure: unknown): string {
  if (failure === undefined) return 'the journal does not say which run it is';
  return failure instanceof Error ? failure.message : String(failure);
}
