import { RunError } from '../../../core/errors.ts';

export interface RayFailure {
  /** What was asked of whom, such as `POST http://127.0.0.1:8265/api/jobs/`. */
  readonly request: string;
  readonly message: string;
  /** HTTP status; absent where no answer came. */
  readonly status?: number;
  /** The same request may succeed a little later. */
  readonly transient: boolean;
}

/** Ray did not do what was asked. */
export class RayError extends RunError {
  readonly transient: boolean;

  constructor({ request, message, status, transient }: RayFailure) {
    super(transient ? 'FSX_RAY_UNREACHABLE' : 'FSX_RAY_REFUSED', `Ray, ${request}: ${message}`, {
      suggestion: transient ? UNREACHABLE : suggestionFor(status),
    });
    this.transient = transient;
  }
}

const UNREACHABLE =
  'Start the cluster, or name its dashboard by `launcher.address` or RAY_ADDRESS. Trials that run there go on; ' +
  '`fsx sweep resume` finds them again once it answers.';

function suggestionFor(status = 0): string {
  if (status === 401 || status === 403) return 'Set RAY_AUTH_TOKEN, or `token` or `headers` of the launcher.';
  if (status === 400) return 'Check the options of the launcher.';
  return (
    'Check that `launcher.address` is that of a Ray dashboard, and not of a page before it: a sign-in may want `token` or ' +
    '`headers`.'
  );
}
