import type { Backbone, GraphHead, HeadOffer } from '../nn/model.ts';
import { ParameterLayout, ParameterScope } from '../nn/parameters.ts';
import type { PluginReference } from '../plugins/definition.ts';
import { nearestNames } from '../plugins/nearest.ts';
import type { PluginRegistry } from '../plugins/registry.ts';
import type { FeatureLoss, LandmarkLoss, SslStrategy } from '../training/strategy.ts';
import type { Finding } from './explain.ts';
import type { Recipe } from './schema.ts';

/** A rule that a schema cannot say. */
type Rule = (recipe: Recipe, registry: PluginRegistry) => Finding[];

/** Everything in a recipe that contradicts itself; asked only once each value alone is valid. */
export function checkRules(recipe: Recipe, registry: PluginRegistry): Finding[] {
  return RULES.flatMap((rule) => rule(recipe, registry));
}

const stageNamesDiffer: Rule = ({ stages }) => {
  const names = stages.map(({ name }) => name);
  return names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? []
      : [{ path: ['stages', index, 'name'], message: `a stage before this one is named "${name}" too` }],
  );
};

const stagesStartFromEarlierOnes: Rule = ({ stages }) =>
  stages.flatMap(({ from }, index) => {
    if (from === undefined || isCheckpointPath(from)) return [];
    const earlier = stages.slice(0, index).map(({ name }) => name);
    if (earlier.includes(from)) return [];
    const later = stages.slice(index).some(({ name }) => name === from);
    const near = nearestNames(from, earlier)[0];
    return [
      {
        path: ['stages', index, 'from'],
        message: later ? `stage "${from}" does not run before this one` : `there is no stage "${from}"`,
        expected: `${earlier.length === 0 ? '' : `one of ${earlier.join(', ')}, or `}a checkpoint file (*.safetensors)`,
        ...(near === undefined ? {} : { suggestion: `Did you mean ${near}?` }),
      },
    ];
  });

function isCheckpointPath(from: string): boolean {
  return /[/\\]|\.safetensors$/.test(from);
}

const imageSizeSuitsBackbone: Rule = ({ data, model }, registry) =>
  whenMade(['model', 'backbone'], () => {
    const { divisor } = makeBackbone(model.backbone, registry);
    return data.image.size.flatMap((pixels, axis) =>
      pixels % divisor === 0
        ? []
        : [
            {
              path: ['data', 'image', 'size', axis],
              message: `the backbone "${model.backbone.type}" needs an image ${axis === 0 ? 'height' : 'width'} that ${divisor} divides, not ${pixels}`,
              suggestion: `Take ${nearestMultiple(pixels, divisor)}.`,
            },
          ],
    );
  });

const weightsSuitBackbone: Rule = ({ model }, registry) =>
  model.weights === null
    ? []
    : whenMade(['model', 'backbone'], () =>
        makeBackbone(model.backbone, registry).published !== undefined
          ? []
          : [
              {
                path: ['model', 'weights'],
                message: `no published weights are known that fit the backbone "${model.backbone.type}"`,
                suggestion: 'Remove model.weights, or take a backbone that has some, such as resnet.',
              },
            ],
      );

function nearestMultiple(pixels: number, divisor: number): number {
  return Math.max(1, Math.round(pixels / divisor)) * divisor;
}

const unlabeledImagesAreThere: Rule = ({ data, stages }, registry) => {
  if (data.split.unlabeled !== 0) return [];
  return eachStrategy(stages, registry, ({ usesUnlabeled }, type) =>
    usesUnlabeled
      ? {
          message: `the strategy "${type}" uses unlabeled images, and data.split.unlabeled is 0`,
          suggestion: 'Set data.split.unlabeled to rest, or take another strategy.',
        }
      : undefined,
  );
};

const plainViewsArePlain: Rule = ({ augmentation, stages }, registry) => {
  if (augmentation.weak.length === 0) return [];
  return eachStrategy(stages, registry, ({ needsPlainView }, type) =>
    needsPlainView === true
      ? {
          message: `the strategy "${type}" keeps what it learns of an image, and augmentation.weak moves the image each time`,
          suggestion: 'Set augmentation.weak to [].',
        }
      : undefined,
  );
};

const weakViewsAreNotBent: Rule = ({ augmentation }, registry) =>
  augmentation.weak.flatMap((reference, index) =>
    whenMade(['augmentation', 'weak', index], () => {
      const { displacement } = registry.create('augmentation', reference, {});
      if (displacement === undefined) return [];
      return [
        {
          path: ['augmentation', 'weak', index, 'type'],
          message: `"${reference.type}" bends the image, and only the strong view may be bent`,
          suggestion: 'Move it to augmentation.strong.',
        },
      ];
    }),
  );

