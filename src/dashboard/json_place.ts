/** Where a text stops being JSON, for whoever typed it. */

/** `unexpected character in line 3, column 7`, as editors count. */
export function jsonPlaceText(text: string, position: number): string {
  if (position >= text.length) return "it ends too early";
  const lines = text.slice(0, position).split("\n");
  const column = (lines.at(-1)?.length ?? 0) + 1;
  return `unexpected character in line ${lines.length}, column ${column}`;
}
