/** The tensors of timm's `hrnet_w18` up to its branches, by name, with their shapes in PyTorch's order. */
export function timmHrnetShapes(): Map<string, readonly number[]> {
  const { shapes, convolution, norm, convolutionNorm, numbered } = namedShapes();
  const stem = (n: number, from: number) => {
    convolution(`conv${n}`, from, 64);
    norm(`bn${n}`, 64);
  };
  const bottleneck = (block: string, from: number) => {
    numbered(block, 1, from, 64, 1);
    numbered(block, 2, 64, 64);
    numbered(block, 3, 64, 256, 1);
  };
  const fuse = (name: string, widths: readonly number[]) => {
    for (const [target, to] of widths.entries()) {
      for (const [source, from] of widths.entries()) {
        const route = `${name}.${target}.${source}`;
        if (source > target) convolutionNorm(route, from, to, 1);
        for (let step = 0; step < target - source; step++)
          convolutionNorm(`${route}.${step}`, from, step === target - source - 1 ? to : from);
      }
    }
  };

  stem(1, 3);
  stem(2, 64);
  bottleneck('layer1.0', 64);
  convolutionNorm('layer1.0.downsample', 64, 256, 1);
  for (const block of [1, 2, 3]) bottleneck(`layer1.${block}`, 256);
  convolutionNorm('transition1.0', 256, 18);
  convolutionNorm('transition1.1.0', 256, 36);
  convolutionNorm('transition2.2.0', 36, 72);
  convolutionNorm('transition3.3.0', 72, 144);
  for (const [stage, modules] of [
    [2, 1],
    [3, 4],
    [4, 3],
  ] as const) {
    const widths = [18, 36, 72, 144].slice(0, stage);
    for (let m = 0; m < modules; m++) {
      for (const [branch, width] of widths.entries()) {
        for (let block = 0; block < 4; block++) {
          const name = `stage${stage}.${m}.branches.${branch}.${block}`;
          numbered(name, 1, width, width);
          numbered(name, 2, width, width);
        }
      }
      fuse(`stage${stage}.${m}.fuse_layers`, widths);
    }
  }
  return shapes;
}

/** The tensors of timm's (and torchvision's) `resnet18`, `resnet34` or `resnet50` up to the last stage. */
export function timmResnetShapes(depth: 18 | 34 | 50, width = 64): Map<string, readonly number[]> {
  const { shapes, convolutionNorm, numbered, norm } = namedShapes();
  shapes.set('conv1.weight', [width, 3, 7, 7]);
  norm('bn1', width);
  const blocks = depth === 18 ? [2, 2, 2, 2] : [3, 4, 6, 3];
  const expansion = depth === 50 ? 4 : 1;
  let from = width;
  for (const [stage, count] of blocks.entries()) {
    const own = width * 2 ** stage;
    for (let index = 0; index < count; index++) {
      const block = `layer${stage + 1}.${index}`;
      if (depth === 50) {
        numbered(block, 1, from, own, 1);
        numbered(block, 2, own, own);
        numbered(block, 3, own, 4 * own, 1);
      } else {
        numbered(block, 1, from, own);
        numbered(block, 2, own, own);
      }
      if (from !== expansion * own) convolutionNorm(`${block}.downsample`, from, expansion * own, 1);
      from = expansion * own;
    }
  }
  return shapes;
}

function namedShapes() {
  const shapes = new Map<string, readonly number[]>();
  const convolution = (name: string, from: number, to: number, kernel = 3) =>
    shapes.set(`${name}.weight`, [to, from, kernel, kernel]);
  const norm = (name: string, channels: number) => {
    for (const word of ['weight', 'bias', 'running_mean', 'running_var'])
      shapes.set(`${name}.${word}`, [channels]);
  };
  const convolutionNorm = (name: string, from: number, to: number, kernel = 3) => {
    convolution(`${name}.0`, from, to, kernel);
    norm(`${name}.1`, to);
  };
  const numbered = (block: string, n: number, from: number, to: number, kernel = 3) => {
    convolution(`${block}.conv${n}`, from, to, kernel);
    norm(`${block}.bn${n}`, to);
  };
  return { shapes, convolution, norm, convolutionNorm, numbered };
}
