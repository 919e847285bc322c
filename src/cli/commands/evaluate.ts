import { string as stringArgument } from '@oclif/core/args';
import { option, string } from '@oclif/core/flags';
import type { MetricsFile } from '../../core/evaluation/metrics-schema.ts';
import type { ExperimentSource } from '../../core/experiment/experiment.ts';
import type { TrainedModel } from '../../core/experiment/trained-model.ts';
import { BaseCommand } from '../base-command.ts';
import { checkpointFlag, combineFlag, engineFlag, setFlag, withFlag } from '../flags.ts';

interface Evaluated {
  readonly checkpoint: string;
  /** The stage that it was saved in, and the steps of it that were done. */
  readonly stage: string;
  readonly step: number;
  readonly metrics: MetricsFile;
}

export default class Evaluate extends BaseCommand {
  static override summary =
    'Measure a trained model on test images: its own again, or those of another recipe';
  static override description =
    'Without --data: the test images of the run itself, for instance with --checkpoint for the end of an earlier ' +
    'stage. With --data: the dataset, the test split and the radii of that recipe; image size and fit stay as the ' +
    'model was trained. Landmarks are matched by name. The mean shape beside it is that of the training images of ' +
    'the model. With --with, or --weights both, an ensemble is measured too. Error radii come from the validation ' +
    "images of the model's own dataset, or from those that the recipe of --data lists by name. Lengths are " +
    'in mm where every test image has a pixel spacing, else in pixels, and it says so.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> runs/2026-01-31T12-00-00-chest-5shot --checkpoint supervised --output evaluations/supervised',
    '<%= config.bin %> <%= command.id %> runs/2026-01-31T12-00-00-chest-5shot --data recipes/chest-shenzhen-5shot.yaml',
    '<%= config.bin %> <%= command.id %> model.safetensors --data recipes/chest-5shot.yaml --set data.split.test=100',
    '<%= config.bin %> <%= command.id %> runs/A --with runs/B --with runs/C --combine median',
  ];
  static override enableJsonFlag = true;
  static override args = {
    model: stringArgument({ description: 'a run folder or a .safetensors checkpoint', required: true }),
  };
  static override flags = {
    data: string({ description: 'recipe whose test images are taken', helpValue: 'RECIPE' }),
    set: setFlag,
    with: withFlag,
    combine: combineFlag,
    weights: option({ options: ['teacher', 'student', 'both'] as const })({
      description:
        'which networks of each model are combined (default: teacher, or both where the recipe says evaluation.ensemble)',
    }),
    output: string({
      description: 'write metrics.json, predictions.csv and overlays there, for `fsx compare`',
      helpValue: 'DIR',
    }),
    checkpoint: checkpointFlag,
    engine: engineFlag,
  };

  async run(): Promise<Evaluated> {
    const { args, flags } = await this.parse(Evaluate);
    const { openModel } = await import('../open-model.ts');
    const { evaluateCheckpoint, refuseRunFolder, saveEvaluation } = await import(
      '../../core/experiment/evaluate-checkpoint.ts'
    );
    const { textReporter } = await import('../reporters/text-reporter.ts');
    const { checkpoint, engine, output, data, set = [] } = flags;
    if (output !== undefined) await refuseRunFolder(output);
    const trained = await openModel(args.model, { checkpoint, engine });
    const others: TrainedModel[] = [];
    for (const other of flags.with ?? [])
      others.push(await openModel(other, { checkpoint: undefined, engine }));
    const source = await evaluationSource(trained, data, set);
    const weights = flags.weights ?? (source.recipe.evaluation.ensemble ? 'both' : 'teacher');
    const ensemble =
      others.length > 0 || weights === 'both' ? { others, weights, combination: flags.combine } : undefined;
    const listener = textReporter(process.stderr);
    const evaluation = await evaluateCheckpoint(trained, source, listener, ensemble);
    if (output !== undefined) await saveEvaluation(output, evaluation);
    const { metrics } = evaluation.result;
    await this.#print(trained, metrics, output);
    return { checkpoint: trained.checkpointFile, ...placeOf(trained), metrics };
  }

  async #print(trained: TrainedModel, metrics: MetricsFile, output: string | undefined): Promise<void> {
    const { metricsTable, namedMetrics, radiusLine } = await import('../reporters/text-reporter.ts');
    const named = namedMetrics(metrics);
    const { images, notice } = named[0]![1];
    const { stage, step } = placeOf(trained);
    this.log(`Checkpoint: ${trained.checkpointFile} (stage ${stage}, step ${step})`);
    this.log(`Test: ${images} images${notice === undefined ? '' : `. ${notice}`}`);
    this.log(metricsTable(named));
    if (metrics.conformal !== undefined) this.log(radiusLine(metrics.conformal));
    if (output !== undefined) this.log(`Written to ${output}`);
  }
}

function placeOf({ facts }: TrainedModel): { stage: string; step: number } {
  return { stage: facts.recipe.stages[facts.stage]!.name, step: facts.step };
}

/** The recipe that says what to evaluate on: the one named, else the model's own; with what is set changed. */
async function evaluationSource(
  trained: TrainedModel,
  recipeFile: string | undefined,
  overrides: readonly string[],
): Promise<ExperimentSource> {
  if (recipeFile === undefined && overrides.length === 0) return trained;
  const { createRegistry } = await import('../../composition.ts');
  const { loadRecipe } = await import('../../core/recipe/load.ts');
  const { recipeFileOf } = await import('../../core/experiment/trained-model.ts');
  const settings = { createRegistry: () => createRegistry(), overrides, environment: process.env };
  if (recipeFile !== undefined) return loadRecipe(recipeFile, settings);
  return loadRecipe(recipeFileOf(trained), { ...settings, baseDirectory: trained.baseDirectory });
}
