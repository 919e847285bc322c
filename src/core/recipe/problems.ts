import { codeFrameColumns } from '@babel/code-frame';
import { RecipeError } from '../errors.ts';
import { redact } from '../secrets.ts';
import { type Place, positionOf } from './source.ts';

/** One thing that is wrong with a recipe. */
export interface Problem {
  readonly message: string;
  /** What would be right. */
  readonly expected?: string;
  /** The nearest valid name, or how to fix it. */
  readonly suggestion?: string;
  readonly place: Place;
}

/** A problem as `--format json` prints it. */
export interface ReportedProblem extends Omit<Problem, 'place'> {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly codeFrame: string;
}

export type ProblemFormat = 'text' | 'json' | 'github';

/** FSX_RECIPE_INVALID: everything that is wrong with a recipe, at once. */
export class InvalidRecipeError extends RecipeError {
  readonly problems: readonly Problem[];

  /** @param code another one for a file of recipes. */
  constructor(path: string, problems: readonly Problem[], code = 'FSX_RECIPE_INVALID') {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super(code, `${path} has ${count}\n\n${formatProblems(problems, 'text')}`);
    this.problems = problems;
  }
}

/** All problems in one of the formats, in the order of their places. */
export function formatProblems(problems: readonly Problem[], format: ProblemFormat, colors = false): string {
  const ordered = inOrder(problems);
  if (format === 'json') return JSON.stringify(ordered.map(reportProblem), null, 2);
  if (format === 'github') return ordered.map(githubLine).join('\n');
  return ordered.map((problem) => textBlock(problem, colors)).join('\n\n');
}

export function reportProblem(problem: Problem): ReportedProblem {
  const { place, ...rest } = problem;
  const { line, column } = positionOf(place.source.text, place.start);
  const { name } = place.source;
  return {
    file: redact(name),
    line,
    column,
    ...rest,
    message: redact(rest.message),
    codeFrame: codeFrame(place, false),
  };
}

function inOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort(
    (a, b) => a.place.source.name.localeCompare(b.place.source.name) || a.place.start - b.place.start,
  );
}

function textBlock(problem: Problem, colors: boolean): string {
  const { file, line, column } = reportProblem(problem);
  const where = problem.place.source.kind === 'override' ? file : `${file}:${line}:${column}`;
  const lines = [redact(`${where}: ${problem.message}`)];
  if (problem.expected !== undefined) lines.push(`  expected: ${problem.expected}`);
  if (problem.suggestion !== undefined) lines.push(`  try: ${problem.suggestion}`);
  lines.push(codeFrame(problem.place, colors).replaceAll(/^/gm, '  '));
  return lines.join('\n');
}

function codeFrame({ source, start, end }: Place, colors: boolean): string {
  const from = positionOf(source.text, start);
  const to = positionOf(source.text, Math.max(start + 1, end));
  const location = from.line === to.line ? { start: from, end: to } : { start: from };
  return redact(
    codeFrameColumns(source.text, location, { linesAbove: 1, linesBelow: 1, forceColor: colors }),
  );
}

/** A workflow command that shows the problem beside the line of a pull request. */
function githubLine(problem: Problem): string {
  const { file, line, column } = reportProblem(problem);
  const details = [problem.message, problem.expected && `expected: ${problem.expected}`, problem.suggestion];
  const text = escapeData(details.filter(Boolean).join('\n'));
  if (problem.place.source.kind === 'override') return `::error::${escapeData(file)}: ${text}`;
  return `::error file=${escapeProperty(file)},line=${line},col=${column}::${text}`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/** What several recipes have from one place is one problem. */
export function withoutRepetition(problems: readonly Problem[]): Problem[] {
  const keyOf = ({ place, message }: Problem) => `${place.source.name}:${place.start}:${message}`;
  return [...new Map(problems.map((problem) => [keyOf(problem), problem])).values()];
}
