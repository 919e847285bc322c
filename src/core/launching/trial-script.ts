import { readFile, rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { EXIT_CODES } from '../errors.ts';
import type { TrialEnd, TrialTask } from './launcher.ts';
import { shellWord } from './shell-word.ts';
import { runArguments } from './trial-arguments.ts';

export interface TrialScript {
  /** The program and its first arguments, such as `node bin/run.js`. */
  readonly command: readonly string[];
  /** Engine threads where the recipe names none. */
  readonly threads: number | undefined;
  /** Shell lines before it: `module load cuda || exit`. Variables that they set are the trial's. */
  readonly setUp: readonly string[];
  /**
   * Shell command by which a trial that had to save for SIGUSR1 is started again, unless `MOST_STANDSTILLS` times in a row
   * it has not got a step further; without one it only stops.
   */
  readonly again?: string;
}

/** What a script leaves beside the run, in the trial's folder. */
const FILES = {
  script: 'trial.sh',
  events: 'events.jsonl',
  stderr: 'stderr.log',
  exitCode: 'exit-code',
  /** Where the run stood each time that it was to be started again. */
  places: 'places.jsonl',
};
/** A time limit that leaves no room for a step does so every time. */
export const MOST_STANDSTILLS = 3;
const MOST_COMPLAINT = 4_000;
/** What a shell adds to the number of the signal that ended a process. */
const BY_SIGNAL = 128;

/**
 * Writes a shell script that begins a trial's run, or goes on with it where it has begun: that is seen when the script
 * starts, so a scheduler may start it any number of times, on any machine that has the folder.
 *
 * SIGTERM or SIGINT must reach the script and its children, as schedulers and Ctrl-C send them: the run saves. SIGUSR1
 * must reach the script alone: the run saves, and goes on later.
 * @returns its path. What an earlier one left is taken away: `readTrialEnd` tells of this one.
 */
export async function writeTrialScript(task: TrialTask, script: TrialScript): Promise<string> {
  for (const name of [FILES.stderr, FILES.exitCode, FILES.places])
    await rm(join(task.folder, name), { force: true });
  const path = trialScriptPath(task);
  await writeFile(path, scriptText(task, script), { mode: 0o755 });
  return path;
}

export function trialScriptPath({ folder }: TrialTask): string {
  return join(folder, FILES.script);
}

/** How the script of a trial ended; undefined when it did not come to its own end, or has not yet. */
export async function readTrialEnd({ folder }: TrialTask): Promise<TrialEnd | undefined> {
  const text = await readFile(join(folder, FILES.exitCode), 'utf8').catch(() => '');
  if (!/^\d+\n$/.test(text)) return undefined;
  const code = Number(text);
  const complaint = await readComplaint(folder);
  const killedBy = code === EXIT_CODES.interrupted ? null : signalOf(code);
  return { code: killedBy === null ? code : null, killedBy, complaint };
}

function signalOf(code: number): string | null {
  const signals = Object.entries(constants.signals);
  return signals.find(([, number]) => code === BY_SIGNAL + number)?.[0] ?? null;
}

async function readComplaint(folder: string): Promise<string> {
  const text = await readFile(join(folder, FILES.stderr), 'utf8').catch(() => '');
  return text.trim().slice(-MOST_COMPLAINT);
}

function scriptText(task: TrialTask, { command, threads, setUp, again }: TrialScript): string {
  const file = (name: string) => shellWord(join(task.folder, name));
  const words = (list: readonly string[]) => list.map(shellWord).join(' ');
  const variables = Object.entries(task.environment).map(
    ([name, value]) => `export ${name}=${shellWord(value)}`,
  );
  const [stopped, exitCode] = [EXIT_CODES.interrupted, file(FILES.exitCode)];
  return `#!/usr/bin/env bash
exec </dev/null >>${file(FILES.events)} 2>${file(FILES.stderr)}
rm -f ${exitCode}
ends() { echo $? >${exitCode}; }
trap ends EXIT

stop= again= child=
trap 'stop=yes' INT TERM
trap 'stop=yes again=yes; [ -z "$child" ] || kill -TERM "$child"' USR1

${[...setUp, ...variables].join('\n')}

# the last one that has a journal
run=$(LC_ALL=C; for one in ${shellWord(task.folder)}/*; do [ ! -f "$one/journal.jsonl" ] || echo "$one"; done | tail -n 1)
if [ -n "$run" ]; then
  set -- resume "$run" --wait
else
  set -- ${words(runArguments(task, threads))}
fi
[ -z "$stop" ] || exit ${stopped}
${words(command)} "$@" --reporter json &
child=$!
# a trap ends the wait, and the run is still saving
until wait "$child"; code=$?; ! kill -0 "$child" 2>/dev/null; do :; done

[ "$code" = 0 ] || [ -z "$stop" ] || code=${stopped}
${again === undefined ? '' : againText(again, file)}exit "$code"
`;
}

/** The place is what the run said when it saved: its stage and step. */
function againText(again: string, file: (name: string) => string): string {
  const [events, places] = [file(FILES.events), file(FILES.places)];
  return `if [ "$code" = ${EXIT_CODES.interrupted} ] && [ -n "$again" ]; then
  place=$(grep '^{"kind":"interrupted"' ${events} | tail -n 1 | sed 's/,"cpuSeconds".*//')
  echo "$place" >>${places}
  if awk 'NR > 1 { same = $0 == last ? same + 1 : 0 } { last = $0 } END { exit same < ${MOST_STANDSTILLS} }' ${places}; then
    echo 'Its time limit leaves no room for a step: ${MOST_STANDSTILLS} times in a row it was started again and got no further.' >&2
    exit ${EXIT_CODES.run}
  fi
  if ${again}; then trap - EXIT; fi
fi
`;
}
