import { EngineError } from '../../errors.ts';
import type { ToolResult } from './tool.ts';

export function diskFull(message = 'the disk is full'): EngineError {
  return new EngineError('FSX_ENGINE_DISK_FULL', message, {
    suggestion: 'free some space or set FSX_CACHE to a folder on another disk, then `fsx engine install`',
  });
}

export function isDiskFull(result: ToolResult): boolean {
  return !result.ok && /No space left on device|Disk quota exceeded/.test(result.output);
}

/** The first line that matches, else the last line that says anything. */
export function lastLine(result: ToolResult, pattern?: RegExp): string {
  const match = pattern?.exec(result.output)?.[1];
  if (match) return match.trim();
  const lines = result.output.split('\n').filter((line) => line.trim() !== '');
  return (lines.at(-1) ?? 'it said nothing').trim();
}
