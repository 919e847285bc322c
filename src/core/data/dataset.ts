/** A pixel position `[x, y]` of the original image, 0-based, whole numbers at pixel centres. */
export type Point = readonly [x: number, y: number];

export interface PixelSpacing {
  readonly xMm: number;
  readonly yMm: number;
}

/** One image of a dataset and what is known of it; the pixels come separately. */
export interface Sample {
  /** Unique in the dataset and stable between runs: a file name, an index. */
  readonly id: string;
  /** Samples of one patient never fall on both sides of a split. */
  readonly patientId?: string;
  /** The part that the dataset's authors put it in: `train`, `test1`, … */
  readonly split?: string;
  readonly width: number;
  readonly height: number;
  readonly spacing?: PixelSpacing;
  /** One entry a landmark, in the dataset's order; `null` where it is not labeled. */
  readonly landmarks: readonly (Point | null)[];
}

/** A grey image; values in [0, 1], row by row. */
export interface GreyImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Float32Array;
}

export interface Dataset {
  /** Landmark names, in the order of `Sample.landmarks`. */
  readonly landmarkNames: readonly string[];
  /** Pairs of landmarks (indices) that a left-right flip swaps; unpaired ones stay. */
  readonly mirrorPairs: readonly (readonly [number, number])[];
  /** Pairs of landmarks to join in drawings, and the anatomical graph where a head wants one. */
  readonly edges: readonly (readonly [number, number])[];
  readonly samples: readonly Sample[];
  /** Decodes the pixels of a sample. */
  read(sample: Sample): Promise<GreyImage>;
  /**
   * Says what the pixels of a sample come from: another text whenever `read` may give other pixels. With it, decoded
   * images are kept for later runs, and other threads may read them from a dataset of the same options.
   */
  fingerprint?(sample: Sample): Promise<string>;
}

export interface DatasetContext {
  /** Relative paths in the options are relative to this folder: the recipe's. */
  readonly baseDirectory: string;
}
