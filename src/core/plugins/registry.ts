import 'reflect-metadata';
import { container, type DependencyContainer } from 'tsyringe';
import { PluginError } from '../errors.ts';
import { revealSecrets } from '../secrets.ts';
import {
  type AnyPluginDefinition,
  PLUGIN_KINDS,
  type PluginDefinition,
  type PluginKind,
  type PluginKinds,
  type PluginReference,
} from './definition.ts';
import { nearestNames } from './nearest.ts';
import { completeBySchema } from './options.ts';

/** The plugins that a program knows: the built-in ones and a user's own, in one tsyringe container. */
export class PluginRegistry {
  readonly #container: DependencyContainer = container.createChildContainer();
  readonly #origins = new Map<PluginDefinition, string>();

  /**
   * @param origin where the plugin comes from, for messages: `built in`, a file, a package.
   * @throws {PluginError} FSX_PLUGIN_TAKEN when the kind already has a plugin of this type.
   */
  register(definition: AnyPluginDefinition, origin = 'built in'): void {
    const { kind, type } = definition;
    const holder = this.definitions(kind).find((known) => known.type === type);
    if (holder !== undefined) {
      throw new PluginError(
        'FSX_PLUGIN_TAKEN',
        `a ${kind} named "${type}" is already registered (${this.originOf(holder)}); ${origin} registers it again`,
        { suggestion: 'Give the new plugin another `type`.' },
      );
    }
    this.#container.register(tokenOf(kind), { useValue: definition });
    this.#origins.set(definition as PluginDefinition, origin);
  }

  /** Every plugin of a kind, by type. */
  definitions<K extends PluginKind>(kind: K): PluginDefinition<K>[] {
    const token = tokenOf(kind);
    if (!this.#container.isRegistered(token)) return [];
    const found = this.#container.resolveAll<PluginDefinition<K>>(token);
    return found.sort((a, b) => a.type.localeCompare(b.type));
  }

  /** Every plugin of every kind. */
  all(): PluginDefinition[] {
    return PLUGIN_KINDS.flatMap((kind) => this.definitions(kind) as PluginDefinition[]);
  }

  originOf(definition: PluginDefinition): string {
    return this.#origins.get(definition) ?? 'built in';
  }

  /** @throws {PluginError} FSX_PLUGIN_UNKNOWN, naming the nearest types and then all of the kind. */
  find<K extends PluginKind>(kind: K, type: string): PluginDefinition<K> {
    const known = this.definitions(kind);
    const found = known.find((definition) => definition.type === type);
    if (found !== undefined) return found;
    const types = known.map((definition) => definition.type);
    throw new PluginError('FSX_PLUGIN_UNKNOWN', `there is no ${kind} named "${type}"`, {
      suggestion: suggestTypes(kind, type, types),
    });
  }

  /**
   * Makes a plugin from how a recipe names it, its options checked and completed. References to other plugins among
   * the options stay references: the new plugin resolves them through its context.
   * @throws {PluginError} FSX_PLUGIN_UNKNOWN, FSX_PLUGIN_OPTIONS or FSX_SECRET_MISSING.
   */
  create<K extends PluginKind>(
    kind: K,
    reference: PluginReference,
    context: PluginKinds[K]['context'],
  ): PluginKinds[K]['instance'] {
    const definition = this.find(kind, reference.type);
    const { type, ...given } = reference;
    const options = structuredClone(given);
    const errors = completeBySchema(definition.options, options);
    if (errors.length > 0) {
      const details = errors.map(
        ({ instancePath, message }) => `${instancePath.slice(1) || 'options'} ${message}`,
      );
      throw new PluginError('FSX_PLUGIN_OPTIONS', `${kind} "${type}": ${details.join('; ')}`, {
        suggestion: `\`fsx plugins show ${kind}/${type}\` lists its options.`,
      });
    }
    const revealed = revealSecrets(options, process.env, (name) => missingSecret(kind, type, name));
    return definition.create(revealed as Parameters<typeof definition.create>[0], context);
  }
}

function missingSecret(kind: PluginKind, type: string, name: string): PluginError {
  return new PluginError(
    'FSX_SECRET_MISSING',
    `${kind} "${type}" needs the environment variable ${name}, which is not set`,
    { suggestion: `Set it (export ${name}=…).` },
  );
}

/** The nearest names of a kind, then all of them. */
export function suggestTypes(kind: PluginKind, type: string, known: readonly string[]): string {
  if (known.length === 0) return `No ${kind} is registered.`;
  const near = nearestNames(type, known);
  const question = near.length === 0 ? '' : `Did you mean ${near.join(' or ')}? `;
  return `${question}Known: ${known.join(', ')}.`;
}

function tokenOf(kind: PluginKind): string {
  return `fsx:${kind}`;
}
