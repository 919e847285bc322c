import { EngineError } from '../../errors.ts';
import type { EngineName } from '../engine.ts';
import { openEngine } from '../open.ts';
import { findNativeBinding, nativeUnavailableReason } from '../provisioning/native-binding.ts';

export interface EngineStatus {
  readonly name: EngineName;
  readonly available: boolean;
  /** Version and device of an engine that is ready, else why it is not. */
  readonly detail: string;
}

/** Starts every engine in turn, fastest first. The last one stays active in this process. */
export async function surveyEngines(): Promise<EngineStatus[]> {
  return [await surveyNative(), await survey('wasm')];
}

async function surveyNative(): Promise<EngineStatus> {
  if (await findNativeBinding()) return survey('native');
  return { name: 'native', available: false, detail: await nativeUnavailableReason() };
}

async function survey(name: EngineName): Promise<EngineStatus> {
  try {
    const { description } = await openEngine({ type: name });
    return { name, available: true, detail: description };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { name, available: false, detail: error.message };
  }
}
