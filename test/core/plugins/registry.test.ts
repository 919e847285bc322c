import { expect, test } from 'vitest';
import { createRegistry } from '../../../src/composition.ts';
import { definePlugin } from '../../../src/core/plugins/definition.ts';
import { PluginRegistry } from '../../../src/core/plugins/registry.ts';
import { type Schedule, Type } from '../../../src/index.ts';

const schedule = (type: string) =>
  definePlugin({
    kind: 'schedule',
    type,
    summary: 'always the same',
    options: Type.Object(
      { factor: Type.Number({ description: 'the factor', default: 0.5, minimum: 0 }) },
      { additionalProperties: false },
    ),
    create: ({ factor }): Schedule => ({ factor: () => factor }),
  });

test('a taken name is refused, and says who has it', () => {
  const registry = new PluginRegistry();
  registry.register(schedule('flat'), 'a.ts');
  const again = () => registry.register(schedule('flat'), 'b.ts');
  expect(again).toThrow('a schedule named "flat" is already registered (a.ts); b.ts registers it again');
  expect(again).toThrow(expect.objectContaining({ code: 'FSX_PLUGIN_TAKEN', exitCode: 6 }));
});

test('registries do not see each other', () => {
  const registry = new PluginRegistry();
  registry.register(schedule('flat'));
  expect(new PluginRegistry().all()).toEqual([]);
});

test('an unknown name lists the nearest first, then all of the kind', () => {
  const registry = new PluginRegistry();
  for (const type of ['flat', 'steep', 'constant']) registry.register(schedule(type));
  expect(() => registry.find('schedule', 'flatt')).toThrow(
    expect.objectContaining({
      code: 'FSX_PLUGIN_UNKNOWN',
      suggestion: 'Did you mean flat? Known: constant, flat, steep.',
    }),
  );
});

test('options are completed and checked before a plugin is made, and the reference stays as it was', () => {
  const registry = new PluginRegistry();
  registry.register(schedule('flat'));
  const reference = { type: 'flat' };
  expect(registry.create('schedule', reference, {}).factor(1, 2)).toBe(0.5);
  expect(reference).toEqual({ type: 'flat' });
  expect(registry.create('schedule', { type: 'flat', factor: 0.1 }, {}).factor(1, 2)).toBe(0.1);
  expect(() => registry.create('schedule', { type: 'flat', factor: -1, x: 2 }, {})).toThrow(
    expect.objectContaining({
      code: 'FSX_PLUGIN_OPTIONS',
      message: expect.stringMatching(/additional.*>= 0/),
    }),
  );
});

test('every built-in plugin and every option says what it is, and every option has a default', async () => {
  const lacking = (await createRegistry()).all().flatMap(({ kind, type, summary, options }) => {
    const properties = options.properties as Record<string, { description?: string; default?: unknown }>;
    const bare = Object.entries(properties).filter(
      ([, one]) => !one.description || one.default === undefined,
    );
    const names = bare.map(([name]) => `${kind}/${type}: ${name}`);
    return summary === '' ? [`${kind}/${type}`, ...names] : names;
  });
  expect(lacking).toEqual([]);
});
