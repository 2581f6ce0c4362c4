/**
 * The server that the options of a command name: its address, its token, and the permissions to
 * reach it. `--journal` means the server that holds this journal: another server has other jobs,
 * possibly with the same ids.
 */

import { resolve } from "node:path";
import { EXIT } from "../core/exit_codes.ts";
import { CommandError, type CommandInput, type CommandOption, UsageError } from "./command.ts";
import type { Permissions } from "../core/permissions.ts";
import { firstToken, readSecretText } from "../settings/token_file.ts";
import { failureReason } from "../journal/errors.ts";
import { DEFAULT_FOLDER, journalLayout } from "../journal/layout.ts";

export const SERVER_OPTIONS: readonly CommandOption[] = [
  {
    name: "url",
    value: "url",
    help: "the server (DAYBOOK_URL); default: the one that holds the journal",
  },
  {
    name: "journal",
    value: "folder",
    help: "the server that holds this journal (DAYBOOK_JOURNAL)",
  },
  {
    name: "token-file",
    value: "file",
    help: "a file whose first token is sent; default: DAYBOOK_TOKEN",
  },
];

/** The folder of a journal that the options or the environment name. */
export function journalOption(input: CommandInput): string | undefined {
  return input.text("journal") ?? input.env("DAYBOOK_JOURNAL");
}

/** The address of a server that the options or the environment name. */
export function urlOption(input: CommandInput): string | undefined {
  return input.text("url") ?? input.env("DAYBOOK_URL");
}

/** The address of a server, as far as known. */
export interface ServerAddress {
  readonly url: string;
  /** The folder of the default journal, if no server holds it and `url` is only the default. */
  readonly unheld?: string;
}

const DEFAULT_URL = "http://127.0.0.1:8000";

/**
 * Finds the server named by the options, the environment or the lock of a journal; flags override
 * the environment. Called for each request, since a restarted server may have another port.
 *
 * @throws {UsageError} if the address is invalid, or two are given.
 */
export function serverAddress(input: CommandInput): () => ServerAddress {
  const folder = input.text("journal");
  if (input.text("url") !== undefined && folder !== undefined) {
    throw new UsageError("--url and --journal both name the server: give only one");
  }
  const url = folder === undefined ? urlOption(input) : undefined;
  if (url !== undefined) {
    const address = { url: parseAddress(url) };
    return () => address;
  }
  const named = journalOption(input);
  return named === undefined ? usualServer() : () => ({ url: namedHolder(named) });
}

/** Once found, the server remains the target, even while it restarts. */
function usualServer(): () => ServerAddress {
  let address: ServerAddress = { url: DEFAULT_URL, unheld: DEFAULT_FOLDER };
  return () => {
    const url = lockHolder(DEFAULT_FOLDER);
    return address = url === undefined ? address : { url };
  };
}

/** Accepts `localhost:8000` for `http://localhost:8000`. */
function parseUrl(text: string): URL | null {
  return URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
}

function parseAddress(text: string): string {
  const url = parseUrl(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new UsageError(`${text} is not the address of a server, such as ${DEFAULT_URL}`);
  }
  if (url.pathname !== "/" || url.search !== "") {
    throw new UsageError(
      `--url must be an address without a path, such as ${url.origin}, not ${text}`,
    );
  }
  return url.origin;
}

/** @throws {CommandError} if no server holds the journal, or this cannot be determined. */
function namedHolder(folder: string): string {
  if (
    Deno.permissions.querySync({ name: "read", path: journalLayout(folder).lock }).state !==
      "granted"
  ) {
    const what = `cannot tell which server holds ${folder}`;
    throw CommandError.lacking(what, EXIT.unavailable, { read: [folder] });
  }
  const url = lockHolder(folder);
  if (url !== undefined) return url;
  throw new CommandError(
    `no server holds ${folder}; deno task start --journal ${folder} starts one, ` +
      "--url names another",
    EXIT.unavailable,
  );
}

/**
 * The address that a running server has written into the lock of its journal. A server that crashed
 * could not remove it, and its port may belong to another process by now, so the lock must be held.
 */
function lockHolder(folder: string): string | undefined {
  const { lock } = journalLayout(folder);
  try {
    const text = Deno.readTextFileSync(lock).trim();
    return text.startsWith("http") && isHeld(lock) ? reachable(text) : undefined;
  } catch {
    return undefined; // There is no journal here, or it is not readable.
  }
}

/** A shared lock: two concurrent commands must not take each other for a server. */
function isHeld(path: string): boolean {
  using file = Deno.openSync(path);
  return !file.tryLockSync(false);
}

/** A server on all addresses can be reached on this machine. */
function reachable(url: string): string {
  return url.replace(/\/\/(?:0\.0\.0\.0|\[::\])(?=:|\/|$)/, "//127.0.0.1");
}

/** The token that the options or the environment name. */
export function tokenOption(input: CommandInput): string | undefined {
  const given = input.text("token-file");
  const file = given ?? (input.env("DAYBOOK_TOKEN") ? undefined : input.env("DAYBOOK_TOKEN_FILE"));
  if (file === undefined || file === "") return input.env("DAYBOOK_TOKEN");
  const token = firstToken(readSecretFile(`the token from ${file}`, file, EXIT.usage));
  if (token !== undefined) return token;
  throw new CommandError(`cannot take a token from ${file}: it has none`, EXIT.usage);
}

/** @param what What is read of the file, for messages. */
export function readSecretFile(what: string, file: string, exitCode: number): string {
  try {
    return readSecretText(file);
  } catch (error) {
    const message = `cannot read ${what}: ${readingFailure(error, file)}`;
    throw CommandError.by(error, message, exitCode, { read: [file] });
  }
}

/** The reason why a file cannot be read. */
export function readingFailure(error: unknown, path: string): string {
  return error instanceof Deno.errors.NotFound
    ? "there is no such file"
    : failureReason(error, path);
}

/** Permissions to reach the server that a command names. */
export function hostPermissions(input: CommandInput): Permissions {
  const host = parseUrl(urlOption(input) ?? "")?.host;
  return host ? { net: [host] } : {};
}

/** Permissions of a command that talks to a server, and to read the files it sends. */
export function clientPermissions(input: CommandInput): readonly Permissions[] {
  const named = [...input.positionals, ...input.all("plan")]
    .filter((text) => text.startsWith("@")).map((text) => text.slice(1));
  const sent = input.all("file").map((text) => text.slice(text.indexOf("=") + 1));
  const typedIn = input.env("INIT_CWD") ?? "";
  const files = [...named, ...sent, ...input.all("jobs")].filter((path) => path !== "-");
  const settings = [
    journalOption(input) ?? "",
    input.text("token-file") ?? input.env("DAYBOOK_TOKEN_FILE") ?? "",
  ];
  return [
    { read: settings.filter((path) => path !== "") },
    { read: files.map((path) => resolve(typedIn, path)) },
    hostPermissions(input),
  ];
}
