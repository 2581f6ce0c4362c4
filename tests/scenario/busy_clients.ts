/**
 * Clients that keep a server busy until it ends: jobs with idempotency keys, events that other jobs
 * wait for, and controls. Unanswered requests are repeated, with the same key or id, to the next
 * server.
 */

import type { DaybookProcess } from "../support/process/daybook_process.ts";
import type { OutsideLedger, RepeatableRequest } from "./outside_ledger.ts";

/** How often an answered request is repeated. */
const REPEATED = 0.1;

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export class BusyClients {
  #number = 0;

  constructor(private readonly ledger: OutsideLedger) {}

  /** Resolves when the server has ended, or accepts nothing more. */
  async untilGone(daybook: DaybookProcess, clients = 3): Promise<void> {
    await Promise.all(Array.from({ length: clients }, () => this.#beClient(daybook)));
  }

  /** Sends requests that no server has answered yet. */
  async sendUnanswered(daybook: DaybookProcess): Promise<void> {
    const { unanswered } = this.ledger;
    for (let next = unanswered.shift(); next !== undefined; next = unanswered.shift()) {
      await this.#send(daybook, next);
    }
  }

  async #beClient(daybook: DaybookProcess): Promise<void> {
    try {
      for (;;) {
        const earlier = this.ledger.unanswered.shift();
        if (earlier !== undefined) await this.#send(daybook, earlier);
        await this.#story(daybook, ++this.#number);
      }
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
    }
  }

  /** What one client does with one job. */
  async #story(daybook: DaybookProcess, number: number): Promise<void> {
    if (number % 4 === 0) return await this.#waitForArrival(daybook, number);
    const request = this.#keyed(number, { type: "test.three", input: { number } });
    const jobId = (await this.#send(daybook, request))["jobId"] as string;
    if (Math.random() < REPEATED) await this.#send(daybook, request);
    if (number % 4 === 1) await this.#pause(daybook, jobId);
    if (number % 4 === 2) await this.#cancelAndRetry(daybook, jobId);
  }

  async #waitForArrival(daybook: DaybookProcess, number: number): Promise<void> {
    const request = this.#keyed(number, waitingFor(number));
    const acknowledged = (answer: unknown) => {
      request.acknowledged(answer);
      // Not earlier, because an event that comes before the job does not count for it.
      this.ledger.unanswered.push(this.#arrival(number));
    };
    await this.#send(daybook, { ...request, acknowledged });
  }

  #keyed(number: number, body: unknown): RepeatableRequest {
    const key = `key-${number}`;
    const headers = { "idempotency-key": key };
    const acknowledged = (answer: unknown) =>
      this.ledger.jobOfKey(key, (answer as { jobId: string }).jobId);
    return { path: "/jobs", body, headers, acknowledged };
  }

  #arrival(number: number): RepeatableRequest {
    const eventId = `evt_arrival-${number}`;
    const body = { eventId, eventType: "test.Arrived", attributes: { number } };
    return { path: "/events", body, headers: {}, acknowledged: () => this.ledger.event(eventId) };
  }

  async #pause(daybook: DaybookProcess, jobId: string): Promise<void> {
    const resumption = this.#resumption(jobId);
    const suspended = await this.#ask(daybook, `/jobs/${jobId}/suspend`, () => {
      // It may have worked although it was not answered.
      this.ledger.unanswered.push(resumption);
    });
    this.#noteControl("job.JobSuspended", jobId, suspended);
    if (suspended.status !== 200) return;
    await this.#send(daybook, resumption);
  }

  /** An unanswered control may have worked; then a second one is refused, which is fine. */
  #resumption(jobId: string): RepeatableRequest {
    const acknowledged = (answer: unknown) => {
      if ((answer as { jobId?: string }).jobId === undefined) return;
      this.ledger.controls.push({ eventType: "job.JobResumed", jobId });
    };
    return { path: `/jobs/${jobId}/resume`, body: {}, headers: {}, acknowledged };
  }

  async #cancelAndRetry(daybook: DaybookProcess, jobId: string): Promise<void> {
    const cancelled = await this.#ask(daybook, `/jobs/${jobId}/cancel`, () => {
      this.ledger.cancelled.add(jobId); // As with a suspension.
    });
    this.#noteControl("job.JobCancelled", jobId, cancelled);
    if (cancelled.status !== 200) return;
    this.ledger.cancelled.add(jobId);
    const retried = await this.#ask(daybook, `/jobs/${jobId}/retry`);
    if (retried.status === 201) this.ledger.job(retried.body["jobId"] as string);
  }

  #noteControl(eventType: string, jobId: string, { status }: Answer): void {
    if (status === 200) this.ledger.controls.push({ eventType, jobId });
  }

  /** Sends until the answer says that it is recorded; without an answer, it is kept for later. */
  async #send(
    daybook: DaybookProcess,
    request: RepeatableRequest,
  ): Promise<Answer["body"]> {
    const { path, body, headers, acknowledged } = request;
    const later = () => void this.ledger.unanswered.push(request);
    const answer = await this.#post(daybook, path, body, headers, later);
    acknowledged(answer.body);
    return answer.body;
  }

  #ask(daybook: DaybookProcess, path: string, onGone = () => {}): Promise<Answer> {
    return this.#post(daybook, path, {}, {}, onGone);
  }

  async #post(
    daybook: DaybookProcess,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>>,
    onGone: () => void,
  ): Promise<Answer> {
    try {
      const response = await daybook.post(path, body, headers);
      const answer = { status: response.status, body: await response.json() };
      // The journal has failed, or its disk is full: nothing is acknowledged.
      if (answer.status === 503 || answer.status === 507) throw new Gone();
      const isExpected = answer.status < 300 || answer.status === 409;
      if (!isExpected) this.ledger.wrong.push(`${path}: ${JSON.stringify(answer)}`);
      return answer;
    } catch {
      onGone();
      throw new Gone();
    }
  }
}

/** There is no server, or it accepts nothing. */
class Gone extends Error {}

/** A job without code that ends when the event with its number comes. */
function waitingFor(number: number): unknown {
  const correlation = { equals: { number } };
  const arrived = { id: "arrived", kind: "DomainFact", eventType: "test.Arrived", correlation };
  return { plan: { expected: [arrived] }, labels: { number: String(number) } };
}
