/** What asks a process to stop, and who does not want to wait for it. */

/** As a shell tells the end by an interrupt. */
const EXIT_SECOND_SIGNAL = 130;

/**
 * Ctrl-C reaches every process of the terminal, and `deno task` hands its own on besides: what
 * comes within this time is the same request.
 */
const SAME_REQUEST_MS = 500;

/** Calls `stop` on the first SIGINT or SIGTERM; one that comes later ends the process at once. */
export function onStopSignal(stop: () => Promise<void>): void {
  let askedAtMs: number | undefined;
  const onSignal = () => {
    const nowMs = performance.now();
    if (askedAtMs === undefined) {
      askedAtMs = nowMs;
      void stop();
    } else if (nowMs - askedAtMs > SAME_REQUEST_MS) Deno.exit(EXIT_SECOND_SIGNAL);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, onSignal);
}
