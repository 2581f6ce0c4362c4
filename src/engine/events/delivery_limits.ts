/** What one event, or one request of many, may make the engine do, whatever waits for it. */

export interface DeliveryLimits {
  /** Predicates that are tried to find the jobs of one event. */
  readonly triedMax: number;
  /** Jobs that one event may reach; one with a large plan counts for several. */
  readonly fanOutMax: number;
  /** Bytes that one event may take with its copies, when it reaches several jobs. */
  readonly fanOutBytesMax: number;
  /** Entries that the events of one request may make; the first event may go beyond it. */
  readonly entriesMax: number;
  /** Bytes of these. */
  readonly entriesBytesMax: number;
}

/** Why an event was not taken: with less that waits for it, or later, it may be. */
export interface LimitReached {
  readonly name: keyof DeliveryLimits | "jobsMax" | "queuedMax" | "pendingBytesMax";
  readonly max: number;
}

/** As the reason of a receipt. */
export function limitText({ name, max }: LimitReached): string {
  return `not recorded: ${TEXTS[name](max)}`;
}

const AGAIN = "send it again";

const TEXTS: Readonly<Record<LimitReached["name"], (max: number) => string>> = {
  triedMax: (max) => `over ${max} predicates would have to be tried to find its jobs`,
  fanOutMax: (max) => `it reaches more than ${max} jobs, where a large plan counts for several`,
  fanOutBytesMax: (max) => `with a copy for each job that it reaches it takes over ${max} bytes`,
  entriesMax: (max) => `with those before it, it makes over ${max} entries; ${AGAIN}`,
  entriesBytesMax: (max) => `with those before it, it takes over ${max} bytes; ${AGAIN}`,
  pendingBytesMax: (max) => `over ${max} bytes wait for the disk; ${AGAIN}`,
  jobsMax: (max) => `it starts a job, and there are ${max} unfinished ones; ${AGAIN}`,
  queuedMax: (max) => `it starts a job, and ${max} wait for a worker; ${AGAIN}`,
};
