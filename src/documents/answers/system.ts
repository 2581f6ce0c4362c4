/** Answers about the server: its journal, its definitions, its health. */

import * as v from "valibot";
import { correlationField } from "../plan_schema.ts";
import { describe, maybe } from "../fields.ts";
import { SCOPES } from "../../access/tokens.ts";
import { retentionAnswer } from "./job.ts";
import { anyJson, count, limitName, milliseconds, position, text, time, use } from "./parts.ts";

const ORIGINS = ["flag", "environment", "default"] as const;
export type SettingOrigin = (typeof ORIGINS)[number];

/** A setting in force; of a secret, only whether it is set. */
export interface ShownSetting {
  /** The name of its flag, without the dashes. */
  readonly name: string;
  readonly value: string;
  readonly origin: SettingOrigin;
}

const head = { logId: position, chain: text };

export const verificationRun = v.object({
  verificationRun: v.nullable(v.variant("status", [
    v.object({
      status: v.literal("running"),
      startedAt: time,
      bytesDone: count,
      bytesTotal: count,
    }),
    v.object({ status: v.literal("ended"), startedAt: time, endedAt: time }),
    v.object({ status: v.literal("failed"), startedAt: time, endedAt: time, detail: text }),
  ])),
});

const standingMembers = {
  role: describe(v.picklist(["leading", "following"]), "Whether this process leads or follows."),
  since: describe(time, "When it began to lead or follow."),
  leader: describe(
    v.nullable(v.object({
      writer: describe(text, "Identifies the process."),
      url: describe(text, "The URL at which other processes reach it."),
    })),
    "The leading process and its URL; null while none is known.",
  ),
  why: describe(
    v.nullable(v.picklist(["first", "ended", "silent"])),
    "Why it leads: no process led before, the session of the previous leader ended, or that leader was " +
      "silent for too long; null while it follows.",
  ),
  copy: describe(
    v.nullable(v.object({
      logId: position,
      entriesBehind: describe(count, "Entries that the copy lacked at the last check."),
      msBehind: describe(
        milliseconds,
        "Milliseconds since the copy was last known to be complete.",
      ),
    })),
    "The copy of a follower; null while this process leads.",
  ),
  databaseSilentSince: describe(
    v.nullable(time),
    "Since when the database has not answered this process; null while it does.",
  ),
};

export const standing = v.object(standingMembers);

const database = describe(
  v.nullable(v.object({
    address: describe(text, "The database, without the password."),
    standbyDemanded: describe(v.boolean(), "Whether a synchronous standby is required."),
    standbys: describe(
      v.nullable(count),
      "Connected synchronous standbys; null if the database user may not see them.",
    ),
    settings: v.record(text, text),
  })),
  "The guarantees of the database, at most a second old.",
);

export const journalAnswer = v.object({
  head: v.object(head),
  segments: v.array(v.object({ name: text, firstLogId: position, bytes: count })),
  bytes: count,
  proof: v.object({ segments: count, proven: count, trusted: count, at: v.nullable(time) }),
  lastSnapshot: v.nullable(v.object({ logId: position, file: text })),
  lastRecovery: v.object({
    clean: v.boolean(),
    entriesReplayed: count,
    snapshotLogId: v.nullable(position),
    durationMs: milliseconds,
    bytesQuarantined: count,
    quarantine: v.nullable(text),
    recoveredLogId: v.nullable(position),
    warnings: v.array(text),
  }),
  index: v.object({ jobs: count, waiting: count }),
  lastVerification: v.nullable(v.object({
    verdict: v.picklist(["intact", "damaged"]),
    at: time,
    head: v.object(head),
    proved: v.exactOptional(v.nullable(v.object({ firstLogId: position, lastLogId: position }))),
    durationMs: milliseconds,
    detail: text,
    lastIntact: v.exactOptional(v.object({ ...head, at: time })),
  })),
  shared: maybe(
    v.object({ ...standingMembers, database }),
    "The role of this process in a shared journal; absent for a journal in a folder.",
  ),
  ...verificationRun.entries,
});

export const placeLimits = {
  maxRunning: maybe(count, "Running jobs of the type."),
  perKey: maybe(count, "Running jobs of one key."),
  rate: maybe(
    v.object({ count, perMs: milliseconds }),
    "At most `count` jobs may start within `perMs` milliseconds.",
  ),
};

