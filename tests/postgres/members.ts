/** Processes that share a journal in PostgreSQL, to be started, killed and called. */

import assert from "node:assert/strict";
import { ROOT, taskCommand } from "../support/process/task_process.ts";
import { TextLineStream } from "../support/text_lines.ts";
import { until } from "../support/until.ts";
import type { Machine } from "./network.ts";
import { freePort } from "./postgres_server.ts";

export interface MemberOptions {
  /** The name of the journal in PostgreSQL. */
  readonly journal: string;
  /** The folder of the copy. */
  readonly folder: string;
  readonly args?: readonly string[];
  /** A module. */
  readonly definitions?: string;
  readonly secretKey?: string;
  /** The machine on which it runs, if not this one. */
  readonly machine?: Machine | undefined;
}

/** Definitions of jobs whose steps are short, or wait. */
export const STEPS = new URL("steps.ts", import.meta.url).pathname;

/** Processes of a journal, by name and database address; all are ended afterwards. */
export async function withMembers(
  folder: string,
  journals: Readonly<Record<string, string>>,
  run: (members: readonly Member[]) => Promise<void>,
  machines: Readonly<Record<string, Machine>> = {},
): Promise<void> {
  const members = Object.entries(journals).map(([name, journal]) =>
    new Member({
      journal,
      folder: `${folder}/${name}`,
      definitions: STEPS,
      machine: machines[name],
    })
  );
  try {
    await run(members);
  } finally {
    for (const member of members) await member.kill();
  }
}

/** Settings of all processes. */
export const SECRET_KEY = "ab".repeat(32);

/** Settings of processes that other machines can reach. */
const TOKEN = "a-token-for-machines";

export class Member {
  readonly port = freePort();
  readonly url: string;
  /** Of each request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of all its processes. */
  readonly output: string[] = [];
  #child: Deno.ChildProcess | undefined;
  #drained: Promise<unknown> | undefined;
  #isOver = true;

  constructor(private readonly options: MemberOptions) {
    const { machine } = options;
    this.url = `http://${machine?.address ?? "127.0.0.1"}:${this.port}`;
    this.headers = machine === undefined ? {} : { authorization: `Bearer ${TOKEN}` };
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get folder(): string {
    return this.options.folder;
  }

  start(): void {
    const { journal, folder, args = [], definitions, machine } = this.options;
    const own = definitions === undefined ? [] : [`--definitions=${definitions}`];
    const words = [`--port=${this.port}`, `--journal=${journal}`, `--folder=${folder}`];
    const reached = machine === undefined ? [] : [`--hostname=${machine.address}`];
    this.#child = taskCommand("start", [...words, ...reached, ...own, ...args], {
      journal: folder,
      permissions: [
        ...definitions === undefined ? [] : [`--allow-read=${ROOT}src,${definitions}`],
        ...machine === undefined ? [] : [`--allow-net=${machine.neighbours.join()}`],
      ],
      env: {
        ...{ NO_COLOR: "1", DAYBOOK_SECRET_KEY: this.options.secretKey ?? SECRET_KEY },
        ...machine === undefined ? {} : { DAYBOOK_TOKEN: TOKEN },
      },
      within: machine?.within ?? [],
    }).spawn();
    const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
      for await (const line of stream.pipeThrough(new TextLineStream())) this.output.push(line);
    };
    this.#drained = Promise.all([read(this.#child.stdout), read(this.#child.stderr)]);
    this.#isOver = false;
    void this.#child.status.then(() => this.#isOver = true);
  }

  /** An ended process gets no signal. */
  signal(signal: Deno.Signal): void {
    if (!this.#isOver) this.#child?.kill(signal);
  }

  /** Resolves with the exit code. */
  async ended(): Promise<number> {
    const status = await this.#child?.status;
    await this.#drained;
    return status?.code ?? 0;
  }

  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.ended();
  }

  async stop(): Promise<number> {
    this.signal("SIGINT");
    return await this.ended();
  }

  /** The answer of `/readyz`; `undefined` while there is none. */
  async status(): Promise<string | undefined> {
    try {
      const response = await fetch(`${this.url}/readyz`, { headers: this.headers });
      const { status } = await response.json();
      return response.ok ? status : undefined;
    } catch {
      return undefined;
    }
  }

  async is(wanted: "ready" | "following"): Promise<void> {
    await until(
      `it is ${wanted}:\n${this.output.join("\n")}`,
      async () => await this.status() === wanted,
    );
  }

  async post(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
    return await fetch(this.url + path, {
      method: "POST",
      headers: { ...this.headers, "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: signal ?? null,
    });
  }

  async get(path: string): Promise<Record<string, unknown>> {
    const response = await fetch(this.url + path, { headers: this.headers });
    const text = await response.text();
    assert.ok(response.ok, text);
    return JSON.parse(text);
  }
}
