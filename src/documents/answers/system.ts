/** Answers about the server: its journal, its definitions, its health. */

import { correlationField } from "../correlation_schema.ts";
import { describe } from "../documented.ts";
import * as v from "valibot";
import { SCOPES } from "../../access/tokens.ts";

import { retentionAnswer } from "./job.ts";
import { anyJson, count, limitName, milliseconds, position, text, time, use } from "./parts.ts";

/** A setting in force; of a secret, only whether it is set. */
export interface ShownSetting {
  /** The name of its flag, without the dashes. */
  readonly name: string;
  readonly value: string;
  readonly origin: "flag" | "environment" | "default";
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

const standing = {
  role: describe(v.picklist(["leading", "following"]), "Whether this process leads or follows."),
  since: describe(time, "Since when it does."),
  leader: describe(
    v.nullable(v.object({
      writer: describe(text, "Tells the process from others."),
      url: describe(text, "Where others reach it."),
    })),
    "The process that leads, and where it is reached; null while none is known.",
  ),
  why: describe(
    v.nullable(v.picklist(["first", "ended", "silent"])),
    "Why it leads: nobody led before, the session of the leader before ended, or that leader was " +
      "silent for too long. null while it follows.",
  ),
  copy: describe(
    v.nullable(v.object({
      logId: position,
      entriesBehind: describe(count, "Entries that it lacked at the last look."),
      msBehind: describe(
        milliseconds,
        "Since when it was last known to be complete, in milliseconds.",
      ),
    })),
    "The copy of a follower; null while this process leads.",
  ),
};

const database = describe(
  v.nullable(v.object({
    address: describe(text, "Without the password."),
    standbyDemanded: describe(v.boolean(), "Whether a synchronous standby has to be there."),
    standbys: describe(
      v.nullable(count),
      "Synchronous standbys that are connected; null where the user may not know.",
    ),
    settings: v.record(text, text),
  })),
  "What the database promises, as of at most a second ago.",
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
  shared: v.exactOptional(describe(
    v.object({ ...standing, database }),
    "The part of this process in a journal that several share; absent for one in a folder alone.",
  )),
  ...verificationRun.entries,
});

export const placeLimits = {
  maxRunning: v.exactOptional(describe(count, "Jobs of the type at a time.")),
  perKey: v.exactOptional(describe(count, "Jobs of one key at a time.")),
  rate: v.exactOptional(describe(
    v.object({ count, perMs: milliseconds }),
    "At most `count` jobs may start within `perMs` milliseconds.",
  )),
};

/** As the engine reports it. */
export const limitedTypeAnswer = v.object({
  type: text,
  limits: describe(v.object(placeLimits), "In force."),
  code: describe(v.object(placeLimits), "The limits of the definition; empty if it has none."),
  byKey: describe(v.boolean(), "Whether its jobs have keys; keys take turns."),
  change: v.exactOptional(describe(
    v.object({ by: position, since: time, reason: text, actor: v.exactOptional(text) }),
    "Why limits other than those of the code are in force.",
  )),
  held: describe(count, "Places that are taken."),
  waiting: describe(count, "Jobs that wait for a place, or for the rate."),
  keys: describe(
    v.array(v.object({ key: v.nullable(text), held: count, waiting: count })),
    "Keys with jobs at work or waiting, the busiest first; null stands for jobs without a key.",
  ),
  moreKeys: describe(count, "How many more keys there are."),
  rates: describe(
    v.array(v.object({
      key: describe(v.nullable(text), "null where the rate counts all jobs of the type."),
      began: describe(count, "Jobs that it counts now."),
      waiting: describe(count, "Jobs that wait, and have not begun."),
      nextAt: v.exactOptional(
        describe(
          time,
          "When the next may begin; absent while one may, or starts are being recorded.",
        ),
      ),
    })),
    "What the rate counts now: all jobs of the type, or each key apart, the most first.",
  ),
  moreRates: describe(count, "How many more keys of the rate there are."),
});

export const limitsAnswer = v.object({ limits: v.array(limitedTypeAnswer) });

export const definitionsAnswer = v.object({
  definitions: v.array(v.object({
    type: text,
    version: count,
    description: v.exactOptional(text),
    inputSchema: anyJson,
    runs: v.exactOptional(describe(v.array(count), "Other versions whose jobs it also runs.")),
    startsOn: v.exactOptional(describe(
      v.object({ eventType: text, correlation: correlationField }),
      "Each event of this kind starts a job.",
    )),
    secrets: v.exactOptional(v.array(text)),
    retention: v.exactOptional(retentionAnswer),
    pauseAfter: v.exactOptional(describe(
      v.object({ failures: count, withinMs: milliseconds, forMs: milliseconds }),
      "When so many attempts fail within the period, the type is paused for this long.",
    )),
    limits: v.exactOptional(describe(
      v.object({
        ...placeLimits,
        byKey: describe(v.boolean(), "Whether it sorts its jobs by a key; keys take turns."),
      }),
      "How many of its jobs may be at work at a time.",
    )),
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
  settings: v.nullable(v.array(v.object({
    flag: text,
    value: text,
    origin: v.picklist(["flag", "environment", "default"]),
  }))),
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
  shared: v.exactOptional(describe(
    v.object(standing),
    "The part of this process in a journal that several share; absent for one in a folder alone.",
  )),
});

/** As `pauseView` makes it. */
export const pauseAnswer = v.object({
  pauseId: text,
  type: v.exactOptional(describe(text, "It holds only jobs of this type.")),
  label: v.exactOptional(describe(text, "It holds only jobs with this label, as name:value.")),
  key: v.exactOptional(describe(text, "It holds only jobs of this key.")),
  reason: text,
  since: time,
  until: v.exactOptional(describe(time, "When it ends automatically.")),
  by: describe(position, "The entry that began it."),
  failures: v.exactOptional(describe(
    v.array(position),
    "For an automatic pause: the failed attempts that caused it.",
  )),
  actor: v.exactOptional(describe(text, "Who asked for it.")),
  jobs: describe(count, "How many jobs it keeps from a worker now."),
  firstJobs: describe(v.array(text), "The first of them in the queue, at most 5."),
});

export const pausesAnswer = v.object({ pauses: v.array(pauseAnswer) });
