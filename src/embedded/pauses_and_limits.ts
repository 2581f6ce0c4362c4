/** Pauses, and limits of job types, that an embedding program sets and reads. */

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

/** What to pause: the jobs that match every given member, or all jobs if none is given. */
export interface PauseOptions {
  /** Only jobs of this type. */
  readonly type?: string;
  /** Only jobs with this label, as `name:value`. */
  readonly label?: string;
  /** Only jobs with this key, by `limits.key` of their definition. */
  readonly key?: string;
  /** The reason, recorded and shown in explanations; at most 1,000 characters. */
  readonly reason: string;
  /** When the pause ends automatically (RFC 3339). Default: it lasts until `endPause`. */
  readonly until?: string;
}

/** A pause in force, as `GET /pauses` shows it. */
export interface Pause extends PauseOptions {
  /** `pau_` and a ULID. */
  readonly pauseId: string;
  /** When the pause began; RFC 3339, in UTC. */
  readonly since: string;
  /** The position of the entry that began the pause. */
  readonly by: number;
  /** For an automatic pause (`pauseAfter`): the positions of the failed attempts that caused it. */
  readonly failures?: readonly number[];
  /** The name of the token of the request, over HTTP. */
  readonly actor?: string;
  /** How many jobs the pause holds now. */
  readonly jobs: number;
  /** The first of these jobs in the queue, at most 5. */
  readonly firstJobs: readonly string[];
}
