/**
 * The simplest model of jobs driven by events from outside: each job waits for a number of parcels
 * of one order. Independent of `src/`.
 */

export interface ModelJob {
  readonly jobId: string;
  readonly order: string;
  readonly label: string;
  readonly required: number;
  matched: number;
  state: "Created" | "Running" | "Done" | "Failed";
  suspended: boolean;
  /** When it starts automatically, in milliseconds of the model's clock. */
  startAtMs: number | undefined;
  /** The number of entries about it: its ETag changes with each. */
  entries: number;
}

interface KeptKey {
  readonly body: string;
  readonly jobId: string;
}

type Control = "start" | "cancel" | "suspend" | "resume";

/** The states in which a control may be accepted. */
const ALLOWED_IN: Readonly<Record<Control | "retry", readonly string[]>> = {
  start: ["Created"],
  cancel: ["Created", "Running"],
  suspend: ["Running", "Compensating"],
  resume: ["Running", "Compensating"],
  retry: ["Failed"],
};

export class SequenceModel {
  /** Oldest first. */
  readonly jobs: ModelJob[] = [];
  readonly keys = new Map<string, KeptKey>();
  /** The shipped order of each event id. */
  readonly orders = new Map<string, string>();
  /** The ETag last seen of a job, and how many entries it had then. */
  readonly tags = new Map<string, { readonly tag: string; readonly entries: number }>();
  /** The last position that the reader of the stream has seen. */
  streamed = 0;
  #nowMs = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  job(index: number): ModelJob | undefined {
    return this.jobs[index % Math.max(1, this.jobs.length)];
  }

  add(
    job: Pick<ModelJob, "jobId" | "order" | "label" | "required">,
    startDelayMs?: number,
  ): ModelJob {
    const added: ModelJob = {
      ...job,
      matched: 0,
      state: "Created",
      suspended: false,
      startAtMs: startDelayMs === undefined ? undefined : this.#nowMs + startDelayMs,
      entries: 1,
    };
    this.jobs.push(added);
    return added;
  }

  start(job: ModelJob): void {
    job.state = "Running";
    job.entries++;
  }

  /** Ships a parcel of an order; returns the jobs that it counts for. */
  ship(order: string): readonly ModelJob[] {
    const waiting = this.jobs.filter((job) => job.state === "Running" && job.order === order);
    for (const job of waiting) this.#count(job);
    return waiting;
  }

  /** Sends a parcel to one job: it is recorded there, whatever the job is doing. */
  shipTo(job: ModelJob, order: string): boolean {
    const counts = job.state === "Running" && job.order === order;
    if (counts) this.#count(job);
    else job.entries++;
    return counts;
  }

  /** `undefined` if a control is accepted, otherwise the other states in which it may be. */
  control(job: ModelJob, control: Control): readonly string[] | undefined {
    if (!ALLOWED_IN[control].includes(job.state)) return ALLOWED_IN[control];
    if (control === "suspend" && job.suspended) return [];
    if (control === "resume" && !job.suspended) return [];
    if (control === "cancel" && job.state === "Created") job.entries++;
    job.entries++;
    if (control === "start") job.state = "Running";
    if (control === "cancel") job.state = "Failed";
    if (control === "suspend" || control === "resume") job.suspended = control === "suspend";
    return undefined;
  }

  /** The new job keeps the counted parcels; `undefined` if no retry is possible. */
  retry(job: ModelJob, jobId: string): ModelJob | undefined {
    if (job.state !== "Failed") return undefined;
    job.entries++;
    const { order, label, required, matched } = job;
    const next = this.add({ jobId, order, label, required });
    this.start(next);
    next.matched = matched;
    next.entries += matched;
    return next;
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    for (const job of this.jobs) {
      const isDue = job.startAtMs !== undefined && job.startAtMs <= this.#nowMs;
      if (isDue && job.state === "Created") this.start(job);
    }
  }

  #count(job: ModelJob): void {
    job.matched++;
    job.entries++;
    if (job.matched === job.required) job.state = "Done";
  }
}

export function allowedStates(control: Control | "retry"): readonly string[] {
  return ALLOWED_IN[control];
}
