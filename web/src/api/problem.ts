/** Why a request has no answer. */

/** The server answered, with an error of its own. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';

  constructor(
    readonly status: number,
    readonly type: string,
    message: string,
  ) {
    super(message);
  }

  /** Asking again later may help. */
  get isPassing(): boolean {
    return this.status >= 500 && this.status !== 507;
  }
}

/** Nobody answered. */
export class AwayProblem extends Error {
  override readonly name = 'AwayProblem';

  constructor() {
    super('The server does not answer. If it was stopped, “covalent start” starts it again.');
  }
}

/** What an answer that is no success says. */
export function problemOf(status: number, body: unknown): ApiProblem {
  const error = (body as { error?: { type?: unknown; message?: unknown } } | null | undefined)?.error;
  const message =
    typeof error?.message === 'string' ? error.message : `The server answered ${status} without a reason.`;
  return new ApiProblem(status, typeof error?.type === 'string' ? error.type : 'Error', message);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
