import { join } from 'node:path';
import { string as stringArgument } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { EXIT_CODES } from '../../../core/errors.ts';
import type { PlannedTrial } from '../../../core/sweep/plan.ts';
import { interruptSignal } from '../../interruption.ts';
import { PROGRAM } from '../../program.ts';
import { SweepCommand, trialFlags } from '../../sweep-command.ts';

export default class SweepRun extends SweepCommand {
  static override summary = 'Train a recipe with every setting that a sweep file asks for';
  static override description =
    'Each trial is a run of its own, started by the launcher that the file names. Every recipe is checked before the ' +
    'first one runs. Stopped or killed, `fsx sweep resume` (or the same command) goes on from there. Values and ' +
    'seeds that are added to the file become further trials. Writes results.md, .csv and .html and best.yaml.';
  static override examples = [
    '<%= config.bin %> sweep run recipes/sweeps/phantom-smoke.yaml --dry-run',
    '<%= config.bin %> sweep run recipes/sweeps/phantom-smoke.yaml --set launcher.workers=2',
    '<%= config.bin %> sweep run recipes/sweeps/phantom-smoke.yaml --keep-going',
  ];
  static override args = { sweep: stringArgument({ description: 'a sweep file', required: true }) };
  static override flags = {
    ...trialFlags,
    set: string({
      description: 'another value for a path of the sweep file',
      helpValue: 'PATH=VALUE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    output: string({ description: 'folder of the sweep (default: runs/sweeps/NAME)', helpValue: 'DIR' }),
    'dry-run': boolean({ description: 'take one step of each stage of each point, and write nothing' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SweepRun);
    const { loadSweep } = await import('../../../core/sweep/load.ts');
    const { planTrials } = await import('../../../core/sweep/plan.ts');
    const { SweepManifest } = await import('../../../core/sweep/manifest.ts');
    const { createRegistry } = await import('../../../composition.ts');
    const sweep = await loadSweep(args.sweep, {
      createRegistry: () => createRegistry(),
      environment: process.env,
      overrides: flags.set ?? [],
    });
    const plan = await planTrials(sweep);
    if (flags['dry-run']) return this.#dryRun(plan);
    const directory = flags.output ?? join('runs', 'sweeps', sweep.settings.name);
    await this.train(directory, () => SweepManifest.update(directory, sweep, plan), flags);
  }

  /** Seeds change neither the model nor what the data must hold. */
  async #dryRun(plan: readonly PlannedTrial[]): Promise<void> {
    const { dryRunRecipes } = await import('../../../core/trials/dry-run.ts');
    const candidates = plan
      .filter(({ seed }) => seed === plan[0]!.seed)
      .map(({ label, recipe, baseDirectory }) => ({ label: label || recipe.name, recipe, baseDirectory }));
    const signal = interruptSignal((message) => this.log(message));
    const failed: string[] = [];
    await dryRunRecipes({
      ...{ candidates, signal, command: PROGRAM },
      onEnd: ({ label }, { code, complaint }) => {
        if (code !== 0) failed.push(label);
        this.log(`${label}: ${code === 0 ? 'runs' : `fails\n${complaint}`}`);
      },
    });
    if (signal.aborted) this.exit(EXIT_CODES.interrupted);
    if (failed.length > 0) this.exit(EXIT_CODES.run);
    this.log(`All ${candidates.length} points run, ${plan.length} trials in all.`);
  }
}
