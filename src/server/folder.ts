/** What a start asks of the journal's folder before it creates anything there. */

import { basename, dirname, join, resolve } from "node:path";
import { DenoFileSystem } from "../journal/files/deno_file_system.ts";
import { makeNamedFolder } from "../journal/files/named_folder.ts";
import { journalLayout, TEMPORARY } from "../journal/layout.ts";

/**
 * A start that cannot listen creates no journal. But a folder that cannot be used is the first reason
 * to fail, before anything listens, and so is a journal that another process holds.
 *
 * @param listen Returns the server, or the reason why it cannot listen.
 * @returns That reason; then nothing was created.
 * @throws {JournalUnusableError} if the folder is missing and cannot be created.
 */
export async function listenFirst(
  folder: string,
  listen: () => object | string,
  warn: (message: string) => void,
): Promise<string | undefined> {
  if (isThere(journalLayout(folder).lock) !== false) return undefined;
  const isNew = isThere(folder) === false;
  await makeNamedFolder(new DenoFileSystem(), folder, warn);
  const listening = isWritable(folder) ? listen() : undefined;
  if (typeof listening !== "string") return undefined;
  // Another start may use it by now.
  if (isNew) await Deno.remove(folder).catch(() => {});
  return listening;
}

/** If it is not, opening the journal says why. */
function isWritable(folder: string): boolean {
  try {
    Deno.removeSync(Deno.makeTempFileSync({ dir: folder, suffix: TEMPORARY }));
    return true;
  } catch {
    return false;
  }
}

/**
 * The outer journal would refuse to start because of files that it did not write, and a backup or a
 * deletion of it would take the inner one with it.
 *
 * @throws {TypeError} if the folder is inside that of another journal, as far as this process may
 * see.
 */
export function requireOwnFolder(folder: string): void {
  const path = resolve(folder);
  // The permissions may be for the path as it is given, or for where its links lead.
  const outer = [path, realPath(path)].flatMap(foldersAround).find(isJournal);
  if (outer === undefined) return;
  const beside = join(dirname(outer), basename(folder));
  throw new TypeError(
    `Cannot use ${folder} for a journal: it is inside ${outer}, the folder of another journal; ` +
      `name one beside it, such as ${beside}`,
  );
}

/** Without symbolic links, as far as this process may read them. */
function realPath(path: string): string {
  const around = dirname(path);
  if (around === path) return path;
  try {
    if (mayRead(path)) return Deno.realPathSync(path);
  } catch {
    // It is missing, or a link to what is missing.
  }
  return join(realPath(around), basename(path));
}

/** The nearest first. */
function foldersAround(folder: string): readonly string[] {
  const around = dirname(folder);
  return around === folder ? [] : [around, ...foldersAround(around)];
}

function isJournal(folder: string): boolean {
  const { lock, segments } = journalLayout(folder);
  return isThere(lock) === true && isThere(segments) === true;
}

/** In a terminal Deno would ask for a missing permission. */
function mayRead(path: string): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

/** `undefined` if that cannot be seen. */
function isThere(path: string): boolean | undefined {
  if (!mayRead(path)) return undefined;
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? false : undefined;
  }
}
