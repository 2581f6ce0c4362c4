/** Loads the module that `--definitions` names. */

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import * as v from "valibot";
import { durationText } from "../core/duration.ts";
import { errorMessage } from "../core/thrown.ts";
import type { AnyJobDefinition } from "../engine/definition.ts";

// The platform's own: the module may replace the global ones.
const { setTimeout, clearTimeout } = globalThis;

/** The module cannot be used; the message is for its author. */
export class DefinitionsError extends Error {
  override readonly name = "DefinitionsError";

  constructor(
    message: string,
    /** The paths that this process lacks permission to read, if that is the reason. */
    readonly unreadable: readonly string[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A module that takes longer to load is reported. */
const SLOW_MS = 5_000;

/** The sources of Daybook. */
const SOURCES = fileURLToPath(new URL("../", import.meta.url));
const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/**
 * Whether a value looks like a definition; the registry validates it. Reads no other member: it may
 * be a getter that throws.
 */
const definitionSchema = v.object({ type: v.string(), run: v.function() });

/**
 * All definitions that a module exports, made by `defineJob`, alone or in lists. Other exports are
 * ignored.
 *
 * @param specifier A path relative to the current folder, or a URL.
 * @param slowMs After this time a line on standard error says that the module is still loading: it
 * may loop, or await something that never happens.
 * @throws {DefinitionsError} if it cannot be loaded, or exports no definition.
 */
export async function loadDefinitions(
  specifier: string,
  slowMs: number = SLOW_MS,
): Promise<readonly AnyJobDefinition[]> {
  // A definition that is exported twice counts once.
  const definitions = new Set<AnyJobDefinition>();
  const exportOf = new Map<string, string>();
  for (const [name, exported] of Object.entries(await load(specifier, slowMs))) {
    for (const value of [exported].flat().filter(isDefinition)) {
      const which = nameOf(specifier, name, value);
      const other = definitions.has(value) ? undefined : exportOf.get(which);
      if (other !== undefined) throw givenTwice(specifier, which, other, name);
      definitions.add(value);
      exportOf.set(which, name);
    }
  }
  if (definitions.size === 0) {
    throw new DefinitionsError(
      `Cannot use --definitions ${specifier}: it exports nothing made by defineJob`,
    );
  }
  return [...definitions];
}

/** What cannot be read is another export, such as a proxy. */
function isDefinition(value: unknown): value is AnyJobDefinition {
  try {
    return v.is(definitionSchema, value);
  } catch {
    return false;
  }
}

/**
 * Several versions of a type may be loaded.
 *
 * @throws {DefinitionsError} if they cannot be read.
 */
function nameOf(specifier: string, name: string, definition: AnyJobDefinition): string {
  try {
    const { type, version } = definition;
    return `type ${type}, version ${version}`;
  } catch (error) {
    throw new DefinitionsError(
      `Cannot use --definitions ${specifier}: its export ${name} cannot be read: ` +
        errorMessage(error),
    );
  }
}

function givenTwice(specifier: string, which: string, one: string, other: string) {
  const where = one === other ? `${one} exports both` : `${one} and ${other} each export one`;
  return new DefinitionsError(
    `Cannot use --definitions ${specifier}: two definitions have ${which}; ${where}`,
  );
}

async function load(specifier: string, slowMs: number): Promise<Record<string, unknown>> {
  // A loop at its top level blocks this timer, too. A thread would not be blocked, but starting one
  // takes a twentieth of a start: instead, a server says beforehand what it loads.
  const report = setTimeout(() => console.error(slowText(specifier, slowMs)), slowMs);
  try {
    return await import(urlOf(specifier));
  } catch (error) {
    // Deno colours its own messages.
    const reason = stripVTControlCharacters(errorMessage(error));
    const missing = /read access to "([^"]+)"/.exec(reason)?.[1];
    if (missing === undefined) {
      const place = placeOf(error);
      throw new DefinitionsError(
        `Cannot load --definitions ${specifier}: ${reason}${place}`,
        [],
        { cause: error },
      );
    }
    const unreadable = readWith(specifier, missing);
    throw new DefinitionsError(
      `Cannot load --definitions ${specifier}: permission to read ${missing} is missing; ` +
        `if the name is right, add --allow-read=${unreadable.join(",")}`,
      unreadable,
      { cause: error },
    );
  } finally {
    clearTimeout(report);
  }
}

function slowText(specifier: string, slowMs: number): string {
  return `daybook: still loading --definitions ${specifier} after ${
    durationText(slowMs)
  }: it, or a ` +
    "module that it imports, awaits something at its top level, or is being downloaded; " +
    "nothing starts until it is loaded";
}

/** ` (at /home/ada/jobs.ts:3:7)`: the first line of the stack that is not in Daybook's sources. */
function placeOf(error: unknown): string {
  const stack = error instanceof Error ? error.stack ?? "" : "";
  const places = stack.matchAll(/^ +at .*?file:\/\/([^\s()]+:\d+:\d+)\)?$/gm);
  const place = places.map(([, path]) => decodeURI(path ?? ""))
    .find((path) => !path.startsWith(SOURCES) && !path.startsWith(MAIN));
  return place === undefined ? "" : ` (at ${place})`;
}

/**
 * A module is read together with its imports: `src/mod.ts` of Daybook and what that imports. If one
 * of its own files cannot be read, the permission names the folder, since more files are likely to
 * follow.
 */
function readWith(specifier: string, missing: string): readonly string[] {
  const module = fileURLToPath(urlOf(specifier));
  if (missing === module || missing.startsWith(SOURCES)) return [specifier, "src"];
  const folder = dirname(specifier);
  const isInside = missing.startsWith(`${dirname(module)}/`);
  return isInside ? [folder, "src"] : [folder, "src", dirname(missing)];
}

function urlOf(specifier: string): string {
  if (/^[a-z][a-z0-9+.-]+:/.test(specifier)) return specifier;
  const folder = specifier.startsWith("/") ? "file:///" : `file://${Deno.cwd()}/`;
  return new URL(specifier, folder).href;
}
