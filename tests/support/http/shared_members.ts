/** Processes of one journal, each with its own engine, folder and HTTP application. */

import assert from "node:assert/strict";
import type { AnyJobDefinition } from "../../../src/engine/definition.ts";
import { JobEngine } from "../../../src/engine/job_engine.ts";
import { type AccessToken, TokenList } from "../../../src/access/tokens.ts";
import type { Clock } from "../../../src/engine/ports.ts";
import { createApp } from "../../../src/http/app.ts";
import { FileJournal } from "../../../src/journal/file_journal.ts";
import type { SharedJournal } from "../../../src/journal/write/shared_log.ts";
import { systemClock, systemRandom } from "../../../src/server/system.ts";
import { MemoryIndex } from "../engine/memory_index.ts";
import { MemoryDisk } from "../journal/journal_memory_disk.ts";
import { SharedLogDouble, sharing } from "../journal/shared_log_double.ts";
import { DEFINITIONS } from "./http_definitions.ts";
import { unlimited } from "../engine/unlimited.ts";

export interface MembersOptions {
  readonly definitions?: readonly AnyJobDefinition[];
  readonly tokens?: readonly AccessToken[];
  /** The clock of the engine and its requests; the system's by default. */
  readonly clock?: Clock;
}

/** A clock that runs a hundred times faster. */
export const HURRIED: Clock = {
  ...systemClock,
  monotonic: () => systemClock.monotonic() * 100,
  setTimer: (delayMs, callback) => systemClock.setTimer(delayMs / 100, callback),
};

/** Shared by all of them. */
export class Members implements AsyncDisposable {
  readonly log = new SharedLogDouble();
  /** Errors in any of them. */
  readonly defects: unknown[] = [];
  /** Where requests are passed on to; set by the leader. */
  leader: SharedMember | undefined;
  /** Replaces that address. */
  url: string | undefined;
  /** Who may lead next. */
  heir: SharedMember | undefined;
  readonly #all: SharedMember[] = [];

  constructor(readonly options: MembersOptions = {}) {}

  async join(name: string): Promise<SharedMember> {
    const member = await SharedMember.open(this, name);
    this.#all.push(member);
    return member;
  }

  /** The first one leads. */
  async lead(name: string): Promise<SharedMember> {
    const member = await this.join(name);
    await this.succeed(member);
    return member;
  }

  async succeed(heir: SharedMember): Promise<void> {
    this.heir = heir;
    await heir.led;
    this.leader = heir;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of this.#all) await member.stop();
    assert.deepEqual(this.defects, []);
  }
}

export class SharedMember {
  leads = false;
  readonly engine: JobEngine;
  /** Calls without a network, so that any header can be sent. */
  readonly request: (path: string, headers: Record<string, string>) => Promise<Response>;
  readonly #streams = new AbortController();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #sharing: SharedJournal;
  #journal!: FileJournal;
  #isStopped = false;
  /** Resolves once it leads. */
  led!: Promise<void>;

  private constructor(readonly members: Members, readonly name: string) {
    const { definitions = DEFINITIONS, tokens, clock = systemClock } = members.options;
    this.#sharing = sharing(members.log, name, {
      take: () => Promise.resolve(members.heir === this ? "first" : undefined),
    });
    this.engine = new JobEngine({
      clock,
      random: systemRandom,
      definitions,
      ...unlimited(),
      index: MemoryIndex.empty(),
      maxRunning: 10,
    });
    const app = createApp({
      engine: this.engine,
      clock,
      shared: {
        leads: () => this.leads,
        leader: () => members.url ?? (members.leader === this ? undefined : members.leader?.url),
        standing: () => this.#sharing.membership.standing,
      },
      ...(tokens === undefined ? {} : { access: new TokenList(tokens) }),
      shutdownSignal: this.#streams.signal,
      onError: (error) => void members.defects.push(error),
    });
    this.request = async (path, headers) => await app.request(path, { method: "POST", headers });
    const onListen = () => {};
    this.#server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen },
      (request, info) => app.fetch(request, info),
    );
  }

  static async open(members: Members, name: string): Promise<SharedMember> {
    const member = new SharedMember(members, name);
    const { journal } = await FileJournal.open({
      folder: "journal",
      fileSystem: new MemoryDisk(),
      clock: systemClock,
      random: systemRandom,
      consumer: member.engine.consumer,
      shared: member.#sharing,
    });
    member.#journal = journal;
    await member.engine.open(journal);
    member.led = member.#lead();
    return member;
  }

  async #lead(): Promise<void> {
    const restart = await this.#journal.lead();
    if (restart === undefined) return;
    await this.engine.lead(restart ?? undefined);
    this.engine.work();
    this.leads = true;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return await fetch(this.url + path, { headers, redirect: "manual" });
  }

  async post(
    path: string,
    body: unknown = {},
    headers: Record<string, string> = {},
    method = "POST",
  ): Promise<Response> {
    return await fetch(this.url + path, {
      method,
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
      redirect: "manual",
    });
  }

  put(path: string, body: unknown): Promise<Response> {
    return this.post(path, body, {}, "PUT");
  }

  delete(path: string): Promise<Response> {
    return this.post(path, "", {}, "DELETE");
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#streams.abort();
    await this.engine.stop(0);
    await this.#server.shutdown();
    await this.#journal.close().catch(() => {});
    await this.led;
  }
}
