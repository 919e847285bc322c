import { Flags } from '@oclif/core';

/** Flags that several commands share. */
export const setFlag = Flags.string({
  description: 'another value for a path of the recipe',
  helpValue: 'PATH=VALUE',
  multiple: true,
  multipleNonGreedy: true,
});

export const engineFlag = Flags.option({ options: ['auto', 'native', 'wasm'] as const })({
  description: 'the tensor engine, instead of the one that the recipe names',
});

export const reporterFlag = Flags.option({ options: ['text', 'json'] as const })({
  default: 'text',
  description: 'text for people; json: one event a line, for programs',
});
