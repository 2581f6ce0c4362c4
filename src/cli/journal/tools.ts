/** The parts of the system that commands on a journal use; the real ones come from `journal.ts`. */

import type { AnyJobDefinition } from "../../engine/definition.ts";
import type { Clock, Random } from "../../engine/ports.ts";
import type { FileSystem } from "../../journal/file_system.ts";
import type { Layout } from "../../journal/layout.ts";
import type { Scratch } from "../../verify/audit.ts";
import type { Times } from "../times.ts";

export interface JournalTools {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly times: Times;
  /** Aborts when the user interrupts the command, or the reader of its output has exited. */
  interrupted(): AbortSignal;
  /** As in `AuditOptions`; in a file beside the segments. */
  scratchIn?(layout: Layout): Scratch;
  /** Writes bytes to standard output unchanged; `false` once its reader has exited. */
  write(bytes: Uint8Array): boolean;
  /**
   * The shipped definitions, and those of a module. From then on, user code runs in this process.
   *
   * @throws {TypeError} or an error from the module.
   */
  definitions(module: string | undefined): Promise<readonly AnyJobDefinition[]>;
}
