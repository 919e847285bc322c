/**
 * The gradients of the stock kernels. `tfjs-core` for Node comes without them, and publishes them as ES modules that
 * Node takes for CommonJS; its umbrella package registers them on import.
 */
import '@tensorflow/tfjs';
