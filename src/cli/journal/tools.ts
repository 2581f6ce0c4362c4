/** What the commands on a journal need of the machine; only `journal.ts` has the real ones. */

import type { AnyJobDefinition } from "../../engine/definition.ts";
import type { Clock, Random } from "../../engine/ports.ts";
import type { FileSystem } from "../../journal/file_system.ts";
import type { Layout } from "../../journal/layout.ts";
import type { AuditOptions, Scratch } from "../../verify/audit.ts";
import type { Times } from "../times.ts";

export interface JournalTools {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly times: Times;
  /** Aborts when the user wants the command to end, or who reads its output is gone. */
  interrupted(): AbortSignal;
  /** As of `AuditOptions`, beside the segments. */
  scratchIn?(layout: Layout): Scratch;
  /** Writes to the standard output as it is; `false` once its reader is gone. */
  write(bytes: Uint8Array): boolean;
  /**
   * The definitions that ship, and those of a module. From then on the code of others runs in
   * this process.
   *
   * @throws {TypeError} or an error of the module.
   */
  definitions(module: string | undefined): Promise<readonly AnyJobDefinition[]>;
}

/** What a proof of a journal is given of it. */
export function scratchOption(
  { scratchIn }: JournalTools,
  layout: Layout,
): Pick<AuditOptions, "scratch"> {
  return scratchIn === undefined ? {} : { scratch: () => scratchIn(layout) };
}
