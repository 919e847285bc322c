import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { EngineError } from '../errors.ts';
import type { Device } from './engine.ts';

/** An NVIDIA GPU as the driver tells of it. */
export interface Gpu {
  /** Its position on the PCI bus. */
  readonly index: string;
  readonly uuid: string;
  readonly name: string;
  readonly memoryMegabytes: number;
  readonly driver: string;
}

export interface GpuSurvey {
  readonly gpus: readonly Gpu[];
  /** Why there are none. */
  readonly problem?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What CUDA_VISIBLE_DEVICES lists, numbers or UUIDs; undefined where it is not set, and every GPU can be used. */
export function listedGpus({ CUDA_VISIBLE_DEVICES: list }: Environment): readonly string[] | undefined {
  const names = list?.split(',').map((name) => name.trim());
  return names?.filter((name) => name !== '' && name !== '-1');
}

/** Asks the driver's own tool, which ends with it. */
export async function surveyGpus(): Promise<GpuSurvey> {
  const query = ['--query-gpu=index,uuid,name,memory.total,driver_version', '--format=csv,noheader,nounits'];
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', query);
    const gpus = stdout.split('\n').flatMap(parseGpu);
    return gpus.length > 0 ? { gpus } : { gpus, problem: 'the NVIDIA driver finds no GPU' };
  } catch (error) {
    const { code, stdout, message } = error as { code?: unknown; stdout?: string; message: string };
    if (code === 'ENOENT') return { gpus: [], problem: 'no NVIDIA driver is installed' };
    return { gpus: [], problem: (stdout?.trim() || message).split('\n')[0]! };
  }
}

function parseGpu(line: string): Gpu[] {
  const [index, uuid, name, memory, driver] = line.split(', ');
  if (driver === undefined || !/^\d+$/.test(index!)) return [];
  return [{ index: index!, uuid: uuid!, name: name!, memoryMegabytes: Number(memory), driver }];
}

/**
 * The value of CUDA_VISIBLE_DEVICES that leaves just the chosen device to this process: TensorFlow takes hold of every
 * GPU that it sees. Without a choice it is the first that is visible.
 *
 * @throws {EngineError} `FSX_ENGINE_NO_GPU` where CUDA_VISIBLE_DEVICES hides the chosen one.
 */
export function visibleDevice(device: Device | undefined, environment: Environment): string {
  const HIDE_ALL = '-1';
  if (device === 'cpu') return HIDE_ALL;
  const position = Number(device?.split(':')[1] ?? 0);
  const listed = listedGpus(environment);
  const chosen = listed === undefined ? String(position) : listed[position];
  if (chosen === undefined && device !== undefined) {
    throw noGpu(device, `CUDA_VISIBLE_DEVICES lists ${listed!.length || 'none'}`);
  }
  return chosen ?? HIDE_ALL;
}

export function noGpu(device: Device, reason: string): EngineError {
  return new EngineError('FSX_ENGINE_NO_GPU', `there is no ${device}: ${reason}`, {
    suggestion:
      'See `fsx engine doctor`. Without `engine.device` the processor is used where there is no GPU.',
  });
}

/** Whether a choice of device can be met by a GPU alone. */
export function asksForGpu(device: Device | undefined): device is Exclude<Device, 'cpu'> {
  return device !== undefined && device !== 'cpu';
}
