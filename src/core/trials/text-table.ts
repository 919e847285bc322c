/** A table as text, for every form that results are written in. */
export interface TextTable {
  readonly caption: string;
  readonly columns: readonly string[];
  /** The first cell names the row. */
  readonly rows: readonly (readonly [string, ...string[]])[];
}

export function markdownTable({ caption, columns, rows }: TextTable): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = columns.map((_, index) => (index === 0 ? '---' : '---:'));
  return [`${caption}.`, '', line(columns), line(rule), ...rows.map(line)].join('\n');
}
