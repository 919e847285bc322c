import type { TextTable } from '../core/trials/text-table.ts';

/** A table with its caption, for a terminal. */
export async function tableText({ caption, columns, rows }: TextTable): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const colAligns = columns.map((_, index) => (index === 0 ? ('left' as const) : ('right' as const)));
  const table = new Table({
    head: [...columns],
    colAligns,
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows.map((row) => [...row]));
  return `${caption}\n${table.toString()}\n`;
}
