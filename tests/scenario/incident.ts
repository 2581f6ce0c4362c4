/**
 * An incident: what happened among many unrelated events, what an operator would ask, and what the
 * answer must say. Each is played twice, with and without its culprit; without it the answer must
 * not accuse anything.
 */

import assert from "node:assert/strict";
import { pageOf } from "../support/http/dashboard.ts";
import { Explained, type ExplainedOptions } from "../support/engine/explained.ts";
import { briefInProse, briefOnPage, browserOf } from "../support/http/job_pages.ts";

export interface Incident {
  /** What happened, in plain words. */
  readonly story: string;
  readonly options?: ExplainedOptions;
  /** Plays it, and returns the path of the question, such as `/jobs/job/explain`. */
  play(stage: Stage, culprit: boolean): Promise<string>;
  /** All of these are in the first two sentences of the answer. */
  readonly cause: readonly RegExp[];
  /** Events whose lines the answer cites: their ids, or facts of a job that `fact` finds. */
  readonly decisive: readonly (string | Fact)[];
  /** Event ids that the answer must not mention. */
  readonly innocent?: readonly string[];
  /** A text that must be among the next steps. */
  readonly next?: RegExp;
  /** A text that must not be suggested. */
  readonly neverNext?: RegExp;
}

/** An entry of a job, by its type, its task, and which of several it is, from 0. */
export interface Fact {
  readonly jobId: string;
  readonly eventType: string;
  readonly taskId?: string;
  readonly nth?: number;
}

/** The verdict on the answer to an incident. */
export interface Finding {
  readonly cause: boolean;
  readonly decisive: boolean;
  readonly innocent: boolean;
  readonly next: boolean;
  readonly silent: boolean;
  /** Whether the page of a job says the same, within the word limit of an answer. */
  readonly page: boolean;
  /** The number of words up to the evidence. */
  readonly words: number;
  /** The answers with and without the culprit. */
  readonly texts: readonly [string, string];
}

/** The word limit of an answer, up to its evidence. */
export const WORDS_MAX = 150;

/** Whether an answer meets all requirements. */
export function isWhole({ cause, decisive, innocent, next, silent, page }: Finding): boolean {
  return cause && decisive && innocent && next && silent && page;
}

/** The Daybook of an incident; a crash replaces it by the next one. */
export class Stage {
  #daybook: Explained;
  #noise = 0;

  constructor(daybook: Explained) {
    this.#daybook = daybook;
  }

  get daybook(): Explained {
    return this.#daybook;
  }

  async submit(jobId: string, type: string, input: unknown = {}, more: object = {}): Promise<void> {
    await this.#daybook.submit(jobId, type, input, more);
  }

  async plan(jobId: string, expected: readonly object[], more: object = {}): Promise<void> {
    await this.#daybook.post("/jobs", { jobId, plan: { expected }, ...more });
  }

  /** Sends an event with an id that `decisive` and `innocent` refer to. */
  async event(
    eventId: string,
    eventType: string,
    attributes: object,
    more: object = {},
  ): Promise<void> {
    await this.#daybook.event(eventType, attributes, { eventId, ...more });
  }

  /** The same, with an expected refusal. */
  async eventOrRefusal(
    eventId: string,
    eventType: string,
    attributes: object,
    more: object = {},
  ): Promise<number> {
    const response = await this.#daybook.app.request("http://127.0.0.1:8000/events", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ eventId, eventType, attributes, ...more }),
    });
    await response.body?.cancel();
    await this.#daybook.clock.settle();
    return response.status;
  }

  async post(path: string, body: unknown = {}): Promise<void> {
    await this.#daybook.post(path, body);
  }

  async advance(ms: number): Promise<void> {
    await this.#daybook.clock.advance(ms);
  }

  /** Kills the process, and starts the next one with what was on the disk. */
  async crash(options?: ExplainedOptions): Promise<void> {
    this.#daybook = await this.#daybook.crash(options);
  }

  /**
   * Noise: jobs that wait for events of one type, and these events; every third job keeps waiting.
   *
   * @param attributesOf The attributes of an event, by its number; the first attribute identifies
   * it.
   */
  async noise(
    count: number,
    eventType: string,
    attributesOf: (order: number) => Record<string, unknown>,
  ): Promise<void> {
    for (let step = 0; step < count; step++) {
      const order = this.#noise++;
      const attributes = attributesOf(order);
      const [[path, value] = ["order", order]] = Object.entries(attributes);
      const correlation = { equals: { [path]: value } };
      await this.plan(`noise-${order}`, [{ id: "it", eventType, correlation }]);
      if (order % 3 !== 0) await this.event(`noise-event-${order}`, eventType, attributes);
    }
  }
}

