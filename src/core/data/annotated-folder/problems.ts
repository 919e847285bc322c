import { DataError } from '../../errors.ts';

const LISTED = 20;

/** Where a problem was found; the line is 1-based. */
export interface Place {
  readonly file: string;
  readonly line?: number;
}

/** Everything that is wrong with a dataset, so that a person can mend it in one go. */
export class Problems {
  readonly #found: string[] = [];

  add(place: Place, message: string): void {
    this.#found.push(`${place.line === undefined ? place.file : `${place.file}:${place.line}`}: ${message}`);
  }

  /** @throws {DataError} FSX_DATA_INVALID that lists the first problems and says how many there are. */
  throwIfAny(dataset: string): void {
    const count = this.#found.length;
    if (count === 0) return;
    const lines = this.#found.slice(0, LISTED).map((problem) => `  ${problem}`);
    if (count > LISTED) lines.push(`  … and ${count - LISTED} more`);
    const heading = `the dataset ${dataset} has ${count} problem${count === 1 ? '' : 's'}:`;
    throw new DataError('FSX_DATA_INVALID', [heading, ...lines].join('\n'), {
      suggestion: 'Mend the files at the places named, or the options in data.dataset.',
    });
  }
}
