import { cpus, loadavg } from 'node:os';
import { describeCommit, describeMachine } from '../../src/core/experiment/environment.ts';

/** On what, with what and when something was measured. */
export interface Circumstances {
  readonly date: string;
  readonly commit: string;
  readonly system: string;
  readonly processor: string;
  readonly memoryGb: number;
  readonly node: string;
  /** Processes that wanted a core in the minute before, on average: a machine with nothing else to do has about none. */
  readonly load: number;
}

export async function circumstances(): Promise<Circumstances> {
  const { system, memoryGb } = describeMachine();
  const processors = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: await describeCommit('.'),
    ...{ system, memoryGb },
    processor: `${processors[0]?.model ?? 'unknown'}, ${processors.length} threads`,
    node: process.version,
    load: loadavg()[0]!,
  };
}
