/**
 * While a long journal is being read: how far that is, in words for whoever started the process,
 * and for the probes of a supervisor, which would take silence for a process that hangs.
 */

import { sizeText } from "../core/size.ts";
import { Problem, problemResponse, STATUS } from "../http/problems/problem.ts";
import { jsonResponse } from "../http/answers/response.ts";
import type { Clock } from "../engine/ports.ts";
import type { ReadingProgress } from "../journal/options.ts";

/** How long others wait for their turn. */
const SLICE_MS = 20;
/** Between two lines; an opening that takes less says nothing. */
const LINE_MS = 2_000;
const RETRY_AFTER = { "retry-after": "1" };

export class Opening {
  readonly #clock: Pick<Clock, "monotonic" | "pause">;
  readonly #tell: (line: string) => void;
  #sliceBegan: number;
  #told: number;
  #bytesDone = 0;
  #bytesTotal = 0;

  /** @param tell Takes a line for people. */
  constructor(clock: Pick<Clock, "monotonic" | "pause">, tell: (line: string) => void) {
    this.#clock = clock;
    this.#tell = tell;
    this.#sliceBegan = this.#told = clock.monotonic();
  }

  readonly progress: ReadingProgress = (bytesDone, bytesTotal) => {
    const now = this.#clock.monotonic();
    if (now - this.#sliceBegan < SLICE_MS) return undefined;
    [this.#bytesDone, this.#bytesTotal] = [bytesDone, bytesTotal];
    if (now - this.#told >= LINE_MS) {
      this.#told = now;
      this.#tell(this.#text);
    }
    return this.#clock.pause().then(() => void (this.#sliceBegan = this.#clock.monotonic()));
  };

  /** What is answered until the journal is open. */
  readonly fetch = (request: Request): Response => {
    const { pathname } = new URL(request.url);
    if (pathname === "/livez") return jsonResponse({ status: "live" }, STATUS.ok);
    const detail = `Cannot answer yet: ${this.#text}`;
    return problemResponse(new Problem("not-ready", detail, {}, RETRY_AFTER), pathname);
  };

  get #text(): string {
    const share = this.#bytesTotal === 0 ? 0 : this.#bytesDone / this.#bytesTotal;
    return `reading the journal: ${Math.round(100 * share)} % of ${sizeText(this.#bytesTotal)}`;
  }
}
