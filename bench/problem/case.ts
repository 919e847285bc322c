/** What is trained, and how much of it a step takes. */
export interface Case {
  readonly strategy: 'supervised' | 'few-shot-dag';
  readonly backbone: 'w18' | 'small';
  /** Labeled images of a step; `few-shot-dag` takes as many unlabeled ones. */
  readonly batch: number;
  /** Height and width of the images. */
  readonly sizePx: number;
  readonly landmarks: number;
  /** Strong views are bent, as by the augmentation `elastic`. */
  readonly elastic: boolean;
}

export function caseOf(changes: Partial<Case>): Case {
  const usual: Case = {
    ...{ strategy: 'supervised', backbone: 'w18', batch: 2, sizePx: 256, landmarks: 19, elastic: false },
  };
  return { ...usual, ...changes };
}

/** `few-shot-dag, W18, 2 x 256 x 256`. */
export function describeCase({ strategy, backbone, batch, sizePx, landmarks, elastic }: Case): string {
  const usual = caseOf({}).landmarks;
  const parts = [
    `${strategy}${elastic ? ' (elastic)' : ''}`,
    backbone === 'w18' ? 'W18' : backbone,
    `${batch} x ${sizePx} x ${sizePx}`,
    ...(landmarks === usual ? [] : [`${landmarks} landmarks`]),
  ];
  return parts.join(', ');
}
