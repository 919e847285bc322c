import { PluginError } from '../errors.ts';
import type { PluginReference } from '../plugins/definition.ts';
import type { PluginRegistry } from '../plugins/registry.ts';
import type { ResolvedStage } from '../recipe/schema.ts';
import type { StageParts } from '../training/stage.ts';
import type { Loss } from '../training/strategy.ts';

/** Makes the plugins of a stage. @throws {PluginError} when one cannot be made, or a loss compares something else. */
export function makeStageParts(plugins: PluginRegistry, stage: ResolvedStage): StageParts {
  const landmarkLoss = (reference: PluginReference) => lossThat(plugins, reference, 'landmarks');
  return {
    strategy: plugins.create('ssl', stage.ssl, {
      landmarkLoss,
      featureLoss: (reference) => lossThat(plugins, reference, 'features'),
    }),
    supervisedLoss: landmarkLoss(stage.loss),
    optimizer: plugins.create('optimizer', stage.optimizer, {}),
    schedule: plugins.create('schedule', stage.schedule, {}),
  };
}

function lossThat<C extends Loss['compares']>(
  plugins: PluginRegistry,
  reference: PluginReference,
  compares: C,
): Extract<Loss, { compares: C }> {
  const loss = plugins.create('loss', reference, {});
  if (loss.compares === compares) return loss as Extract<Loss, { compares: C }>;
  throw new PluginError(
    'FSX_PLUGIN_LOSS_KIND',
    `the loss "${reference.type}" compares ${loss.compares}; here one is needed that compares ${compares}`,
    { suggestion: '`fsx plugins list --kind loss` says what each compares.' },
  );
}
