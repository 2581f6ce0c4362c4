/** The definitions of the demo: the daily work of a small shop. */

import * as v from "valibot";
import { type AnyJobDefinition, defineJob } from "../engine/definition.ts";
import { NonRetryableError } from "../engine/job_errors.ts";
import { csvImport } from "../jobs/csv_import.ts";
import { orderFulfil } from "../jobs/order_fulfil.ts";
import type { ShopServices } from "./services.ts";
import type { JsonObject } from "../core/json.ts";

const name = v.pipe(v.string(), v.nonEmpty("must not be empty"), v.maxLength(200));

/** A list whose mail server never answers. */
export const PRESS_LIST = "press";
/** Delays long enough for a job that backs off to be looked at. */
const LONG_RETRY = { maxAttempts: 60, initialMs: 20_000, factor: 2, maxMs: 600_000 } as const;
const SHORT_RETRY = { maxAttempts: 3, initialMs: 150, factor: 2, jitter: 0 } as const;

export function shopDefinitions(services: ShopServices): readonly AnyJobDefinition[] {
  return [
    orderFulfil(services),
    csvImport,
    newsletter(services),
    pictures(services),
    stocktake(services),
    payout(services),
    welcome(services),
    invoice(services),
  ];
}

function newsletter(services: ShopServices) {
  return defineJob({
    type: "shop.newsletter",
    version: 2,
    description: "Writes a newsletter and hands it to the mail server of a list.",
    input: v.strictObject({
      subject: name,
      list: v.picklist(["customers", "suppliers", PRESS_LIST]),
    }),
    limits: {
      maxRunning: 6,
      key: ({ list }) => list,
      perKey: 4,
      rate: { count: 1_000, perMs: 60_000 },
    },
    async run(ctx, { subject, list }) {
      const letter = await ctx.task("write", async ({ signal }) => {
        await services.work(150, signal);
        return { subject, words: subject.split(" ").length * 120 };
      });
      await ctx.task("send", async ({ signal }) => {
        await services.work(200, signal);
        if (list === PRESS_LIST) throw new Error("mail.press.example does not answer: timed out");
      }, { retry: LONG_RETRY });
      return letter;
    },
  });
}

function pictures(services: ShopServices) {
  return defineJob({
    type: "shop.pictures",
    version: 1,
    description: "Makes the pictures of a product in the sizes that the shop shows.",
    input: v.strictObject({ product: name }),
    async run(ctx, { product }) {
      const sizes = ["small", "medium", "large"];
      await Promise.all(sizes.map((size) =>
        ctx.task(`resize-${size}`, async ({ signal }) => {
          await services.work(900, signal);
          return `${product}-${size}.webp`;
        })
      ));
      return { pictures: sizes.length };
    },
  });
}

function stocktake(services: ShopServices) {
  return defineJob({
    type: "shop.stocktake",
    version: 1,
    description: "Counts what is on the shelves of a depot, one after the other.",
    input: v.strictObject({
      depot: v.picklist(["north", "south"]),
      shelves: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)),
    }),
    async run(ctx, { shelves }) {
      return await ctx.task("count", async (task) => {
        for (let shelf = 1; shelf <= shelves; shelf++) {
          await services.work(2_000, task.signal);
          task.progress(shelf, shelves, `shelf ${shelf} is counted`);
        }
        return { shelves };
      });
    },
  });
}

function payout(services: ShopServices) {
  return defineJob({
    type: "shop.payout",
    version: 1,
    description: "Pays a supplier. The account is a secret, and no journal shows it.",
    input: v.strictObject({
      supplier: name,
      amount: v.pipe(v.number(), v.integer(), v.minValue(1), v.description("In cents.")),
      account: v.pipe(v.string(), v.minLength(12, "must have at least 12 characters")),
      closed: v.exactOptional(v.boolean()),
    }),
    secrets: ["account"],
    async run(ctx, { supplier, account, closed = false }) {
      await ctx.task("check", async ({ signal }) => {
        await services.work(80, signal);
        if (closed) throw new NonRetryableError(`"${supplier}" has closed the account`);
      });
      return await ctx.task("transfer", ({ signal }) => services.transfer(account, signal), {
        retry: SHORT_RETRY,
      });
    },
  });
}

