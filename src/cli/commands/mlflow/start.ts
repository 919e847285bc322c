import { integer } from '@oclif/core/flags';
import type { LocalServer } from '../../../core/tracking/mlflow/local/server.ts';
import { BaseCommand } from '../../base-command.ts';
import { storeFlag } from '../../flags.ts';

export default class MlflowStart extends BaseCommand {
  static override summary = 'Start an MLflow server on this machine, for those who have none';
  static override description =
    'Installs MLflow into the cache the first time (pip, a few minutes), then serves a SQLite database and the ' +
    'artifacts in one folder, to this machine alone. Runs are not sent to it by themselves: name it in ' +
    'MLFLOW_TRACKING_URI, or send finished ones with `fsx sync`.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --port 5001 --store /data/mlflow',
  ];
  static override enableJsonFlag = true;
  static override flags = {
    port: integer({ default: 5000, min: 1, max: 65_535, description: 'port of this machine' }),
    store: storeFlag,
  };

  async run(): Promise<LocalServer> {
    const { flags } = await this.parse(MlflowStart);
    const { MLFLOW_VERSION } = await import('../../../core/tracking/mlflow/local/install.ts');
    const { defaultStore, startLocalServer } = await import('../../../core/tracking/mlflow/local/server.ts');
    const { server, started } = await startLocalServer({
      store: flags.store ?? defaultStore(process.env),
      port: flags.port,
      onInstall: () => this.log(`Installing MLflow ${MLFLOW_VERSION}: once, a few minutes`),
    });
    this.log(`MLflow ${server.version} ${started ? 'runs now' : 'runs already'} at ${server.uri}`);
    this.log(`  runs are kept in ${server.store}`);
    this.log(`  new runs go there with: export MLFLOW_TRACKING_URI=${server.uri}`);
    this.log('  earlier ones with:      fsx sync');
    return server;
  }
}
