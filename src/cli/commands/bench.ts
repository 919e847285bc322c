import { join } from 'node:path';
import { string as stringArgument } from '@oclif/core/args';
import { boolean, integer, string } from '@oclif/core/flags';
import type { Trial } from '../../core/benchmark/plan.ts';
import type { BenchmarkSession } from '../../core/benchmark/session.ts';
import { EXIT_CODES } from '../../core/errors.ts';
import { BaseCommand } from '../base-command.ts';
import { interruptSignal } from '../interruption.ts';
import { PROGRAM } from '../program.ts';
import { tableText } from '../table-text.ts';

export default class Bench extends BaseCommand {
  static override summary = 'Train methods on datasets with several seeds and compare them';
  static override description =
    'Runs the trials of a benchmark file that are not finished, each as a run of its own, and writes tables and plots ' +
    'of all that are: results.md, .csv, .html and .json. Stopped by Ctrl-C or killed, the same command goes on from ' +
    'there. A trial that fails hides no other: it is listed, and tried again with --retry-failed. Every recipe is ' +
    'checked before the first one runs.';
  static override examples = [
    '<%= config.bin %> bench recipes/benchmarks/phantom-smoke.yaml',
    '<%= config.bin %> bench recipes/benchmarks/phantom-smoke.yaml --only method=control,seed=1 --only method=supervised',
    '<%= config.bin %> bench recipes/benchmarks/phantom-smoke.yaml --report-only',
  ];
  static override args = { benchmark: stringArgument({ description: 'a benchmark file', required: true }) };
  static override flags = {
    output: string({
      description: 'folder of the benchmark (default: runs/benchmarks/NAME)',
      helpValue: 'DIR',
    }),
    only: string({
      description: 'run these trials only; several take what any of them takes',
      helpValue: 'dataset=NAME,method=NAME,seed=NUMBER',
      multiple: true,
      multipleNonGreedy: true,
    }),
    list: boolean({ description: 'show the trials and what became of them, and run nothing' }),
    'dry-run': boolean({
      description: 'take one step of each stage of each method on each dataset, and write nothing',
    }),
    'report-only': boolean({ description: 'make the tables from what is finished, and run nothing' }),
    'retry-failed': boolean({ description: 'run trials that failed again, from their beginning' }),
    'rerun-changed': boolean({ description: 'run trials again whose recipe or plugins were changed since' }),
    jobs: integer({
      description: 'trials at a time; more than one disturb each other in time',
      default: 1,
      min: 1,
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Bench);
    const { loadBenchmark } = await import('../../core/benchmark/load.ts');
    const { openSession } = await import('../../core/benchmark/session.ts');
    const { selectTrials } = await import('../../core/benchmark/selection.ts');
    const { createRegistry } = await import('../../composition.ts');
    const benchmark = await loadBenchmark(args.benchmark, {
      createRegistry: () => createRegistry(),
      environment: process.env,
    });
    const directory = flags.output ?? join('runs', 'benchmarks', benchmark.settings.name);
    const open = async () => {
      const session = await openSession(benchmark, directory);
      return { session, chosen: selectTrials(session.plan, benchmark.settings, flags.only ?? []) };
    };
    if (flags.list) return this.#list(await open());
    if (flags['dry-run']) return this.#dryRun((await open()).chosen);
    if (flags['report-only']) return this.#report((await open()).session);
    await this.#train(directory, open, {
      retryFailed: flags['retry-failed'],
      rerunChanged: flags['rerun-changed'],
      jobs: flags.jobs,
    });
  }

  async #list({ session, chosen }: Opened): Promise<void> {
    const { totalSteps } = await import('../../core/benchmark/plan.ts');
    const sources = new Set(chosen.map(({ startsFrom }) => startsFrom));
    const shown = session.plan.filter((trial) => chosen.includes(trial) || sources.has(trial.id));
    const table = {
      caption: `${shown.length} trials in ${session.manifest.directory}, on the ${session.manifest.engine} engine`,
      columns: ['trial', 'state', 'steps', 'first stage from'],
      rows: shown.map((trial): [string, ...string[]] => [
        trial.id,
        session.manifest.stateOf(trial),
        String(totalSteps(trial.recipe)),
        trial.startsFrom ?? '',
      ]),
    };
    this.log(await tableText(table));
  }

  async #dryRun(trials: readonly Trial[]): Promise<void> {
    const { dryRunCandidates } = await import('../../core/benchmark/dry-run.ts');
    const { dryRunRecipes } = await import('../../core/trials/dry-run.ts');
    const failed: string[] = [];
    const signal = interruptSignal((message) => this.log(message));
    await dryRunRecipes({
      ...{ candidates: dryRunCandidates(trials), signal, command: PROGRAM },
      onEnd: ({ label }, { code, complaint }) => {
        if (code !== 0) failed.push(label);
        this.log(`${label}: ${code === 0 ? 'runs' : `fails\n${complaint}`}`);
      },
    });
    if (signal.aborted) this.exit(EXIT_CODES.interrupted);
    if (failed.length > 0) this.exit(EXIT_CODES.run);
  }

  async #train(directory: string, open: () => Promise<Opened>, options: TrainOptions): Promise<void> {
    const { withProcessLock } = await import('../../core/process-lock.ts');
    const { trialsToRun } = await import('../../core/benchmark/selection.ts');
    const { runTrials } = await import('../../core/benchmark/run-trials.ts');
    const { benchReporter } = await import('../reporters/bench-reporter.ts');
    const signal = interruptSignal((message) => this.log(message));
    const wait = () => this.log(`Another fsx works in ${directory}: waiting for it.`);
    const { session, chosen } = await withProcessLock(join(directory, 'lock'), wait, async () => {
      const opened = await open();
      const { plan, manifest } = opened.session;
      const trials = trialsToRun(plan, opened.chosen, manifest, options);
      const listener = benchReporter(process.stdout, trials.length);
      await runTrials({ ...{ trials, manifest, signal, listener }, command: PROGRAM, jobs: options.jobs });
      await this.#report(opened.session);
      return opened;
    });
    if (signal.aborted) this.exit(EXIT_CODES.interrupted);
    if (chosen.some((trial) => session.manifest.stateOf(trial) !== 'finished')) this.exit(EXIT_CODES.run);
  }

  async #report({ benchmark, plan, manifest }: BenchmarkSession): Promise<void> {
    const { collectResults } = await import('../../core/benchmark/results.ts');
    const { methodTable } = await import('../../core/benchmark/result-table.ts');
    const { writeResults } = await import('../../core/benchmark/write-results.ts');
    const results = await collectResults(benchmark, plan, manifest);
    for (const dataset of results.datasets) this.log(await tableText(methodTable(dataset)));
    for (const { trial, error } of results.unfinished.filter(({ state }) => state === 'failed'))
      this.log(`${trial} failed:\n${error?.replaceAll(/^/gm, '  ')}`);
    if (results.unfinished.length > 0)
      this.log(`${results.unfinished.length} of ${plan.length} trials are not finished; --list names them.`);
    if (results.datasets.length === 0) return;
    const files = await writeResults(manifest.directory, results);
    this.log(`Results: ${files.join(', ')}`);
  }
}

interface Opened {
  readonly session: BenchmarkSession;
  readonly chosen: readonly Trial[];
}

interface TrainOptions {
  readonly retryFailed: boolean;
  readonly rerunChanged: boolean;
  readonly jobs: number;
}
