import { string as textArg } from '@oclif/core/args';
import { integer, string } from '@oclif/core/flags';
import { EXIT_CODES } from '../../core/errors.ts';
import type { DeliveryReport } from '../../core/tracking/tracker.ts';
import { BaseCommand } from '../base-command.ts';

export default class Sync extends BaseCommand {
  static override summary = 'Send to MLflow what runs have tracked and the server has not got yet';
  static override description =
    'Goes on where each run stopped; doing it twice changes nothing on the server. Without a folder, every run in runs/, ' +
    'those of sweeps and benchmarks included, is looked at. Exits with 8 when something stays unsent.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> runs/2026-11-23T12-00-00-chest-5shot',
    '<%= config.bin %> <%= command.id %> runs/* --uri http://127.0.0.1:5000',
  ];
  static override strict = false;
  static override args = {
    run: textArg({ description: 'folder of a run; several may follow (default: all in runs/)' }),
  };
  static override flags = {
    uri: string({
      description:
        "MLflow server; where absent, the run's own, else MLFLOW_TRACKING_URI, else that of `fsx mlflow start`",
    }),
    timeout: integer({ description: 'seconds to try for each run', default: 300, min: 1 }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Sync);
    const { findRuns, syncRun } = await import('../../core/tracking/mlflow/sync.ts');
    const runs = argv.length > 0 ? (argv as string[]) : findRuns('runs');
    if (runs.length === 0) this.log('There is no run in runs/: name the folder of one');
    let unsent = 0;
    for (const runDirectory of runs) {
      const report = await syncRun(runDirectory, {
        ...(flags.uri !== undefined && { uri: flags.uri }),
        environment: process.env,
        timeoutMs: flags.timeout * 1_000,
      });
      this.log(describe(runDirectory, report));
      unsent += report.unsent;
    }
    if (unsent > 0) this.exit(EXIT_CODES.tracking);
  }
}

function describe(runDirectory: string, { sent, unsent, message, url }: DeliveryReport): string {
  const page = url === undefined ? '' : `\n  ${url}`;
  return `${runDirectory}: ${sent} sent, ${unsent} unsent; ${message}${page}`;
}
