/**
 * Longer answers in one piece. Deno 2.9 writes an answer with one call where it fits into the
 * buffer of its connection, and else its headers and its body with two: that costs 5 us here,
 * a packet, and a second read there. The buffer begins with 512 bytes, and becomes as long as
 * the longest headers that it ever held. So while there is much to do, one answer of many has
 * a header that is long and says nothing; those after it on the connection come in one piece.
 */

/** Its bytes are about those of an answer that is worth it. */
const PADDING = "-".repeat(2_000);

/** Requests that are being answered; with fewer, nobody would notice. */
const BUSY_FROM = 8;

/** A prime: connections that take turns get their long header one after the other. */
const ANSWERS_PER_PADDING = 127;

export class OnePiece {
  #answers = 0;

  /**
   * The same answer, once in a while with a long header.
   *
   * @param open Requests that are being answered, this one included.
   */
  widened(answer: Response, open: number): Response {
    if (open >= BUSY_FROM && ++this.#answers % ANSWERS_PER_PADDING === 0) {
      answer.headers.set("x-pad", PADDING);
    }
    return answer;
  }
}
