/** `Prefer` (RFC 7240): what a client would rather have. A preference is never an error. */

const WAIT_SECONDS_MAX = 60;

const WAIT = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:$|[,;])/i;
/** Of several the first counts, whatever it asks for. */
const RETURN = /(?:^|,)\s*return\s*=\s*"?([a-z]*)"?\s*(?:$|[,;])/i;

export interface Preferences {
  /** `wait=N`: how many seconds for the end of the job; `undefined` when not asked for. */
  readonly waitSeconds?: number | undefined;
  /** `return=minimal`: only what leads to the job. */
  readonly minimal: boolean;
}

const NO_PREFERENCES: Preferences = { minimal: false };
const MINIMAL: Preferences = { minimal: true };

export function preferencesOf({ headers }: Request): Preferences {
  const header = headers.get("prefer");
  if (header === null) return NO_PREFERENCES;
  if (header === "return=minimal") return MINIMAL;
  const asked = WAIT.exec(header)?.[1];
  const minimal = RETURN.exec(header)?.[1]?.toLowerCase() === "minimal";
  return asked === undefined
    ? { minimal }
    : { minimal, waitSeconds: Math.min(Number(asked), WAIT_SECONDS_MAX) };
}

/** The header that says by which preferences an answer is; `undefined` when by none. */
export function appliedHeader(
  { waitSeconds, minimal }: Preferences,
): { readonly "preference-applied": string } | undefined {
  const wait = waitSeconds === undefined ? undefined : `wait=${waitSeconds}`;
  if (!minimal) return wait === undefined ? undefined : { "preference-applied": wait };
  const both = wait === undefined ? "return=minimal" : `return=minimal, ${wait}`;
  return { "preference-applied": both };
}
