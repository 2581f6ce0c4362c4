import type { Clock } from "./ports.ts";

/**
 * Resolves when the work has ended or the time in milliseconds has passed, whichever comes first.
 */
export async function within(clock: Clock, limitMs: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.setTimer(limitMs, resolve);
  await Promise.race([work, promise]).finally(cancel);
}
