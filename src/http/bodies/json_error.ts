/** Finds where a malformed document stops being JSON; engines do not always say. */

import { visit } from "jsonc-parser";

/**
 * The offset, in UTF-16 units, of the first character that cannot be part of a JSON
 * document; the length of the text when it ends too early.
 */
export function positionOfError(text: string): number {
  try {
    visit(text, {
      onError(_error, offset) {
        throw new Found(offset);
      },
    }, { disallowComments: true });
  } catch (error) {
    if (error instanceof Found) return error.offset;
    throw error;
  }
  return text.length;
}

/** What comes after the first error is of no interest, and may be very much. */
class Found extends Error {
  override readonly name = "Found";

  constructor(readonly offset: number) {
    super();
  }
}
