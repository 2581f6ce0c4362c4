/** `Prefer: wait=N` (RFC 7240): how long a client would wait for the end of a job. */

const WAIT_SECONDS_MAX = 60;

const WAIT = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:$|[,;])/i;

export interface WaitPreference {
  readonly seconds: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** `undefined` when the client asks for no wait. A preference is never an error. */
export function waitPreferenceOf(request: Request): WaitPreference | undefined {
  const header = request.headers.get("prefer");
  if (header === null) return undefined;
  const asked = WAIT.exec(header)?.[1];
  if (asked === undefined) return undefined;
  const seconds = Math.min(Number(asked), WAIT_SECONDS_MAX);
  return { seconds, headers: { "preference-applied": `wait=${seconds}` } };
}
