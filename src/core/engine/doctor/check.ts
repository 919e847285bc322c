/** One thing that the doctor looked at. */
export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'failed';
  /** What was found, in one line. */
  readonly detail: string;
  /** How to mend it; set on failures alone. */
  readonly fix?: string;
}

export function passed(name: string, detail: string): Check {
  return { name, status: 'ok', detail };
}

export function failed(name: string, detail: string, fix: string): Check {
  return { name, status: 'failed', detail, fix };
}
