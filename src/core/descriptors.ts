/** File descriptors. A process has a limited number of them, and clients may use them up. */

const CODES = new Set<unknown>(["EMFILE", "ENFILE"]);
const MESSAGE = /\(os error (?:23|24)\)/;

/** Whether an error means that the process or the machine has no free descriptor. */
export function isOutOfDescriptors(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ("code" in error && CODES.has(error.code)) || MESSAGE.test(error.message);
}
