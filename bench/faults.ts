/**
 * Does harm to runs and to MLflow servers, many times, and prints what it cost as tables in Markdown. Runs and servers are
 * real: the tiny recipe in processes of their own, killed and resumed, and deliveries to a real MLflow. Where a small disk
 * cannot be mounted its rows are left out. The moments are drawn with a seed; the machine's speed decides what they meet.
 *
 * `npm run bench:faults [-- kills|disks|rest|server …]`; all four when none is named, most of an hour on two cores.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryDisks, tryKills, tryTheRest } from './faults/runs.ts';
import { tryServer } from './faults/servers.ts';

const SECTIONS = { kills: tryKills, disks: tryDisks, rest: tryTheRest, server: tryServer } as const;

type Section = keyof typeof SECTIONS;

const named = process.argv.slice(2) as Section[];
for (const name of named.length > 0 ? named : (Object.keys(SECTIONS) as Section[])) {
  const folder = mkdtempSync(join(tmpdir(), 'fsx-faults-'));
  try {
    await SECTIONS[name](folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
