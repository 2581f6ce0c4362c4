/**
 * An incident: what happened among much that is innocent, what an operator would ask, and
 * what the answer has to say. Each is played twice, with its culprit and without; without it
 * the answer must accuse nobody.
 */

import assert from "node:assert/strict";
import { pageOf } from "../support/http/dashboard.ts";
import { Explained, type ExplainedOptions } from "../support/engine/explained.ts";
import { briefInProse, briefOnPage, browserOf } from "../support/http/job_pages.ts";

export interface Incident {
  /** What happened, as one would tell a colleague. */
  readonly story: string;
  readonly options?: ExplainedOptions;
  /** Brings it about, and returns the path of the question: `/jobs/job/explain`, say. */
  play(stage: Stage, culprit: boolean): Promise<string>;
  /** All of these stand in the first two sentences of the answer. */
  readonly cause: readonly RegExp[];
  /** Events whose lines the answer cites: their ids, or facts of a job that `fact` finds. */
  readonly decisive: readonly (string | Fact)[];
  /** Event ids that the answer must not mention. */
  readonly innocent?: readonly string[];
  /** What stands among the next steps. */
  readonly next?: RegExp;
  /** What must not be proposed. */
  readonly neverNext?: RegExp;
}

/** An entry of a job, by its type, its task, and which of several it is, from 0. */
export interface Fact {
  readonly jobId: string;
  readonly eventType: string;
  readonly taskId?: string;
  readonly nth?: number;
}

/** What the answer to an incident was worth. */
export interface Finding {
  readonly cause: boolean;
  readonly decisive: boolean;
  readonly innocent: boolean;
  readonly next: boolean;
  readonly silent: boolean;
  /** Whether the page of a job tells the same, in no more words than an answer may have. */
  readonly page: boolean;
  /** Of the text up to its evidence. */
  readonly words: number;
  /** The answer with the culprit, and without. */
  readonly texts: readonly [string, string];
}

/** Words that an answer may have up to its evidence. */
export const WORDS_MAX = 150;

/** Whether an answer is worth all that is asked of it. */
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

  /** Sends an event with an id, by which `decisive` and `innocent` know it. */
  async event(
    eventId: string,
    eventType: string,
    attributes: object,
    more: object = {},
  ): Promise<void> {
    await this.#daybook.event(eventType, attributes, { eventId, ...more });
  }

  /** The same where a refusal is part of the story. */
  async eventOrRefusal(eventId: string, eventType: string, attributes: object): Promise<number> {
    const response = await this.#daybook.app.request("http://127.0.0.1:8000/events", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ eventId, eventType, attributes }),
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

  /** The process is killed, and the next one starts on what was on the disk. */
  async crash(options?: ExplainedOptions): Promise<void> {
    this.#daybook = await this.#daybook.crash(options);
  }

  /**
   * Other people's business: jobs that wait for events of one type, and the events they wait
   * for; every third waits on.
   *
   * @param attributesOf The attributes of one of them, by its number; the first names it.
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
  /** Whether the page says the same; of what has none it does. */
  readonly page: boolean;
  /** Ids of the events whose lines are cited. */
  readonly cited: ReadonlySet<string>;
  readonly decisive: readonly string[];
  /** Ids of the events of other people's business. */
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

/** Every `eventId` beside a `segment` in an answer, wherever it stands. */
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

/** The first two sentences; a point inside a time, a number or a name ends none. */
function firstSentences(text: string): string {
  const flowing = text.replaceAll(/\s+/g, " ").replaceAll(/ \[\d[\d,. ]*\]/g, "");
  return flowing.split(/(?<=[.!?])\s+(?=[A-Z"'#0-9])/).slice(0, 2).join(" ");
}

function wordsOf(text: string): number {
  const [told = ""] = text.split(/\n(?:Timing|Evidence)\n/);
  return told.split(/\s+/).filter((word) => word !== "").length;
}
