/** Limits of job types that an embedding program changes and reads. */

/** How many jobs of a type may run, and how many may start; an absent member means no limit. */
export interface LimitValues {
  /** Jobs that run at a time, of all keys together. */
  readonly maxRunning?: number;
  /** Jobs that run at a time, of one key. */
  readonly perKey?: number;
  /** At most `count` jobs start within any `perMs` milliseconds. */
  readonly rate?: { readonly count: number; readonly perMs: number };
}

/** Limits that replace all limits of the code. */
export interface LimitChange extends LimitValues {
  /** The reason, recorded with the change; at most 1,000 characters. */
  readonly reason: string;
}

/** The limits of a type and their use, as `GET /limits` shows them. */
export interface TypeLimits {
  /** The type of the jobs. */
  readonly type: string;
  /** The limits in force. */
  readonly limits: LimitValues;
  /** The limits of the definition; empty if it has none, or is not loaded. */
  readonly code: LimitValues;
  /** Whether the jobs have keys; keys take turns. */
  readonly byKey: boolean;
  /** Why limits other than those of the code are in force. */
  readonly change?: {
    /** The position of the entry that changed them. */
    readonly by: number;
    /** When they were changed; RFC 3339, in UTC. */
    readonly since: string;
    /** The given reason. */
    readonly reason: string;
    /** The name of the token of the request, over HTTP. */
    readonly actor?: string;
  };
  /** Running jobs. */
  readonly held: number;
  /** Jobs that wait for a place, or for the rate. */
  readonly waiting: number;
  /** Keys with running or waiting jobs, the busiest first; `null` means jobs without a key. */
  readonly keys: readonly {
    readonly key: string | null;
    readonly held: number;
    readonly waiting: number;
  }[];
  /** How many more keys exist. */
  readonly moreKeys: number;
  /** What the rate counts now: all jobs of the type (`null`), or each key separately. */
  readonly rates: readonly {
    readonly key: string | null;
    /** Jobs that the rate counts. */
    readonly began: number;
    /** Jobs that wait to start. */
    readonly waiting: number;
    /**
     * When the next job may start, if none may start now; also absent while starts are being
     * recorded.
     */
    readonly nextAt?: string;
  }[];
  /** How many more keys of the rate exist. */
  readonly moreRates: number;
}
