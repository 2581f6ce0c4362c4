/**
 * The configuration: one typed value from flags and environment. A flag wins over its
 * environment twin, which wins over the default. Every problem is reported, not just the first.
 */

import { parseArgs } from "node:util";
import * as v from "valibot";
import { Buffer } from "node:buffer";
import { errorMessage } from "../core/thrown.ts";
import { type AccessToken, LOOPBACK_HOSTS, SCOPES } from "../access/tokens.ts";
import type { SettingOrigin } from "../documents/answers/system.ts";
import { given, parsingFailure } from "./command_line.ts";
import { readSecretText, readTokenLines, tokenProblems } from "./token_file.ts";
import { namesDatabase, type Place, placeIn } from "../postgres/place.ts";
import {
  environmentName,
  FLAG_OPTIONS,
  type Setting,
  SETTING_LIST,
  type SettingName,
  SETTINGS,
  type Settings,
} from "./settings.ts";

/** The settings, and the secrets from files and variables, which must not be shown. */
export interface Configuration extends Settings {
  /** The folder of the journal, or of this machine's copy of it. */
  readonly folder: string;
  /** The database of the journal, if several processes share it. */
  readonly database: Place | undefined;
  /** Without a token, everyone on this machine may do everything. */
  readonly tokens: readonly AccessToken[];
  /** The secret key, which wraps the keys of sealed inputs. */
  readonly secretKey: Uint8Array | undefined;
  readonly webhookSecret: string | undefined;
}

/** The parts of the system that the configuration is read from. */
interface ConfigurationSources {
  readonly args: readonly string[];
  env(name: string): string | undefined;
  /** @throws if the file cannot be read. */
  readTextFile(path: string): string;
}

export type ConfigurationResult =
  | { readonly kind: "run"; readonly configuration: Configuration; readonly origins: Origins }
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "invalid"; readonly problems: readonly string[] };

/** The origin of each setting, by its flag. */
export type Origins = ReadonlyMap<string, SettingOrigin>;

/** Reads flags and environment; never throws for user input. */
export function readConfiguration(sources: ConfigurationSources): ConfigurationResult {
  const flags = readFlags(sources.args);
  if ("problem" in flags) return { kind: "invalid", problems: [flags.problem] };
  if (flags.values["help"] === true) return { kind: "help" };
  if (flags.values["version"] === true) return { kind: "version" };
  const reader = new Reader(flags.values, sources);
  const configuration = reader.configuration();
  if (configuration === undefined) return { kind: "invalid", problems: reader.problems };
  return { kind: "run", configuration, origins: reader.origins };
}

/** From the given settings alone, by the names of their flags; nothing comes from the environment. */
export function configurationOf(given: Readonly<Record<string, string>>): ConfigurationResult {
  return readConfiguration({
    args: Object.entries(given).map(([flag, value]) => `--${flag}=${value}`),
    env: () => undefined,
    readTextFile: readSecretText,
  });
}

type FlagValues = Readonly<Record<string, string | boolean | undefined>>;

function readFlags(
  args: readonly string[],
): { readonly values: FlagValues } | { readonly problem: string } {
  const options = {
    ...FLAG_OPTIONS,
    help: { type: "boolean", short: "h" },
    version: { type: "boolean", short: "V" },
  } as const;
  try {
    return { values: parseArgs({ args: given(args), options, allowPositionals: false }).values };
  } catch (error) {
    return { problem: parsingProblem(error, Object.keys(options)) };
  }
}

/** Advice for a job id or the name of a command. */
function parsingProblem(error: unknown, flags: readonly string[]): string {
  const word = /^Unexpected argument '([^']+)'/.exec(errorMessage(error))?.[1];
  if (word === undefined) return parsingFailure(error, flags);
  return `deno task start takes only flags, not ${word} (to start the job "${word}": ` +
    `deno task daybook start ${word})`;
}

function byName<Value>(make: (setting: Setting) => Value) {
  const made = SETTING_LIST.map(([name, setting]) => [name, make(setting)]);
  return Object.fromEntries(made) as Record<SettingName, Value>;
}

const SCHEMA = v.object(
  byName(({ schema }) => schema) as { [Name in SettingName]: (typeof SETTINGS)[Name]["schema"] },
);

class Reader {
  readonly problems: string[] = [];
  readonly origins = new Map<string, SettingOrigin>();
  readonly #texts: Readonly<Record<SettingName, string>>;

