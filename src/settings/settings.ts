/**
 * The table of settings. The configuration and its type, `--help`, the start, the System screen,
 * `GET /system`, the manual and the advice on permissions derive from it. A value that no user
 * would set is a constant beside the code that uses it.
 */

import * as v from "valibot";
import { durationText, parseDuration } from "../core/duration.ts";
import { countText, parseSize, sizeText } from "../core/counted.ts";
import { errorMessage } from "../core/thrown.ts";
import { namesDatabase, placeIn } from "../postgres/place.ts";

/** How the text of a setting is parsed and shown. */
interface Kind<Value = unknown> {
  /** The placeholder of the value in `--help`; a switch has none. */
  readonly value?: string;
  readonly range?: string;
  /** Its messages follow the name of the setting: `must be a whole number from 1 to 256`. */
  readonly schema: v.GenericSchema<string, Value>;
  /** The value as text, with its unit. */
  show(value: Value): string;
}

/** The kinds of settings: how each is parsed, bounded and shown, with valibot. */
function whole(value: string, min: number, max: number): Kind<number> {
  const parse = (text: string) => /^\d+$/.test(text) ? Number(text) : NaN;
  const show = (count: number) => value === "number" ? `${count}` : `${countText(count)} ${value}`;
  return { ...numeric(parse, String, min, max, "a whole number "), value, show };
}

function bytes(min: number, max: number): Kind<number> {
  const kind = numeric(parseSize, sizeText, min, max, "", ", such as 65536, 64KiB or 64MiB");
  return { ...kind, value: "bytes", show: sizeText };
}

function time(max: number, zero = "0"): Kind<number> {
  const kind = numeric(
    parseDuration,
    durationText,
    0,
    max,
    "a time with its unit, ",
    ", such as 500ms, 90s, 15m or 2h",
  );
  return { ...kind, value: "time", show: (ms) => ms === 0 ? zero : durationText(ms) };
}

function numeric(
  parse: (text: string) => number,
  show: (value: number) => string,
  min: number,
  max: number,
  what: string,
  examples = "",
) {
  const range = `${min === 0 ? "0" : show(min)} to ${show(max)}`;
  const message = `must be ${what}from ${range}${examples}`;
  const inRange = v.pipe(v.number(message), v.minValue(min, message), v.maxValue(max, message));
  return { range, schema: v.pipe(v.string(), v.transform(parse), inRange) };
}

function text(value: string): Kind<string> {
  const schema = v.pipe(v.string(), v.nonEmpty("must not be empty"));
  return { value, schema, show: (given) => given };
}

/** @param none The text if it is not set. */
function optional(value: string, none: string): Kind<string | undefined> {
  const schema = v.pipe(v.string(), v.transform((given) => given || undefined));
  return { value, schema, show: (given) => given ?? none };
}

/** The parts of a text with commas between them. */
export function partsOf(text: string): readonly string[] {
  return text.split(",").map((part) => part.trim()).filter((part) => part !== "");
}

function list(value: string): Kind<readonly string[]> {
  const schema = v.pipe(v.string(), v.transform(partsOf));
  return { value, schema, show: (names) => names.join(", ") || "none" };
}

function choice<const Value extends string>(value: string, values: readonly Value[]): Kind<Value> {
  const message = `must be ${values.join(" or ")}`;
  const schema = v.pipe(v.string(), v.picklist(values, message));
  return { value, schema, show: (chosen) => chosen };
}

/** A folder or a database; the password of a database is not shown. */
const JOURNAL: Kind<string> = {
  value: "place",
  schema: v.pipe(
    v.string(),
    v.nonEmpty("must not be empty"),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed || !namesDatabase(dataset.value)) return;
      try {
        placeIn(dataset.value);
      } catch (error) {
        addIssue({ message: errorMessage(error) });
      }
    }),
  ),
  show: (given) => namesDatabase(given) ? placeIn(given).shown : given,
};

/** The address of a server; other processes add their paths to it. */
const ORIGIN: Kind<string | undefined> = {
  value: "url",
  schema: v.pipe(
    v.string(),
    v.check(
      (given) => given === "" || /^https?:$/.test(URL.parse(given)?.protocol ?? ""),
      "must be a URL, such as http://10.0.0.1:8000",
    ),
    v.transform((given) => given === "" ? undefined : new URL(given).origin),
  ),
  show: (given) => given ?? "the address it listens on",
};

const TRUE = ["1", "true"];

const SWITCH: Kind<boolean> = {
  schema: v.pipe(
    v.string(),
    v.picklist(["", "0", "false", ...TRUE], "must be true or false"),
    v.transform((given) => TRUE.includes(given)),
  ),
  show: (isOn) => isOn ? "yes" : "no",
};

export interface Setting extends Kind {
  /** The name of the flag, without dashes. */
  readonly flag: string;
  /** The default, as a user would write it. */
  readonly default: string;
  /** What the setting is or limits. */
  readonly help: string;
  /** Whether only a server has the setting; an embedding program decides it for itself. */
  readonly ofServer?: true;
  /** The permissions for the folder, file, module or hosts that the value names. */
  readonly needs?: "journal" | "folder" | "file" | "module" | "net";
}

