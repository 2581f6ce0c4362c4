/** File descriptors: a process has a limited number, and clients may take all of them. */

const CODES = new Set<unknown>(["EMFILE", "ENFILE"]);
const MESSAGE = /\(os error (?:23|24)\)/;

/** Whether something failed because the process, or the machine, has no descriptor left. */
export function isOutOfDescriptors(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ("code" in error && CODES.has(error.code)) || MESSAGE.test(error.message);
}
