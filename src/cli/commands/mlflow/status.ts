import type { LocalServer } from '../../../core/tracking/mlflow/local/server.ts';
import { BaseCommand } from '../../base-command.ts';
import { storeFlag } from '../../flags.ts';

export default class MlflowStatus extends BaseCommand {
  static override summary = 'Say whether the MLflow server of `fsx mlflow start` runs, and where';
  static override enableJsonFlag = true;
  static override flags = { store: storeFlag };

  async run(): Promise<{ readonly server: LocalServer | null }> {
    const { flags } = await this.parse(MlflowStatus);
    const { defaultStore, findLocalServer } = await import('../../../core/tracking/mlflow/local/server.ts');
    const store = flags.store ?? defaultStore(process.env);
    const server = findLocalServer(store) ?? null;
    if (server === null) this.log(`No MLflow server of fsx runs on ${store}; start one: fsx mlflow start`);
    else
      this.log(`MLflow ${server.version} runs at ${server.uri} since ${server.startedAt}, runs in ${store}`);
    return { server };
  }
}
