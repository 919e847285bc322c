import { EngineError } from '../../errors.ts';
import { runTool } from './tool.ts';
import { lastLine } from './tool-failure.ts';

const SCRIPT = `
const binding = require(process.argv[1]);
console.log('TensorFlow', binding.TF_Version);
const missing = binding.missingGpuLibraries?.();
if (missing) throw new Error(missing);
`;

/**
 * Loads the binding, and the CUDA libraries where it has them, in a process of its own: a library that this machine cannot run ends that process alone.
 *
 * @returns the version that TensorFlow reports.
 * @throws EngineError `FSX_ENGINE_BINDING_BROKEN`
 */
export async function checkBinding(path: string): Promise<string> {
  const result = await runTool(process.execPath, ['-e', SCRIPT, path], {
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  const version = /^TensorFlow (.+)$/m.exec(result.output)?.[1];
  if (result.ok && version) return version;
  const cause =
    result.signal === 'SIGILL'
      ? 'this processor lacks instructions that TensorFlow needs'
      : (result.signal ?? lastLine(result, /^Error: (.*)$/m));
  throw new EngineError('FSX_ENGINE_BINDING_BROKEN', `TensorFlow does not load here (${cause})`, {
    suggestion: 'use `--engine wasm` on this machine',
  });
}