/** Plays an incident with and without its culprit, and judges the answers. */
export async function investigate(incident: Incident): Promise<Finding> {
  const guilty = await ask(incident, true);
  const calm = await ask(incident, false);
  const [opening, steps] = [firstSentences(guilty.text), JSON.stringify(guilty.answer.next ?? [])];
  const { innocent = [], next, neverNext } = incident;
  return {
    cause: incident.cause.every((pattern) => pattern.test(opening)),
    decisive: guilty.decisive.every((eventId) => guilty.cited.has(eventId)),
    innocent: [...innocent, ...guilty.noise].every((id) => !guilty.cited.has(id)),
    next: (next === undefined || next.test(guilty.text)) &&
      (neverNext === undefined || !neverNext.test(steps)),
    silent: !incident.cause.every((pattern) => pattern.test(firstSentences(calm.text))) &&
      calm.noise.every((id) => !calm.cited.has(id)),
    page: guilty.page,
    words: wordsOf(guilty.text),
    texts: [guilty.text, calm.text],
  };
}

interface Answer {
  readonly answer: Record<string, unknown>;
  readonly text: string;
  /** Whether the page says the same; true if there is no page. */
  readonly page: boolean;
  /** Ids of the events whose lines are cited. */
  readonly cited: ReadonlySet<string>;
  readonly decisive: readonly string[];
  /** Ids of the noise events. */
  readonly noise: readonly string[];
}

async function ask(incident: Incident, culprit: boolean): Promise<Answer> {
  const stage = new Stage(await Explained.start(incident.options ?? {}));
  const path = await incident.play(stage, culprit);
  const { app } = stage.daybook;
  const url = `http://127.0.0.1:8000${path}`;
  const text = await app.request(url, { headers: { accept: "text/plain" } });
  const json = await app.request(url, { headers: { accept: "application/json" } });
  const answer = json.ok ? await json.json() : {};
  const prose = await text.text();
  const wanted = culprit ? incident.decisive : [];
  return {
    answer,
    text: text.ok ? prose : "",
    page: !culprit || await isOnPage(stage.daybook, path, prose),
    cited: citedIn(answer),
    decisive: await Promise.all(
      wanted.map((each) => typeof each === "string" ? each : idOf(stage.daybook, each)),
    ),
    noise: Array.from({ length: 200 }, (_, order) => `noise-event-${order}`),
  };
}

async function isOnPage(daybook: Explained, path: string, prose: string): Promise<boolean> {
  const [, job] = /^(\/jobs\/[^/]+)\/explain$/.exec(path) ?? [];
  if (job === undefined) return true;
  const brief = briefOnPage(await pageOf(browserOf(daybook), `/ui${job}`));
  return wordsOf(brief) <= WORDS_MAX && briefInProse(prose).every((said) => brief.includes(said));
}

async function idOf(daybook: Explained, fact: Fact): Promise<string> {
  const response = await daybook.app.request(
    `http://127.0.0.1:8000/jobs/${fact.jobId}/events?limit=500`,
  );
  const { entries } = await response.json();
  const found = entries.filter(
    (entry: { eventType: string; taskId?: string }) =>
      entry.eventType === fact.eventType &&
      (fact.taskId === undefined || entry.taskId === fact.taskId),
  )[fact.nth ?? 0];
  assert.ok(found, `There is no ${JSON.stringify(fact)}`);
  return found.eventId;
}

/** Every `eventId` beside a `segment` in an answer. */
function citedIn(answer: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("segment" in value && "eventId" in value) found.add(String(value.eventId));
    Object.values(value).forEach(look);
  };
  look(answer);
  return found;
}

/** The first two sentences; a period within a time, a number or a name does not end one. */
function firstSentences(text: string): string {
  const flowing = text.replaceAll(/\s+/g, " ").replaceAll(/ \[\d[\d,. ]*\]/g, "");
  return flowing.split(/(?<=[.!?])\s+(?=[A-Z"'#0-9])/).slice(0, 2).join(" ");
}

function wordsOf(text: string): number {
  const [told = ""] = text.split(/\n(?:Timing|Evidence)\n/);
  return told.split(/\s+/).filter((word) => word !== "").length;
}
