/** Wraps text into lines. */

/**
 * A space where a line may break: not between a number and its unit, nor in a list of positions
 * such as ` [3, 17, ...]`.
 */
const BREAK = / (?<!\d (?=(?:ms|s|min|h|d)(?!\w)))(?<!\d, (?=(?:\d+|\.\.\.)[,\]]))/;

/**
 * Breaks at spaces; a word longer than the line stays whole.
 *
 * @param width Columns of a line, one for each UTF-16 code unit.
 * @param first The beginning of the first line; `rest` begins the others.
 */
export function wrapped(
  width: number,
  text: string,
  first: string,
  rest: string,
): readonly string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(BREAK)) {
    const isEmpty = line === first || line === rest;
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = `${rest}${word}`;
    } else {
      line += isEmpty ? word : ` ${word}`;
    }
  }
  return [...lines, line];
}
