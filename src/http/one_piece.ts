/**
 * Longer answers in one piece. Deno 2.9 writes an answer with one call where it fits into the
 * buffer of its connection, and else its headers and its body with two: that costs 5 us here,
 * a packet, and a second read there. The buffer begins with 512 bytes, and becomes as long as
 * the longest headers that it ever held. So while much is asked, one answer of many has a
 * header that is long and says nothing; those after it on the connection come in one piece.
 */

import type { Clock } from "../engine/ports.ts";

/** Its bytes are about those of an answer that is worth it. */
const PADDING = "-".repeat(2_000);

/** A prime: connections that take turns get their long header one after the other. */
const ANSWERS_PER_PADDING = 127;

/** Where so many answers take longer, nobody would notice. */
const BUSY_MS = 1_000;

export class OnePiece {
  readonly #clock: Clock;
  #answers = 0;
  /** When there had been so many the last time. */
  #before = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The same answer, once in a while with a long header. */
  widened(answer: Response): Response {
    if (++this.#answers % ANSWERS_PER_PADDING !== 0) return answer;
    const now = this.#clock.monotonic();
    if (now - this.#before < BUSY_MS) answer.headers.set("x-pad", PADDING);
    this.#before = now;
    return answer;
  }
}
