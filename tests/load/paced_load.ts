/**
 * Jobs at a fixed pace without waiting for answers, one per request, and a probe beside them. Each
 * is an empty plan, which is done at once: it is created, started and ends, with three entries.
 */

import { probing, type Wait } from "./probe.ts";

/** The most unanswered requests, so that the test itself continues. */
const UNANSWERED_MAX = 1_000;
const TICK_MS = 10;

export class PacedLoad {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  /** Numbers of the jobs that were acknowledged. */
  readonly acknowledged = new Set<number>();
  /** Statuses other than 202, and how often. */
  readonly refusals = new Map<string, number>();
  /** Of each answer of `/livez`. */
  probed: readonly Wait[] = [];
  #sent = 0;
  #unanswered = 0;

  /** @param pid Of the server. */
  constructor(url: string, token: string, readonly pid: number) {
    this.#url = url;
    this.#headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  }

  static jobId(number: number): string {
    return `load-${number}`;
  }

  /** Resolves when the time is over and every request was answered. */
  async run(perSecond: number, durationMs: number): Promise<void> {
    const began = performance.now();
    const probe = await probing({ urls: [`${this.#url}/livez`], pid: this.pid });
    const sent: Promise<void>[] = [];
    for (let ms = 0; ms < durationMs; ms = performance.now() - began) {
      for (const due = ms * perSecond / 1_000; this.#sent < due && this.#hasRoom;) {
        sent.push(this.#send(this.#sent++));
      }
      if (sent.length > 10 * UNANSWERED_MAX) sent.splice(0, sent.length - UNANSWERED_MAX);
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
    await Promise.all(sent);
    [this.probed = []] = await probe.end();
  }

  get #hasRoom(): boolean {
    return this.#unanswered < UNANSWERED_MAX;
  }

  async #send(number: number): Promise<void> {
    const body = JSON.stringify({ jobId: PacedLoad.jobId(number), plan: { expected: [] } });
    this.#unanswered++;
    const refusal = await this.#refusalOf({ method: "POST", headers: this.#headers, body });
    this.#unanswered--;
    if (refusal === undefined) this.acknowledged.add(number);
    else this.refusals.set(refusal, (this.refusals.get(refusal) ?? 0) + 1);
  }

  async #refusalOf(init: RequestInit): Promise<string | undefined> {
    try {
      const response = await fetch(`${this.#url}/jobs`, init);
      const text = await response.text();
      return response.status === 202 ? undefined : `${response.status} ${text.slice(0, 300)}`;
    } catch (error) {
      return String(error);
    }
  }
}
