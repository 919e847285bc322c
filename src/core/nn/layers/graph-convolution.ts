import { add, matMul, relu, reshape, type Tensor, type Tensor2D, type Tensor3D } from '@tensorflow/tfjs-core';
import type { ForwardPass, ParameterScope } from '../parameters.ts';
import { linear } from './linear.ts';

/** A function of node features `[nodes, batch, channels]`. */
export type GraphLayer = (features: Tensor3D, pass: ForwardPass) => Tensor3D;

/** Declares a graph layer from so many channels to so many. */
export type GraphLayerMaker = (scope: ParameterScope, from: number, to: number) => GraphLayer;

/** The edge matrix `[nodes, nodes]` of a pass: row i holds the weights with which node i hears every node. */
export type EdgeMatrix = (pass: ForwardPass) => Tensor2D;

/**
 * `f_i' = W₁ f_i + Σ_j e_ij W₂ f_j` (Li et al. 2020, equation 1). Nodes come before the batch so that passing
 * messages is one matrix product.
 */
export function graphConvolution(edges: EdgeMatrix): GraphLayerMaker {
  return (scope, from, to) => {
    const own = linear(scope.child('self'), from, to);
    const message = linear(scope.child('neighbours'), from, to, { bias: false });
    return (features, pass) =>
      add(own(features, pass), spread(edges(pass), message(features, pass) as Tensor3D)) as Tensor3D;
  };
}

/** Two graph layers with ReLUs and a shortcut around them. */
export function graphResidualBlock(
  scope: ParameterScope,
  channels: number,
  layer: GraphLayerMaker,
): GraphLayer {
  const first = layer(scope.child('conv1'), channels, channels);
  const second = layer(scope.child('conv2'), channels, channels);
  return (features, pass) => {
    const hidden = relu(first(features, pass));
    return relu(add(features, second(hidden, pass))) as Tensor3D;
  };
}

function spread(edges: Tensor2D, messages: Tensor3D): Tensor {
  const [nodes] = messages.shape;
  return reshape(matMul(edges, reshape(messages, [nodes, -1]) as Tensor2D), messages.shape);
}
