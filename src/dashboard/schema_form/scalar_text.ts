/**
 * Texts as they are typed. What is blank is left out; so that an empty text can be said all
 * the same, and one with spaces at its ends or with the line ends that a browser changes, a
 * text in double quotes is read as JSON.
 */

/** What is typed for a text, in a line or where there is room for several. */
export function typedText(text: string, isLine: boolean): string {
  return needsQuotes(text, isLine) ? JSON.stringify(text) : text;
}

/** The text that was typed. */
export function textTyped(typed: string): string {
  return quoted(typed) ?? withPlainLineEnds(typed);
}

/** A form is sent with line ends of its own, whatever was typed. */
export function withPlainLineEnds(typed: string): string {
  return typed.replaceAll("\r\n", "\n");
}

function needsQuotes(text: string, isLine: boolean): boolean {
  if (text.trim() === "" || /[\r\0]/.test(text) || !text.isWellFormed()) return true;
  return quoted(text) !== undefined || (isLine && text.includes("\n"));
}

function quoted(typed: string): string | undefined {
  const trimmed = typed.trim();
  if (trimmed.length < 2 || !trimmed.startsWith('"') || !trimmed.endsWith('"')) return undefined;
  try {
    return String(JSON.parse(trimmed));
  } catch {
    return undefined;
  }
}
