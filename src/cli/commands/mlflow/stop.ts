import { BaseCommand } from '../../base-command.ts';
import { storeFlag } from '../../flags.ts';

export default class MlflowStop extends BaseCommand {
  static override summary = 'Stop the MLflow server that `fsx mlflow start` started';
  static override description = 'Its runs stay where they are, and are there again when it is started again.';
  static override flags = { store: storeFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(MlflowStop);
    const { defaultStore, stopLocalServer } = await import('../../../core/tracking/mlflow/local/server.ts');
    const store = flags.store ?? defaultStore(process.env);
    const server = await stopLocalServer(store);
    this.log(server === undefined ? `No MLflow server of fsx runs on ${store}` : `Stopped ${server.uri}`);
  }
}
