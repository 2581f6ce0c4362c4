/** Without the advisory lock: it is for speed, so safety may not depend on it. */

import assert from "node:assert/strict";
import { TABLES } from "../../src/postgres/fitness.ts";
import { until } from "../support/until.ts";
import type { Member } from "./members.ts";

interface Database {
  query(sql: string): Promise<readonly string[]>;
}

/**
 * Every process gets the lock at once, and assumes that the leader is gone. So each takes over as
 * soon as it runs, and the previous leader is refused: safety depends on the insert alone.
 */
export async function giveTheLockToAll(database: Database): Promise<void> {
  await database.query(
    `create function public.pg_try_advisory_lock(bigint) returns boolean language sql as 'select true';
    alter database postgres set search_path = public, pg_catalog;
    ${TABLES}
    create function unheard() returns trigger language plpgsql as
      'begin new.seen := to_timestamp(0); return new; end';
    create trigger unheard before insert or update on daybook_leader
      for each row execute function unheard();`,
  );
}

const OUSTED = 73;
const KILLED = 128 + 9;

/** Processes that are started again whenever they end, since all but one are ousted. */
export class Restarted {
  readonly #codes: number[] = [];
  readonly #ended: Promise<unknown>;
  #isOver = false;

  constructor(private readonly members: readonly Member[]) {
    this.#ended = Promise.all(members.map((member) => this.#keep(member)));
  }

  get ousted(): number {
    return this.#codes.filter((code) => code === OUSTED).length;
  }

  /** Resolves when another process has been ousted. */
  async ousts(): Promise<void> {
    const before = this.ousted;
    await until("another is ousted", () => this.ousted > before);
  }

  /** Starts none again, and resolves when only one is left. */
  async settles(): Promise<void> {
    this.#isOver = true;
    await until(
      "one is left",
      () => this.members.filter(({ isOver }) => !isOver).length === 1,
    );
  }

  /**
   * The one that was left was stopped. The others were ousted or killed, or ended with the code
   * given.
   */
  async requireNoOtherEnd(code: number = OUSTED): Promise<void> {
    await this.#ended;
    assert.equal(this.#codes.at(-1), 0);
    const expected = new Set([OUSTED, KILLED, code]);
    assert.deepEqual(this.#codes.slice(0, -1).filter((each) => !expected.has(each)), []);
  }

  async #keep(member: Member): Promise<void> {
    do {
      member.start();
      this.#codes.push(await member.ended());
    } while (!this.#isOver);
  }
}
