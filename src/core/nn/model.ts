import type { Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import type { ForwardPass, ParameterScope } from './parameters.ts';

/** Turns images into a feature map. */
export interface Backbone {
  /** Image pixels per feature-map cell, along each axis. */
  readonly stride: number;
  /** The image height and width must be multiples of this. */
  readonly divisor: number;
  /** Channels of the feature map. */
  readonly channels: number;
  /** How weights published for PyTorch fit the network; left out where there are none. */
  readonly published?: PublishedWeights;
  /** `[batch, H, W, inputChannels]` -> `[batch, H / stride, W / stride, channels]`. */
  forward(images: Tensor4D, pass: ForwardPass): Tensor4D;
}

/** How the tensors of a published network, by timm's names, fit a backbone. */
export interface PublishedWeights {
  /** What a feature map does without, such as the classifier: tensors with these names are left aside. */
  readonly beyond: RegExp;
  /** Layers of the backbone's own, such as a decoder, which no published file has: they start fresh. */
  readonly own: readonly string[];
  /** Our name of a layer, where it differs: `conv1` -> `stem1.conv`. */
  layerOf?(timmLayer: string): string;
}

export interface BackboneContext {
  readonly scope: ParameterScope;
  readonly inputChannels: number;
}

/** Landmarks are `[batch, landmarks, 2]`, x before y, in [0, 1] of the image (pixel centres at (i + 0.5) / size). */
export interface HeadOutput {
  readonly landmarks: Tensor3D;
  /** Estimates on the way to `landmarks`, coarse to fine; for `dag`: the global one, then each local step. */
  readonly trajectory: readonly Tensor3D[];
  /** `[batch, h, w, landmarks]`: about 1 at each landmark's place and 0 far from it. Heads that offer `heatmaps`. */
  readonly heatmaps?: Tensor4D;
  /**
   * `[batch, landmarks]`: ln b of a Laplace distribution around each landmark, b in [0, 1] of the image. Heads that
   * offer `uncertainty`.
   */
  readonly logScale?: Tensor2D;
}

/**
 * What of a head's output a loss or a strategy can learn from: `coordinates`, landmarks with a gradient everywhere;
 * `heatmaps`; `uncertainty`. A recipe whose loss needs what its head does not offer is refused.
 */
export type HeadOffer = 'coordinates' | 'heatmaps' | 'uncertainty';

/** Turns a feature map into landmarks. */
export interface GraphHead {
  readonly offers: readonly HeadOffer[];
  /** @param meanShape `[landmarks, 2]`, the mean of the labeled training shapes. */
  forward(features: Tensor4D, meanShape: Tensor2D, pass: ForwardPass): HeadOutput;
  /** Names of the `[landmarks, landmarks]` edge matrices among the parameters, for the report. */
  readonly edgeMatrices: readonly string[];
}

/** What is known of the landmarks before any image is seen. */
export interface Anatomy {
  readonly landmarkCount: number;
  /** `[landmarks, 2]`, in the frame: the mean of the labeled training shapes. */
  readonly meanShape: Float32Array;
  /** Pairs of landmarks that the dataset joins. */
  readonly edges: readonly (readonly [number, number])[];
}

export interface GraphHeadContext extends Anatomy {
  readonly scope: ParameterScope;
  readonly featureChannels: number;
}

export interface ModelOutput extends HeadOutput {
  /** `[batch, h, w, channels]`: what the head read. */
  readonly features: Tensor4D;
}