/** Losses and strategies find in the head's output what they learn from. */
const headOffersWhatIsNeeded: Rule = ({ model, training, stages }, registry) =>
  whenMade(['model', 'head'], () => {
    const { offers } = makeHead(model, registry);
    const lacking = (needs: readonly HeadOffer[] = []) => needs.filter((need) => !offers.includes(need));
    const describeLack = (what: string, type: string, lack: readonly HeadOffer[]) => ({
      message: `the ${what} "${type}" learns from ${lack.join(' and ')}, and the head "${model.head.type}" offers ${offers.join(' and ')}`,
      suggestion: `\`fsx plugins list\` says what each ${what} and head is for.`,
    });
    const losses = [
      { path: ['training', 'loss'], reference: training.loss },
      ...stages.flatMap(({ loss }, index) =>
        loss === undefined ? [] : [{ path: ['stages', index, 'loss'], reference: loss }],
      ),
    ];
    const usedLosses = losses.filter(
      ({ path }) => path[0] === 'stages' || stages.some(({ loss }) => loss === undefined),
    );
    return [
      ...usedLosses.flatMap(({ path, reference }) =>
        whenMade(path, () => {
          const loss = registry.create('loss', reference, {});
          const lack = loss.compares === 'landmarks' ? lacking(loss.needs) : [];
          if (lack.length === 0) return [];
          return [{ path: [...path, 'type'], ...describeLack('loss', reference.type, lack) }];
        }),
      ),
      ...eachStrategy(stages, registry, ({ needs }, type) => {
        const lack = lacking(needs);
        return lack.length === 0 ? undefined : describeLack('strategy', type, lack);
      }),
    ];
  });

/** What is wrong with each stage's strategy, at its `type`. */
function eachStrategy(
  stages: Recipe['stages'],
  registry: PluginRegistry,
  check: (strategy: SslStrategy, type: string) => Omit<Finding, 'path'> | undefined,
): Finding[] {
  return stages.flatMap(({ ssl }, index) => {
    const path = ['stages', index, 'ssl'];
    return whenMade(path, () => {
      const finding = check(makeStrategy(ssl, registry), ssl.type);
      return finding === undefined ? [] : [{ path: [...path, 'type'], ...finding }];
    });
  });
}

/** The findings about a plugin, or that it cannot be made. */
function whenMade(path: Finding['path'], findings: () => Finding[]): Finding[] {
  try {
    return findings();
  } catch (error) {
    return [{ path, message: `this plugin cannot be made: ${messageOf(error)}` }];
  }
}

function makeBackbone(reference: PluginReference, registry: PluginRegistry): Backbone {
  const scope = new ParameterScope(new ParameterLayout());
  return registry.create('backbone', reference, { scope, inputChannels: 1 });
}

/** A head for three landmarks: what a head offers does not depend on how many there are. */
function makeHead({ backbone, head }: Recipe['model'], registry: PluginRegistry): GraphHead {
  return registry.create('graph-head', head, {
    scope: new ParameterScope(new ParameterLayout()),
    featureChannels: makeBackbone(backbone, registry).channels,
    landmarkCount: 3,
    meanShape: Float32Array.of(0.25, 0.25, 0.75, 0.25, 0.5, 0.75),
    edges: [],
  });
}

function makeStrategy(ssl: PluginReference, registry: PluginRegistry): SslStrategy {
  return registry.create('ssl', ssl, {
    landmarkLoss: (reference) => registry.create('loss', reference, {}) as LandmarkLoss,
    featureLoss: (reference) => registry.create('loss', reference, {}) as FeatureLoss,
  });
}

const imagesHaveOneUse: Rule = ({ data }) => {
  const uses = ['labeled', 'validation', 'test'] as const;
  const taken = new Map<string, string>();
  return uses.flatMap((use) => {
    const ids = data.split[use];
    if (!Array.isArray(ids)) return [];
    return ids.flatMap((id, index): Finding[] => {
      const other = taken.get(id);
      taken.set(id, use);
      if (other === undefined) return [];
      return [{ path: ['data', 'split', use, index], message: `image "${id}" is already used for ${other}` }];
    });
  });
};

const bestCheckpointNeedsValidation: Rule = ({ data, evaluation }) => {
  const { validation } = data.split;
  if (evaluation.checkpoint !== 'best' || (validation !== 0 && validation.toString() !== '')) return [];
  return [
    {
      path: ['evaluation', 'checkpoint'],
      message: 'the best checkpoint is chosen on validation images, and data.split.validation is 0',
      suggestion: 'Set data.split.validation, or evaluate the last checkpoint.',
    },
  ];
};

const RULES: readonly Rule[] = [
  stageNamesDiffer,
  stagesStartFromEarlierOnes,
  imageSizeSuitsBackbone,
  weightsSuitBackbone,
  unlabeledImagesAreThere,
  plainViewsArePlain,
  weakViewsAreNotBent,
  headOffersWhatIsNeeded,
  imagesHaveOneUse,
  bestCheckpointNeedsValidation,
];

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
