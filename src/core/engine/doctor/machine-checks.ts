import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { freemem } from 'node:os';
import { dirname } from 'node:path';
import { cacheDirectory } from '../../cache-directory.ts';
import { EngineError } from '../../errors.ts';
import { type GpuSurvey, surveyGpus } from '../gpus.ts';
import { checkBinding } from '../provisioning/check-binding.ts';
import { findNativeBinding, nativeUnavailableReason } from '../provisioning/native-binding.ts';
import { type NativeVariant, TENSORFLOW_VERSION } from '../provisioning/wheels.ts';
import { type Check, failed, passed } from './check.ts';

const OLDEST_NODE = [20, 19] as const;
/** A training of the quickstart at batch 2 x 256 x 256 holds about this much. */
const NEEDED_MEMORY_MEGABYTES = 2000;
/** Room for a few runs with their checkpoints. */
const NEEDED_DISK_MEGABYTES = 1000;
const BYTES_PER_MEGABYTE = 1e6;

export function checkNode(version: string = process.versions.node): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNewEnough = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  if (isNewEnough) return passed('Node.js', version);
  return failed('Node.js', version, `install Node.js ${OLDEST_NODE.join('.')} or newer`);
}

/** The binding stands, links, and its TensorFlow is the version that fsx is tested with. */
export async function checkNativeLibrary(): Promise<Check[]> {
  const binding = await findNativeBinding();
  if (!binding) {
    return [failed('native binding', await nativeUnavailableReason(), 'run `fsx engine install`')];
  }
  const found = passed('native binding', `${binding.path} (${binding.variant})`);
  try {
    const version = await checkBinding(binding.path);
    return [found, checkLibraryVersion(version), ...checkGpus(binding.variant, await surveyGpus())];
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return [found, failed('TensorFlow', error.message, 'run `fsx engine install --force`')];
  }
}

function checkLibraryVersion(version: string): Check {
  if (version === TENSORFLOW_VERSION) return passed('TensorFlow', version);
  const detail = `${version}, while fsx is tested with ${TENSORFLOW_VERSION}`;
  return failed('TensorFlow', detail, 'run `fsx engine install --force`');
}

/** A machine without a GPU is in order: the processor does the same. */
export function checkGpus(variant: NativeVariant, { gpus, problem }: GpuSurvey): Check[] {
  const names = gpus.map(
    ({ index, name, memoryMegabytes, driver }) =>
      `${index}: ${name}, ${memoryMegabytes} MB, driver ${driver}`,
  );
  if (variant === 'cuda') return [passed('GPU', names.join('; ') || `none, since ${problem}`)];
  if (names.length === 0) return [];
  return [passed('GPU', `${names.join('; ')}; not used by this build, but by \`fsx engine install --cuda\``)];
}

export function checkMemory(freeBytes: number = availableMemory()): Check {
  const free = Math.floor(freeBytes / BYTES_PER_MEGABYTE);
  if (free >= NEEDED_MEMORY_MEGABYTES) return passed('free memory', `${free} MB`);
  const fix = 'close other programs, or train with a smaller image or batch';
  return failed('free memory', `${free} MB of ${NEEDED_MEMORY_MEGABYTES} MB`, fix);
}

/** Linux counts the page cache as used in `freemem`; what a container may still take is counted too. */
function availableMemory(): number {
  return process.availableMemory?.() ?? freemem();
}

/** Looks where the runs go and where the cache lies. */
export async function checkDisk(
  folders: readonly string[] = [process.cwd(), cacheDirectory()],
): Promise<Check[]> {
  const checks: Check[] = [];
  for (const folder of folders) {
    const { bavail, bsize } = await statfs(nearestExisting(folder));
    const free = Math.floor((bavail * bsize) / BYTES_PER_MEGABYTE);
    const name = `free disk (${folder})`;
    checks.push(
      free >= NEEDED_DISK_MEGABYTES
        ? passed(name, `${free} MB`)
        : failed(name, `${free} MB of ${NEEDED_DISK_MEGABYTES} MB`, 'delete what is not needed there'),
    );
  }
  return checks;
}

function nearestExisting(folder: string): string {
  return existsSync(folder) ? folder : nearestExisting(dirname(folder));
}
