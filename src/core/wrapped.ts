/** Text broken into lines. */

/**
 * Breaks at spaces; a word that is longer than the line stays whole.
 *
 * @param width Columns of a line, one for each UTF-16 code unit.
 * @param first What the first line begins with, and `rest` the others.
 */
export function wrapped(
  width: number,
  text: string,
  first: string,
  rest: string,
): readonly string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(" ")) {
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
