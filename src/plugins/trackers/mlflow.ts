import { type Static, Type } from 'typebox';
import { TrackingError } from '../../core/errors.ts';
import { definePlugin, type TrackerContext } from '../../core/plugins/definition.ts';
import { redact } from '../../core/secrets.ts';
import { readJournal } from '../../core/tracking/journal-file.ts';
import { loadCursor, NOTHING_SENT, saveCursor } from '../../core/tracking/mlflow/cursor.ts';
import { parseServerAddress, type ServerAddress } from '../../core/tracking/mlflow/server-address.ts';
import { MlflowUploader } from '../../core/tracking/mlflow/uploader.ts';
import type { DeliveryReport, Tracker } from '../../core/tracking/tracker.ts';

const options = Type.Object(
  {
    uri: Type.String({
      description: 'Address of the MLflow server, http or https; empty for the one in MLFLOW_TRACKING_URI',
      default: '',
    }),
    experiment: Type.String({
      description: "Name of the experiment that the run belongs to; empty for the recipe's name",
      default: '',
    }),
    tags: Type.Record(Type.String(), Type.String(), {
      description: 'Tags that the run carries in MLflow beside its own',
      default: {},
    }),
    register: Type.String({
      description: "Name in the model registry under which the run's model gets a version; empty for none",
      default: '',
    }),
  },
  { additionalProperties: false },
);

/** Where a run goes in MLflow, whatever the server. */
interface Target {
  readonly experiment: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly register: string;
}

/** Sends runs to an MLflow server while they train; without one, runs keep their journal for `fsx sync`. */
export const mlflowTracker = definePlugin({
  kind: 'tracker',
  type: 'mlflow',
  summary: 'MLflow: experiments, runs, metrics and artifacts on a server, in the background',
  source: 'https://mlflow.org/docs/latest/rest-api.html',
  options,
  create: createMlflowTracker,
});

function createMlflowTracker(chosen: Static<typeof options>, context: TrackerContext): Tracker {
  const { register } = chosen;
  const tags = Object.fromEntries(Object.entries(chosen.tags).map(([key, text]) => [key, redact(text)]));
  const target: Target = { experiment: chosen.experiment || context.recipeName, tags, register };
  if (chosen.uri) return new ServerTracker(parseServerAddress(chosen.uri, context.environment), target);
  const uri = context.environment.MLFLOW_TRACKING_URI;
  if (!uri) return new JournalTracker('journal only; no MLflow server is named', target);
  try {
    return new ServerTracker(parseServerAddress(uri, context.environment), target);
  } catch (error) {
    // a variable meant for other programs does not stop a run
    if (!(error instanceof TrackingError)) throw error;
    return new JournalTracker(`journal only; MLFLOW_TRACKING_URI: ${error.message}`, target);
  }
}

class ServerTracker implements Tracker {
  readonly description: string;
  readonly #address: ServerAddress;
  readonly #target: Target;
  #uploader: MlflowUploader | undefined;

  constructor(address: ServerAddress, target: Target) {
    this.description = `MLflow at ${address.uri}, experiment ${target.experiment}`;
    this.#address = address;
    this.#target = target;
  }

  follow(runDirectory: string): void {
    this.#uploader = new MlflowUploader({ runDirectory, address: this.#address, ...this.#target });
    this.#uploader.follow();
  }

  async flush(timeoutMs: number): Promise<DeliveryReport> {
    return this.#uploader?.flush(timeoutMs) ?? NOTHING_FOLLOWED;
  }
}

/** Leaves everything in the journal, and says how to see it in MLflow later. */
class JournalTracker implements Tracker {
  readonly description: string;
  readonly #target: Target;
  #runDirectory: string | undefined;

  constructor(description: string, target: Target) {
    this.description = description;
    this.#target = target;
  }

  follow(runDirectory: string): void {
    this.#runDirectory = runDirectory;
    if (loadCursor(runDirectory) !== undefined) return;
    saveCursor(runDirectory, { uri: '', ...this.#target, ...NOTHING_SENT });
  }

  async flush(): Promise<DeliveryReport> {
    if (this.#runDirectory === undefined) return NOTHING_FOLLOWED;
    const sent = loadCursor(this.#runDirectory)?.sentSequence ?? 0;
    return {
      sent: 0,
      unsent: readJournal(this.#runDirectory).entries.length - sent,
      message: `to see the run in MLflow: fsx mlflow start, then fsx sync ${this.#runDirectory}`,
    };
  }
}

const NOTHING_FOLLOWED: DeliveryReport = { sent: 0, unsent: 0, message: 'nothing to send' };
