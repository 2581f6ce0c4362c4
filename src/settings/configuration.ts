/**
 * The configuration: one typed value from flags and environment. A flag wins over its
 * environment twin, which wins over the default; `--segment-bytes` is
 * `DAYBOOK_SEGMENT_BYTES`. Every problem is reported, not just the first.
 */

import { parseArgs } from "node:util";
import { messageOf } from "../core/thrown.ts";
import { type AccessToken, SCOPES } from "../http/guard/access.ts";
import { readTokenLines } from "../http/guard/token_lines.ts";
import { SECRET_KEY_RULE, secretKeyIn } from "./secret_key.ts";
import { LIMIT_SETTINGS, type Limits, readLimits } from "./limits.ts";
import type { LogFormat } from "../server/server_log.ts";
import { BYTE_UNITS, parseUnit, TIME_UNITS } from "./units.ts";

export interface Configuration {
  /** 0 lets the system choose. */
  readonly port: number;
  readonly hostname: string;
  /** The folder of the journal. */
  readonly journal: string;
  /** A module whose exports are the user's own definitions. */
  readonly definitions: string | undefined;
  /** Jobs that may hold a worker at a time. */
  readonly maxRunning: number;
  readonly segmentBytes: number;
  /** In entries. */
  readonly snapshotEvery: number;
  /** Kept on the disk for jobs that run; 0 keeps none. */
  readonly reserveBytes: number;
  readonly bodyBytesMax: number;
  readonly maxStartDelayMs: number;
  readonly limits: Limits;
  /** What the server prints. */
  readonly logFormat: LogFormat;
  /** Threads for definitions that ask for one; each runs one job at a time. */
  readonly maxThreads: number;
  /** What the heap of a thread may grow to. */
  readonly threadBytes: number;
  /** How long the event loop may stand still before the process is ended; 0 is for ever. */
  readonly stallExitMs: number;
  /** How long running attempts may go on at a stop. */
  readonly drainMs: number;
  /** Without one, everybody on this machine may do everything. */
  readonly tokens: readonly AccessToken[];
  /** Where the tokens are from, when it is a file. */
  readonly tokenFile: string | undefined;
  /** Wraps the keys of sealed inputs. */
  readonly secretKey: Uint8Array | undefined;
  /** Names by which the server may be addressed, beside the loopback ones. */
  readonly allowedHosts: readonly string[];
  readonly webhookHosts: readonly string[];
  readonly webhookSecret: string | undefined;
  readonly acceptSnapshotAhead: boolean;
  /** Starts with a pause of everything. */
  readonly hold: boolean;
}

/** What reading the configuration needs from outside. */
export interface ConfigurationSources {
  readonly args: readonly string[];
  env(name: string): string | undefined;
  /** @throws when the file cannot be read. */
  readTextFile(path: string): string;
}

export type ConfigurationResult =
  | { readonly kind: "run"; readonly configuration: Configuration; readonly origins: Origins }
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "invalid"; readonly problems: readonly string[] };

type Origin = "flag" | "environment" | "default";
export type Origins = ReadonlyMap<string, Origin>;

interface Setting {
  readonly flag: string;
  readonly value: string;
  readonly default: string;
  readonly help: string;
}

/** All settings but the token, in the order in which they are explained and printed. */
export const SETTINGS: readonly Setting[] = [
  { flag: "port", value: "number", default: "8000", help: "port to listen on; 0 picks one" },
  { flag: "hostname", value: "host", default: "127.0.0.1", help: "address to listen on" },
  { flag: "journal", value: "folder", default: "journal", help: "where the journal is" },
  { flag: "definitions", value: "module", default: "", help: "your own definitions" },
  { flag: "max-running", value: "jobs", default: "16", help: "jobs that run at a time" },
  { flag: "segment-bytes", value: "bytes", default: "64MiB", help: "size of a segment, from 4KiB" },
  { flag: "snapshot-every", value: "entries", default: "100000", help: "from 100 on" },
  { flag: "reserve-bytes", value: "bytes", default: "1MiB", help: "kept for a full disk; 0: none" },
  { flag: "body-bytes", value: "bytes", default: "1MiB", help: "largest request body" },
  { flag: "max-start-delay", value: "time", default: "15m", help: "latest startAt from now" },
  ...LIMIT_SETTINGS,
  { flag: "log", value: "format", default: "text", help: "text, or json: a line of JSON each" },
  { flag: "max-threads", value: "threads", default: "4", help: "jobs in threads at a time" },
  {
    flag: "thread-memory",
    value: "bytes",
    default: "128MiB",
    help: "heap of a thread, and its buffers",
  },
  { flag: "stall-exit", value: "time", default: "60s", help: "ends a server that stands still" },
  { flag: "drain", value: "time", default: "10s", help: "time for running tasks at a stop" },
  { flag: "token-file", value: "file", default: "", help: "file of bearer tokens, see below" },
  { flag: "secret-key-file", value: "file", default: "", help: "wraps the keys of secrets" },
  { flag: "allowed-hosts", value: "names", default: "", help: "further names of this server" },
  { flag: "webhook-hosts", value: "hosts", default: "", help: "host or host:port, with commas" },
];

