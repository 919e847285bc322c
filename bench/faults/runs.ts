import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../src/core/random.ts';
import { JOURNAL_FILE } from '../../src/core/tracking/journal-file.ts';
import { readCheckpoint } from '../../src/core/training/checkpoint.ts';
import { type CliOptions, type CliOutcome, eventsOf, runFolder } from '../../test/e2e/cli.ts';
import { skewedClock } from '../../test/support/skewed-clock.ts';
import { SmallDisk } from '../../test/support/small-disk.ts';
import { type Cost, printHead, printRow, printSoFar, type Row, rowOf } from './table.ts';
import { resume, start, WholeRun } from './whole-run.ts';

const KILLS = 50;
const KILLS_IN_A_WRITE = 15;
const MOST_DELAY_MS = 500;
const DISKS = 10;
const COPIES = 10;
/** Of a checkpoint, not of the second name of the one before. */
const DRAFT = /^[\w-]+\.safetensors\.\d+\.tmp$/;
const DAY_MS = 86_400_000;

const COLUMNS = ['ended in the same final weights', 'steps lost', 'steps doubled'] as const;

/** kill -9 at random moments of a run, again and again until it ends, and in the middle of writing a checkpoint. */
export async function tryKills(folder: string): Promise<void> {
  const random = new Random(1, 'kills');
  const whole = await WholeRun.of(folder);
  printHead(COLUMNS);
  const costs: Cost[] = [];
  let kills = 0;
  const row = () => rowOf('kill -9 at a random moment, runs killed until they end', costs, kills);
  while (kills < KILLS) {
    const moment = () => killedAfter(random.integer(0, whole.events), random.uniform(0, MOST_DELAY_MS));
    let outcome = await start(folder, moment());
    const run = runFolder(outcome);
    for (; outcome.signal === 'SIGKILL'; kills++) outcome = await resume(run, moment());
    costs.push(await whole.costOf(run));
    printSoFar(row());
  }
  printRow(row());
  printRow(await tryWrites(folder, whole, random));
}

async function tryWrites(folder: string, whole: WholeRun, random: Random): Promise<Row> {
  const fault = 'kill -9 while a checkpoint is written, half of it on the disk';
  const costs: Cost[] = [];
  while (costs.length < KILLS_IN_A_WRITE) {
    const run = runFolder(await start(folder, killedInWrite(random.integer(1, 16))));
    const halfWritten = checkpointsOf(run).some((name) => name.endsWith('.tmp'));
    await resume(run);
    if (!halfWritten) continue;
    costs.push(await whole.costOf(run));
    printSoFar(rowOf(fault, costs));
  }
  return rowOf(fault, costs);
}

/** Disks of a random size, which fill up at some point of the run and then get more room. */
export async function tryDisks(folder: string): Promise<void> {
  const random = new Random(2, 'disks');
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  const whole = await WholeRun.of(folder);
  printHead(COLUMNS);
  const fault = 'disk full at a random point, room made, resumed';
  const costs: Cost[] = [];
  while (costs.length < DISKS) {
    const small = SmallDisk.mount(disk, `${Math.round(random.uniform(100, 2_600))}k`);
    if (typeof small === 'string') return console.log(`skipped, a small disk cannot be mounted: ${small}`);
    try {
      const full = await start(disk);
      if (full.code === 0 || eventsOf(full.events, 'start').length === 0) continue;
      console.error(full.stderr.split('\n')[0]);
      small.remount('size=64m');
      await resume(runFolder(full));
      costs.push(await whole.costOf(runFolder(full)));
      printSoFar(rowOf(fault, costs));
    } finally {
      small.unmount();
    }
  }
  printRow(rowOf(fault, costs));
}

/** Faults between a kill and a resume, each tried on copies of killed runs. */
export async function tryTheRest(folder: string): Promise<void> {
  const random = new Random(3, 'rest');
  const whole = await WholeRun.of(folder);
  printHead(COLUMNS);
  const killed = await start(folder, killedInWrite(12));
  const again = async (fault: string, harm: (run: string, copy: number) => Promise<CliOutcome>) => {
    const costs: Cost[] = [];
    for (let copy = 0; copy < COPIES; copy++) {
      const run = join(folder, `${fault}-${copy}`);
      cpSync(runFolder(killed), run, { recursive: true });
      const { code, stderr } = await harm(run, copy);
      if (code !== 0) console.error(stderr);
      costs.push(await whole.costOf(run));
      printSoFar(rowOf(fault, costs));
    }
    printRow(rowOf(fault, costs));
  };
  await again('a random bit of the last checkpoint flipped', async (run) => {
    flipBit(join(run, 'checkpoints/last.safetensors'), random);
    return resume(run);
  });
  await again('journal cut at a random byte after its last flush', async (run) => {
    await cutJournal(run, random);
    return resume(run);
  });
  await again('clock a day ahead or back from a random moment on', (run, copy) => {
    const skewMs = copy % 2 === 0 ? DAY_MS : -DAY_MS;
    return resume(run, { env: skewedClock(skewMs, random.uniform(0, whole.durationMs)) });
  });
  let refused = 0;
  await again('two processes resume the same run at once', async (run) => {
    const both = await Promise.all([resume(run), resume(run)]);
    refused += both.filter(({ stderr }) => stderr.includes('FSX_RUN_BUSY')).length;
    return both.find(({ code }) => code === 0) ?? both[0];
  });
  console.log(`\nOf two processes the second was refused with FSX_RUN_BUSY ${refused} of ${COPIES} times.`);
}

/** kill -9 some time after the run has said so many things since it has its folder. */
function killedAfter(events: number, delayMs: number): CliOptions {
  let said = -1;
  return {
    onEvent: ({ kind }, process) => {
      if (kind !== 'start' && said < 0) return;
      said += 1;
      if (said === events) setTimeout(() => process.kill('SIGKILL'), delayMs);
    },
  };
}

/** kill -9 as soon as the draft of the nth checkpoint is there. */
function killedInWrite(nth: number): CliOptions {
  return {
    onEvent: (event, process) => {
      if (event.kind !== 'start') return;
      const checkpoints = join(event.header.runDirectory, 'checkpoints');
      let drafts = 0;
      const watcher = watch(checkpoints, (type, name) => {
        if (type !== 'rename' || name === null || !DRAFT.test(name)) return;
        // renamed to what it was made for, it is gone
        if (existsSync(join(checkpoints, name))) drafts += 1;
        if (drafts === nth) process.kill('SIGKILL');
      });
      process.on('exit', () => watcher.close());
    },
  };
}

function checkpointsOf(run: string): string[] {
  return readdirSync(join(run, 'checkpoints'));
}

function flipBit(file: string, random: Random): void {
  const bytes = readFileSync(file);
  bytes[random.integer(0, bytes.length - 1)]! ^= 1 << random.integer(0, 7);
  writeFileSync(file, bytes);
}

/** What a power cut may take: all that was appended since the last checkpoint made sure of the journal. */
async function cutJournal(run: string, random: Random): Promise<void> {
  const { facts } = await readCheckpoint(join(run, 'checkpoints/last.safetensors'));
  const file = join(run, JOURNAL_FILE);
  const bytes = readFileSync(file);
  let kept = 0;
  for (let line = 0; line <= facts.journalSequence; line++) kept = bytes.indexOf(10, kept) + 1;
  truncateSync(file, random.integer(kept, bytes.length - 1));
}
