/** Limits of types of jobs, as a program that has Daybook inside changes and reads them. */

/** How many jobs of a type may be at work, and how many may begin; absent is no limit. */
export interface LimitValues {
  /** At work at a time, of all keys together. */
  readonly maxRunning?: number;
  /** At work at a time, of one key. */
  readonly perKey?: number;
  /** At most `count` begin within any `perMs` milliseconds. */
  readonly rate?: { readonly count: number; readonly perMs: number };
}

/** Limits that take the place of all those of the code. */
export interface LimitChange extends LimitValues {
  /** Why. Recorded with the change; at most 1,000 characters. */
  readonly reason: string;
}

/** The limits of a type and their use, as `GET /limits` has them. */
export interface TypeLimits {
  /** Of the jobs. */
  readonly type: string;
  /** In force. */
  readonly limits: LimitValues;
  /** As the definition has them; empty if it has none, or is not loaded. */
  readonly code: LimitValues;
  /** Whether the jobs have keys; keys take turns. */
  readonly byKey: boolean;
  /** Why other limits are in force than those of the code. */
  readonly change?: {
    /** The position of the entry that changed them. */
    readonly by: number;
    /** Its time; RFC 3339, in UTC. */
    readonly since: string;
    /** As it was given. */
    readonly reason: string;
    /** The name beside the token of the request, over HTTP. */
    readonly actor?: string;
  };
  /** Jobs at work. */
  readonly held: number;
  /** Jobs that wait for a place, or for the rate. */
  readonly waiting: number;
  /** Keys with a job at work or waiting, those with the most first; `null` is for no key. */
  readonly keys: readonly {
    readonly key: string | null;
    readonly held: number;
    readonly waiting: number;
  }[];
  /** How many more keys there are. */
  readonly moreKeys: number;
  /** What the rate counts now: all jobs of the type (`null`), or each key apart. */
  readonly rates: readonly {
    readonly key: string | null;
    /** Jobs that it counts. */
    readonly began: number;
    /** Jobs that wait, and have not begun. */
    readonly waiting: number;
    /** When the next may begin, if none may now; absent also while starts are being recorded. */
    readonly nextAt?: string;
  }[];
  /** How many more keys of the rate there are. */
  readonly moreRates: number;
}
