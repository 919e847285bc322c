import { EngineError } from '../../errors.ts';
import type { EngineName } from '../engine.ts';
import { hasHardwareGpu, openEngine } from '../open.ts';
import { findNativeBinding, nativeUnavailableReason } from '../provisioning/native-binding.ts';

export interface EngineStatus {
  readonly name: EngineName;
  readonly available: boolean;
  /** Version and device of an engine that is ready, else why it is not. */
  readonly detail: string;
  /** False for one that runs only when it is asked for by name. */
  readonly automatic: boolean;
}

/** Starts every engine in turn, fastest first. The last one stays active in this process. */
export async function surveyEngines(): Promise<EngineStatus[]> {
  return [await surveyNative(), await surveyWebGpu(), await survey('wasm')];
}

async function surveyNative(): Promise<EngineStatus> {
  if (await findNativeBinding()) return survey('native');
  return unavailable('native', await nativeUnavailableReason());
}

async function surveyWebGpu(): Promise<EngineStatus> {
  return { ...(await survey('webgpu')), automatic: await hasHardwareGpu() };
}

async function survey(name: EngineName): Promise<EngineStatus> {
  try {
    const { description } = await openEngine({ type: name });
    return { name, available: true, detail: description, automatic: true };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return unavailable(name, error.message);
  }
}

function unavailable(name: EngineName, detail: string): EngineStatus {
  return { name, available: false, detail, automatic: true };
}
