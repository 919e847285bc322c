import { option, string } from '@oclif/core/flags';

/** Flags that several commands share. */
export const setFlag = string({
  description: 'another value for a path of the recipe',
  helpValue: 'PATH=VALUE',
  multiple: true,
  multipleNonGreedy: true,
});

export const engineFlag = option({ options: ['auto', 'native', 'webgpu', 'wasm'] as const })({
  description: 'the tensor engine, instead of the one that the recipe names',
});

export const reporterFlag = option({ options: ['text', 'json'] as const })({
  default: 'text',
  description: 'text for people; json: one event a line, for programs',
});

export const checkpointFlag = string({
  description:
    'a checkpoint of the run: last, best or the name of a stage (default: the one that its recipe evaluates)',
  helpValue: 'NAME',
});

export const withFlag = string({
  description:
    'another run folder or checkpoint whose answers are combined with those of the model; may be repeated',
  helpValue: 'RUN',
  multiple: true,
  multipleNonGreedy: true,
});

export const combineFlag = option({ options: ['mean', 'median'] as const })({
  default: 'mean',
  description:
    'how the answers of several networks become one; median does not follow a single one that is far off',
});

export const storeFlag = string({
  description: 'folder of the runs and their files (default: fsx/mlflow in $XDG_DATA_HOME or ~/.local/share)',
  helpValue: 'DIR',
});
