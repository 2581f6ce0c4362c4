/**
 * Measures, in a server that loads it with its definitions, how long the event loop works at a
 * time. On SIGUSR2 it prints the longest turn since the last time.
 */

import process from "node:process";

let [wallMs, processorMs] = [0, 0];
let longestMs = 0;

/** Processor time of all threads together, so that other processes do not matter. */
function usedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function turn(): void {
  const [nowMs, used] = [performance.now(), usedMs()];
  // The loop worked for at most either: other threads work too, and it may have had no processor.
  longestMs = Math.max(longestMs, Math.min(nowMs - wallMs, used - processorMs));
  [wallMs, processorMs] = [nowMs, used];
  Deno.unrefTimer(setTimeout(turn, 0));
}

[wallMs, processorMs] = [performance.now(), usedMs()];
turn();

Deno.addSignalListener("SIGUSR2", () => {
  console.log(`longest turn: ${longestMs} ms`);
  longestMs = 0;
});
