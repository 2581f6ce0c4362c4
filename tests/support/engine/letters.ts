/** Jobs with limits that run until a test releases them. */

import * as v from "valibot";
import type { LimitValues } from "../../../src/core/place_limits.ts";
import { defineJob } from "../../../src/mod.ts";
import type { Citation, Statement } from "../../../src/explain/statements/explanation.ts";

export class Letters {
  readonly #sending = new Map<string, () => void>();

  /** Type `mail.send`: each job sends until the test says that it is sent. */
  definition(limits: LimitValues) {
    return defineJob({
      type: "mail.send",
      version: 1,
      input: v.object({ tenant: v.string() }),
      limits: { key: ({ tenant }) => tenant, ...limits },
      run: (ctx) =>
        ctx.task("send", async () => {
          await new Promise<void>((resolve) => this.#sending.set(ctx.jobId, resolve));
          return "sent";
        }, { timeoutMs: 3_600_000 }),
    });
  }

  sent(jobId: string): void {
    const end = this.#sending.get(jobId);
    if (end === undefined) throw new TypeError(`Cannot end ${jobId}: it does not send`);
    end();
  }
}

/** A statement, and the lines that it cites. */
export function lineOf({ statement, cites }: Statement<Citation>): readonly string[] {
  const lines = cites.map(({ logId, eventType, segment, line }) =>
    `${logId} ${eventType} ${segment}:${line}`
  );
  return [statement, ...lines];
}
