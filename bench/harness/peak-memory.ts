import { readFileSync } from 'node:fs';

/** The most memory that a process that runs has had so far, in MB; undefined where the system does not tell. */
export function peakMemoryMb(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kibibytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]);
  return (kibibytes * 1024) / 1e6;
}
