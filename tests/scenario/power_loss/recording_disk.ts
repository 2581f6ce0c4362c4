/** The recorder of what reached the disk: a C library that is loaded before Deno. */

import { succeeds, testWhere } from "../../support/process/other_commands.ts";

const SOURCE = new URL("./recording_disk.c", import.meta.url).pathname;

const HAS_COMPILER = Deno.build.os === "linux" && await succeeds("gcc", "--version");

/** Declares a test that is left out where the recorder cannot be built. */
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
  /** What is watched. */
  readonly folder: string;
  /** While it exists, the next `fdatasync` fails. */
  readonly failing: string;
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
    this.folder = `${root}/disk`;
    this.failing = `${root}/fail`;
  }

  /** @param root A folder that only this disk uses. */
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

  /** Where every file that was ever made is found under its inode number. */
  get kept(): string {
    return `${this.#root}/kept`;
  }

  /** The power is on: all that is in the folder now is on disk. */
  async powerOn(): Promise<void> {
    await Deno.remove(this.kept, { recursive: true }).catch(ignoreMissing);
    await Deno.mkdir(this.kept);
    await Deno.writeTextFile(this.#record, "");
  }

  /** What was recorded since, a line for each call. */
  async recorded(): Promise<readonly (readonly string[])[]> {
    const text = await Deno.readTextFile(this.#record);
    // Without its newline, a line was not finished when the process died.
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
