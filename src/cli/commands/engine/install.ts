import { boolean } from '@oclif/core/flags';
import { BaseCommand } from '../../base-command.ts';
import { InstallProgressLine } from '../../install-progress.ts';

export default class EngineInstall extends BaseCommand {
  static override summary = 'Install native TensorFlow, the fast engine, into the cache folder of fsx';
  static override description =
    'Downloads TensorFlow with pip (pinned and hash-checked, 274 MB), and compiles its Node.js binding with the C++ ' +
    'compiler of this machine. Training needs no Python afterwards. The folder is $FSX_CACHE, or fsx in ' +
    '$XDG_CACHE_HOME, or ~/.cache/fsx.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --cuda',
  ];
  static override flags = {
    cuda: boolean({ description: 'the build for NVIDIA GPUs, with the CUDA 12 libraries (3.2 GB)' }),
    force: boolean({ description: 'install again even if it is installed' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(EngineInstall);
    const { installNative } = await import('../../../core/engine/provisioning/install.ts');
    const progress = new InstallProgressLine(process.stderr);
    try {
      const binding = await installNative({
        variant: flags.cuda ? 'cuda' : 'cpu',
        force: flags.force,
        onProgress: (event) => progress.show(event),
      });
      progress.finish();
      this.log(
        `Native TensorFlow ${binding.tensorflowVersion} (${binding.variant}) is installed: ${binding.path}`,
      );
      await this.#mentionOldLibraries();
    } finally {
      progress.finish();
    }
  }

  /** They are never removed unasked: another checkout may need them. */
  async #mentionOldLibraries(): Promise<void> {
    const { oldLibraries } = await import('../../../core/engine/provisioning/prune.ts');
    const megabytes = (await oldLibraries()).reduce((sum, old) => sum + old.megabytes, 0);
    if (megabytes > 0) {
      this.log(`Other versions of fsx left ${megabytes} MB there; \`fsx engine prune\` removes them.`);
    }
  }
}
