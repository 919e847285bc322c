import { existsSync } from 'node:fs';
import { lstat, readdir, statfs, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../../errors.ts';
import { HEADERS_FILE } from './native-binding.ts';
import { runTool, type ToolResult } from './tool.ts';
import { diskFull, isDiskFull, lastLine } from './tool-failure.ts';
import { runCommand, type ToolCommand } from './toolchain.ts';
import { WHEEL_PYTHON_VERSION, type WheelSet } from './wheels.ts';

const BYTES_PER_MEGABYTE = 1e6;

/** @throws EngineError `FSX_ENGINE_DISK_FULL` */
export async function requireDiskSpace(folder: string, megabytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = Math.floor((bavail * bsize) / BYTES_PER_MEGABYTE);
  if (free < megabytes) throw diskFull(`${megabytes} MB are needed in ${folder}, ${free} MB are free`);
}

/**
 * Downloads the wheels into `folder`, each checked against its pinned hash.
 *
 * @param onMegabytes called about once a second with what has arrived.
 * @throws EngineError `FSX_ENGINE_DOWNLOAD_FAILED`
 */
export async function downloadWheels(
  pip: ToolCommand,
  wheels: WheelSet,
  folder: string,
  onMegabytes: (megabytes: number) => void,
): Promise<void> {
  const requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, `${wheels.requirements.join('\n')}\n`);
  const timer = setInterval(async () => onMegabytes(await folderMegabytes(folder)), 1000);
  try {
    const result = await runCommand(pip, pipArguments(wheels, requirements, folder), {
      ...process.env,
      TMPDIR: folder,
    });
    if (!result.ok) throw downloadFailed(result);
  } finally {
    clearInterval(timer);
  }
}

function pipArguments(wheels: WheelSet, requirements: string, folder: string): string[] {
  return [
    ...['download', '--no-deps', '--only-binary=:all:', '--require-hashes', '-r', requirements],
    ...[
      '--implementation',
      'cp',
      '--abi',
      'cp311',
      '--abi',
      'none',
      '--python-version',
      WHEEL_PYTHON_VERSION,
    ],
    ...wheels.platformTags.flatMap((tag) => ['--platform', tag]),
    ...['--dest', folder, '--no-cache-dir', '--progress-bar', 'off', '--no-input'],
    ...['--disable-pip-version-check', '--timeout', '30', '--retries', '2'],
  ];
}

function downloadFailed(result: ToolResult): EngineError {
  if (isDiskFull(result)) return diskFull();
  const network =
    /(NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|SSLError)/;
  const cause = network.test(result.output)
    ? 'the Python package index cannot be reached'
    : lastLine(result, /^ERROR: (.*)$/m);
  return new EngineError('FSX_ENGINE_DOWNLOAD_FAILED', `pip could not download TensorFlow (${cause})`, {
    suggestion: 'check the network (PIP_INDEX_URL, HTTPS_PROXY), then `fsx engine install`',
  });
}

/**
 * Takes the shared libraries out of the wheels, and the headers that bindings are compiled with: 20 000 small files,
 * which stay packed.
 */
const EXTRACT_SCRIPT = `
import glob, os, re, sys, zipfile
wheels, target, headers = sys.argv[1:]
libraries = re.compile(
    r'tensorflow/libtensorflow_(cc|framework)\\.so\\.2$'
    r'|nvidia/.*/lib/.*\\.so[.0-9]*$'
    r'|nvidia/cuda_nvcc/(bin|nvvm)/')
include = re.compile(
    r'tensorflow/include/(?!external/(llvm-project|stablehlo|triton|envoy_api|cutlass_archive|cuda_cccl)/)')
for wheel in glob.glob(os.path.join(wheels, '*.whl')):
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            if libraries.match(entry.filename):
                os.chmod(archive.extract(entry, target), 0o755)
        sources = [name for name in archive.namelist() if include.match(name)]
        if sources:
            with zipfile.ZipFile(headers, 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
                for name in sources:
                    packed.writestr(name, archive.read(name))
    os.remove(wheel)
`;

/** @throws EngineError `FSX_ENGINE_EXTRACT_FAILED` */
export async function extractLibraries(pip: ToolCommand, folder: string, target: string): Promise<void> {
  await runExtraction(pip, ['-c', EXTRACT_SCRIPT, folder, target, join(target, HEADERS_FILE)]);
  await linkHiddenLibraries(target);
}

/** @throws EngineError `FSX_ENGINE_EXTRACT_FAILED` */
export async function extractHeaders(pip: ToolCommand, libraries: string, target: string): Promise<void> {
  await runExtraction(pip, ['-m', 'zipfile', '-e', join(libraries, HEADERS_FILE), target]);
}

async function runExtraction([python]: ToolCommand, args: readonly string[]): Promise<void> {
  const result = await runTool(python, args);
  if (result.ok) return;
  if (isDiskFull(result)) throw diskFull();
  throw new EngineError(
    'FSX_ENGINE_EXTRACT_FAILED',
    `TensorFlow could not be unpacked (${lastLine(result)})`,
  );
}

/** Folders of CUDA libraries where TensorFlow 2.21 does not look, and one where it does. */
const HIDDEN_LIBRARIES = ['cusolver', 'nvjitlink'];
const SEARCHED_LIBRARIES = 'cublas';

/**
 * TensorFlow's library opens cuSOLVER by name, but its own search path lacks the folder, so that no GPU would be used
 * without LD_LIBRARY_PATH. A link in a folder that it does search is found without any setting.
 */
async function linkHiddenLibraries(target: string): Promise<void> {
  const searched = join(target, 'nvidia', SEARCHED_LIBRARIES, 'lib');
  if (!existsSync(searched)) return;
  for (const folder of HIDDEN_LIBRARIES) {
    for (const name of await readdir(join(target, 'nvidia', folder, 'lib'))) {
      await symlink(join('..', '..', folder, 'lib', name), join(searched, name));
    }
  }
}

export async function folderMegabytes(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      lstat(join(folder, name)).then(
        (entry) => (entry.isFile() ? entry.size : 0),
        () => 0,
      ),
    ),
  );
  return Math.round(sizes.reduce((sum, size) => sum + size, 0) / BYTES_PER_MEGABYTE);
}
