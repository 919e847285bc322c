import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { string as stringArgument } from '@oclif/core/args';
import { boolean, custom, integer, option, string } from '@oclif/core/flags';
import { EXIT_CODES, UsageError } from '../../core/errors.ts';
import type { KnownRadii } from '../../core/experiment/known-radii.ts';
import type { TrainedModel } from '../../core/experiment/trained-model.ts';
import { BaseCommand } from '../base-command.ts';
import { checkpointFlag, combineFlag, engineFlag, withFlag } from '../flags.ts';

const MOST_VIEWS = 128;

const millimetres = custom<number>({
  helpValue: 'MM',
  parse: async (text) => {
    const spacing = Number(text);
    if (Number.isFinite(spacing) && spacing > 0) return spacing;
    throw new UsageError('FSX_SPACING', `"${text}" is not the side of a pixel in mm`, {
      suggestion: 'Write a positive number, such as --spacing 0.1.',
    });
  },
});

export default class Predict extends BaseCommand {
  static override summary = 'Find the landmarks of new images with a trained model';
  static override description =
    'Needs the checkpoint alone: no recipe and no dataset. Positions are in pixels of the image files (0 at the ' +
    'centre of the first pixel), and in mm with --spacing. The spread says how sure the network is: the root mean ' +
    'square distance of its answers for the image and for slightly turned, scaled and shifted views of it (--tta) to ' +
    'their mean. The position itself is what `fsx evaluate` measures: the answer for the plain image, moved by matching ' +
    'where the recipe has evaluation.matching. ' +
    'The radius is how near the true landmark lies in the named share of images like those of the training: split ' +
    'conformal prediction on the validation images of the run, so it is left out for a checkpoint outside its run, for ' +
    'an ensemble and with --flip. ' +
    'An image that cannot be read is reported, the others are predicted, and the exit code is 4.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> runs/2026-01-31T12-00-00-chest-5shot films/*.png',
    '<%= config.bin %> <%= command.id %> model.safetensors films --spacing 0.143 --output landmarks.csv --overlays drawings',
    '<%= config.bin %> <%= command.id %> runs/2026-01-31T12-00-00-chest-5shot film.tif --format json --tta 0',
    '<%= config.bin %> <%= command.id %> runs/A films/*.png --with runs/B --with runs/C --combine median',
  ];
  static override strict = false;
  static override args = {
    model: stringArgument({ description: 'a run folder or a .safetensors checkpoint', required: true }),
    images: stringArgument({
      description: 'PNG, JPEG, TIFF or BMP files, or folders of them',
      required: true,
    }),
  };
  static override flags = {
    output: string({
      description: 'write the landmarks there instead of on standard output',
      helpValue: 'FILE',
    }),
    format: option({ options: ['csv', 'json'] as const })({
      default: 'csv',
      description: 'csv: a line a landmark; json: an entry an image',
    }),
    weights: option({ options: ['teacher', 'student', 'both'] as const })({
      default: 'teacher',
      description: 'which of the two networks predicts; both: they are combined',
    }),
    with: withFlag,
    combine: combineFlag,
    flip: boolean({
      description: 'average with the answer for the mirrored image, left and right landmarks swapped back',
    }),
    tta: integer({
      default: 8,
      min: 0,
      max: MOST_VIEWS,
      helpValue: 'VIEWS',
      description: 'test-time augmentation: moved views of each image for the spread; 0 turns it off',
    }),
    spacing: millimetres({ description: 'side of a pixel in mm, for positions in mm' }),
    overlays: string({
      description: 'draw the landmarks over the images, into this folder',
      helpValue: 'DIR',
    }),
    checkpoint: checkpointFlag,
    engine: engineFlag,
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Predict);
    const [target, ...paths] = argv.map(String) as [string, ...string[]];
    const { openModel } = await import('../open-model.ts');
    const { drawPredictions, listImages, predictFiles } = await import(
      '../../core/experiment/predict-files.ts'
    );
    const { weights, combine, flip, tta, spacing, format, output, overlays } = flags;
    const { checkpoint, engine } = flags;
    const trained = await openModel(target, { checkpoint, engine });
    const models: [TrainedModel, ...TrainedModel[]] = [trained];
    for (const other of flags.with ?? [])
      models.push(await openModel(other, { checkpoint: undefined, engine }));
    let failed = 0;
    const onError = ({ code, message }: { code: string; message: string }) => {
      failed += 1;
      this.logToStderr(`Error: ${message} (${code})`);
    };
    const images = await listImages(paths, onError);
    const predictions = await predictFiles(models, images, {
      ...{ weights, flip, onError },
      combination: combine,
      views: tta,
      ...(spacing === undefined ? {} : { spacing: { xMm: spacing, yMm: spacing } }),
    });
    const alone = models.length === 1 && weights !== 'both' && !flip;
    const radii = alone ? await this.#radiiOf(trained, weights) : undefined;
    const { formatPredictions } = await import('../../core/experiment/prediction-formats.ts');
    const text = formatPredictions(format, predictions, trained.facts.landmarkNames, radii);
    if (output === undefined) process.stdout.write(text);
    else await writeOutput(output, text);
    if (overlays !== undefined) await drawPredictions(overlays, predictions, trained);
    if (output !== undefined)
      this.log(`${predictions.length} of ${predictions.length + failed} images: ${output}`);
    if (failed > 0) this.exit(EXIT_CODES.data);
  }

  async #radiiOf(trained: TrainedModel, weights: 'teacher' | 'student'): Promise<KnownRadii | undefined> {
    const { knownRadii } = await import('../../core/experiment/known-radii.ts');
    const radii = await knownRadii(trained, weights);
    if (radii?.notice !== undefined) this.logToStderr(`Note: ${radii.notice}`);
    return radii;
  }
}

async function writeOutput(path: string, text: string): Promise<void> {
  const { writeFileAtomically } = await import('../../core/atomic-file.ts');
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomically(path, [text]);
}
