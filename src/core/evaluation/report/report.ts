import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { page } from './page.ts';
import { reportBody } from './report-body.ts';
import type { ReportInput } from './report-input.ts';

export type { ReportCase, ReportInput, StageFacts } from './report-input.ts';

/** Writes `report.html` into the run folder: one file with everything inside it. */
export async function writeReport(runDirectory: string, input: ReportInput): Promise<void> {
  const images = await Promise.all(
    input.cases.map(async ({ file }) => {
      const png = await readFile(join(runDirectory, file));
      return `data:image/png;base64,${png.toString('base64')}`;
    }),
  );
  const document = page(`${input.facts.name} · fsx report`, reportBody(input, images));
  await writeFile(join(runDirectory, 'report.html'), document);
}
