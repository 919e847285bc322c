import Table from 'cli-table3';
import type { Finding } from '../../core/data/inspection/finding.ts';
import type { DataInspection, SampleCounts } from '../../core/data/inspection/inspect.ts';
import type { LandmarkStatistics } from '../../core/data/inspection/landmark-statistics.ts';
import type { Range } from '../../core/data/inspection/spread.ts';

/** An inspection as a person reads it. */
export function inspectionText(title: string, inspection: DataInspection): string {
  const rows = [
    ['samples', countsText(inspection.counts)],
    ...Object.entries(inspection.parts).map(([name, counts]) => [`  ${name}`, countsText(counts)]),
    ['uses', usesText(inspection.uses)],
    ['size', sizeText(inspection.size)],
    ['spacing', spacingText(inspection)],
  ] as const;
  const width = Math.max(...rows.map(([name]) => name!.length));
  return [
    title,
    ...rows.map(([name, value]) => `  ${name!.padEnd(width)}  ${value}`),
    landmarkTable(inspection.landmarks),
    'Positions are shares of width and height. Spreads are shares of the diagonal: around the mean position, and once',
    'position, size and rotation of the whole shape are taken off.',
    '',
    findingsText(inspection.findings),
  ].join('\n');
}

function countsText({ samples, labeled, complete, patients }: SampleCounts): string {
  const partly = labeled === complete ? '' : ` (${labeled - complete} of them in part)`;
  const who = patients === null ? '' : `, ${patients} patients`;
  return `${samples}, ${labeled} labeled${partly}${who}`;
}

function usesText(uses: DataInspection['uses']): string {
  if (uses === null) return 'the split of the recipe does not suit the dataset (see below)';
  const { labeled, unlabeled, validation, test } = uses;
  return `${labeled} labeled, ${unlabeled} unlabeled, ${validation} validation, ${test} test`;
}

function sizeText(size: DataInspection['size']): string {
  return size === null ? 'no images' : `${rangeText(size.width)} x ${rangeText(size.height)} px`;
}

function spacingText({ spacing: { known, xMm, yMm }, counts }: DataInspection): string {
  if (xMm === null || yMm === null) return 'unknown: lengths will be in pixels';
  const missing = counts.samples - known;
  return `${rangeText(xMm)} x ${rangeText(yMm)} mm${missing === 0 ? '' : `, unknown for ${missing} samples`}`;
}

function rangeText({ min, median, max }: Range): string {
  return min === max ? short(min) : `${short(min)} to ${short(max)} (median ${short(median)})`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function landmarkTable(landmarks: readonly LandmarkStatistics[]): string {
  const table = new Table({
    head: ['', 'landmark', 'labeled', 'missing', 'mean position', 'spread', 'of shape'],
    colAligns: ['right', 'left', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  landmarks.forEach(({ name, labeled, missing, mean, spread, shapeSpread }, index) => {
    const position = mean === null ? '–' : `${percent(mean.x)}, ${percent(mean.y)}`;
    table.push([index + 1, name, labeled, missing, position, percent(spread), percent(shapeSpread)]);
  });
  return table.toString();
}

function percent(share: number | null): string {
  return share === null ? '–' : `${(100 * share).toFixed(1)} %`;
}

function findingsText(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'Nothing seems to be wrong.';
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const counts = [countText(errors, 'error'), countText(findings.length - errors, 'suspicion')];
  return [`${counts.filter((text) => text !== '').join(' and ')}:`, ...findings.map(findingLine)].join('\n');
}

function countText(count: number, what: string): string {
  return count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`;
}

function findingLine({ severity, samples, message }: Finding): string {
  const about = samples.length === 0 ? '' : `${samples.join(', ')}: `;
  return `  ${severity.padEnd(9)}  ${about}${message}`;
}
