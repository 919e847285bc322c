import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../../errors.ts';
import { withProcessLock } from '../../process-lock.ts';
import {
  BINDING_FILE,
  type NativeBinding,
  nativeDirectory,
  recordLastFailure,
  tfjsNodeDirectory,
  unsupportedPlatform,
  variantDirectory,
} from './native-binding.ts';
import { checkBinding, compileBinding, downloadWheels, extractLibraries, requireDiskSpace } from './steps.ts';
import { findCompiler, findPip } from './toolchain.ts';
import { type NativeVariant, TENSORFLOW_VERSION, type WheelSet, wheelsFor } from './wheels.ts';

/** What the installation does now. `megabytes` are set while downloading. */
export interface InstallProgress {
  readonly step: 'wait' | 'download' | 'unpack' | 'compile' | 'check';
  readonly megabytes?: number;
  readonly totalMegabytes?: number;
}

export interface InstallOptions {
  readonly variant: NativeVariant;
  /** Install again where it is installed already. */
  readonly force: boolean;
  readonly onProgress: (progress: InstallProgress) => void;
}

const STAGING_PREFIX = '.staging-';

/**
 * Installs native TensorFlow into fsx's cache: pip downloads the pinned wheel, its libraries are unpacked, and the
 * package's binding is compiled against them. The result appears under its name complete or not at all. A failure is
 * kept for `nativeUnavailableReason`.
 *
 * @throws EngineError whose message is the reason in one line.
 */
export async function installNative(options: InstallOptions): Promise<NativeBinding> {
  try {
    const binding = await install(options);
    await recordLastFailure(undefined);
    return binding;
  } catch (error) {
    const failure = asEngineError(error);
    await recordLastFailure(failure.message);
    throw failure;
  }
}

async function install({ variant, force, onProgress }: InstallOptions): Promise<NativeBinding> {
  const wheels = wheelsFor(variant);
  if (!wheels) throw new EngineError('FSX_ENGINE_PLATFORM', unsupportedPlatform());
  const target = variantDirectory(variant);
  const installed = { path: join(target, BINDING_FILE), variant, tensorflowVersion: TENSORFLOW_VERSION };
  if (!force && existsSync(target)) return installed;

  await mkdir(nativeDirectory(), { recursive: true });
  const lock = join(nativeDirectory(), 'install.lock');
  await withProcessLock(
    lock,
    () => onProgress({ step: 'wait' }),
    async () => {
      if (!force && existsSync(target)) return; // the process that was waited for has installed it
      await removeAbandonedStaging();
      const staging = join(nativeDirectory(), `${STAGING_PREFIX}${process.pid}`);
      try {
        await build(wheels, staging, onProgress);
        await rm(target, { recursive: true, force: true });
        await rename(join(staging, 'installed'), target);
      } finally {
        await rm(staging, { recursive: true, force: true });
      }
    },
  );
  return installed;
}

async function build(
  wheels: WheelSet,
  staging: string,
  onProgress: InstallOptions['onProgress'],
): Promise<void> {
  const tfjsNode = requireTfjsNode();
  const pip = await findPip();
  const compiler = await findCompiler();
  await requireDiskSpace(nativeDirectory(), wheels.diskMegabytes);
  const folders = { wheels: join(staging, 'wheels'), installed: join(staging, 'installed') };
  await mkdir(folders.wheels, { recursive: true });
  await mkdir(folders.installed);

  const totalMegabytes = wheels.downloadMegabytes;
  onProgress({ step: 'download', megabytes: 0, totalMegabytes });
  await downloadWheels(pip, wheels, folders.wheels, (megabytes) =>
    onProgress({ step: 'download', megabytes, totalMegabytes }),
  );
  onProgress({ step: 'unpack' });
  await extractLibraries(pip, folders.wheels, folders.installed);
  onProgress({ step: 'compile' });
  await compileBinding(compiler, tfjsNode, folders.installed);
  onProgress({ step: 'check' });
  await checkBinding(join(folders.installed, BINDING_FILE));
}

function requireTfjsNode(): string {
  const folder = tfjsNodeDirectory();
  if (folder) return folder;
  throw new EngineError('FSX_ENGINE_NO_SOURCES', 'the package @tensorflow/tfjs-node-gpu is not installed', {
    suggestion: 'install fsx again with its optional dependencies (`npm ci --include=optional`)',
  });
}

/** What interrupted installations left: whoever holds the lock is the only one at work. */
async function removeAbandonedStaging(): Promise<void> {
  for (const name of await readdir(nativeDirectory())) {
    if (name.startsWith(STAGING_PREFIX)) await rm(join(nativeDirectory(), name), { recursive: true });
  }
}

/** A cache folder that cannot be written, a disk that fills up: anything the file system refuses. */
function asEngineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new EngineError('FSX_ENGINE_INSTALL_FAILED', message.split('\n')[0] as string, {
    suggestion: 'set FSX_CACHE to a folder that can be written, then `fsx engine install`',
    cause: error,
  });
}
