import type { Hook } from '@oclif/core/hooks';
import { closest } from 'fastest-levenshtein';
import { UsageError } from '../../core/errors.ts';

/** Names the command that was probably meant. */
const commandNotFound: Hook.CommandNotFound = async ({ id, config }) => {
  const typed = id.replaceAll(':', ' ');
  const names = config.commandIDs.map((name) => name.replaceAll(':', ' '));
  throw new UsageError('FSX_COMMAND_UNKNOWN', `fsx has no command '${typed}'`, {
    suggestion: `fsx ${closest(typed, names)}, or fsx --help for all commands`,
  });
};

export default commandNotFound;
