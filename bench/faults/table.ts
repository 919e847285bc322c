/** What a fault cost, over all the times that it was tried. */
export interface Row {
  readonly fault: string;
  /** Times that it happened. */
  readonly tried: number;
  /** Runs that were compared with one that nothing had happened to. */
  readonly runs: number;
  /** Of these, those that ended as it did. */
  readonly same: number;
  readonly lost: number;
  readonly doubled: number;
}

/** What one run cost. */
export interface Cost {
  readonly same: boolean;
  readonly lost: number;
  readonly doubled: number;
}

export function rowOf(fault: string, costs: readonly Cost[], tried = costs.length): Row {
  const total = (of: (cost: Cost) => number) => costs.reduce((sum, cost) => sum + of(cost), 0);
  return {
    ...{ fault, tried, runs: costs.length },
    same: total(({ same }) => Number(same)),
    lost: total(({ lost }) => lost),
    doubled: total(({ doubled }) => doubled),
  };
}

/** @param columns names of the columns for `same`, `lost` and `doubled`. */
export function printHead(columns: readonly [string, string, string]): void {
  console.log(`\n| fault | times tried | ${columns.join(' | ')} |\n|---|---|---|---|---|`);
}

export function printRow(row: Row): void {
  console.log(formatRow(row));
}

/** For rows that take long: what is known so far, on standard error. */
export function printSoFar(row: Row): void {
  console.error(formatRow(row));
}

function formatRow({ fault, tried, runs, same, lost, doubled }: Row): string {
  return `| ${fault} | ${tried} | ${same} of ${runs} | ${lost} | ${doubled} |`;
}
