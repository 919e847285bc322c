import type { EngineStatus } from '../../../core/engine/doctor/survey.ts';
import { BaseCommand } from '../../base-command.ts';

export default class EngineList extends BaseCommand {
  static override summary = 'List the tensor engines: version and device, or why one is not available';
  static override enableJsonFlag = true;

  async run(): Promise<readonly EngineStatus[]> {
    await this.parse(EngineList);
    const { surveyEngines } = await import('../../../core/engine/doctor/survey.ts');
    const engines = await surveyEngines();
    for (const { name, available, detail } of engines) {
      this.log(`${name.padEnd(8)}${available ? 'available    ' : 'unavailable  '}${detail}`);
    }
    const best = engines.find((engine) => engine.available && engine.automatic);
    if (best) this.log(`\n\`engine: auto\` takes ${best.name}`);
    return engines;
  }
}