const LOOPBACK: readonly string[] = ["127.0.0.1", "localhost", "::1", "[::1]"];

/** Reads flags and environment; never throws for what a user gave. */
export function readConfiguration(sources: ConfigurationSources): ConfigurationResult {
  const flags = readFlags(sources.args);
  if ("problem" in flags) return { kind: "invalid", problems: [flags.problem] };
  if (flags.values["help"] === true) return { kind: "help" };
  if (flags.values["version"] === true) return { kind: "version" };
  const reader = new Reader(flags.values, sources);
  const configuration = reader.configuration();
  reader.requireRoomForBody(configuration);
  if (reader.problems.length > 0) return { kind: "invalid", problems: reader.problems };
  return { kind: "run", configuration, origins: reader.origins };
}

const LOG_FORMATS = ["text", "json"] as const;

type FlagValues = Readonly<Record<string, string | boolean | undefined>>;

function readFlags(
  args: readonly string[],
): { readonly values: FlagValues } | { readonly problem: string } {
  const options = Object.fromEntries<{ type: "string" | "boolean"; short?: string }>([
    ...SETTINGS.map(({ flag }) => [flag, { type: "string" }] as const),
    ["accept-snapshot-ahead", { type: "boolean" }],
    ["hold", { type: "boolean" }],
    ["help", { type: "boolean", short: "h" }],
    ["version", { type: "boolean", short: "V" }],
  ]);
  try {
    return { values: parseArgs({ args: [...args], options, allowPositionals: false }).values };
  } catch (error) {
    return { problem: parsingProblem(error) };
  }
}

/** The parser's words, and what was meant by a job's id or the name of a command. */
function parsingProblem(error: unknown): string {
  const word = /^Unexpected argument '([^']+)'/.exec(messageOf(error))?.[1];
  if (word === undefined) return messageOf(error);
  return `deno task start takes flags only, and got ${word}; to start a job that was only ` +
    `created: deno task daybook start ${word}`;
}

/** The environment twin of a flag. */
export function environmentName(flag: string): string {
  return `DAYBOOK_${flag.replaceAll("-", "_").toUpperCase()}`;
}

class Reader {
  readonly #flags: FlagValues;
  readonly #sources: ConfigurationSources;
  readonly problems: string[] = [];
  readonly origins = new Map<string, Origin>();

  constructor(flags: FlagValues, sources: ConfigurationSources) {
    this.#flags = flags;
    this.#sources = sources;
  }

  configuration(): Configuration {
    const hostname = this.#text("hostname");
    const tokenFile = this.#text("token-file") || undefined;
    const tokens = this.#tokens(tokenFile);
    if (!LOOPBACK.includes(hostname) && tokens.length === 0) {
      this.problems.push(
        `--hostname ${hostname} is reachable from other machines: set DAYBOOK_TOKEN or ` +
          "--token-file, or stay on 127.0.0.1",
      );
    }
    return {
      hostname,
      tokens,
      tokenFile,
      secretKey: this.#secretKey(this.#text("secret-key-file") || undefined),
      port: this.#number("port", 0, 65_535),
      journal: this.#text("journal") || "journal",
      definitions: this.#text("definitions") || undefined,
      maxRunning: this.#number("max-running", 1, 10_000),
      segmentBytes: this.#bytes("segment-bytes", 4_096, 1_073_741_824),
      snapshotEvery: this.#number("snapshot-every", 100, 1_000_000_000),
      reserveBytes: this.#bytes("reserve-bytes", 0, 1_073_741_824),
      bodyBytesMax: this.#bytes("body-bytes", 1_024, 67_108_864),
      maxStartDelayMs: this.#time("max-start-delay", 86_400_000),
      limits: readLimits({
        number: (...setting) => this.#number(...setting),
        bytes: (...setting) => this.#bytes(...setting),
        time: (flag, min, max) => this.#time(flag, max, min),
      }),
      logFormat: this.#choice("log", LOG_FORMATS),
      maxThreads: this.#number("max-threads", 1, 256),
      threadBytes: this.#bytes("thread-memory", 33_554_432, 4_294_967_296),
      stallExitMs: this.#time("stall-exit", 86_400_000),
      drainMs: this.#time("drain", 3_600_000),
      allowedHosts: this.#list("allowed-hosts"),
      webhookHosts: this.#list("webhook-hosts"),
      webhookSecret: this.#sources.env("DAYBOOK_WEBHOOK_SECRET") || undefined,
      acceptSnapshotAhead: this.#switch("accept-snapshot-ahead"),
      hold: this.#switch("hold"),
    };
  }

