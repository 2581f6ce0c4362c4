/** Patterns of JSON Schema, as those of inputs. */

/**
 * A browser matches the whole text, and takes the flag v; JSON Schema searches, with the flag
 * u. A text in quotes is read as JSON, and passes. `undefined` where a browser has no such
 * pattern: then only the server says what is wrong.
 */
export function inputPattern(pattern: string | undefined): string | undefined {
  if (pattern === undefined) return undefined;
  const before = pattern.startsWith("^") ? "" : ".*";
  const after = pattern.endsWith("$") && !pattern.endsWith("\\$") ? "" : ".*";
  const whole = `${before}(?:${pattern})${after}|".*"`;
  try {
    new RegExp(whole, "v");
    return whole;
  } catch {
    return undefined;
  }
}
