/** Interprets the answer to a delivery. */

/** The most characters of an answer that are read and recorded. */
const EXCERPT_LENGTH_MAX = 200;

/** Statuses below 500 after which another attempt may succeed. */
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);

type Verdict = "delivered" | "tryAgain" | "giveUp";

/** A redirect is not followed, since it could lead anywhere. */
export function verdictOn(status: number): Verdict {
  if (status >= 200 && status < 300) return "delivered";
  return status >= 500 || TRANSIENT_STATUSES.has(status) ? "tryAgain" : "giveUp";
}

/** The status and the beginning of the body, in words. Releases the connection. */
export async function describeAnswer(response: Response): Promise<string> {
  const excerpt = await readExcerpt(response);
  const answer = `it answered ${response.status}`;
  const location = response.status < 400 ? "; redirects are not followed" : "";
  return excerpt === "" ? answer + location : `${answer}${location}: ${excerpt}`;
}

/** Releases the connection without reading further. */
export async function discardBody(response: Response): Promise<void> {
  // The status has arrived, so a body that breaks off does not matter.
  await response.body?.cancel().catch(() => {});
}

async function readExcerpt(response: Response): Promise<string> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  try {
    const { value } = await reader.read();
    return printable(new TextDecoder().decode(value));
  } catch {
    return "";
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** On one line, and without characters that control a terminal. */
function printable(text: string): string {
  return text.replace(/[\p{C}\p{Z}]+/gu, " ").trim().slice(0, EXCERPT_LENGTH_MAX).toWellFormed();
}

const SECONDS = /^\d+$/;

/** The longest delay that a receiver may ask for: an hour. */
const RETRY_AFTER_MS_MAX = 3_600_000;
/** The shortest delay, so that a receiver cannot cause a storm of attempts. */
const RETRY_AFTER_MS_MIN = 1_000;

/** How long the receiver asks to wait (`Retry-After`); `undefined` when it does not say. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  const text = header?.trim() ?? "";
  const asked = SECONDS.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  if (Number.isNaN(asked)) return undefined;
  return Math.min(Math.max(asked, RETRY_AFTER_MS_MIN), RETRY_AFTER_MS_MAX);
}
