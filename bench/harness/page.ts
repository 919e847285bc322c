import type { Estimate } from '../../src/core/evaluation/bootstrap.ts';
import type { Circumstances } from './machine.ts';
import type { Findings, Table } from './part.ts';

/** What was found in a part, and on what. */
export interface PartResult extends Findings {
  readonly title: string;
  readonly circumstances: Circumstances;
}

const INTRODUCTION = `# Performance

Made by \`npm run bench\`, which also writes the numbers to \`docs/benchmarks/performance.json\`. Those that are compared run in processes of
their own on the same threads and take turns in rounds. Times are medians; ratios are of medians, fsx in the same precision to the peer
(below 1: fsx is faster), with 95 % intervals by resampling rounds.`;

/** `docs/performance.md`. */
export function pageOf(results: readonly PartResult[]): string {
  return `${[INTRODUCTION, ...results.map(sectionOf)].join('\n\n')}\n`;
}

function sectionOf({ title, text, tables, circumstances }: PartResult): string {
  return [`## ${title}`, text, ...tables.map(tableText), sourceOf(circumstances)].join('\n\n');
}

function sourceOf({ date, commit, system, processor, memoryGb, node, load }: Circumstances): string {
  return (
    `_${date}, commit ${commit}; ${processor}, ${memoryGb} GB, ${system}, Node ${node}; ` +
    `load before it began: ${load.toFixed(1)}._`
  );
}

export function tableText({ caption, columns, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const lines = [columns, columns.map((_, index) => (index === 0 ? '---' : '---:')), ...rows].map(line);
  return [`**${caption}**`, '', ...lines].join('\n');
}

/** `0.93 (0.91 to 0.95)`. */
export function ratioText({ value, low, high }: Estimate): string {
  return `${value.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}
