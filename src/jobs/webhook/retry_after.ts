/** The header `Retry-After`. Source: RFC 9110, section 10.2.3. */

const SECONDS = /^\d+$/;

/** No receiver may put a delivery off for longer: an hour. */
export const RETRY_AFTER_MS_MAX = 3_600_000;
/** Nor may it ask for a storm of attempts. */
export const RETRY_AFTER_MS_MIN = 1_000;

/** How long the receiver asks to be left alone; `undefined` when it does not say. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  const text = header?.trim() ?? "";
  const asked = SECONDS.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  if (Number.isNaN(asked)) return undefined;
  return Math.min(Math.max(asked, RETRY_AFTER_MS_MIN), RETRY_AFTER_MS_MAX);
}
