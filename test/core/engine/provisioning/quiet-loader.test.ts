import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileQuietLoader } from '../../../../src/core/engine/provisioning/compile.ts';
import { BINDING_FILE } from '../../../../src/core/engine/provisioning/native-binding.ts';
import { LOADED_FILE } from '../../../../src/core/engine/provisioning/quiet-loader.ts';

const hasCompiler = process.platform === 'linux' && spawnSync('g++', ['--version']).status === 0;

/** Speaks on stderr when it is loaded, as TensorFlow does, and has one export. */
const NOISY_MODULE = `
#include <node_api.h>
#include <unistd.h>
static const auto spoken = write(2, "the notice\\n", 11);
NAPI_MODULE_INIT() {
  napi_value version;
  napi_create_string_utf8(env, "2.21.0", NAPI_AUTO_LENGTH, &version);
  napi_set_named_property(env, exports, "TF_Version", version);
  return exports;
}
`;

describe.runIf(hasCompiler)('the loader of the native binding', () => {
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fsx loader '));
    await compileQuietLoader(['g++'], folder);
    const { include_dir } = createRequire(import.meta.url)('node-api-headers') as { include_dir: string };
    const args = ['-xc++', '-', '-fPIC', '-shared', '-I', include_dir, '-o', join(folder, LOADED_FILE)];
    spawnSync('g++', args, { input: NOISY_MODULE });
  }, 60_000);

  afterAll(() => rmSync(folder, { recursive: true }));

  function inNode(script: string, logLevel = '3') {
    const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: logLevel };
    const args = ['-e', script, join(folder, BINDING_FILE)];
    return spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  }

  const LOAD =
    'const { TF_Version } = require(process.argv[1]); console.log(TF_Version); console.error("after");';

  test('hands the module on without its notice, and stderr speaks again afterwards', () => {
    expect(inNode(LOAD)).toMatchObject({ status: 0, stdout: '2.21.0\n', stderr: 'after\n' });
  });

  test('keeps the notice for whoever asks for TensorFlow to be talkative', () => {
    expect(inNode(LOAD, '0')).toMatchObject({ stdout: '2.21.0\n', stderr: 'the notice\nafter\n' });
  });

  test('stderr survives workers that load it at the same time', () => {
    const script = `
      const { Worker } = require('node:worker_threads');
      const source = 'require(' + JSON.stringify(process.argv[1]) + ')';
      const ends = [0, 1, 2, 3].map(() => new Promise((end) => new Worker(source, { eval: true }).on('exit', end)));
      Promise.all(ends).then((codes) => console.error(codes.join()));`;
    expect(inNode(script)).toMatchObject({ status: 0, stderr: '0,0,0,0\n' });
  });

  test('a module that does not load is an error with the reason of the system', () => {
    rmSync(join(folder, LOADED_FILE));
    const script = 'try { require(process.argv[1]) } catch (error) { console.error(error.message) }';
    const { status, stderr } = inNode(script);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^tfjs_tensorflow\.node: cannot open shared object file/);
  });
});