const [KIB, MIB, GIB] = [1_024, 1_048_576, 1_073_741_824];
const [HOUR, DAY] = [3_600_000, 86_400_000];

/** In the order of the help. */
export const SETTINGS = {
  port: {
    ...whole("number", 0, 65_535),
    flag: "port",
    default: "8000",
    help: "port to listen on; 0 picks one",
    ofServer: true,
  },
  hostname: {
    ...text("host"),
    flag: "hostname",
    default: "127.0.0.1",
    help: "address to listen on",
    ofServer: true,
    needs: "net",
  },
  journal: {
    ...JOURNAL,
    flag: "journal",
    default: "journal",
    help: "folder of the journal, or postgres://user@host/database?journal=name",
    ofServer: true,
    needs: "journal",
  },
  copy: {
    ...optional("folder", "journal"),
    flag: "folder",
    default: "",
    help: "copy of a journal in PostgreSQL (default journal)",
    ofServer: true,
    needs: "folder",
  },
  advertise: {
    ...ORIGIN,
    flag: "advertise",
    default: "",
    help: "URL at which other processes of a shared journal reach this one",
    ofServer: true,
  },
  definitions: {
    ...optional("module", "none"),
    flag: "definitions",
    default: "",
    help: "module with your own definitions",
    ofServer: true,
    needs: "module",
  },
  maxRunning: {
    ...whole("jobs", 1, 10_000),
    flag: "max-running",
    default: "16",
    help: "jobs that run at a time",
  },
  bodyBytesMax: {
    ...bytes(KIB, 64 * MIB),
    flag: "body-bytes",
    default: "1MiB",
    help: "largest request body",
  },
  maxStartDelayMs: {
    ...time(DAY),
    flag: "max-start-delay",
    default: "15m",
    help: "how far ahead startAt may be",
  },
  segmentBytes: {
    ...bytes(4 * KIB, GIB),
    flag: "segment-bytes",
    default: "64MiB",
    help: "size of a segment of the journal",
  },
  snapshotEvery: {
    ...whole("entries", 100, 1_000_000_000),
    flag: "snapshot-every",
    default: "100000",
    help: "the most entries between snapshots",
  },
  drainMs: {
    ...time(HOUR),
    flag: "drain",
    default: "10s",
    help: "time for running tasks to finish at a stop",
  },
  stallExitMs: {
    ...time(DAY, "never"),
    flag: "stall-exit",
    default: "60s",
    help: "ends a server whose event loop is blocked; 0: never",
    ofServer: true,
  },
  logFormat: {
    ...choice("format", ["text", "json"]),
    flag: "log",
    default: "text",
    help: "text, or one JSON object a line",
    ofServer: true,
  },
  tokenFile: {
    ...optional("file", "no token"),
    flag: "token-file",
    default: "",
    help: "file of bearer tokens",
    ofServer: true,
    needs: "file",
  },
  secretKeyFile: {
    ...optional("file", "no key"),
    flag: "secret-key-file",
    default: "",
    help: "file of the key that wraps the keys of sealed inputs",
    needs: "file",
  },
  allowedHosts: {
    ...list("names"),
    flag: "allowed-hosts",
    default: "",
    help: "further names of this server, separated by commas",
  },
  webhookHosts: {
    ...list("hosts"),
    flag: "webhook-hosts",
    default: "",
    help: "allowed targets of webhooks: host or host:port, separated by commas",
    ofServer: true,
    needs: "net",
  },
  acceptSnapshotAhead: {
    ...SWITCH,
    flag: "accept-snapshot-ahead",
    default: "",
    help: "start even if the end of the journal is known to be lost",
  },
  hold: {
    ...SWITCH,
    flag: "hold",
    default: "",
    help: "start with everything paused, to look and cancel first",
  },
} as const satisfies Readonly<Record<string, Setting>>;

type Table = typeof SETTINGS;
export type SettingName = keyof Table;

/** The values of all settings. */
export type Settings = {
  readonly [Name in SettingName]: v.InferOutput<Table[Name]["schema"]>;
};

/** The table as a list. */
export const SETTING_LIST: readonly (readonly [name: SettingName, setting: Setting])[] = Object
  .entries(SETTINGS) as [SettingName, Setting][];

/** The flags, for `parseArgs`. */
export const FLAG_OPTIONS = Object.fromEntries(
  SETTING_LIST.map(([, { flag, value }]) => [
    flag,
    { type: value === undefined ? "boolean" as const : "string" as const },
  ]),
);

/** The environment twin of a flag: `--segment-bytes` is `DAYBOOK_SEGMENT_BYTES`. */
export function environmentName(flag: string): string {
  return `DAYBOOK_${flag.replaceAll("-", "_").toUpperCase()}`;
}
