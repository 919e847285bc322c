import type { PluginRegistry } from '../plugins/registry.ts';

/** How another thread gets the plugins of this one. */
export interface RegistrySource {
  /** URL of a module that exports `createRegistry(pluginPaths)`. */
  readonly registryModule: string;
  /** The user's own plugins. */
  readonly pluginPaths: readonly string[];
}

interface RegistryModule {
  createRegistry(pluginPaths: readonly string[]): Promise<PluginRegistry>;
}

export async function openRegistry({ registryModule, pluginPaths }: RegistrySource): Promise<PluginRegistry> {
  const { createRegistry } = (await import(registryModule)) as RegistryModule;
  return createRegistry(pluginPaths);
}
