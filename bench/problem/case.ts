/** What is trained, and how much of it a step takes. */
export interface Case {
  /** `matched` is `few-shot-dag` with matched targets, which remembers something of every unlabeled image. */
  readonly strategy: 'supervised' | 'few-shot-dag' | 'matched';
  readonly backbone: 'w18' | 'small';
  /** Labeled images of a step; all strategies but `supervised` take as many unlabeled ones. */
  readonly batch: number;
  /** Height and width of the images. */
  readonly sizePx: number;
  readonly landmarks: number;
  /** All that there are. */
  readonly unlabeledImages: number;
  /** Strong views are bent, as by the augmentation `elastic`. */
  readonly elastic: boolean;
}

const USUAL: Case = {
  strategy: 'supervised',
  backbone: 'w18',
  batch: 2,
  sizePx: 256,
  landmarks: 19,
  unlabeledImages: 100,
  elastic: false,
};

export function caseOf(changes: Partial<Case>): Case {
  return { ...USUAL, ...changes };
}

/** `few-shot-dag, W18, 2 x 256 x 256`, and what is not as usual. */
export function describeCase(chosen: Case): string {
  const { strategy, backbone, batch, sizePx, landmarks, unlabeledImages, elastic } = chosen;
  return [
    `${strategy}${elastic ? ' (elastic)' : ''}`,
    backbone === 'w18' ? 'W18' : backbone,
    `${batch} x ${sizePx} x ${sizePx}`,
    ...(landmarks === USUAL.landmarks ? [] : [`${landmarks} landmarks`]),
    ...(unlabeledImages === USUAL.unlabeledImages ? [] : [`${unlabeledImages} unlabeled images`]),
  ].join(', ');
}
