/** The database of a shared journal, for the commands that use one. */

import { EXIT } from "../../core/exit_codes.ts";
import { errorMessage } from "../../core/thrown.ts";
import type { Permissions } from "../../core/permissions.ts";
import { SharedLogError } from "../../journal/write/shared_log.ts";
import { DivergedHistoryError } from "../../tools/shared_transfer.ts";
import { namesDatabase, type Place, placeIn } from "../../postgres/place.ts";
import type { PostgresTable } from "../../postgres/open.ts";
import { secretKeyIn } from "../../settings/configuration.ts";
import { databaseHosts } from "../../settings/permission_advice.ts";
import { CommandError, type CommandInput, type CommandOption, UsageError } from "../command.ts";
import { readSecretFile } from "../server_address.ts";
import type { JournalTools } from "./folder.ts";

/** There are no tables. */
const NO_TABLE = "42P01";

export const SECRET_KEY_OPTION: CommandOption = {
  name: "secret-key-file",
  value: "file",
  help: "the key that wraps the keys of sealed inputs; DAYBOOK_SECRET_KEY",
};

/** The database of a command. The text may contain a password, so messages do not repeat it. */
export function parseDatabase(text: string): Place {
  try {
    if (!namesDatabase(text)) throw new TypeError("must be postgres://user@host/database");
    return placeIn(text);
  } catch (error) {
    throw new UsageError(`the database ${errorMessage(error)}`);
  }
}

export function databasePermissions(text: string | undefined, input: CommandInput): Permissions {
  const file = input.text("secret-key-file");
  return { net: databaseHosts(text ?? ""), read: file === undefined ? [] : [file] };
}

/** Opens the rows of a journal for the duration of a call; errors become command errors. */
export async function withTable<Result>(
  place: Place,
  { warn }: CommandInput,
  { clock }: JournalTools,
  run: (table: PostgresTable) => Promise<Result>,
): Promise<Result> {
  // Imported here, so that other commands do not load the driver.
  const { PostgresTable } = await import("../../postgres/open.ts");
  const table = new PostgresTable({ place, clock, warn });
  try {
    return await run(table);
  } catch (error) {
    throw commandError(error, place);
  } finally {
    await table.end();
  }
}

function commandError(error: unknown, place: Place): unknown {
  if (error instanceof DivergedHistoryError) return new CommandError(error.message, EXIT.negative);
  if (error instanceof SharedLogError) {
    return new CommandError(`Cannot use ${place.shown}: ${error.message}`, error.exitCode);
  }
  if (error instanceof Deno.errors.NotCapable) {
    const net = databaseHosts(place.url);
    return CommandError.lacking(`Cannot reach ${place.shown}`, EXIT.unreadable, { net });
  }
  const cause = error instanceof Error ? error.cause : undefined;
  const isTableMissing = cause instanceof Error && "code" in cause && cause.code === NO_TABLE;
  if (!isTableMissing) return error;
  return new CommandError(`Cannot use ${place.shown}: ${cause.message}`, EXIT.noTables);
}

/**
 * Called once: the file may be a pipe, which is empty afterwards.
 *
 * @throws {UsageError} if the secret key is invalid.
 */
export function secretKeyOption(input: CommandInput): Uint8Array | undefined {
  const file = input.text("secret-key-file");
  if (file !== undefined) return readSecretKey(file);
  const text = input.env("DAYBOOK_SECRET_KEY");
  return text === undefined ? undefined : parseSecretKey(text);
}

/** @throws {UsageError} if the secret key is invalid. */
export function readSecretKey(file: string): Uint8Array {
  return parseSecretKey(readSecretFile(file, file, EXIT.unreadable));
}

function parseSecretKey(text: string): Uint8Array {
  const key = secretKeyIn(text);
  if (key === undefined) throw new UsageError("the secret key must be 32 bytes in base64 or hex");
  return key;
}

/** @throws {UsageError} if there are keys, but no secret key to wrap them with. */
export function requireSecretKey(key: Uint8Array | undefined, keys: number, where: string): void {
  if (keys === 0 || key !== undefined) return;
  throw new UsageError(
    `${where} has keys of sealed inputs: give --secret-key-file, the same as that of the servers`,
  );
}
