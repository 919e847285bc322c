/**
 * The public API: what a plugin file imports from `fsx`. Tensors come from here too (`tf`), so that a plugin works
 * on the very tensors of the program that runs it.
 */
export * as tf from '@tensorflow/tfjs-core';
export { type Static, type TObject, Type } from 'typebox';
export type { Augmentation, AugmentedImage, GeometricChange, ImageDraw } from './core/data/augmentation.ts';
export type { Dataset, DatasetContext, GreyImage, PixelSpacing, Point, Sample } from './core/data/dataset.ts';
export { type DisplacementField, FIELD_NODES } from './core/data/displacement.ts';
export { type Affine, around, chain, IDENTITY, invert, transformPoint } from './core/data/geometry.ts';
export { sampleBilinear } from './core/engine/ops/sample-bilinear.ts';
export {
  DataError,
  EngineError,
  FsxError,
  PluginError,
  RecipeError,
  RunError,
  TrackingError,
} from './core/errors.ts';
export type {
  Launcher,
  LauncherContext,
  LaunchRequest,
  TrialEnd,
  TrialTask,
} from './core/launching/launcher.ts';
export { runArguments, trialArguments } from './core/launching/trial-arguments.ts';
export { peaksOf } from './core/nn/heatmap-peaks.ts';
export { constant, uniformBias, uniformFanIn } from './core/nn/initializers.ts';
export { type LandmarkGraphShape, landmarkGraph, landmarkGraphOptions } from './core/nn/landmark-graph.ts';
export { batchNorm } from './core/nn/layers/batch-norm.ts';
export {
  convolution,
  convolutionNorm,
  convolutionNormRelu,
  type MapLayer,
  sequence,
} from './core/nn/layers/convolution.ts';
export { graphAttention } from './core/nn/layers/graph-attention.ts';
export {
  type EdgeMatrix,
  type GraphLayer,
  type GraphLayerMaker,
  graphConvolution,
  graphResidualBlock,
} from './core/nn/layers/graph-convolution.ts';
export { type HeatmapShape, heatmapFeatures, heatmapOptions } from './core/nn/layers/heatmap-features.ts';
export { type FeatureLayer, linear } from './core/nn/layers/linear.ts';
export { upsample } from './core/nn/layers/resample.ts';
export { transformPoints, warpMaps } from './core/nn/layers/warp.ts';
export type {
  Backbone,
  BackboneContext,
  GraphHead,
  GraphHeadContext,
  HeadOffer,
  HeadOutput,
  ModelOutput,
  PublishedWeights,
} from './core/nn/model.ts';
export type {
  ForwardPass,
  Initializer,
  ParameterLayout,
  ParameterScope,
  ParameterSlot,
  StatisticSlot,
} from './core/nn/parameters.ts';
export {
  definePlugin,
  type PluginDefinition,
  type PluginKind,
  type PluginReference,
  type SslContext,
  type TrackerContext,
} from './core/plugins/definition.ts';
export { pluginReference } from './core/plugins/reference.ts';
export { Random } from './core/random.ts';
export type { DeliveryReport, TrackedItem, Tracker } from './core/tracking/tracker.ts';
export { rowsOf } from './core/training/batch-rows.ts';
export { inconsistency, type Lesson, lessonFrom } from './core/training/consistency.ts';
export { deepSupervision, deepSupervisionOption } from './core/training/deep-supervision.ts';
export { gaussianHeatmaps } from './core/training/heatmap-targets.ts';
export {
  type LandmarkDistance,
  l1Distance,
  squaredDistance,
  weightedMean,
} from './core/training/landmark-distance.ts';
export type { Optimizer, OptimizerInput, OptimizerOutput, Schedule } from './core/training/optimizer.ts';
export { sigmoidRamp } from './core/training/ramp.ts';
export type {
  FeatureLoss,
  LabeledBatch,
  LandmarkLoss,
  LandmarkPlaces,
  LearningStep,
  LearningValue,
  Loss,
  LossValue,
  SslStrategy,
  StageProgress,
  Survey,
  SurveyedImage,
  TeachingStep,
  UnlabeledBatch,
} from './core/training/strategy.ts';
export { studentOutputs, supervisedAnd } from './core/training/student-pass.ts';
export {
  heatmapsIntoStrongView,
  insideImage,
  landmarksIntoStrongView,
  landmarksIntoWeakView,
  mapsIntoStrongView,
  type ViewChange,
} from './core/training/view-change.ts';
