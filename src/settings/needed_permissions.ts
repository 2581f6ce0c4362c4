/**
 * What the words of a command line need to be allowed, beyond what its task is. All of it at
 * once: whoever is told of one permission after another never has them together.
 */

import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";

export interface Permissions {
  /** Files and folders. */
  readonly read?: readonly string[];
  /** Files and folders. */
  readonly write?: readonly string[];
  /** Hosts, with or without a port. */
  readonly net?: readonly string[];
}

/** A command line, and where it was typed. */
export interface CommandLine {
  /** The module that was run, from the folder of `deno.json`, such as `src/cli/journal.ts`. */
  readonly module: string;
  /** The folder with the sources of Daybook. */
  readonly sources: string;
  readonly args: readonly string[];
  env(name: string): string | undefined;
  /** The folder where files that are submitted are looked for. */
  readonly typedIn: string;
}

/** Commands on a journal that write into its folder; `verify` its verdict. */
const WRITING: readonly string[] = ["verify", "repair", "import"];
/** Commands whose text may stand for a file. */
const TAKING_FILES: readonly string[] = ["submit", "event"];

const SHORT: Readonly<Record<string, string>> = { output: "o", field: "f", label: "l", limit: "n" };

/** Options with a value, so that none is taken for a positional argument. */
const VALUED: readonly string[] = [
  ...[
    "journal",
    "definitions",
    "token-file",
    "secret-key-file",
    "hostname",
    "webhook-hosts",
    "url",
    "output",
  ],
  ...["file", "plan", "field", "label", "limit", "id", "key", "priority", "start-at"],
  ...["timeout", "job", "task", "occurred-at", "reason", "from", "at", "after", "type"],
];

const OPTIONS = Object.fromEntries(VALUED.map((name) => [name, {
  type: "string" as const,
  multiple: true,
  ...(SHORT[name] === undefined ? {} : { short: SHORT[name] }),
}]));

export function neededPermissions(line: CommandLine): Permissions {
  const { values, positionals } = parseArgs({
    args: [...line.args],
    options: OPTIONS,
    strict: false,
    allowPositionals: true,
  });
  const all = (name: string) => [values[name] ?? []].flat().filter((v) => typeof v === "string");
  const words: Words = {
    positionals,
    all,
    text: (name) =>
      all(name).at(-1) ||
      line.env(`DAYBOOK_${name.replaceAll("-", "_").toUpperCase()}`) || undefined,
  };
  switch (line.module) {
    case "main.ts":
      return ofServer(words, line);
    case "src/cli/journal.ts":
      return ofJournal(words, line);
    case "src/cli/daybook.ts":
      return ofClient(words, line);
    default:
      return {};
  }
}

interface Words {
  readonly positionals: readonly string[];
  /** All values of an option. */
  all(name: string): readonly string[];
  /** The last value of an option, or its environment twin's. */
  text(name: string): string | undefined;
}

function ofServer(words: Words, line: CommandLine): Permissions {
  const journal = listed(words.text("journal"));
  const keys = ["token-file", "secret-key-file"].flatMap((name) => listed(words.text(name)));
  const hosts = words.text("webhook-hosts")?.split(",").map((host) => host.trim()) ?? [];
  return {
    read: [...journal, ...ofModule(words, line), ...keys],
    write: journal,
    net: [...listed(words.text("hostname")), ...hosts.filter((host) => host !== "")],
  };
}

/** A module is read with what it imports, `src/mod.ts` of Daybook included. */
function ofModule(words: Words, { sources }: CommandLine): readonly string[] {
  const module = words.text("definitions");
  if (module === undefined) return [];
  return /^[a-z][a-z0-9+.-]+:/.test(module) ? [sources] : [module, sources];
}

function ofJournal(words: Words, line: CommandLine): Permissions {
  const [command = "", file] = words.positionals;
  const journal = listed(words.text("journal"));
  const writes = WRITING.includes(command) ? journal : [];
  const output = listed(words.all("output").at(-1));
  switch (command) {
    case "repair": {
      // The journal is copied aside, to a folder beside it.
      const around = journal.length === 0 ? ["."] : journal.map((folder) => dirname(folder));
      return { read: [...journal, ...around], write: [...writes, ...around] };
    }
    case "backup": {
      // The name of a new folder is put on disk through the one around it.
      const copy = listed(file).flatMap((folder) => [folder, dirname(folder)]);
      return { read: [...journal, ...copy], write: copy };
    }
    case "import":
      return { read: [...journal, ...listed(file === "-" ? undefined : file)], write: writes };
    case "replay-test":
      return { read: [...journal, ...ofModule(words, line)] };
    default:
      return { read: journal, write: [...writes, ...output], net: hostIn(words.text("url")) };
  }
}

function ofClient(words: Words, { typedIn }: CommandLine): Permissions {
  const isTaking = TAKING_FILES.includes(words.positionals[0] ?? "");
  const texts = isTaking ? [...words.positionals.slice(1), ...words.all("plan")] : [];
  const files = [
    ...texts.filter((text) => text.startsWith("@")).map((text) => text.slice(1)),
    ...words.all("file").map((text) => text.slice(text.indexOf("=") + 1)),
  ].filter((path) => path !== "-");
  return {
    read: [
      ...listed(words.text("journal")),
      ...listed(words.text("token-file")),
      ...files.map((path) => resolve(typedIn, path)),
    ],
    net: hostIn(words.text("url")),
  };
}

function hostIn(url: string | undefined): readonly string[] {
  if (url === undefined) return [];
  return listed(URL.parse(/^[a-z]+:\/\//i.test(url) ? url : `http://${url}`)?.host);
}

function listed(text: string | undefined): readonly string[] {
  return text === undefined || text === "" ? [] : [text];
}
