import { EngineError } from '../../errors.ts';
import { runTool, type ToolResult } from './tool.ts';

/** A program and the arguments that always come first: `CXX="ccache g++"` is one. */
export type ToolCommand = readonly [string, ...string[]];

/** @throws EngineError `FSX_ENGINE_NO_PIP` */
export async function findPip(): Promise<ToolCommand> {
  const candidates: ToolCommand[] = [
    ['python3', '-m', 'pip'],
    ['python', '-m', 'pip'],
  ];
  const pip = await firstThatAnswers(candidates);
  if (pip) return pip;
  throw new EngineError('FSX_ENGINE_NO_PIP', 'no Python with pip found', {
    suggestion: 'install pip (Debian, Ubuntu: `apt install python3-pip`), then `fsx engine install`',
  });
}

/** @throws EngineError `FSX_ENGINE_NO_COMPILER` */
export async function findCompiler(): Promise<ToolCommand> {
  const fromEnvironment = process.env.CXX?.trim().split(/\s+/) as [string, ...string[]] | undefined;
  const candidates: ToolCommand[] = [['g++'], ['c++'], ['clang++']];
  const compiler = await firstThatAnswers(
    fromEnvironment?.[0] ? [fromEnvironment, ...candidates] : candidates,
  );
  if (compiler) return compiler;
  throw new EngineError('FSX_ENGINE_NO_COMPILER', 'no C++ compiler found (g++, c++ or clang++)', {
    suggestion: 'install one (Debian, Ubuntu: `apt install g++`), then `fsx engine install`',
  });
}

/** Runs a found tool with more arguments. */
export function runCommand(
  [program, ...first]: ToolCommand,
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
): Promise<ToolResult> {
  return runTool(program, [...first, ...args], env ? { env } : {});
}

async function firstThatAnswers(candidates: readonly ToolCommand[]): Promise<ToolCommand | undefined> {
  for (const candidate of candidates) {
    if ((await runCommand(candidate, ['--version'])).ok) return candidate;
  }
  return undefined;
}
