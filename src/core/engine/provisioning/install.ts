import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { EngineError } from '../../errors.ts';
import { withProcessLock } from '../../process-lock.ts';
import { checkBinding } from './check-binding.ts';
import { compileBinding } from './compile.ts';
import { downloadWheels, extractHeaders, extractLibraries, requireDiskSpace } from './libraries.ts';
import {
  BINDING_FILE,
  installedBinding,
  librariesDirectory,
  type NativeBinding,
  nativeDirectory,
  recordLastFailure,
  tfjsNodeDirectory,
  unsupportedPlatform,
  variantDirectory,
} from './native-binding.ts';
import { findCompiler, findPip, type ToolCommand } from './toolchain.ts';
import { type NativeVariant, type WheelSet, wheelsFor } from './wheels.ts';

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
 * Installs native TensorFlow into fsx's cache: pip downloads the pinned wheels, their libraries are unpacked, and the
 * package's binding is compiled against them. Libraries that are there already, of a build of other sources, are used
 * again. What is installed appears under its name complete or not at all. A failure is kept for
 * `nativeUnavailableReason`.
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
  const installed = installedBinding(variant);
  if (installed && !force) return installed;

  await mkdir(nativeDirectory(), { recursive: true });
  await withInstallLock(
    () => onProgress({ step: 'wait' }),
    async () => {
      if (installedBinding(variant) && !force) return; // the process that was waited for has installed it
      await removeAbandonedStaging();
      try {
        await build({ variant, force, onProgress }, wheels);
      } finally {
        await removeAbandonedStaging();
      }
    },
  );
  return installedBinding(variant)!;
}

/** Whoever holds it is the only one that writes to the folder of native builds. */
export function withInstallLock<T>(onWait: () => void, work: () => Promise<T>): Promise<T> {
  return withProcessLock(join(nativeDirectory(), 'install.lock'), onWait, work);
}

async function build({ variant, force, onProgress }: InstallOptions, wheels: WheelSet): Promise<void> {
  const tfjsNode = requireTfjsNode();
  const pip = await findPip();
  const compiler = await findCompiler();
  const libraries = librariesDirectory(variant, wheels);
  if (force || !existsSync(libraries)) await provideLibraries(pip, wheels, libraries, onProgress);

  const target = await stagingFolder('build');
  const headers = await stagingFolder('headers');
  onProgress({ step: 'compile' });
  await extractHeaders(pip, libraries, headers);
  await compileBinding(compiler, { tfjsNode, libraries, headers, target });
  onProgress({ step: 'check' });
  await checkBinding(join(target, BINDING_FILE));
  await replaceFolder(variantDirectory(variant), target);
}

async function provideLibraries(
  pip: ToolCommand,
  wheels: WheelSet,
  libraries: string,
  onProgress: InstallOptions['onProgress'],
): Promise<void> {
  await requireDiskSpace(nativeDirectory(), wheels.diskMegabytes);
  const downloaded = await stagingFolder('wheels');
  const unpacked = await stagingFolder('libraries');
  const totalMegabytes = wheels.downloadMegabytes;
  onProgress({ step: 'download', megabytes: 0, totalMegabytes });
  await downloadWheels(pip, wheels, downloaded, (megabytes) =>
    onProgress({ step: 'download', megabytes, totalMegabytes }),
  );
  onProgress({ step: 'unpack' });
  await extractLibraries(pip, downloaded, unpacked);
  await replaceFolder(libraries, unpacked);
}

/** A process that uses the old folder keeps the files that it has open. */
async function replaceFolder(folder: string, by: string): Promise<void> {
  if (existsSync(folder)) await rename(folder, join(nativeDirectory(), STAGING_PREFIX + basename(folder)));
  await rename(by, folder);
}

async function stagingFolder(content: string): Promise<string> {
  const folder = join(nativeDirectory(), `${STAGING_PREFIX}${process.pid}-${content}`);
  await mkdir(folder);
  return folder;
}

function requireTfjsNode(): string {
  const folder = tfjsNodeDirectory();
  if (folder) return folder;
  throw new EngineError('FSX_ENGINE_NO_SOURCES', 'the package @tensorflow/tfjs-node-gpu is not installed', {
    suggestion: 'install fsx again with its optional dependencies (`npm ci --include=optional`)',
  });
}

/** What installations left, interrupted ones too: whoever holds the lock is the only one at work. */
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
