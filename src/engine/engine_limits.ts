/** The limits of the engine, and the reason given when an event reaches one. */

/** Limits on the effects of one event, or of one request with many events. */
export interface DeliveryLimits {
  /** Predicates that may be tried to find the jobs of one event. */
  readonly triedMax: number;
  /** Jobs that one event may reach. A job with a large plan counts as several. */
  readonly fanOutMax: number;
  /** Bytes that one event and its copies may take, when it reaches several jobs. */
  readonly fanOutBytesMax: number;
  /** Entries that the events of one request may cause. The first event may exceed it. */
  readonly entriesMax: number;
  /** Bytes of these entries. */
  readonly entriesBytesMax: number;
}

/** Limits on what exists at the same time. */
export interface StandingLimits {
  /** Jobs that have not ended. */
  readonly jobsMax: number;
  /** Bytes of their plans, inputs, labels and results; one job may exceed it. */
  readonly jobsBytesMax: number;
  /** Jobs that wait for a worker. */
  readonly queuedMax: number;
  /** Bytes that wait to become durable; one request may exceed it. */
  readonly pendingBytesMax: number;
}

export type EngineLimits = StandingLimits & DeliveryLimits;

const MIB = 1_048_576;

/** The default limits, without the one that depends on the machine. */
export const ENGINE_LIMITS: Omit<EngineLimits, "jobsBytesMax"> = {
  triedMax: 1_000_000,
  fanOutMax: 1_000,
  fanOutBytesMax: 4 * MIB,
  entriesMax: 20_000,
  entriesBytesMax: 32 * MIB,
  jobsMax: 500_000,
  queuedMax: 100_000,
  pendingBytesMax: 64 * MIB,
};

/** Why an event was rejected. Sent later, or with a lower load, it may be accepted. */
export interface LimitReached {
  readonly name: keyof EngineLimits;
  readonly max: number;
}

/** The text in a receipt. */
export function limitText({ name, max }: LimitReached): string {
  return `not recorded: ${TEXTS[name](max)}`;
}

const AGAIN = "send it again";

const TEXTS: Readonly<Record<LimitReached["name"], (max: number) => string>> = {
  triedMax: (max) => `over ${max} predicates would have to be tried to find its jobs`,
  fanOutMax: (max) =>
    `it reaches more than ${max} jobs, where one with a large plan counts as several`,
  fanOutBytesMax: (max) => `with a copy for each job that it reaches it takes over ${max} bytes`,
  entriesMax: (max) => `with those before it, it makes over ${max} entries; ${AGAIN}`,
  entriesBytesMax: (max) => `with those before it, it takes over ${max} bytes; ${AGAIN}`,
  pendingBytesMax: (max) => `over ${max} bytes wait for the disk; ${AGAIN}`,
  jobsMax: (max) => `it starts a job, and there are ${max} unfinished ones; ${AGAIN}`,
  jobsBytesMax: (max) => `it starts a job, and unfinished ones hold over ${max} bytes; ${AGAIN}`,
  queuedMax: (max) => `it starts a job, and ${max} wait for a worker; ${AGAIN}`,
};
