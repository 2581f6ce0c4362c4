/** Records what reached the disk, with a C library that is loaded before Deno. */

import { succeeds, testWhere } from "../../support/process/tools.ts";

const SOURCE = new URL("./recording_disk.c", import.meta.url).pathname;

const HAS_COMPILER = Deno.build.os === "linux" && await succeeds("gcc", "--version");

/** Declares a test that is skipped if the recorder cannot be built. */
export function testWithRecorder(name: string, fn: () => Promise<void>): void {
  testWhere(HAS_COMPILER, "there is no gcc to build the recorder with", name, fn);
}

async function build(library: string): Promise<void> {
  const args = ["-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC"];
  const { success, stderr } = await new Deno.Command("gcc", {
    args: [...args, "-o", library, SOURCE, "-ldl", "-lpthread"],
  }).output();
  if (!success) throw new Error(`Cannot build ${SOURCE}:\n${new TextDecoder().decode(stderr)}`);
}

export class RecordingDisk {
  /** The recorded folder. */
  readonly folder: string;
  /** While it exists, the next `fdatasync` fails. */
  readonly failing: string;
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
    this.folder = `${root}/disk`;
    this.failing = `${root}/fail`;
  }

  /** @param root A folder for this disk alone. */
  static async create(root: string): Promise<RecordingDisk> {
    const disk = new RecordingDisk(root);
    await build(disk.#library);
    await Deno.mkdir(disk.folder);
    return disk;
  }

  /** The environment of a process whose disk this is. */
  get environment(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: this.#library,
      DAYBOOK_DISK_FOLDER: this.folder,
      DAYBOOK_DISK_RECORD: this.#record,
      DAYBOOK_DISK_KEPT: this.kept,
      DAYBOOK_DISK_FAIL: this.failing,
    };
  }

  /** The folder with every file that was ever created, by inode number. */
  get kept(): string {
    return `${this.#root}/kept`;
  }

  /** Turns the power on: everything in the folder is durable now. */
  async powerOn(): Promise<void> {
    await Deno.remove(this.kept, { recursive: true }).catch(ignoreMissing);
    await Deno.mkdir(this.kept);
    await Deno.writeTextFile(this.#record, "");
  }

  /** The records since then, one line per call. */
  async recorded(): Promise<readonly (readonly string[])[]> {
    const text = await Deno.readTextFile(this.#record);
    // A line without a newline was incomplete when the process died.
    return text.split("\n").slice(0, -1).map((line) => line.split("\t"));
  }

  get #library(): string {
    return `${this.#root}/recording_disk.so`;
  }

  get #record(): string {
    return `${this.#root}/record`;
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
