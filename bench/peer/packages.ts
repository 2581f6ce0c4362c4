/** Packages from npm, in a folder that goes with them, and a Node that runs them. */

import { basename } from "node:path";
import { temporaryFolder } from "../folder.ts";
import { haveProgram } from "../system.ts";

const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: "x64", aarch64: "arm64" };
/** As packages of programs name the machine. */
export const PLATFORM = `linux-${ARCHITECTURES[Deno.build.arch] ?? Deno.build.arch}`;
const NODE = `node-${PLATFORM}`;
/** Restate's and pg-boss's do not run on the Node that Debian has. */
const NODE_MAJOR = 24;

export class Packages implements AsyncDisposable {
  readonly folder: string;
  readonly node: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.node = this.program(NODE, "node");
  }

  /** Or, in words, why they cannot be had. */
  static async install(names: readonly string[]): Promise<Packages | string> {
    if (!await haveProgram("npm")) return "there is no npm, and no way to install it";
    const folder = await temporaryFolder();
    // None of them has a script that has to run, and a script could fetch from anywhere.
    const quietly = ["--no-audit", "--no-fund", "--silent", "--ignore-scripts"];
    const { success } = await new Deno.Command("npm", {
      args: ["install", ...quietly, ...names, `${NODE}@${NODE_MAJOR}`],
      cwd: folder,
      stdout: "null",
    }).output();
    const packages = new Packages(folder);
    if (success) return packages;
    await packages[Symbol.asyncDispose]();
    return `npm could not install ${names.join(", ")}`;
  }

  /** Where a package of programs has one of them. */
  program(packageName: string, program: string): string {
    return `${this.folder}/node_modules/${packageName}/bin/${program}`;
  }

  /** Copies scripts to where Node finds the packages. */
  async add(...scripts: readonly URL[]): Promise<void> {
    for (const script of scripts) {
      await Deno.copyFile(script, `${this.folder}/${basename(script.pathname)}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
