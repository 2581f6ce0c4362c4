/**
 * The way of one process to the simulated database: sessions like those of the driver, over a
 * network that is slow, breaks, and is cut. An answer may never come, whatever was done.
 */

import { Buffer } from "node:buffer";
import type { SessionListener, Sql } from "../../src/postgres/connection.ts";
import { WORLD } from "./scheduler.ts";
import type { Link } from "./simulated_link.ts";
import type { SimulatedDatabase } from "./simulated_database.ts";

/** A session in the simulated database. */
export class ServerSession {
  readonly #over = Promise.withResolvers<void>();
  #tail: Promise<unknown> = Promise.resolve();
  isOver = false;
  isListening = false;

  /** @param lost Called when the database ends the session. */
  constructor(
    readonly owner: number,
    readonly lost: () => void,
    readonly notified: (message: string) => void,
  ) {}

  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Runs statements one after the other. */
  inTurn<Result>(run: () => Result | Promise<Result>): Promise<Result> {
    const done = this.#tail.then(run);
    this.#tail = done.catch(() => {});
    return done;
  }

  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#over.resolve();
    this.lost();
  }
}

type Rows = readonly object[];
type Values = readonly unknown[];

/** The effect of each statement, by a part of its text. */
const STATEMENTS: Readonly<
  Record<
    string,
    (database: SimulatedDatabase, session: ServerSession, values: Values) => Rows | Promise<Rows>
  >
> = {
  "insert into daybook_batch": async (database, session, values) => {
    const [, first, last, prev, chain, lines] = values as [
      string,
      number,
      number,
      string,
      string,
      string,
    ];
    const row = { first, last, prev, chain, lines: new TextEncoder().encode(lines) };
    return await database.insert(session, row) ? [{ first }] : [];
  },
  "update daybook_batch set last = last": async (database, session) => {
    await database.barrier(session);
    return [{}];
  },
  "select first, last, prev, chain, encode(lines, 'hex')": ({ rows }, _, [, after]) =>
    rows.filter(({ first }) => first > Number(after)).slice(0, ROWS_MAX)
      .map(({ lines, ...row }) => ({ ...row, lines: Buffer.from(lines).toString("hex") })),
  "select chain, last from daybook_batch": ({ rows }, _, [, logId]) =>
    rows.filter(({ first }) => first <= Number(logId)).slice(-1),
  "select last from daybook_batch": ({ rows }) => rows.slice(-1),
  pg_try_advisory_lock: (database, session) => [{ locked: database.tryLock(session) }],
  pg_terminate_backend: (database) => {
    database.endLockHolder();
    return [];
  },
  pg_advisory_unlock_all: (database, session) => {
    database.unlock(session);
    return [];
  },
  "left join daybook_leader": ({ leader, nowMs, isLockFree: is_free }) => [
    leader === undefined
      ? { writer: null, is_free }
      : { ...leader, seen: `${leader.seenMs}`, silent_ms: nowMs - leader.seenMs, is_free },
  ],
  "insert into daybook_leader": async (database, session, [, writer, url]) => {
    await database.lead(session, String(writer), String(url));
    return [];
  },
  "update daybook_leader set seen": (database, session, [, writer]) =>
    database.beat(session, String(writer)) ? [{}] : [],
  "from pg_settings": () => SETTINGS,
  "as standbys": ({ isSynchronous }) => [{ may: true, standbys: isSynchronous ? 1 : 0 }],
  pg_notify: (database, _, [, message]) => {
    database.notify(String(message));
    return [];
  },
  "listen daybook": (_, session) => {
    session.isListening = true;
    return [];
  },
};

/** The settings of a database that loses nothing. */
const SETTINGS = ["fsync", "full_page_writes", "synchronous_commit"].map((name) => ({
  name,
  setting: "on",
}));
/** Rows per read: few, so that reading takes several statements. */
const ROWS_MAX = 5;
const CONNECT_MAX_MS = 5_000;

class GoneError extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** One session of a process. It connects on the first statement, and again after a loss. */
export class SimulatedSession {
  #server: ServerSession | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  /** Rejects the statement that waits for its answer. */
  #reject: (error: Error) => void = () => {};
  #isEnded = false;

  constructor(
    private readonly link: Link,
    private readonly life: number,
    private readonly listener: SessionListener = {},
  ) {}

