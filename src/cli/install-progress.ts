import type { InstallProgress } from '../core/engine/provisioning/install.ts';

const STEP_NAMES: Record<InstallProgress['step'], string> = {
  wait: 'waiting for another fsx that is installing it',
  download: 'downloading TensorFlow',
  unpack: 'unpacking its libraries',
  compile: 'compiling the binding',
  check: 'loading it once',
};

/** How often a log without a terminal hears of the step that runs. */
const PLAIN_INTERVAL_MS = 10_000;
const TERMINAL_INTERVAL_MS = 500;

/** The steps of an installation: one line that moves on a terminal, a line now and then elsewhere. */
export class InstallProgressLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #startMs = Date.now();
  readonly #timer: NodeJS.Timeout;
  #current: InstallProgress | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    const interval = stream.isTTY ? TERMINAL_INTERVAL_MS : PLAIN_INTERVAL_MS;
    this.#timer = setInterval(() => this.#print(), interval);
  }

  show(progress: InstallProgress): void {
    const isNewStep = progress.step !== this.#current?.step;
    this.#current = progress;
    if (isNewStep || this.#stream.isTTY) this.#print();
  }

  /** Ends the line. May be called twice. */
  finish(): void {
    clearInterval(this.#timer);
    if (this.#current && this.#stream.isTTY) this.#stream.write('\n');
    this.#current = undefined;
  }

  #print(): void {
    if (!this.#current) return;
    const line = `Native TensorFlow: ${this.#describe(this.#current)}`;
    this.#stream.write(this.#stream.isTTY ? `\r\u001b[2K${line}` : `${line}\n`);
  }

  #describe({ step, megabytes, totalMegabytes }: InstallProgress): string {
    const seconds = Math.round((Date.now() - this.#startMs) / 1000);
    const size = megabytes === undefined ? '' : `, ${megabytes} of ${totalMegabytes} MB`;
    return `${STEP_NAMES[step]}${size} (${seconds} s)`;
  }
}
