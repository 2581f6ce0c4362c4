/** Pauses, and limits of job types, that an embedding program sets and reads. */

import type { LimitValues } from "../core/place_limits.ts";

/** Limits that replace all limits of the code. */
export interface LimitChange extends LimitValues {
  /** The reason, recorded with the change; at most 1,000 characters. */
  readonly reason: string;
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
