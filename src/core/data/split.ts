import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { DataError } from '../errors.ts';
import { nearestNames } from '../plugins/nearest.ts';
import { Random } from '../random.ts';
import type { Sample } from './dataset.ts';

/** What a recipe asks for: counts to draw, ids to take, or a part that the dataset's authors named. */
export interface SplitRequest {
  /** Counts are drawn from this named part of the dataset; null draws from all that the test does not name. */
  readonly pool: string | null;
  readonly labeled: 'rest' | number | readonly string[];
  readonly unlabeled: 'rest' | number;
  readonly validation: number | readonly string[];
  readonly test: number | string | readonly string[];
}

const Ids = Type.Array(Type.String());
const SplitSchema = Type.Object({ labeled: Ids, unlabeled: Ids, validation: Ids, test: Ids });

/** Sample ids by use; each id, and each patient, in one of them at most. */
export interface Split {
  readonly labeled: readonly string[];
  readonly unlabeled: readonly string[];
  readonly validation: readonly string[];
  readonly test: readonly string[];
}

type Part = keyof Split;
export type SplitSample = Pick<Sample, 'id' | 'patientId' | 'split' | 'landmarks'>;

/**
 * Divides samples among the four uses. A pure function of the seed, the request and what the samples are, whatever
 * their order. The test is chosen first and validation next, so that both stay as they are when the number of labeled
 * images changes; the labeled images of a larger number contain those of a smaller one. A patient serves one use only:
 * further images of a patient who is taken are left out, unless the same use takes them too.
 * @throws {DataError} when there are too few images, an id or a named part is not there, or the request overlaps.
 */
export function splitSamples(samples: readonly SplitSample[], request: SplitRequest, seed: number): Split {
  const drawing = new Drawing(samples, request, seed);
  drawing.takeNamed('test', request.test);
  drawing.takeNamed('validation', request.validation);
  if (request.labeled !== 'rest') drawing.takeNamed('labeled', request.labeled);
  for (const part of ['test', 'validation', 'labeled'] as const) {
    const wanted = request[part];
    if (typeof wanted === 'number') drawing.drawAnnotated(part, wanted);
  }
  if (request.labeled === 'rest') drawing.takeAnnotated('labeled');
  drawing.drawUnlabeled(request.unlabeled);
  return drawing.split();
}

/** The text of a run's `split.json`. */
export function formatSplit(split: Split): string {
  const { labeled, unlabeled, validation, test } = split;
  return `${JSON.stringify({ labeled, unlabeled, validation, test }, null, 2)}\n`;
}

/** @throws {DataError} FSX_SPLIT_UNREADABLE when the text is not what `formatSplit` writes. */
export function parseSplit(text: string): Split {
  try {
    return Value.Parse(SplitSchema, JSON.parse(text));
  } catch (cause) {
    throw new DataError('FSX_SPLIT_UNREADABLE', 'split.json does not hold four lists of sample ids', {
      cause,
    });
  }
}

/** The state of one split while its parts are filled. */
class Drawing {
  readonly #samples: readonly SplitSample[];
  readonly #byId: ReadonlyMap<string, SplitSample>;
  readonly #request: SplitRequest;
  readonly #seed: number;
  readonly #owners = new Map<string, Part>();
  readonly #parts: Record<Part, string[]> = { labeled: [], unlabeled: [], validation: [], test: [] };

  constructor(samples: readonly SplitSample[], request: SplitRequest, seed: number) {
    this.#samples = [...samples].sort((a, b) => compareText(a.id, b.id));
    this.#byId = new Map(samples.map((sample) => [sample.id, sample]));
    this.#request = request;
    this.#seed = seed;
    if (request.pool !== null) this.#requireNamedPart(request.pool, 'pool');
  }

  split(): Split {
    return this.#parts;
  }

  /** Takes the ids, or the named part, that a request gives for a part; a count is left for drawing. */
  takeNamed(part: Part, wanted: number | string | readonly string[]): void {
    if (typeof wanted === 'number') return;
    const chosen = typeof wanted === 'string' ? this.#annotatedOf(wanted) : this.#samplesOf(part, wanted);
    for (const sample of chosen) {
      const owner = this.#owners.get(patientOf(sample));
      if (owner !== undefined && owner !== part) throw overlap(sample, owner, part);
    }
    for (const sample of chosen) this.#take(part, sample);
  }

