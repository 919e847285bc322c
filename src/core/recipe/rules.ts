import { nearestNames } from '../plugins/nearest.ts';
import type { PluginRegistry } from '../plugins/registry.ts';
import { holdsCredentials } from '../secrets.ts';
import type { Finding } from './explain.ts';
import { PLUGIN_RULES, type Rule } from './plugin-rules.ts';
import type { Recipe } from './schema.ts';

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

/** A recipe is journaled, shared and committed. */
const addressesHoldNoPassword: Rule = (recipe) => {
  const findings: Finding[] = [];
  const look = (value: unknown, path: (string | number)[]) => {
    if (typeof value === 'string' && holdsCredentials(value)) {
      findings.push({
        path,
        message: 'this address holds a user or a password, and recipes are stored and shared',
        suggestion:
          'Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD for MLflow; for another plugin write ' +
          `\${secret:NAME} where the value of the environment variable NAME is to be.`,
      });
    }
    if (value === null || typeof value !== 'object') return;
    for (const [key, inner] of Object.entries(value)) {
      look(inner, [...path, Array.isArray(value) ? Number(key) : key]);
    }
  };
  look(recipe, []);
  return findings;
};

const RULES: readonly Rule[] = [
  stageNamesDiffer,
  stagesStartFromEarlierOnes,
  imagesHaveOneUse,
  bestCheckpointNeedsValidation,
  addressesHoldNoPassword,
  ...PLUGIN_RULES,
];
