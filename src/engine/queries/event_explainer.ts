/**
 * Explains one event: the jobs that it reached or started, those that it nearly reached, and what
 * was refused under its id.
 */

import { isRefused, type JobEventLogEntry } from "../../core/event.ts";
import type { EventId, JobId, LogId } from "../../core/ids.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import type { RuleName } from "../../core/rules.ts";
import type {
  Citation,
  EventExplanation,
  NearlyReached,
  ReachedJob,
  Statement,
} from "../../explain/statements/explanation.ts";
import { correlationMismatches, mismatchesText } from "../../explain/likeness/mismatch.ts";
import { capital } from "../../explain/words/phrases.ts";
import { becameText } from "../../explain/words/other_jobs.ts";
import type { SettledFact } from "../events/fan_out.ts";
import { CONTENTS_MAX } from "../events/refusals.ts";
import { refusedEventId } from "../writer/derived_ids.ts";
import { cited } from "./citations.ts";
import type { ReserveMemory } from "../entry_pages.ts";
import { whyRecorded } from "../requests.ts";
import type { QueryParts } from "./query_parts.ts";
import type { Replays } from "./replays.ts";

/** The most jobs and definitions that are listed; the rest are counted. */
const LISTED_MAX = 20;
/** How many jobs the sentence names. */
const NAMED_MAX = 3;
const PAGE = 500;

/** Where an event had its effect: in its own entry, or in one that stands for it. */
interface Effect {
  readonly jobId: JobId;
  readonly logId: LogId;
}

interface DescribedEffect extends Pick<ReachedJob<LogId>, "jobId" | "rule" | "cites"> {
  /** A sentence about the job; for a job that it started, one about the event, without its subject. */
  readonly text: string;
}

export class EventExplainer {
  constructor(private readonly parts: QueryParts, private readonly replays: Replays) {}

  /** `undefined` when no entry has this id. */
  async explain(
    eventId: EventId,
    hold: ReserveMemory,
  ): Promise<EventExplanation<Citation> | undefined> {
    const { events, writer: { durableLogId: asOf } } = this.parts;
    const entry = await events.find(eventId);
    if (entry === undefined || entry.logId > asOf) return undefined;
    return await this.of(entry, asOf, hold);
  }

  /** The same for an entry that was read already. */
  async of(
    entry: JobEventLogEntry,
    asOf: LogId,
    hold: ReserveMemory,
  ): Promise<EventExplanation<Citation>> {
    const { history } = this.parts;
    const effects = await this.#effectsOf(entry);
    const listed = effects.slice(0, LISTED_MAX);
    const reached = await this.#reached({ event: entry.logId, asOf }, listed, hold);
    // An event from outside that reached no job, or none for which it counted.
    const isLost = entry.stratum !== "framework" &&
      reached.every(({ rule }) => RECORD_ONLY.includes(rule));
    const nearly = isLost ? this.#nearly(entry, asOf) : [];
    const refused = await this.#refused(entry, asOf);
    return {
      eventId: entry.eventId,
      eventType: entry.eventType,
      logId: entry.logId,
      asOf,
      summary: [summarize(entry, effects, reached, nearly), refused[0]?.statement].filter(Boolean)
        .join(" "),
      reached: await cited(history, reached.map(toReachedJob)),
      ...(effects.length > reached.length ? { more: effects.length - reached.length } : {}),
      nearly: await cited(history, nearly),
      refused: await cited(history, refused),
    };
  }

