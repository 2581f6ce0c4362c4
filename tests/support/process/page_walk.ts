/**
 * Runs the commands of a page, block by block, and checks their output:
 *
 * - `ts` and others whose first line is a comment with a path: the file is written.
 * - `sh` that begins with `deno run` or `deno task start`: the program is started. When it
 *   listens it goes on beside the rest of the page; started again, it is ended first as
 *   Ctrl-C does.
 * - `sh` that is `kill -9` and a number: Daybook is killed.
 * - `crontab`: the command of its one line is run, as cron would.
 * - `sh` beside those: it is run to its end, and has to succeed, or, marked `fails`, to fail.
 *   Types are checked in the soak alone, since each check includes all of Daybook: the test of the
 *   public modules checks the code of all pages in one go.
 * - `above`: its place is the folder that Daybook's is in.
 * - `sh elsewhere`: it needs what is not available here; the page has a test for it.
 *
 * Lines that begin with `# => ` are parts of what is printed. Ports are the one thing that is
 * not as it is written: each is one that was free.
 */

import assert from "node:assert/strict";
import type { Checkout } from "./checkout.ts";
import { IS_SOAK } from "../effort.ts";
import { type Block, codeName, type Page } from "./manual_pages.ts";
import { PageServer } from "./page_server.ts";

const STARTS = /^deno (?:run|task start)\b/;
const TESTS = /^deno test (?!.*--no-check)/m;
const CHECKS = /^deno check .*$/m;
const KILLS = /^kill -9 \d+$/;
const DAYBOOK = "main.ts";
const PORT = /\bport: (\d+)/g;

export class PageWalk {
  /** By their scripts. */
  readonly #servers = new Map<string, PageServer>();
  /** The real port for each port on the page. */
  readonly #ports = new Map<string, string>();
  /** The ports named by each script, in the order in which it listens. */
  readonly #portsOf = new Map<string, readonly string[]>([[DAYBOOK, ["8000"]]]);

  constructor(private readonly page: Page, private readonly checkout: Checkout) {}

  /** Ends everything it started, even if the page fails. */
  async run(): Promise<void> {
    try {
      for (const block of this.page.blocks) await this.#take(block);
      for (const script of [...this.#servers.keys()]) await this.#end(script, "SIGINT");
    } finally {
      for (const script of [...this.#servers.keys()]) await this.#end(script, "SIGKILL");
    }
  }

  /** Daybook must exit cleanly on Ctrl-C; other programs need not. */
  async #end(script: string, signal: "SIGINT" | "SIGKILL"): Promise<void> {
    const server = this.#servers.get(script);
    this.#servers.delete(script);
    const code = await server?.end(signal);
    if (script === DAYBOOK && signal === "SIGINT" && server !== undefined) {
      assert.equal(code, 0, `${this.page.file}: ${server.text}`);
    }
  }

  async #take(block: Block): Promise<void> {
    const command = block.text.trim();
    if (block.marks.includes("elsewhere")) return;
    if (block.language === "crontab") await this.#type(block, commandOfCrontab(command));
    else if (block.language === "sh") {
      if (STARTS.test(command)) await this.#start(block, command);
      else if (KILLS.test(command)) await this.#end(DAYBOOK, "SIGKILL");
      else await this.#type(block, command);
    } else await this.#write(block);
  }

  async #write(block: Block): Promise<void> {
    const name = codeName(block);
    if (name === undefined) {
      assert.notEqual(block.language, "ts", `${this.#where(block)} names no file`);
      return;
    }
    const ports = [...block.text.matchAll(PORT)].map(([, port = ""]) => port);
    if (ports.length > 0) this.#portsOf.set(name, ports);
    const text = this.#withPorts(block.text).replaceAll(PORT, "port: 0");
    await Deno.writeTextFile(`${this.#folderOf(block)}/${name}`, text);
  }

  async #start(block: Block, command: string): Promise<void> {
    const script = /[\w./-]+\.ts(?= |$)/m.exec(withoutFlags(command))?.[0] ?? DAYBOOK;
    await this.#end(script, "SIGINT");
    const ports = this.#portsOf.get(script) ?? [];
    const server = await PageServer.start(this.#withPorts(await this.#asCommand(command)), {
      cwd: this.#folderOf(block),
      env: { ...this.checkout.env, DAYBOOK_PORT: this.#ports.get("8000") ?? "0" },
      // A script that names no port may listen at none.
      addresses: Math.max(1, ports.length),
    });
    if (server.urls.length === 0) {
      this.#assertEnded(block, await server.end("SIGKILL"), server.text);
    } else {
      this.#servers.set(script, server);
      for (const [index, port] of ports.entries()) {
        this.#ports.set(port, new URL(server.urls[index] ?? "").port);
      }
    }
    this.#assertShows(block, server.text);
  }

  /** A task of `deno.json` as its command, so that signals reach the program. */
  async #asCommand(command: string): Promise<string> {
    const { tasks } = JSON.parse(await Deno.readTextFile(`${this.checkout.folder}/deno.json`));
    return command.replace(/^deno task start/, () => tasks.start.command.replaceAll("*", "\\*"));
  }

  async #type(block: Block, command: string): Promise<void> {
    const { code, stdout, stderr } = await new Deno.Command("bash", {
      args: ["-e", "-c", this.#withPorts(IS_SOAK ? command : withoutChecks(command))],
      cwd: this.#folderOf(block),
      env: this.checkout.env,
    }).output();
    const decoder = new TextDecoder();
    const output = decoder.decode(stdout) + decoder.decode(stderr);
    this.#assertEnded(block, code, output);
    this.#assertShows(block, output);
  }

  #folderOf({ marks }: Block): string {
    return marks.includes("above") ? this.checkout.above : this.checkout.folder;
  }

  #withPorts(text: string): string {
    return text.replace(
      /(localhost|127\.0\.0\.1):(\d{4})\b/g,
      (whole, host, port) => this.#ports.has(port) ? `${host}:${this.#ports.get(port)}` : whole,
    );
  }

  #assertEnded(block: Block, code: number, output: string): void {
    const fails = block.marks.includes("fails");
    assert.equal(code !== 0, fails, `${this.#where(block)} exits with ${code}:\n${output}`);
  }

  #assertShows(block: Block, output: string): void {
    for (const [, promise = ""] of block.text.matchAll(/^# => (.*)$/gm)) {
      const promised = this.#withPorts(promise);
      assert.ok(
        output.includes(promised),
        `${this.#where(block)} promises\n${promised}\nbut it printed\n${output}`,
      );
    }
  }

  #where({ line }: Block): string {
    return `${this.page.file}:${line}`;
  }
}

/** What cron passes to the shell: without the times, and with `%` for `\%`. */
function commandOfCrontab(line: string): string {
  return line.split(" ").slice(5).join(" ").replaceAll("\\%", "%");
}

function withoutChecks(command: string): string {
  return command.replace(TESTS, "deno test --no-check ").replace(CHECKS, "");
}

/** Paths in permissions are not the script. */
function withoutFlags(command: string): string {
  return command.replace(/--?[\w-]+(?:=\S+)?/g, "").replace(/--definitions \S+/, "");
}
