/**
 * What clients know of a server that dies again and again: what it acknowledged, and what
 * it never answered. It is kept outside the journal, and is what the journal is held to.
 */

/** A request that may be sent again: its key or id makes its effect happen once. */
export interface RepeatableRequest {
  readonly path: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  /** Takes down what an answer acknowledges. */
  acknowledged(answer: unknown): void;
}

/** An acknowledged control: the type of its entry, and the job. */
export interface AcknowledgedControl {
  readonly eventType: string;
  readonly jobId: string;
}

export class OutsideLedger {
  /** Acknowledged jobs. */
  readonly jobs = new Set<string>();
  /** Acknowledged cancellations: these jobs need not be done. */
  readonly cancelled = new Set<string>();
  /** Acknowledged event ids. */
  readonly events = new Set<string>();
  readonly controls: AcknowledgedControl[] = [];
  /** For each idempotency key, the one job that it may ever be answered with. */
  readonly #jobOfKey = new Map<string, string>();
  /** What was never answered, for whoever sends next. */
  readonly unanswered: RepeatableRequest[] = [];
  /** Answers that a server must not give. */
  readonly wrong: string[] = [];
  #freshJobs: string[] = [];
  #freshEvents: string[] = [];

  job(jobId: string): void {
    this.jobs.add(jobId);
    this.#freshJobs.push(jobId);
  }

  event(eventId: string): void {
    this.events.add(eventId);
    this.#freshEvents.push(eventId);
  }

  jobOfKey(key: string, jobId: string): void {
    const before = this.#jobOfKey.get(key);
    if (before !== undefined && before !== jobId) {
      this.wrong.push(`key ${key} made ${before}, and later ${jobId}`);
    }
    this.#jobOfKey.set(key, jobId);
    this.job(jobId);
  }

  /** What was acknowledged since this was last called. */
  takeFresh(): { readonly jobs: readonly string[]; readonly events: readonly string[] } {
    const fresh = { jobs: this.#freshJobs, events: this.#freshEvents };
    this.#freshJobs = [];
    this.#freshEvents = [];
    return fresh;
  }

  /** How many facts were acknowledged. */
  get size(): number {
    return this.jobs.size + this.events.size + this.controls.length;
  }
}
