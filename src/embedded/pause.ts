/** Pauses, as a program that has Daybook inside begins and reads them. */

/** What to pause: the jobs that fit each member that is given, and all jobs if none is. */
export interface PauseOptions {
  /** Only jobs of this type. */
  readonly type?: string;
  /** Only jobs with this label, as `name:value`. */
  readonly label?: string;
  /** Only jobs of this key, by which `limits.key` of their definitions sorts them. */
  readonly key?: string;
  /** Why. Recorded, and shown in explanations; at most 1,000 characters. */
  readonly reason: string;
  /** When it ends by itself, RFC 3339. Default: it lasts until `endPause`. */
  readonly until?: string;
}

/** A pause in force, as `GET /pauses` has it. */
export interface Pause extends PauseOptions {
  /** `pau_` and a ULID. */
  readonly pauseId: string;
  /** Since when; RFC 3339, in UTC. */
  readonly since: string;
  /** The position of the entry that began it. */
  readonly by: number;
  /** Of a pause by rule (`pauseAfter`): the positions of the failed attempts that caused it. */
  readonly failures?: readonly number[];
  /** The name beside the token of the request, over HTTP. */
  readonly actor?: string;
  /** How many jobs it keeps from a worker now. */
  readonly jobs: number;
  /** Those of them that would go first, at most 5. */
  readonly firstJobs: readonly string[];
}
