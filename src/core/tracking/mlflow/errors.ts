import { TrackingError } from '../../errors.ts';

export interface MlflowFailure {
  /** What was asked, such as `POST runs/log-batch`. */
  readonly request: string;
  readonly message: string;
  /** HTTP status; absent where no answer came. */
  readonly status?: number;
  /** MLflow's own name of the error, such as `RESOURCE_DOES_NOT_EXIST`. */
  readonly errorCode?: string;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** Request timeout, too many requests, and what a server says while it starts, stops, is overloaded or has no room. */
const TRANSIENT_STATUSES = new Set([408, 429, 500, 502, 503, 504, 507]);
/** The content of a request was refused: other requests may still pass. */
const REFUSING_STATUSES = new Set([400, 409, 413, 415, 422]);

/** The MLflow server did not do what was asked. */
export class MlflowError extends TrackingError {
  readonly status: number | undefined;
  readonly errorCode: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(failure: MlflowFailure) {
    super('FSX_MLFLOW_REQUEST', `MLflow, ${failure.request}: ${failure.message}`, {
      suggestion: suggestionFor(failure.status),
      cause: failure.cause,
    });
    this.status = failure.status;
    this.errorCode = failure.errorCode;
    this.retryAfterMs = failure.retryAfterMs;
  }

  /** The same request may succeed a little later. */
  get transient(): boolean {
    return this.status === undefined || TRANSIENT_STATUSES.has(this.status);
  }

  /** The server works and will never take this content. */
  get refused(): boolean {
    return this.status !== undefined && REFUSING_STATUSES.has(this.status);
  }
}

function suggestionFor(status: number | undefined): string {
  if (status === 401 || status === 403) {
    return 'set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN';
  }
  if (status === undefined) return 'start the server, then send the rest with `fsx sync RUN`';
  if (status < 400) return 'check that the address is that of an MLflow server, not of a page before it';
  return 'send the rest with `fsx sync RUN` once the server takes it';
}
