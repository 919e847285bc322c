/** Something about a dataset that a person should look at. */
export interface Finding {
  /** An error makes results wrong; a suspicion may be a mistake or just an unusual patient. */
  readonly severity: 'error' | 'suspicion';
  readonly kind: FindingKind;
  /** The ids of the samples that it is about. */
  readonly samples: readonly string[];
  readonly message: string;
}

export type FindingKind =
  | 'split'
  | 'unreadable-image'
  | 'image-size'
  | 'constant-image'
  | 'dark-image'
  | 'duplicate-images'
  | 'outside-image'
  | 'coinciding-landmarks'
  | 'unusual-shape';
