import type { Static, TObject } from 'typebox';
import type { Augmentation } from '../data/augmentation.ts';
import type { Dataset, DatasetContext } from '../data/dataset.ts';
import type { Launcher, LauncherContext } from '../launching/launcher.ts';
import type { Backbone, BackboneContext, GraphHead, GraphHeadContext } from '../nn/model.ts';
import type { Tracker } from '../tracking/tracker.ts';
import type { Optimizer, Schedule } from '../training/optimizer.ts';
import type { FeatureLoss, LandmarkLoss, Loss, SslStrategy } from '../training/strategy.ts';

/** The kinds of plugin: what each makes, and what it is given besides its options. */
export interface PluginKinds {
  backbone: { instance: Backbone; context: BackboneContext };
  'graph-head': { instance: GraphHead; context: GraphHeadContext };
  ssl: { instance: SslStrategy; context: SslContext };
  loss: { instance: Loss; context: Record<never, never> };
  dataset: { instance: Dataset | Promise<Dataset>; context: DatasetContext };
  augmentation: { instance: Augmentation; context: Record<never, never> };
  optimizer: { instance: Optimizer; context: Record<never, never> };
  schedule: { instance: Schedule; context: Record<never, never> };
  tracker: { instance: Tracker; context: TrackerContext };
  launcher: { instance: Launcher | Promise<Launcher>; context: LauncherContext };
}

export type PluginKind = keyof PluginKinds;

export const PLUGIN_KINDS = [
  'backbone',
  'graph-head',
  'ssl',
  'loss',
  'dataset',
  'augmentation',
  'optimizer',
  'schedule',
  'tracker',
  'launcher',
] as const satisfies readonly PluginKind[];

/** A strategy may use losses of its own, named in its options by `pluginReference('loss', …)`. */
export interface SslContext {
  landmarkLoss(reference: PluginReference): LandmarkLoss;
  featureLoss(reference: PluginReference): FeatureLoss;
}

export interface TrackerContext {
  /** The recipe's name, for a default experiment. */
  readonly recipeName: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** How a recipe names a plugin: its type, and its options beside it. */
export interface PluginReference {
  readonly type: string;
  readonly [option: string]: unknown;
}

/**
 * A plugin: its name, its options (one TypeBox schema for both the TypeScript type and the JSON Schema, each option
 * with a `description` and a `default`), and how to make one.
 */
export interface PluginDefinition<K extends PluginKind = PluginKind, O extends TObject = TObject> {
  readonly kind: K;
  readonly type: string;
  /** One line, for listings and editors. */
  readonly summary: string;
  /** The paper or standard that it implements. */
  readonly source?: string;
  /** Losses only: what they compare. A recipe's field takes only the losses that suit it. */
  readonly compares?: Loss['compares'];
  readonly options: O;
  create(options: Static<O>, context: PluginKinds[K]['context']): PluginKinds[K]['instance'];
}

/** A plugin of whichever kind. */
export type AnyPluginDefinition = { [K in PluginKind]: PluginDefinition<K> }[PluginKind];

/** Declares a plugin; its options are typed from its schema. */
export function definePlugin<K extends PluginKind, O extends TObject>(
  definition: PluginDefinition<K, O>,
): PluginDefinition<K, O> {
  return definition;
}