/** As the engine reports it. */
export const limitedTypeAnswer = v.object({
  type: text,
  limits: describe(v.object(placeLimits), "The limits in force."),
  code: describe(v.object(placeLimits), "The limits of the definition; empty if it has none."),
  byKey: describe(v.boolean(), "Whether its jobs have keys; keys take turns."),
  change: maybe(
    v.object({ by: position, since: time, reason: text, actor: v.exactOptional(text) }),
    "Why limits other than those of the code are in force.",
  ),
  held: describe(count, "Places in use."),
  waiting: describe(count, "Jobs that wait for a place, or for the rate."),
  keys: describe(
    v.array(v.object({ key: v.nullable(text), held: count, waiting: count })),
    "Keys with running or waiting jobs, the busiest first; null means jobs without a key.",
  ),
  moreKeys: describe(count, "How many more keys exist."),
  rates: describe(
    v.array(v.object({
      key: describe(v.nullable(text), "null if the rate counts all jobs of the type."),
      began: describe(count, "Jobs that the rate counts now."),
      waiting: describe(count, "Jobs that wait to start."),
      nextAt: maybe(
        time,
        "When the next job may start; absent if one may start now, or while starts are being recorded.",
      ),
    })),
    "What the rate counts now: all jobs of the type, or each key separately, the highest count first.",
  ),
  moreRates: describe(count, "How many more keys of the rate exist."),
});

export const limitsAnswer = v.object({ limits: v.array(limitedTypeAnswer) });

export const definitionsAnswer = v.object({
  definitions: v.array(v.object({
    type: text,
    version: count,
    description: v.exactOptional(text),
    inputSchema: anyJson,
    runs: maybe(v.array(count), "Other versions whose jobs this definition also runs."),
    startsOn: maybe(
      v.object({ eventType: text, correlation: correlationField }),
      "Each event of this kind starts a job.",
    ),
    secrets: v.exactOptional(v.array(text)),
    retention: v.exactOptional(retentionAnswer),
    pauseAfter: maybe(
      v.object({ failures: count, withinMs: milliseconds, forMs: milliseconds }),
      "When this many attempts fail within the period, the type is paused for this long.",
    ),
    limits: maybe(
      v.object({
        ...placeLimits,
        byKey: describe(v.boolean(), "Whether its jobs have keys; keys take turns."),
      }),
      "How many of its jobs may run at a time.",
    ),
  })),
});

export const systemAnswer = v.object({
  version: text,
  versions: v.nullable(v.array(v.object({ name: text, version: text }))),
  process: v.nullable(v.object({
    pid: count,
    startedAt: time,
    residentBytes: count,
    heap: use,
    cpuSeconds: v.pipe(v.number(), v.minValue(0)),
  })),
  workers: v.nullable(use),
  limits: v.array(v.object({
    name: limitName,
    what: text,
    unit: v.picklist(["bytes", "count"]),
    ...use.entries,
  })),
  journalFolder: v.nullable(text),
  settings: v.nullable(v.array(v.object({ flag: text, value: text, origin: v.picklist(ORIGINS) }))),
  tokens: v.object({
    needed: v.boolean(),
    holders: v.nullable(v.array(v.object({
      name: v.nullable(text),
      scopes: v.array(v.picklist(SCOPES)),
    }))),
  }),
});

export const indexAnswer = v.object({ name: text, links: v.record(v.string(), text) });
export const liveAnswer = v.object({ status: v.literal("live") });
export const readyAnswer = v.object({
  status: v.picklist(["ready", "following"]),
  shared: maybe(
    standing,
    "The role of this process in a shared journal; absent for a journal in a folder.",
  ),
});

/** A pause, as the engine reports it. */
export const pauseAnswer = v.object({
  pauseId: text,
  type: maybe(text, "The pause holds only jobs of this type."),
  label: maybe(text, "The pause holds only jobs with this label, as name:value."),
  key: maybe(text, "The pause holds only jobs with this key."),
  reason: text,
  since: time,
  until: maybe(time, "When the pause ends automatically."),
  by: describe(position, "The entry that began the pause."),
  failures: maybe(v.array(position), "For an automatic pause: the failed attempts that caused it."),
  actor: maybe(text, "Who began the pause: the name of the token."),
  jobs: describe(count, "How many jobs it holds now."),
  firstJobs: describe(v.array(text), "The first of these jobs in the queue, at most 5."),
});

export const pausesAnswer = v.object({ pauses: v.array(pauseAnswer) });