function welcome(services: ShopServices) {
  return defineJob({
    type: "shop.welcome",
    version: 1,
    description: "Begins when a customer signs up, and waits for the address to be confirmed.",
    input: v.strictObject({ customerId: name }),
    startsOn: {
      eventType: "shop.customer.SignedUp",
      input: ({ attributes: { customerId } }) => ({ customerId }),
    },
    expects: ({ customerId }) => ({
      confirmed: {
        eventType: "shop.customer.AddressConfirmed",
        correlation: { equals: { customerId } },
      },
    }),
    async run(ctx, { customerId }) {
      await ctx.task("greet", async (task) => {
        await services.work(100, task.signal);
        task.emit("shop.customer.Greeted", { customerId });
      });
      const [confirmed] = await ctx.expect("confirmed");
      return { confirmedAt: confirmed.occurredAt };
    },
  });
}

const PAYMENT_TERM_MS = 14 * 24 * 60 * 60 * 1_000;

function invoice(services: ShopServices) {
  return defineJob({
    type: "shop.invoice",
    version: 1,
    description: "Sends an invoice, and a reminder two weeks later.",
    input: v.strictObject({ customer: name, amount: v.pipe(v.number(), v.integer()) }),
    async run(ctx) {
      await ctx.task("send", ({ signal }) => services.work(100, signal));
      await ctx.sleep("payment-term", PAYMENT_TERM_MS);
      await ctx.task("remind", ({ signal }) => services.work(100, signal));
    },
  });
}

const jobAnswer = v.looseObject({ jobId: v.string(), condition: v.string() });
type JobAnswer = v.InferOutput<typeof jobAnswer>;

const receiptsAnswer = v.looseObject({
  receipts: v.array(v.looseObject({
    jobs: v.array(v.looseObject({ jobId: v.string() })),
  })),
});

/** How long to wait for a change of a job before polling again. */
const WAIT_SECONDS = 30;

/** The shop's own systems, which use Daybook's HTTP routes as any client does. */
export class ShopClient {
  /** @param signal Aborts every call. */
  constructor(private readonly url: string, private readonly signal: AbortSignal) {}

  async submit(job: object): Promise<string> {
    return v.parse(jobAnswer, await this.#post("/jobs", job)).jobId;
  }

  /** The ids of the jobs that the event reached or started. */
  async event(eventType: string, attributes: JsonObject): Promise<readonly string[]> {
    const answer = await this.#post("/events", { eventType, attributes });
    const { receipts } = v.parse(receiptsAnswer, answer);
    return receipts.flatMap(({ jobs }) => jobs.map(({ jobId }) => jobId));
  }

  /** Applies a control to a job; returns the id of the resulting job. */
  async control(jobId: string, control: string, reason: string): Promise<string> {
    const path = `/jobs/${encodeURIComponent(jobId)}/${control}`;
    return v.parse(jobAnswer, await this.#post(path, { reason })).jobId;
  }

  /** Starts a verification of the journal; the verdict follows later. */
  async verify(): Promise<void> {
    await this.#post("/journal/verify", {});
  }

  /** Polls until the job is in one of the conditions, and returns it. */
  async until(jobId: string, ...conditions: readonly string[]): Promise<JobAnswer> {
    const path = `/jobs/${encodeURIComponent(jobId)}`;
    for (let tag: string | null = null;;) {
      const known: Record<string, string> = tag === null
        ? {}
        : { "if-none-match": tag, prefer: `wait=${WAIT_SECONDS}` };
      const response = await fetch(this.url + path, { headers: known, signal: this.signal });
      if (response.status === 304) continue;
      const job = v.parse(jobAnswer, await this.#read(response, path));
      if (conditions.includes(job.condition)) return job;
      tag = response.headers.get("etag");
    }
  }

  async #post(path: string, body: object): Promise<unknown> {
    const response = await fetch(this.url + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: this.signal,
    });
    return await this.#read(response, path);
  }

  async #read(response: Response, path: string): Promise<unknown> {
    if (response.ok) return await response.json();
    throw new Error(`Cannot use ${path}: ${response.status} ${await response.text()}`);
  }
}
