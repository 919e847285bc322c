import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import type { Dataset } from '../../../src/core/data/dataset.ts';
import type { AnyPluginDefinition } from '../../../src/core/plugins/definition.ts';
import { PluginRegistry } from '../../../src/core/plugins/registry.ts';

/** The grey of every image that `putImage` writes. */
export const GREY = 90;

/** A dataset on disk for one test, and its plugin, made as a recipe makes it. */
export class DatasetFolder {
  readonly path: string;
  readonly #plugin: AnyPluginDefinition;

  private constructor(path: string, plugin: AnyPluginDefinition) {
    this.path = path;
    this.#plugin = plugin;
  }

  static async create(plugin: AnyPluginDefinition): Promise<DatasetFolder> {
    return new DatasetFolder(await mkdtemp(join(tmpdir(), `fsx-${plugin.type}-`)), plugin);
  }

  async put(name: string, content: string | Uint8Array): Promise<void> {
    const path = join(this.path, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }

  putJson(name: string, content: unknown): Promise<void> {
    return this.put(name, JSON.stringify(content));
  }

  async putImage(name: string, width = 40, height = 30): Promise<void> {
    await this.put(name, await encodePng(width, height));
  }

  async load(options: Record<string, unknown> = {}): Promise<Dataset> {
    const registry = new PluginRegistry();
    registry.register(this.#plugin);
    const reference = { type: this.#plugin.type, ...options };
    return registry.create('dataset', reference, { baseDirectory: this.path });
  }

  problems(options: Record<string, unknown> = {}): Promise<string> {
    return this.load(options).then(
      () => 'no problem',
      (error: Error) => error.message,
    );
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true });
  }
}

export function encodePng(width: number, height: number): Promise<Buffer> {
  const background = { r: GREY, g: GREY, b: GREY };
  return sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer();
}
