/**
 * The database that several simulated processes share: the rows of one journal, the row of the
 * leader, and the leader's lock. Commits go to a standby in order; if it is synchronous, a commit
 * waits for it and is not visible before.
 */

import type { Dice } from "./dice.ts";
import { ServerSession } from "./simulated_session.ts";
import { type Scheduler, WORLD } from "./scheduler.ts";
import type { Trace } from "./trace.ts";

/** A batch in the table. */
export interface Row {
  readonly first: number;
  readonly last: number;
  readonly prev: string;
  readonly chain: string;
  readonly lines: Uint8Array<ArrayBuffer>;
}

interface Leader {
  readonly writer: string;
  readonly url: string;
  readonly seenMs: number;
}

/** What a commit changes; a barrier changes nothing. */
type Change = { readonly row: Row } | { readonly leader: Leader } | { readonly barrier: true };

interface Commit {
  readonly change: Change;
  /** The number of the process that made it. */
  readonly owner: number;
  readonly replicated: PromiseWithResolvers<void>;
  readonly shown: PromiseWithResolvers<void>;
  isShown: boolean;
  /** When it became visible, counted in commits. */
  shownAt: number;
}

export interface DatabaseParts {
  readonly dice: Dice;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly violate: (what: string) => void;
}

export class SimulatedDatabase {
  #commits: Commit[] = [];
  /** Those that fail-overs have removed. */
  readonly #lost: Commit[] = [];
  /** How many of them the standby has. */
  #replicated = 0;
  #isReplicating = false;
  /** The number of fail-overs. */
  #generation = 0;
  #shownCount = 0;
  readonly #sessions = new Set<ServerSession>();
  #holder: ServerSession | undefined;
  /** When a process first got the lock, counted as `shownAt`. */
  readonly #lockedAt = new Map<number, number>();
  /**
   * When a session last did. Not by process: a statement that the network held up for seconds
   * arrives on its own session, and its process may have another by then.
   */
  readonly #lockedLastAt = new WeakMap<ServerSession, number>();
  /** Processes that ever appended a batch, even if a fail-over has removed it. */
  readonly #appenders = new Set<number>();
  #slowUntilMs = 0;
  get nowMs(): number {
    return this.parts.scheduler.nowMs;
  }

  /**
   * Gives the lock to everyone who asks: it is only for speed, and safety must not depend on it.
   */
  givesLockToAll = false;
  isDown = false;

  constructor(
    private readonly parts: DatabaseParts,
    readonly isSynchronous: boolean,
    /** Whether a batch that does not follow the last one is refused; a broken database accepts it. */
    private readonly checks: boolean,
  ) {}

