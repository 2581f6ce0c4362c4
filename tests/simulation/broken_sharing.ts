/** Processes and databases of a shared journal that are broken on purpose. */

import type { JournalConsumer } from "../../src/engine/ports.ts";
import {
  OvertakenError,
  type SharedJournal,
  type SharedLog,
} from "../../src/journal/write/shared_log.ts";
import { acknowledgingWhatItReads } from "../postgres/broken_logs.ts";
import { HONEST_SHARED, type SharedPorts } from "./shared_process.ts";

/** Acknowledges a batch because it can be read, without waiting for the standby. */
export const READS_BACK: SharedPorts = { ...HONEST_SHARED, sql: acknowledgingWhatItReads };

/** The database accepts a batch at any position; the last one wins. */
export const TAKES_ANY_PLACE: SharedPorts = { ...HONEST_SHARED, checksPlaces: false };

/** A zombie treats a refusal as a success, and continues. */
export const ZOMBIE_GOES_ON: SharedPorts = {
  ...HONEST_SHARED,
  shared: ({ log, turn, membership }) => ({
    log: bound(log, {
      append: (batch) =>
        log.append(batch).catch((error) => {
          if (!(error instanceof OvertakenError)) throw error;
        }),
    }),
    turn: bound(turn, {
      lead: () => turn.lead({ doubted: () => Promise.resolve(), lost: () => {} }),
    }),
    membership,
  }),
};

/** A follower misses every tenth batch. */
export const SKIPS_BATCHES: SharedPorts = {
  ...HONEST_SHARED,
  consumer: (consumer, leads) => {
    let count = 0;
    const durable: JournalConsumer["durable"] = (entries) => {
      if (leads() || ++count % 10 !== 0) return consumer.durable(entries);
    };
    return bound(consumer, { durable });
  },
};

/** A process that may lead does so at once, without reading what the last leader wrote. */
export const READS_NO_REST: SharedPorts = {
  ...HONEST_SHARED,
  shared: ({ log, turn, membership }): SharedJournal => {
    let mayLead = false;
    const take = async () => {
      const why = await turn.take();
      mayLead = why !== undefined;
      return why;
    };
    const read: SharedLog["read"] = (after) => mayLead ? Promise.resolve([]) : log.read(after);
    return { log: bound(log, { read }), turn: bound(turn, { take }), membership };
  },
};

/** The same object with some methods replaced. */
function bound<Whole extends object>(whole: Whole, other: Partial<Whole>): Whole {
  return new Proxy(whole, {
    get(target, name) {
      if (name in other) return Reflect.get(other, name);
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