  /** The entry itself, when it names a job; otherwise those that stand for it in its batch. */
  async #effectsOf({ jobId, logId }: JobEventLogEntry): Promise<readonly Effect[]> {
    if (jobId !== undefined) return [{ jobId, logId }];
    const effects: Effect[] = [];
    for (let after = logId;; after += PAGE) {
      const page = await this.parts.events.journal.read(after, PAGE);
      const own = page.findIndex(({ causedBy }) => causedBy !== logId);
      for (const made of own < 0 ? page : page.slice(0, own)) {
        const isNew = made.jobId !== undefined && effects.at(-1)?.jobId !== made.jobId;
        if (isNew) effects.push({ jobId: made.jobId as JobId, logId: made.logId });
      }
      if (own >= 0 || page.length < PAGE) return effects;
    }
  }

  async #reached(
    { event, asOf }: { readonly event: LogId; readonly asOf: LogId },
    effects: readonly Effect[],
    hold: ReserveMemory,
  ): Promise<readonly DescribedEffect[]> {
    const reached: DescribedEffect[] = [];
    for (const { jobId, logId } of effects) {
      const wanted = { limit: 0, also: new Set([logId]) };
      const replay = await this.replays.replay(
        jobId,
        { kind: "logId", logId },
        wanted,
        hold,
      );
      const [step] = replay.ok ? replay.value.steps : [];
      if (step === undefined) continue;
      const isStart = step.rule === "none/created";
      const isEnded = step.rule === "terminal/record-only";
      const stand = isStart || isEnded ? this.#standOf(jobId, asOf) : undefined;
      const text = isStart
        ? `started job ${jobId}${stand === undefined ? "" : `, which ${becameText(stand.job)}`}.`
        : `${step.why}${stand === undefined ? "" : ` ${outcomeText(stand.job)}`}`;
      const cites = [...new Set([logId, event, ...stand === undefined ? [] : [stand.by]])];
      reached.push({ jobId, rule: step.rule, text, cites });
    }
    return reached;
  }

  /** What became of a job, if it has not changed since an entry. */
  #standOf(jobId: JobId, asOf: LogId): { readonly job: JobState; readonly by: LogId } | undefined {
    const job = this.parts.table.job(jobId);
    if (job === undefined) return undefined;
    const by = isTerminal(job) ? job.endedBy : job.lastLogId;
    return by > asOf ? undefined : { job, by };
  }

  /** The jobs that still wait for an event like it, and the definitions that start on one. */
  #nearly(entry: JobEventLogEntry, asOf: LogId): readonly NearlyReached<LogId>[] {
    const { reason, nearest } = this.parts.unmatched.explain(entry as SettledFact, entry.logId);
    if (entry.jobId !== undefined && nearest === undefined) return [];
    const why = sentence(reason === undefined ? "It matched nothing" : whyRecorded(reason));
    const ended = nearest?.state === "Failed" || nearest?.state === "Done"
      ? this.#standOf(nearest.jobId, asOf)
      : undefined;
    const job: NearlyReached<LogId> = nearest === undefined
      ? { statement: why, cites: [entry.logId], clauses: [] }
      : {
        statement: ended === undefined ? why : `${why} ${outcomeText(ended.job)}`,
        jobId: nearest.jobId,
        ...(nearest.expectation === undefined ? {} : { expectation: nearest.expectation }),
        cites: [
          entry.logId,
          this.parts.table.existing(nearest.jobId).firstLogId,
          ...ended === undefined ? [] : [ended.by],
        ],
        clauses: nearest.clauses,
      };
    if (entry.jobId !== undefined) return [job];
    const starters = entry.stratum === "domain" ? this.#starters(entry) : [];
    const late = starters.filter(({ clauses }) => clauses.length === 0);
    const others = starters.filter(({ clauses }) => clauses.length > 0);
    // Without a nearest job, the reason also says why the first definition started nothing.
    const [covered] = nearest === undefined ? others : [];
    return [
      ...late,
      { ...covered, ...job, clauses: covered?.clauses ?? job.clauses },
      ...others.filter((one) => one !== covered),
    ];
  }

  #starters({ eventType, attributes, logId }: JobEventLogEntry): readonly NearlyReached<LogId>[] {
    const starters = this.parts.registry.startersFor(eventType).slice(0, LISTED_MAX);
    return starters.map(({ type, version, startsOn }) => {
      const clauses = correlationMismatches(
        startsOn?.correlation ?? "any",
        attributes as SettledFact["attributes"],
      );
      const why = clauses.length > 0
        ? mismatchesText(clauses)
        : "no code that was loaded when it came started one on it; version " +
          `${version}, loaded now, does so if it is sent again under a new id`;
      const statement = `It started no job of type ${type}: ${why}.`;
      return { type, statement, cites: [logId], clauses };
    });
  }

  async #refused(
    { eventId, logId }: JobEventLogEntry,
    asOf: LogId,
  ): Promise<readonly Statement<LogId>[]> {
    const refused: Statement<LogId>[] = [];
    for (let nth = 1; nth <= CONTENTS_MAX; nth++) {
      const entry = await this.parts.events.find(refusedEventId(eventId, nth));
      if (entry === undefined || entry.logId > asOf) break;
      // A sender may have used its id.
      if (!isRefused(entry)) continue;
      const { eventType, jobId: named, reason } = entry.attributes;
      const statement = reason === "unknownJob"
        ? `A ${eventType} came with the same id at ${entry.receivedAt}, and was refused: there was ` +
          `no job ${named}, which it names.`
        : `A ${eventType} came with the same id and other content at ${entry.receivedAt}, ` +
          "and was refused: its sender has used one id twice.";
      refused.push({ statement, cites: [entry.logId, logId] });
    }
    return refused;
  }
}

/** Follows a reason, which names the state of a job that has ended. */
function outcomeText(job: JobState): string {
  return job.state === "Done" ? `It ended at ${job.endedAt}.` : `It ${becameText(job)}.`;
}

function toReachedJob({ jobId, rule, text, cites }: DescribedEffect): ReachedJob<LogId> {
  const statement = rule === "none/created" ? `It ${text}` : `Job ${jobId}: ${text}`;
  return { jobId, rule, statement, cites };
}

function summarize(
  { eventId, eventType }: JobEventLogEntry,
  effects: readonly Effect[],
  reached: readonly DescribedEffect[],
  nearly: readonly NearlyReached<LogId>[],
): string {
  const event = `Event ${eventId}, ${eventType},`;
  const [only] = reached;
  const nearest = nearly.slice(0, 1).map(({ statement }) => statement);
  if (effects.length === 1 && only !== undefined) {
    if (only.rule === "none/created") return `${event} ${only.text}`;
    return [`${event} reached job ${only.jobId}. ${only.text}`, ...nearest].join(" ");
  }
  if (effects.length > 0) {
    const named = effects.slice(0, NAMED_MAX).map(({ jobId }) => jobId).join(", ");
    const rest = effects.length - NAMED_MAX;
    const isSame = only !== undefined && reached.length === effects.length &&
      reached.every(({ text }) => text === only.text);
    return `${event} reached ${effects.length} jobs: ${named}${
      rest > 0 ? ` and ${rest} more` : ""
    }.${isSame ? ` Each: ${only.text}` : ""}`;
  }
  return [`${event} reached no job.`, ...nearest].join(" ");
}

const RECORD_ONLY: readonly RuleName[] = [
  "running/record-only",
  "compensating/record-only",
  "terminal/record-only",
];

function sentence(text: string): string {
  const begun = capital(text);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