  /** Visible batches, oldest first. */
  get rows(): readonly Row[] {
    return this.#commits.flatMap(({ change, isShown }) =>
      isShown && "row" in change ? [change.row] : []
    );
  }

  /** Committed batches, visible or not. */
  get allRows(): readonly Row[] {
    return this.#commits.flatMap(({ change }) => "row" in change ? [change.row] : []);
  }

  get lastLogId(): number {
    return this.rows.at(-1)?.last ?? 0;
  }

  /** Whether an entry survives the loss of either machine, as far as required. */
  holds(logId: number): boolean {
    const kept = this.isSynchronous ? this.#commits.slice(0, this.#replicated) : this.#commits;
    return kept.some(({ change }) => "row" in change && change.row.last >= logId);
  }

  /**
   * Whether another process has inserted something since a process first got the lock, even if a
   * fail-over has removed it.
   */
  wasOvertaken(life: number): boolean {
    const since = this.#lockedAt.get(life) ?? Infinity;
    return hasRowOfOthers(this.#commits, life, since) || hasRowOfOthers(this.#lost, life, since);
  }

  /** A process that takes over has read everything that was there when it got the lock. */
  #judgeRefusal(session: ServerSession, { first }: Row): void {
    if (this.lastLogId < first) return;
    const { owner, isOver } = session;
    const lockedAt = this.#lockedLastAt.get(session);
    if (this.#appenders.has(owner) || isOver || lockedAt === undefined) return;
    if (hasRowOfOthers(this.#commits, owner, lockedAt)) return;
    this.parts.violate(`process ${owner} takes over without what was there before`);
  }

  open(owner: number, lost: () => void, notified: (message: string) => void): ServerSession {
    const session = new ServerSession(owner, () => {
      this.#sessions.delete(session);
      if (this.#holder === session) this.#holder = undefined;
      lost();
    }, notified);
    this.#sessions.add(session);
    return session;
  }

  /** Crashes, and restarts with everything committed, acknowledged or not. */
  crash(): void {
    this.parts.trace.note(() => "database: crash");
    this.#endSessions();
    for (const commit of this.#commits) this.#show(commit);
  }

  /** The standby replaces it, with a new standby that has everything. */
  failOver(): void {
    const lost = this.#commits.splice(this.#replicated);
    this.#lost.push(...lost);
    this.parts.trace.note(() => `database: fail-over without ${lost.length} commits`);
    this.#generation++;
    this.#isReplicating = false;
    for (const commit of this.#commits) this.#show(commit);
    this.#endSessions();
  }

  /** Nothing reaches the standby for a while. */
  holdUpStandby(ms: number): void {
    this.#slowUntilMs = this.parts.scheduler.nowMs + ms;
  }

  tryLock(session: ServerSession): boolean {
    this.#holder ??= session;
    const isGiven = this.#holder === session || this.givesLockToAll;
    if (!isGiven) return false;
    if (!this.#lockedAt.has(session.owner)) this.#lockedAt.set(session.owner, this.#shownCount);
    this.#lockedLastAt.set(session, this.#shownCount);
    return true;
  }

  unlock(session: ServerSession): void {
    if (this.#holder === session) this.#holder = undefined;
  }

  get isLockFree(): boolean {
    return this.#holder === undefined || this.givesLockToAll;
  }

  endLockHolder(): void {
    this.parts.trace.note(() => `database: the session of process ${this.#holder?.owner} is ended`);
    this.#holder?.end();
  }

  /**
   * Inserts a row at its position, after its predecessor, if the position is free; returns whether
   * it did.
   */
  async insert(session: ServerSession, row: Row): Promise<boolean> {
    if (!this.checks) this.#makeRoom(row);
    else if (!await this.#hasRoom(session, row)) {
      this.#judgeRefusal(session, row);
      return false;
    }
    await this.#commit(session, { row });
    return true;
  }

  async #hasRoom(session: ServerSession, { first, prev }: Row): Promise<boolean> {
    const last = this.rows.at(-1);
    const follows = last === undefined
      ? first === 1
      : last.last === first - 1 && last.chain === prev;
    if (!follows) return false;
    const rival = this.#commits.find(({ change, isShown }) =>
      !isShown && "row" in change && change.row.first === first
    );
    if (rival === undefined) return true;
    await Promise.race([rival.shown.promise, session.over]);
    return false;
  }

  /** Like a database that checks nothing. */
  #makeRoom({ first }: Row): void {
    this.#commits = this.#commits.filter(({ change }) =>
      !("row" in change) || change.row.first < first
    );
    this.#replicated = Math.min(this.#replicated, this.#commits.length);
  }

  /** Resolves when the standby has everything committed before. */
  barrier(session: ServerSession): Promise<void> {
    return this.#commit(session, { barrier: true });
  }

  get leader(): Leader | undefined {
    for (const { change, isShown } of this.#commits.toReversed()) {
      if (isShown && "leader" in change) return change.leader;
    }
    return undefined;
  }

  lead(session: ServerSession, writer: string, url: string): Promise<void> {
    const leader = { writer, url, seenMs: this.parts.scheduler.nowMs };
    return this.#commit(session, { leader });
  }

  /** Whether the leader's row is still that of this live writer. */
  beat(session: ServerSession, writer: string): boolean {
    const { leader } = this;
    if (leader?.writer !== writer) return false;
    const seenMs = this.parts.scheduler.nowMs;
    this.#show(this.#append(session, { leader: { ...leader, seenMs } }));
    return true;
  }

  notify(message: string): void {
    for (const { isListening, notified } of this.#sessions) if (isListening) notified(message);
  }

  async #commit(session: ServerSession, change: Change): Promise<void> {
    const commit = this.#append(session, change);
    // A session that ends while it waits leaves its commit, which becomes visible.
    if (this.isSynchronous) await Promise.race([commit.replicated.promise, session.over]);
    this.#show(commit);
  }

  #append({ owner }: ServerSession, change: Change): Commit {
    const commit = {
      change,
      owner,
      replicated: Promise.withResolvers<void>(),
      shown: Promise.withResolvers<void>(),
      isShown: false,
      shownAt: 0,
    };
    this.#commits.push(commit);
    if ("row" in change) this.#appenders.add(owner);
    this.#replicate();
    return commit;
  }

  #show(commit: Commit): void {
    if (commit.isShown) return;
    commit.isShown = true;
    commit.shownAt = ++this.#shownCount;
    commit.shown.resolve();
  }

  #replicate(): void {
    if (this.#isReplicating || this.#replicated === this.#commits.length) return;
    this.#isReplicating = true;
    const generation = this.#generation;
    this.parts.scheduler.after(this.#lagMs(), WORLD, () => {
      if (generation !== this.#generation) return;
      this.#isReplicating = false;
      this.#commits[this.#replicated++]?.replicated.resolve();
      this.#replicate();
    });
  }

  #lagMs(): number {
    const { scheduler, dice } = this.parts;
    return Math.max(this.#slowUntilMs - scheduler.nowMs, dice.pick([0, 0, 1, 5]));
  }

  #endSessions(): void {
    for (const session of [...this.#sessions]) session.end();
  }
}

/** Whether one of these is a batch of another process that became visible after a commit. */
function hasRowOfOthers(commits: readonly Commit[], life: number, since: number): boolean {
  return commits.some(({ change, owner, shownAt }) =>
    "row" in change && owner !== life && shownAt > since
  );
}
