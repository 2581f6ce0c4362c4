/** A journal whose batches are in PostgreSQL passes the contract that one in a folder passes. */

import { systemClock } from "../../src/server/system.ts";
import { Membership } from "../../src/journal/write/shared_log.ts";
import { openPostgres } from "../../src/postgres/open.ts";
import { placeIn } from "../../src/postgres/place.ts";
import { testJournalContract } from "../contract/journal_contract.ts";
import { SharedFolder } from "../support/journal/shared_folder.ts";
import { LEFT_OUT, PostgresServer } from "./postgres_server.ts";

let server: PostgresServer | undefined;
let journals = 0;

/** Each test has a journal of its own. */
function inPostgres(): Promise<SharedFolder> {
  const place = placeIn(server?.url(`contract-${++journals}`) ?? "");
  const self = { writer: "one", url: "http://one.test" };
  return SharedFolder.create(async () => {
    const { shared } = await openPostgres({
      place,
      clock: systemClock,
      warn: () => {},
      membership: new Membership({ self, clock: systemClock, tell: () => {} }),
      answers: () => Promise.resolve(false),
      secretKey: new Uint8Array(32),
    });
    return shared;
  });
}

if (LEFT_OUT === "") {
  Deno.test.beforeAll(async () => void (server = await PostgresServer.start()));
  Deno.test.afterAll(() => server?.end());
}
testJournalContract("journal in PostgreSQL", inPostgres, true, LEFT_OUT);
