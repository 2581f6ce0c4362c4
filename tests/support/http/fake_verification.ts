/** A verification of the journal that the test ends. */

import type { Clock, VerificationRun } from "../../../src/engine/ports.ts";
import type { VerificationPort } from "../../../src/http/http_deps.ts";

export class FakeVerification implements VerificationPort {
  run: VerificationRun | null = null;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): ReturnType<VerificationPort["start"]> {
    if (this.run?.status === "running") {
      return { started: false, reason: "a verification is already running" };
    }
    this.run = { status: "running", startedAt: this.#now(), bytesDone: 0, bytesTotal: 0 };
    return { started: true };
  }

  reach(bytesDone: number, bytesTotal: number): void {
    this.run = { status: "running", startedAt: this.#startedAt, bytesDone, bytesTotal };
  }

  end(): void {
    this.run = { status: "ended", startedAt: this.#startedAt, endedAt: this.#now() };
  }

  fail(detail: string): void {
    this.run = { status: "failed", startedAt: this.#startedAt, endedAt: this.#now(), detail };
  }

  get #startedAt(): string {
    return this.run?.startedAt ?? this.#now();
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}