  /** A body that can never be read must not be asked for again and again. */
  requireRoomForBody({ bodyBytesMax, limits: { bodiesBytesMax } }: Configuration): void {
    if (bodyBytesMax <= bodiesBytesMax) return;
    this.problems.push(
      `--body-bytes ${bodyBytesMax} is more than --bodies-bytes ${bodiesBytesMax}, which all ` +
        "bodies have together",
    );
  }

  #text(flag: string): string {
    const given = this.#flags[flag];
    if (typeof given === "string") return this.#from(flag, "flag", given);
    const inherited = this.#sources.env(environmentName(flag));
    if (inherited !== undefined) return this.#from(flag, "environment", inherited);
    const setting = SETTINGS.find((candidate) => candidate.flag === flag);
    return this.#from(flag, "default", setting?.default ?? "");
  }

  #from(flag: string, origin: Origin, text: string): string {
    this.origins.set(flag, origin);
    return text.trim();
  }

  #choice<Value extends string>(flag: string, values: readonly [Value, ...Value[]]): Value {
    const text = this.#text(flag);
    const value = values.find((value) => value === text);
    if (value === undefined) {
      this.problems.push(`--${flag} must be ${values.join(" or ")}: ${text}`);
    }
    return value ?? values[0];
  }

  #switch(flag: string): boolean {
    if (this.#flags[flag] === true) return true;
    const inherited = this.#sources.env(environmentName(flag)) ?? "";
    if (!["", "0", "1", "false", "true"].includes(inherited)) {
      this.problems.push(`${environmentName(flag)} must be true or false: ${inherited}`);
    }
    return inherited === "1" || inherited === "true";
  }

  #list(flag: string): readonly string[] {
    return this.#text(flag).split(",").map((part) => part.trim()).filter((part) => part !== "");
  }

  #number(flag: string, min: number, max: number): number {
    const text = this.#text(flag);
    return this.#inRange(flag, text, /^\d+$/.test(text) ? Number(text) : NaN, min, max, "");
  }

  #bytes(flag: string, min: number, max: number): number {
    const text = this.#text(flag);
    const hint = " bytes, such as 65536, 64KiB or 64MiB";
    return this.#inRange(flag, text, parseUnit(text, BYTE_UNITS), min, max, hint);
  }

  #time(flag: string, max: number, min = 0): number {
    const text = this.#text(flag);
    const hint = " ms, with its unit: such as 500ms, 90s, 15m or 2h";
    const value = text === "0" ? 0 : parseUnit(text, TIME_UNITS);
    return this.#inRange(flag, text, value, min, max, hint);
  }

  #inRange(
    flag: string,
    text: string,
    value: number,
    min: number,
    max: number,
    hint: string,
  ): number {
    if (value >= min && value <= max) return value;
    this.problems.push(`--${flag} ${JSON.stringify(text)} must be from ${min} to ${max}${hint}`);
    return min;
  }

  /** Only from `DAYBOOK_TOKEN` or a file, so that they never show in a list of processes. */
  #tokens(file: string | undefined): readonly AccessToken[] {
    if (file !== undefined) return this.#tokensIn(file);
    const token = this.#sources.env("DAYBOOK_TOKEN")?.trim() ?? "";
    if (token === "") return [];
    this.origins.set("token-file", "environment");
    if (token.length < 16) this.problems.push("the token is shorter than 16 characters");
    return [{ token, scopes: SCOPES }];
  }

  /** Only from `DAYBOOK_SECRET_KEY` or a file, as tokens are. */
  #secretKey(file: string | undefined): Uint8Array | undefined {
    const text = file === undefined
      ? this.#sources.env("DAYBOOK_SECRET_KEY")
      : this.#textOf("secret-key-file", file);
    if (text === undefined || text.trim() === "") return undefined;
    if (file === undefined) this.origins.set("secret-key-file", "environment");
    const key = secretKeyIn(text);
    if (key === undefined) this.problems.push(`the secret key ${SECRET_KEY_RULE}`);
    return key;
  }

  #textOf(flag: string, file: string): string | undefined {
    try {
      return this.#sources.readTextFile(file);
    } catch (error) {
      this.problems.push(`--${flag} ${file} cannot be read: ${messageOf(error)}`);
      return undefined;
    }
  }

  #tokensIn(file: string): readonly AccessToken[] {
    const text = this.#textOf("token-file", file);
    if (text === undefined) return [];
    const { tokens, problems } = readTokenLines(text);
    this.problems.push(...problems.map((problem) => `--token-file ${file}: ${problem}`));
    return tokens;
  }
}
