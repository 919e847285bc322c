import {
  add,
  leakyRelu,
  matMul,
  mul,
  reshape,
  softmax,
  sum,
  type Tensor,
  type Tensor3D,
  type Tensor4D,
  transpose,
} from '@tensorflow/tfjs-core';
import { uniformFanIn } from '../initializers.ts';
import type { ForwardPass, ParameterSlot } from '../parameters.ts';
import type { GraphLayerMaker } from './graph-convolution.ts';
import { linear } from './linear.ts';

/** Slope of the LeakyReLU below 0, as in the paper. */
const SLOPE = 0.2;

/**
 * `f_i' = W₁ f_i + Σ_j α_ij W₂ f_j`, where node i hears node j by how well the two match: for each attention head,
 * `α_ij = softmax_j LeakyReLU(a · [W₂ f_i, W₂ f_j])` over all nodes (Veličković et al. 2018, equations 1 to 5). The
 * heads share out the output channels. `W₁` is the term of `graphConvolution`, so that a node does not lose itself
 * among its neighbours.
 *
 * @param heads divides the layer's output channels.
 */
export function graphAttention(heads: number): GraphLayerMaker {
  return (scope, from, to) => {
    const own = linear(scope.child('self'), from, to);
    const message = linear(scope.child('neighbours'), from, to, { bias: false });
    const attention = scope.child('attention');
    const listener = attention.parameter('listener', [to / heads, heads], uniformFanIn);
    const speaker = attention.parameter('speaker', [to / heads, heads], uniformFanIn);
    return (features, pass) => {
      const messages = perHead(message(features, pass) as Tensor3D, heads);
      const [heard, said] = [match(messages, listener, pass), match(messages, speaker, pass)];
      const weights = softmax(leakyRelu(add(heard, transpose(said, [0, 1, 3, 2])), SLOPE));
      return add(own(features, pass), joined(matMul(weights, messages) as Tensor4D)) as Tensor3D;
    };
  };
}

/** `[nodes, batch, channels]` -> `[batch, heads, nodes, channels / heads]`. */
function perHead(features: Tensor3D, heads: number): Tensor4D {
  const [nodes, batch, channels] = features.shape;
  return transpose(reshape(features, [nodes, batch, heads, channels / heads]), [1, 2, 0, 3]) as Tensor4D;
}

/** Back to `[nodes, batch, channels]`. */
function joined(messages: Tensor4D): Tensor {
  const [batch, heads, nodes, channels] = messages.shape;
  return reshape(transpose(messages, [2, 0, 1, 3]), [nodes, batch, heads * channels]);
}

/** Each node's share of the attention logit, `[batch, heads, nodes, 1]`. */
function match(messages: Tensor4D, vectors: ParameterSlot, pass: ForwardPass): Tensor {
  const [, heads, , channels] = messages.shape;
  const perHeadVectors = reshape(transpose(pass.parameter(vectors)), [1, heads, 1, channels]);
  return sum(mul(messages, perHeadVectors), 3, true);
}