  /** Draws annotated images, completely labeled ones before others. */
  drawAnnotated(part: Part, count: number): void {
    const free = this.#free().filter(isAnnotated);
    const shuffled = new Random(this.#seed, 'split', part).shuffle(free);
    const [complete, partial] = [
      shuffled.filter(isComplete),
      shuffled.filter((sample) => !isComplete(sample)),
    ];
    this.#draw(part, [...complete, ...partial], count);
  }

  /** Takes every annotated image that is left. */
  takeAnnotated(part: Part): void {
    const chosen = this.#free().filter(isAnnotated);
    this.#draw(part, chosen, Math.max(1, chosen.length));
  }

  drawUnlabeled(wanted: 'rest' | number): void {
    const free = this.#free();
    if (wanted === 'rest') {
      for (const sample of free) this.#take('unlabeled', sample);
    } else {
      this.#draw('unlabeled', new Random(this.#seed, 'split', 'unlabeled').shuffle(free), wanted);
    }
  }

  #draw(part: Part, candidates: readonly SplitSample[], count: number): void {
    if (candidates.length < count) throw this.#tooFew(part, count, candidates.length);
    for (const sample of candidates.slice(0, count)) this.#take(part, sample);
  }

  #take(part: Part, sample: SplitSample): void {
    this.#owners.set(patientOf(sample), part);
    this.#parts[part].push(sample.id);
  }

  /** Samples of the pool whose patients no part has yet, in the order of their ids. */
  #free(): SplitSample[] {
    const { pool, test } = this.#request;
    return this.#samples.filter((sample) => {
      if (this.#owners.has(patientOf(sample))) return false;
      if (typeof test === 'string' && sample.split === test) return false;
      return pool === null || sample.split === pool;
    });
  }

  #annotatedOf(name: string): SplitSample[] {
    this.#requireNamedPart(name, 'test');
    const chosen = this.#samples.filter((sample) => sample.split === name && isAnnotated(sample));
    if (chosen.length > 0) return chosen;
    throw new DataError('FSX_SPLIT_UNLABELED', `no image of the dataset's part "${name}" has landmarks`, {
      suggestion: 'Name another part in data.split.test, or give a number.',
    });
  }

  #samplesOf(part: Part, ids: readonly string[]): SplitSample[] {
    const chosen = [...new Set(ids)].map((id) => this.#byId.get(id) ?? this.#unknownId(part, id));
    const bare = chosen.filter((sample) => !isAnnotated(sample)).map((sample) => sample.id);
    if (bare.length === 0) return chosen;
    throw new DataError(
      'FSX_SPLIT_UNLABELED',
      `data.split.${part} names images without landmarks: ${list(bare)}`,
    );
  }

  #unknownId(part: Part, id: string): never {
    const near = nearestNames(id, [...this.#byId.keys()]);
    throw new DataError('FSX_SPLIT_UNKNOWN', `data.split.${part}: the dataset has no image "${id}"`, {
      ...(near.length > 0 && { suggestion: `Did you mean ${near.join(' or ')}?` }),
    });
  }

  #requireNamedPart(name: string, field: string): void {
    const known = [
      ...new Set(this.#samples.flatMap(({ split }) => (split === undefined ? [] : [split]))),
    ].sort();
    if (known.includes(name)) return;
    throw new DataError('FSX_SPLIT_UNKNOWN', `data.split.${field}: the dataset has no part named "${name}"`, {
      suggestion: known.length > 0 ? `Its parts: ${known.join(', ')}.` : 'Its images are not in named parts.',
    });
  }

  #tooFew(part: Part, count: number, left: number): DataError {
    const { pool } = this.#request;
    const where = pool === null ? 'the dataset' : `the part "${pool}"`;
    const taken = Object.entries(this.#parts).flatMap(([name, ids]) =>
      ids.length ? [`${ids.length} ${name}`] : [],
    );
    const before = taken.length > 0 ? ` after ${taken.join(' and ')}` : '';
    const kind = part === 'unlabeled' ? 'images' : 'images with landmarks';
    return new DataError(
      'FSX_DATA_TOO_FEW',
      `data.split.${part} asks for ${count} ${kind}, and ${where} has ${left} left${before} (${this.#samples.length} images in all)`,
      { suggestion: 'Ask for fewer; further images of a patient who is already taken do not count.' },
    );
  }
}

/** A sample without a patient id is a patient of its own. */
function patientOf({ id, patientId }: SplitSample): string {
  return patientId === undefined ? `image ${id}` : `patient ${patientId}`;
}

function isAnnotated({ landmarks }: SplitSample): boolean {
  return landmarks.some((point) => point !== null);
}

function isComplete({ landmarks }: SplitSample): boolean {
  return landmarks.every((point) => point !== null);
}

function overlap(sample: SplitSample, owner: Part, part: Part): DataError {
  const who = sample.patientId === undefined ? '' : ` (patient ${sample.patientId})`;
  return new DataError(
    'FSX_SPLIT_OVERLAP',
    `image "${sample.id}"${who} is asked for in data.split.${owner} and data.split.${part}`,
    { suggestion: 'A patient may be in one part only.' },
  );
}

function list(ids: readonly string[]): string {
  return ids.length > 5 ? `${ids.slice(0, 5).join(', ')} and ${ids.length - 5} more` : ids.join(', ');
}

/** By code units: the same on every machine, whatever its language. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
