import { EngineError } from '../../errors.ts';
import type { EngineName } from '../engine.ts';
import { openEngine } from '../open.ts';
import { type Check, failed, passed } from './check.ts';
import { checkDisk, checkMemory, checkNativeLibrary, checkNode } from './machine-checks.ts';

/**
 * Examines this machine and one engine. Every check runs that can: a failure does not hide the next one.
 *
 * @param engine the engine to train on.
 */
export async function examine(engine: EngineName): Promise<Check[]> {
  const machine = [checkNode(), checkMemory(), ...(await checkDisk())];
  const library = engine === 'native' ? await checkNativeLibrary() : [];
  const isLoadable = library.every((check) => check.name !== 'TensorFlow' || check.status === 'ok');
  const isPresent = library[0]?.status !== 'failed';
  return [...machine, ...library, ...(isPresent && isLoadable ? await checkEngine(engine) : [])];
}

async function checkEngine(engine: EngineName): Promise<Check[]> {
  try {
    const { description } = await openEngine({ type: engine });
    const { checkTraining } = await import('./training-checks.ts');
    return [passed('device', description), ...(await checkTraining())];
  } catch (error) {
    const fix =
      error instanceof EngineError && error.suggestion
        ? error.suggestion
        : 'use another engine (`--engine`), and report this output';
    return [failed('engine', error instanceof Error ? error.message : String(error), fix)];
  }
}
