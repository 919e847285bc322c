import { option } from '@oclif/core/flags';
import type { Check } from '../../../core/engine/doctor/check.ts';
import type { EngineName } from '../../../core/engine/engine.ts';
import { EXIT_CODES } from '../../../core/errors.ts';
import { BaseCommand } from '../../base-command.ts';

interface Examination {
  readonly engine: EngineName;
  readonly healthy: boolean;
  readonly checks: readonly Check[];
}

export default class EngineDoctor extends BaseCommand {
  static override summary =
    'Examine this machine and train a few steps, to know that an engine computes rightly';
  static override description =
    'Without --engine the one that `engine: auto` takes is examined. Exits with 5 when a check fails.';
  static override enableJsonFlag = true;
  static override flags = {
    engine: option({
      options: ['native', 'webgpu', 'wasm'] as const,
      description: 'the engine to examine',
    })(),
  };

  async run(): Promise<Examination> {
    const { flags } = await this.parse(EngineDoctor);
    const { bestEngine } = await import('../../../core/engine/open.ts');
    const engine = flags.engine ?? (await bestEngine());
    const { examine } = await import('../../../core/engine/doctor/doctor.ts');
    const checks = await examine(engine);
    const healthy = checks.every((check) => check.status === 'ok');
    this.#print(engine, checks, healthy);
    if (!healthy) process.exitCode = EXIT_CODES.engine;
    return { engine, healthy, checks };
  }

  #print(engine: EngineName, checks: readonly Check[], healthy: boolean): void {
    const width = Math.max(...checks.map((check) => check.name.length));
    for (const { name, status, detail, fix } of checks) {
      this.log(`${status === 'ok' ? 'ok    ' : 'FAILED'}  ${name.padEnd(width)}  ${detail}`);
      if (fix) this.log(`${' '.repeat(width + 10)}Try this: ${fix}`);
    }
    this.log(`\nThe ${engine} engine ${healthy ? 'is ready' : 'is not ready'}`);
  }
}
