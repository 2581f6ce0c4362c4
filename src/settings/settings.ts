/**
 * The table of settings. A setting is one value here; the configuration and its type, `--help`,
 * the start, the System screen, `GET /system`, the manual and the advice on permissions read it.
 * A value that no user would set is a constant beside the code that uses it.
 */

import * as v from "valibot";
import { durationText, parseDuration } from "../core/duration.ts";
import { countText, parseSize, sizeText } from "../core/size.ts";
import { errorMessage } from "../core/thrown.ts";
import { namesDatabase, placeIn } from "../postgres/place.ts";

/** How the text of a setting is read and shown. */
interface Kind<Value = unknown> {
  /** What stands for its value in `--help`; a switch has none. */
  readonly value?: string;
  /** From the smallest to the largest value, in words. */
  readonly range?: string;
  /** Its message follows the name of the setting: `must be from 1 to 256`. */
  readonly schema: v.GenericSchema<string, Value>;
  /** In words, with its unit. */
  show(value: Value): string;
}

/** The kinds of settings: how each is read, bounded and shown. valibot reads and checks. */
function whole(value: string, min: number, max: number): Kind<number> {
  const parse = (text: string) => /^\d+$/.test(text) ? Number(text) : NaN;
  const show = (count: number) => value === "number" ? `${count}` : `${countText(count)} ${value}`;
  return { ...numeric(parse, String, min, max), value, show };
}

function bytes(min: number, max: number): Kind<number> {
  const kind = numeric(parseSize, sizeText, min, max, ", such as 65536, 64KiB or 64MiB");
  return { ...kind, value: "bytes", show: sizeText };
}

function time(max: number, zero = "0"): Kind<number> {
  const kind = numeric(parseDuration, durationText, 0, max, ", such as 500ms, 90s, 15m or 2h");
  return { ...kind, value: "time", show: (ms) => ms === 0 ? zero : durationText(ms) };
}

function numeric(
  parse: (text: string) => number,
  show: (value: number) => string,
  min: number,
  max: number,
  examples = "",
) {
  const range = `${min === 0 ? "0" : show(min)} to ${show(max)}`;
  const message = `must be from ${range}${examples}`;
  const inRange = v.pipe(v.number(message), v.minValue(min, message), v.maxValue(max, message));
  return { range, schema: v.pipe(v.string(), v.transform(parse), inRange) };
}

function text(value: string): Kind<string> {
  const schema = v.pipe(v.string(), v.nonEmpty("must not be empty"));
  return { value, schema, show: (given) => given };
}

/** @param none What is shown when it is not set. */
function optional(value: string, none: string): Kind<string | undefined> {
  const schema = v.pipe(v.string(), v.transform((given) => given || undefined));
  return { value, schema, show: (given) => given ?? none };
}

function list(value: string): Kind<readonly string[]> {
  const parts = (given: string) =>
    given.split(",").map((part) => part.trim()).filter((part) => part !== "");
  const schema = v.pipe(v.string(), v.transform(parts));
  return { value, schema, show: (names) => names.join(", ") || "none" };
}

function choice<const Value extends string>(
  value: string,
  values: readonly Value[],
): Kind<Value> {
  const message = `must be ${values.join(" or ")}`;
  const schema = v.pipe(v.string(), v.picklist(values, message));
  return { value, schema, show: (chosen) => chosen };
}

/** A folder, or a database, whose password is not shown. */
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
  /** Without the dashes. */
  readonly flag: string;
  /** As it would be given. */
  readonly default: string;
  /** What it is or bounds. */
  readonly help: string;
  /** Only a server of its own has it; a program around Daybook decides this for itself. */
  readonly ofServer?: true;
  /**
   * What a process with it has to be allowed: to use the folder, file, module or hosts it names.
   */
  readonly needs?: "journal" | "folder" | "file" | "module" | "net";
}

const [KIB, MIB, GIB] = [1_024, 1_048_576, 1_073_741_824];
const [HOUR, DAY] = [3_600_000, 86_400_000];

/** In the order in which they are explained and printed. */
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
    help: "copy of a journal that is in PostgreSQL (journal)",
    ofServer: true,
    needs: "folder",
  },
  advertise: {
    ...optional("url", "where it listens"),
    flag: "advertise",
    default: "",
    help: "where other processes of a journal in PostgreSQL reach this one",
    ofServer: true,
  },
  definitions: {
    ...optional("module", "none"),
    flag: "definitions",
    default: "",
    help: "your own definitions",
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
    help: "entries between snapshots",
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
    help: "other names of this server, separated by commas",
  },
  webhookHosts: {
    ...list("hosts"),
    flag: "webhook-hosts",
    default: "",
    help: "where webhooks may go: host or host:port, separated by commas",
    ofServer: true,
    needs: "net",
  },
  acceptSnapshotAhead: {
    ...SWITCH,
    flag: "accept-snapshot-ahead",
    default: "",
    help: "start although the end of the journal is known to be lost",
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

/** The value of each setting. */
export type Settings = {
  readonly [Name in SettingName]: v.InferOutput<Table[Name]["schema"]>;
};

/** The table as a list, for what reads all of it. */
export const SETTING_LIST: readonly (readonly [name: SettingName, setting: Setting])[] = Object
  .entries(SETTINGS) as [SettingName, Setting][];

/** The environment twin of a flag: `--segment-bytes` is `DAYBOOK_SEGMENT_BYTES`. */
export function environmentName(flag: string): string {
  return `DAYBOOK_${flag.replaceAll("-", "_").toUpperCase()}`;
}
