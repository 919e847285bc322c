import type { Backbone, GraphHead, HeadOffer } from '../nn/model.ts';
import { ParameterLayout, ParameterScope } from '../nn/parameters.ts';
import type { PluginReference } from '../plugins/definition.ts';
import type { PluginRegistry } from '../plugins/registry.ts';
import type { FeatureLoss, LandmarkLoss, SslStrategy } from '../training/strategy.ts';
import type { Finding } from './explain.ts';
import type { Recipe } from './schema.ts';

/** A rule that a schema cannot say. */
export type Rule = (recipe: Recipe, registry: PluginRegistry) => Finding[];

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

const originsHaveLearned: Rule = ({ stages }, registry) =>
  eachStrategy(stages, registry, ({ keepsOrigin }, type, { from }) =>
    keepsOrigin === true && from === undefined
      ? {
          message: `the strategy "${type}" learns from the network that its stage starts from, and this one starts from fresh weights`,
          suggestion: 'Give the stage a `from`: a supervised stage before it, or a checkpoint file.',
        }
      : undefined,
  );

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
  check: (
    strategy: SslStrategy,
    type: string,
    stage: Recipe['stages'][number],
  ) => Omit<Finding, 'path'> | undefined,
): Finding[] {
  return stages.flatMap((stage, index) => {
    const { ssl } = stage;
    const path = ['stages', index, 'ssl'];
    return whenMade(path, () => {
      const finding = check(makeStrategy(ssl, registry), ssl.type, stage);
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

/** A head for three joined landmarks: what a head offers does not depend on how many there are. */
function makeHead({ backbone, head }: Recipe['model'], registry: PluginRegistry): GraphHead {
  return registry.create('graph-head', head, {
    scope: new ParameterScope(new ParameterLayout()),
    featureChannels: makeBackbone(backbone, registry).channels,
    landmarkCount: 3,
    meanShape: Float32Array.of(0.25, 0.25, 0.75, 0.25, 0.5, 0.75),
    edges: [
      [0, 1],
      [1, 2],
    ],
  });
}

function makeStrategy(ssl: PluginReference, registry: PluginRegistry): SslStrategy {
  return registry.create('ssl', ssl, {
    landmarkLoss: (reference) => registry.create('loss', reference, {}) as LandmarkLoss,
    featureLoss: (reference) => registry.create('loss', reference, {}) as FeatureLoss,
  });
}

/** Rules about plugins that do not suit each other: they make them, and ask. */
export const PLUGIN_RULES: readonly Rule[] = [
  imageSizeSuitsBackbone,
  weightsSuitBackbone,
  unlabeledImagesAreThere,
  plainViewsArePlain,
  originsHaveLearned,
  weakViewsAreNotBent,
  headOffersWhatIsNeeded,
];

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
