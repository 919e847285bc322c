import { add, matMul, relu, reshape, type Tensor, type Tensor2D, type Tensor3D } from '@tensorflow/tfjs-core';
import type { ForwardPass, ParameterScope } from '../parameters.ts';
import { linear } from './linear.ts';

/** A function of node features `[nodes, batch, channels]` and an edge matrix `[nodes, nodes]`. */
export type GraphLayer = (features: Tensor3D, edges: Tensor2D, pass: ForwardPass) => Tensor3D;

/**
 * `f_i' = W₁ f_i + Σ_j e_ij W₂ f_j` (Li et al. 2020, equation 1). Nodes come before the batch so that passing
 * messages is one matrix product.
 */
export function graphConvolution(scope: ParameterScope, from: number, to: number): GraphLayer {
  const own = linear(scope.child('self'), from, to);
  const message = linear(scope.child('neighbours'), from, to, { bias: false });
  return (features, edges, pass) =>
    add(own(features, pass), spread(edges, message(features, pass) as Tensor3D)) as Tensor3D;
}

/** Two graph convolutions with ReLUs and a shortcut around them. */
export function graphResidualBlock(scope: ParameterScope, channels: number): GraphLayer {
  const first = graphConvolution(scope.child('conv1'), channels, channels);
  const second = graphConvolution(scope.child('conv2'), channels, channels);
  return (features, edges, pass) => {
    const hidden = relu(first(features, edges, pass));
    return relu(add(features, second(hidden, edges, pass))) as Tensor3D;
  };
}

function spread(edges: Tensor2D, messages: Tensor3D): Tensor {
  const [nodes] = messages.shape;
  return reshape(matMul(edges, reshape(messages, [nodes, -1]) as Tensor2D), messages.shape);
}
