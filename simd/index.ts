export { batchNorm, batchNormGrad } from './batch-norm';
export { convolve, padImages } from './convolution';
export { filterGradient } from './filter-gradient';
export { reluGrad } from './relu-grad';
export { resizeBilinearGrad } from './resize-gradient';
export { transpose } from './transpose';
