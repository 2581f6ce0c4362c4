/** Builds that are broken on purpose: the statements of a shared log, with one that is weaker. */

import type { Sql } from "../../src/postgres/connection.ts";

/** Sends something else, or nothing. */
type Instead = (values: readonly string[]) => Promise<unknown>;

/** The same connection, with one statement replaced. */
function sending(sql: Sql, statement: string, instead: Instead): Sql {
  return new Proxy(sql, {
    apply(target, self, args: [TemplateStringsArray, ...string[]]) {
      const [strings, ...values] = args;
      const isMeant = Array.isArray(strings) && strings.join("").includes(statement);
      return isMeant ? instead(values) : Reflect.apply(target, self, args);
    },
  });
}

const INSERT = "insert into daybook_batch";
const BARRIER = "update daybook_batch set last = last";

/** It assumes that a batch is its own and durable because it can be read. */
export function acknowledgingWhatItReads(sql: Sql): Sql {
  return sending(sql, BARRIER, () => Promise.resolve([{}]));
}

const PUT = "insert into daybook_batch values ($1, $2, $3, $4, $5, $6) on conflict";

/** It checks the position of a batch, but not its predecessor. */
export function withoutPredecessor(sql: Sql): Sql {
  const put = `${PUT} do nothing returning first`;
  return sending(sql, INSERT, (values) => sql.unsafe(put, [...values.slice(0, 6)]));
}

/** It overwrites another batch with its own. */
export function overwriting(sql: Sql): Sql {
  const put = `${PUT} (journal, first) do update set chain = excluded.chain returning first`;
  return sending(sql, INSERT, (values) => sql.unsafe(put, [...values.slice(0, 6)]));
}
