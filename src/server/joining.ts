/** How a process joins a journal in PostgreSQL. */

import { newId } from "../core/ids.ts";
import type { Standing, Writer } from "../core/standing.ts";
import { errorMessage } from "../core/thrown.ts";
import { lackText } from "../core/permissions.ts";
import { JournalUnusableError } from "../journal/errors.ts";
import { Membership } from "../journal/write/shared_log.ts";
import type { PostgresJournal } from "../postgres/open.ts";
import type { Place } from "../postgres/place.ts";
import { systemClock, systemRandom } from "./system.ts";

interface JoiningOptions {
  readonly place: Place;
  readonly secretKey: Uint8Array;
  /** The URL at which other processes reach this one. */
  readonly url: string;
  /** Logs a line. */
  readonly print: (line: string) => void;
  readonly warn: (message: string) => void;
}

export class Joining {
  readonly #membership: Membership;

  constructor(private readonly options: JoiningOptions) {
    const { url, print } = options;
    const self = { writer: newId.writer(systemRandom.ulid()), url };
    const tell = (line: string) => {
      print(line);
      this.#requireReach();
    };
    this.#membership = new Membership({ self, clock: systemClock, tell });
  }

  get standing(): Standing {
    return this.#membership.standing;
  }

  /** Without this permission a follower could answer only reads. */
  #requireReach(): void {
    const url = this.#membership.otherUrl;
    if (url === undefined) return;
    const { host } = new URL(url);
    if (Deno.permissions.querySync({ name: "net", host }).state === "granted") return;
    const lack = lackText({ net: [host] });
    this.options.warn(`Cannot forward requests to the leader at ${url}: ${lack}`);
  }

  /** @throws {JournalUnusableError} if the database cannot be used. */
  async join(): Promise<PostgresJournal> {
    const { place, secretKey, warn } = this.options;
    // Imported here, so that the driver is not loaded for a journal in a folder.
    const { openPostgres } = await import("../postgres/open.ts");
    try {
      return await openPostgres({
        ...{ place, secretKey, warn },
        membership: this.#membership,
        answers: leads,
        clock: systemClock,
      });
    } catch (error) {
      if (error instanceof JournalUnusableError) throw error;
      throw new JournalUnusableError("use", place.shown, errorMessage(error), error);
    }
  }
}

/** How long a leader may take to answer. */
const ANSWER_MS_MAX = 1_000;

/** Whether a process answers that it leads. */
async function leads({ writer, url }: Writer): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const { shared } = await (await fetch(new URL("/readyz", url), { signal })).json();
    return shared.role === "leading" && shared.leader.writer === writer;
  } catch {
    // No process answers, or it fails.
    return false;
  }
}
