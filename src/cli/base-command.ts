import { Command } from '@oclif/core/command';
import { boolean } from '@oclif/core/flags';

/**
 * What every fsx command extends: the global flags. A command parses, calls core and prints; it lets errors pass,
 * because `runCli` renders them. Tensors, images and charts are imported inside `run()` with `await import()`.
 */
export abstract class BaseCommand extends Command {
  static override baseFlags = {
    verbose: boolean({
      description: 'print the stack of an unexpected error',
      helpGroup: 'GLOBAL',
    }),
  };
}
