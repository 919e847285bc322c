import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cacheDirectory } from '../../cache-directory.ts';
import { nativeSourcesVersion } from './native-sources.ts';
import { type NativeVariant, TENSORFLOW_VERSION, type WheelSet, wheelsFor } from './wheels.ts';

export interface NativeBinding {
  /** The N-API module that links TensorFlow. */
  readonly path: string;
  readonly variant: NativeVariant;
  /** `unknown` for a binding that fsx did not install. */
  readonly tensorflowVersion: string;
}

export const BINDING_FILE = 'tfjs_binding.node';

/** TensorFlow's headers, packed, in a folder of libraries. */
export const HEADERS_FILE = 'headers.zip';

/** Holds every installed variant and its libraries, the lock and the last failure. */
export function nativeDirectory(): string {
  return join(cacheDirectory(), 'native');
}

/**
 * The compiled binding of a variant, 2 MB; exists only when it is complete: it gets this name by a rename. The name holds
 * the version of the sources in `native/`, which are compiled in.
 */
export function variantDirectory(variant: NativeVariant): string {
  const build = [TENSORFLOW_VERSION, variant, process.arch, nativeSourcesVersion()].join('-');
  return join(nativeDirectory(), `tensorflow-${build}`);
}

/** TensorFlow's libraries as the wheels have them; every build against the same wheels shares them. Complete or absent. */
export function librariesDirectory(variant: NativeVariant, wheels: WheelSet): string {
  const contents = createHash('sha256').update(wheels.requirements.join()).digest('hex').slice(0, 8);
  const name = ['libraries', TENSORFLOW_VERSION, variant, process.arch, contents].join('-');
  return join(nativeDirectory(), name);
}

/** fsx's own build of a variant, if it is complete. */
export function installedBinding(variant: NativeVariant): NativeBinding | undefined {
  const wheels = wheelsFor(variant);
  const path = join(variantDirectory(variant), BINDING_FILE);
  if (!wheels || !existsSync(path) || !existsSync(librariesDirectory(variant, wheels))) return undefined;
  return { path, variant, tensorflowVersion: TENSORFLOW_VERSION };
}

/** Root folder of the installed `@tensorflow/tfjs-node-gpu`, which an install may leave out as it is optional. */
export function tfjsNodeDirectory(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json'));
  } catch {
    return undefined;
  }
}

/** fsx's own build (CUDA before CPU), else one that stands in the package's folder. */
export async function findNativeBinding(): Promise<NativeBinding | undefined> {
  return installedBinding('cuda') ?? installedBinding('cpu') ?? (await findPackageBinding());
}

/** The reason in one line, with what to do, when `findNativeBinding` finds nothing. */
export async function nativeUnavailableReason(): Promise<string> {
  if (!wheelsFor('cpu')) return unsupportedPlatform();
  const failure = await readLastFailure();
  if (failure) return `native TensorFlow is not installed: ${failure}. \`fsx engine install\` tries again`;
  return 'native TensorFlow is not installed: `fsx engine install` installs it';
}

export function unsupportedPlatform(): string {
  return `fsx does not install native TensorFlow on ${process.platform} ${process.arch}`;
}

/** Keeps the reason of a failed installation for `nativeUnavailableReason`; `undefined` clears it. */
export async function recordLastFailure(reason: string | undefined): Promise<void> {
  if (reason === undefined) return rm(lastFailurePath(), { force: true });
  try {
    await mkdir(nativeDirectory(), { recursive: true });
    await writeFile(lastFailurePath(), `${reason}\n`);
  } catch {
    // A cache that cannot be written is itself the reason, and the installation has just said so.
  }
}

async function readLastFailure(): Promise<string | undefined> {
  try {
    return (await readFile(lastFailurePath(), 'utf8')).trim() || undefined;
  } catch {
    return undefined;
  }
}

function lastFailurePath(): string {
  return join(nativeDirectory(), 'last-failure.txt');
}

/** The package's own download (TensorFlow with CUDA) lies in its `deps`; a hand-made build has no such folder. */
async function findPackageBinding(): Promise<NativeBinding | undefined> {
  const root = tfjsNodeDirectory();
  if (!root) return undefined;
  const path = join(root, 'lib', 'napi-v8', BINDING_FILE);
  if (!existsSync(path)) return undefined;
  const libraries = await readdir(join(root, 'deps', 'lib')).catch(() => []);
  const version = libraries
    .map((name) => /^libtensorflow\.so\.(\d+\.\d+\.\d+)$/.exec(name)?.[1])
    .find((found) => found !== undefined);
  return { path, variant: version ? 'cuda' : 'cpu', tensorflowVersion: version ?? 'unknown' };
}
