/** A text that a part of the recipe was read from: a file, or one `--set`. */
export interface Source {
  /** A file's path as it was named, or the whole override: `--set model.backbone.width=32`. */
  readonly name: string;
  readonly text: string;
  readonly kind: 'file' | 'override';
}

/** A stretch of a source; offsets in characters, the end exclusive. */
export interface Place {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Line and column of an offset, both from 1. */
export function positionOf(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - (before.lastIndexOf('\n') + 1) + 1 };
}

/** `recipe.yaml:12:5`, or the override as it was written. */
export function placeText(place: Place): string {
  if (place.source.kind === 'override') return place.source.name;
  const { line, column } = positionOf(place.source.text, place.start);
  return `${place.source.name}:${line}:${column}`;
}