  /** The parts of the driver that Daybook uses. */
  get sql(): Sql {
    const tagged = (strings: readonly string[], ...values: Values) =>
      new Query(() => this.#ask(strings.join("?"), values));
    const unsafe = (text: string, values: Values = []) => new Query(() => this.#ask(text, values));
    const end = () => Promise.resolve(this.end());
    return Object.assign(tagged, { unsafe, end }) as unknown as Sql;
  }

  end(): void {
    this.#isEnded = true;
    this.hangUp(0);
  }

  hangUp(lingerMs: number): void {
    const server = this.#server;
    this.#lose();
    this.#close(server, lingerMs);
  }

  /** The process has ended, and gets no answer. */
  abandon(lingerMs: number): void {
    this.#close(this.#server, lingerMs);
  }

  /** @param lingerMs How long the database does not notice. */
  #close(server: ServerSession | undefined, lingerMs: number): void {
    if (server === undefined) return;
    const { scheduler } = this.link.parts;
    const close = () => server.inTurn(() => server.end());
    this.link.carry("requests", WORLD, () => void scheduler.after(lingerMs, WORLD, close));
  }

  #ask(text: string, values: Values): Promise<Rows> {
    const asked = this.#tail.then(() => this.#askNow(text, values));
    this.#tail = asked.catch(() => {});
    return asked;
  }

  async #askNow(text: string, values: Values): Promise<Rows> {
    if (this.#isEnded) throw new GoneError("CONNECTION_ENDED");
    const server = this.#server ??= await this.#connect();
    const { promise, resolve, reject } = Promise.withResolvers<Rows>();
    this.#reject = reject;
    this.#send(server, () => run(this.link.parts.database, server, text, values), resolve);
    return await promise;
  }

  #send(server: ServerSession, act: () => Promise<Rows>, resolve: (rows: Rows) => void): void {
    const { scheduler, dice, trace } = this.link.parts;
    const fate = this.link.fate();
    if (fate !== "answered") trace.note(() => `network of process ${this.life}: ${fate}`);
    const answer = (rows: Rows) => {
      if (server.isOver) return;
      this.link.carry("answers", this.life, () => {
        if (fate === "answered" && this.#server === server) resolve(rows);
        else if (this.#server === server) this.hangUp(this.#lingerMs());
      });
    };
    const execute = () => {
      if (server.isOver) return this.#tellLost(server);
      void server.inTurn(act).then(answer, (error) => this.#reject(error));
    };
    if (fate === "notSent") {
      return void scheduler.after(0, this.life, () => this.hangUp(this.#lingerMs()));
    }
    if (fate !== "sentLate") return this.link.carry("requests", WORLD, execute);
    // The caller gives up, and the statement is still executed.
    const lateMs = dice.pick([1, 100, 3_000]);
    scheduler.after(lateMs, WORLD, execute);
    scheduler.after(0, this.life, () => this.hangUp(lateMs + this.#lingerMs()));
  }

  #lingerMs(): number {
    return this.link.parts.dice.pick([0, 50, 15_000]);
  }

  async #connect(): Promise<ServerSession> {
    const { scheduler, database } = this.link.parts;
    const { promise, resolve, reject } = Promise.withResolvers<ServerSession>();
    const tooLong = () => reject(new GoneError("CONNECT_TIMEOUT"));
    const cancel = scheduler.after(CONNECT_MAX_MS, this.life, tooLong);
    this.link.carry("requests", WORLD, () => {
      const refused = () => reject(new GoneError("ECONNREFUSED"));
      if (database.isDown) return this.link.carry("answers", this.life, refused);
      const server = this.#open();
      this.link.carry("answers", this.life, () => resolve(server));
    });
    try {
      return await promise;
    } finally {
      cancel();
    }
  }

  #open(): ServerSession {
    const { database } = this.link.parts;
    const server = database.open(
      this.life,
      () => this.#tellLost(server),
      (message) =>
        this.link.carry("answers", this.life, () => {
          if (this.#server === server) this.listener.onNotify?.("daybook", message);
        }),
    );
    return server;
  }

  #tellLost(server: ServerSession): void {
    this.link.carry("answers", this.life, () => {
      if (this.#server === server) this.#lose();
    });
  }

  #lose(): void {
    if (this.#server === undefined) return;
    this.#server = undefined;
    this.listener.onClose?.();
    this.#reject(new GoneError("CONNECTION_CLOSED"));
  }
}

async function run(
  database: SimulatedDatabase,
  session: ServerSession,
  text: string,
  values: Values,
): Promise<Rows> {
  if (session.isOver) return [];
  const statement = text.replace(/\s+/g, " ");
  const known = Object.entries(STATEMENTS).find(([part]) => statement.includes(part));
  if (known === undefined) throw new Error(`the simulated database does not know: ${statement}`);
  return await known[1](database, session, values);
}

/** Sent when it is first awaited, like the driver. */
class Query implements PromiseLike<Rows> {
  #rows: Promise<Rows> | undefined;

  constructor(private readonly send: () => Promise<Rows>) {}

  then<Done = Rows, Failed = never>(
    onDone?: ((rows: Rows) => Done | PromiseLike<Done>) | null,
    onFailed?: ((error: unknown) => Failed | PromiseLike<Failed>) | null,
  ): Promise<Done | Failed> {
    return (this.#rows ??= this.send()).then(onDone, onFailed);
  }

  catch<Failed>(onFailed: (error: unknown) => Failed): Promise<Rows | Failed> {
    return this.then(null, onFailed);
  }
}
