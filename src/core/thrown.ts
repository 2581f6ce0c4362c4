/** Handles thrown values, which may be anything. */

/** Whether the value is an instance of a class. It may be a proxy that throws when inspected. */
export function isThrown<Class>(
  thrown: unknown,
  type: abstract new (...args: never[]) => Class,
): thrown is Class {
  try {
    return thrown instanceof type;
  } catch {
    return false;
  }
}

/** Gives an error a name, and further members. An enumerable name would be shown twice. */
export function named<Thrown extends Error>(
  error: Thrown,
  name: string,
  more: object = {},
): Thrown {
  Object.defineProperty(error, "name", { value: name });
  return Object.assign(error, more);
}

export function errorMessage(thrown: unknown): string {
  return isThrown(thrown, Error) ? readMember(thrown, "message") : asText(thrown);
}

/** Includes the place where it was thrown, if known. */
export function errorStack(thrown: unknown): string {
  return isThrown(thrown, Error)
    ? readMember(thrown, "stack", errorMessage(thrown))
    : asText(thrown);
}

/** Whether a permission is missing. `fetch` and Node's modules say so in different words. */
export function isPermissionMissing(error: unknown): error is Error {
  return isThrown(error, Error) &&
    (readMember(error, "name") === "NotCapable" || readMember(error, "code") === "EPERM");
}

const OUT_OF_DESCRIPTORS = new Set<unknown>(["EMFILE", "ENFILE"]);
const OUT_OF_DESCRIPTORS_TEXT = /\(os error (?:23|24)\)/;

/**
 * Whether the process or the machine has no free file descriptor. Each has a limited number of them,
 * and clients may use them up.
 */
export function isOutOfDescriptors(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ("code" in error && OUT_OF_DESCRIPTORS.has(error.code)) ||
    OUT_OF_DESCRIPTORS_TEXT.test(error.message);
}

/** @param otherwise The text when there is none, or none that can be read. */
export function readMember(error: Error, name: string, otherwise?: string): string {
  try {
    const value: unknown = Reflect.get(error, name);
    return value === undefined ? otherwise ?? "" : asText(value);
  } catch {
    return otherwise ?? `(its ${name} cannot be read)`;
  }
}

/** An object may have no text, or throw when converted. */
export function asText(value: unknown): string {
  for (const text of [String, (value: unknown) => Object.prototype.toString.call(value)]) {
    try {
      return text(value);
    } catch {
      // Try the next.
    }
  }
  return "(something that cannot be read)";
}
