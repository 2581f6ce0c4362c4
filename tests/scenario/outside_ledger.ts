/**
 * What clients know about a server that is killed repeatedly: what it acknowledged, and what it
 * never answered. It is kept outside the journal and compared with it.
 */

/** A request that may be sent again: its key or id makes its effect happen once. */
export interface RepeatableRequest {
  readonly path: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  /** Notes what an answer acknowledges. */
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
  /** For each idempotency key, the only job that may be returned for it. */
  readonly #jobOfKey = new Map<string, string>();
  /** Unanswered requests, for the next sender. */
  readonly unanswered: RepeatableRequest[] = [];
  /** Wrong answers of the server. */
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

  /** What was acknowledged since the last call. */
  takeFresh(): { readonly jobs: readonly string[]; readonly events: readonly string[] } {
    const fresh = { jobs: this.#freshJobs, events: this.#freshEvents };
    this.#freshJobs = [];
    this.#freshEvents = [];
    return fresh;
  }

  /** The number of acknowledged facts. */
  get size(): number {
    return this.jobs.size + this.events.size + this.controls.length;
  }
}