  constructor(flags: FlagValues, private readonly sources: ConfigurationSources) {
    this.#texts = byName(({ flag, default: fallback }) => {
      // An empty variable counts as unset.
      const [given, inherited] = [flags[flag], sources.env(environmentName(flag)) || undefined];
      const origin = inherited === undefined ? "default" : "environment";
      this.origins.set(flag, given === undefined ? origin : "flag");
      return String(given ?? inherited ?? fallback).trim();
    });
  }

  /** `undefined` if the setting is invalid. */
  configuration(): Configuration | undefined {
    const { success, output, issues = [] } = v.safeParse(SCHEMA, this.#texts);
    this.problems.push(...issues.map((issue) => this.#problemOf(issue)));
    const [tokens, secretKey] = [this.#tokens(), this.#secretKey()];
    const isShared = namesDatabase(this.#texts.journal);
    this.problems.push(...this.#problemsOfSharing(isShared));
    const { hostname } = this.#texts;
    if (!LOOPBACK_HOSTS.includes(hostname) && tokens.length === 0) {
      this.problems.push(
        `--hostname ${hostname} is reachable from other machines: set DAYBOOK_TOKEN or ` +
          "--token-file, or stay on 127.0.0.1",
      );
    }
    if (!success || this.problems.length > 0) return undefined;
    const webhookSecret = this.sources.env("DAYBOOK_WEBHOOK_SECRET") || undefined;
    const folder = isShared ? output.copy ?? SETTINGS.journal.default : output.journal;
    const database = isShared ? placeIn(output.journal) : undefined;
    return { ...output, folder, database, tokens, secretKey, webhookSecret };
  }

  #problemsOfSharing(isShared: boolean): readonly string[] {
    if (isShared) {
      // An unusable key is reported by itself.
      if (this.origins.get("secret-key-file") !== "default") return [];
      return [
        "a journal in PostgreSQL needs --secret-key-file, the same on every machine: it wraps the " +
        "keys of secrets, which are in the database",
      ];
    }
    return (["copy", "advertise"] as const).filter((name) => this.#texts[name] !== "")
      .map((name) => `--${SETTINGS[name].flag} is only for a journal in PostgreSQL`);
  }

  #problemOf({ path, message }: v.InferIssue<typeof SCHEMA>): string {
    const name = path?.[0].key as SettingName;
    const { flag } = SETTINGS[name];
    const isInherited = this.origins.get(flag) === "environment";
    const text = JSON.stringify(this.#texts[name]);
    return `${isInherited ? environmentName(flag) : `--${flag}`} ${text} ${message}`;
  }

  /**
   * Tokens come only from `DAYBOOK_TOKEN` or a file, so that they never appear in a list of
   * processes.
   */
  #tokens(): readonly AccessToken[] {
    const file = this.#texts.tokenFile;
    if (file !== "") return this.#tokensIn(file);
    const token = this.#secret("DAYBOOK_TOKEN", "token-file");
    if (token === "") return [];
    this.problems.push(...tokenProblems(token).map((problem) => `DAYBOOK_TOKEN: ${problem}`));
    return [{ token, scopes: SCOPES }];
  }

  #tokensIn(file: string): readonly AccessToken[] {
    const text = this.#textOf("token-file", file);
    if (text === undefined) return [];
    const { tokens, problems } = readTokenLines(text);
    this.problems.push(...problems.map((problem) => `--token-file ${file}: ${problem}`));
    return tokens;
  }

  /** The secret key comes only from `DAYBOOK_SECRET_KEY` or a file, like tokens. */
  #secretKey(): Uint8Array | undefined {
    const file = this.#texts.secretKeyFile;
    const text = file === ""
      ? this.#secret("DAYBOOK_SECRET_KEY", "secret-key-file") || undefined
      : this.#textOf("secret-key-file", file);
    const key = text === undefined ? undefined : secretKeyIn(text);
    if (text !== undefined && key === undefined) {
      this.problems.push(`the secret key ${SECRET_KEY_RULE}`);
    }
    return key;
  }

  /** A secret from its own variable, or from the file that a flag names. */
  #secret(variable: string, flag: string): string {
    const text = this.sources.env(variable)?.trim() ?? "";
    if (text !== "") this.origins.set(flag, "environment");
    return text;
  }

  #textOf(flag: string, file: string): string | undefined {
    try {
      return this.sources.readTextFile(file);
    } catch (error) {
      this.problems.push(`--${flag} ${file} cannot be read: ${errorMessage(error)}`);
      return undefined;
    }
  }
}

const BYTES = 32;

/** The operator's secret key, as text: 32 bytes in base64, base64url or hexadecimal. */
const SECRET_KEY_RULE = "must be 32 bytes in base64 or hexadecimal, such as from " +
  "openssl rand -base64 32";

/** `undefined` if the text is not a key; messages must not quote it. */
export function secretKeyIn(text: string): Uint8Array | undefined {
  const trimmed = text.trim();
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return Uint8Array.from(Buffer.from(trimmed, "hex"));
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)) return undefined;
  const bytes = Buffer.from(trimmed, "base64");
  return bytes.length === BYTES ? Uint8Array.from(bytes) : undefined;
}

const PREFIX = "DAYBOOK_";
const KNOWN_VARIABLES: readonly string[] = [
  ...SETTING_LIST.map(([, { flag }]) => environmentName(flag)),
  ...["DAYBOOK_TOKEN", "DAYBOOK_SECRET_KEY", "DAYBOOK_WEBHOOK_SECRET", "DAYBOOK_URL"],
];

/**
 * A warning for each variable that is set and nearly named like a setting: it is ignored. The permission for `DAYBOOK_*` does not let a
 * process list its environment, so the names of the usual slips are looked up.
 */
export function misspeltVariables(env: (name: string) => string | undefined): readonly string[] {
  const found = new Map<string, string>();
  for (const known of KNOWN_VARIABLES) {
    for (const name of slipsOf(known.slice(PREFIX.length))) {
      if (env(PREFIX + name) !== undefined) found.set(PREFIX + name, known);
    }
  }
  for (const known of KNOWN_VARIABLES) found.delete(known);
  return [...found].map(([name, known]) => `${name} is not a setting; did you mean ${known}?`);
}

/** A letter or `_` left out, doubled or swapped with the next; a `_` too many; the plural. */
function* slipsOf(name: string): Generator<string> {
  yield `${name}S`;
  for (let at = 0; at < name.length; at++) {
    const [before, letter, after] = [name.slice(0, at), name.charAt(at), name.slice(at + 1)];
    yield before + after;
    yield before + letter + letter + after;
    yield before + after.charAt(0) + letter + after.slice(1);
    yield `${before}_${letter}${after}`;
  }
}
