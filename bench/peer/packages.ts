/** Packages from npm, in a temporary folder, and a Node that runs them. */

import { basename } from "node:path";
import { temporaryFolder } from "../folder.ts";
import { haveProgram } from "../system.ts";

const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: "x64", aarch64: "arm64" };
/** The name of the machine in packages of programs. */
export const PLATFORM = `linux-${ARCHITECTURES[Deno.build.arch] ?? Deno.build.arch}`;
const NODE = `node-${PLATFORM}`;
/** Restate and pg-boss do not run on Debian's Node. */
const NODE_MAJOR = 24;

export class Packages implements AsyncDisposable {
  readonly folder: string;
  readonly node: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.node = this.program(NODE, "node");
  }

  /** Returns the reason as text if they cannot be installed. */
  static async install(names: readonly string[]): Promise<Packages | string> {
    if (!await haveProgram("npm")) return "there is no npm, and no way to install it";
    const folder = await temporaryFolder();
    // None of the packages needs an install script, and a script could download anything.
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

  /** The path of a program in a package of programs. */
  program(packageName: string, program: string): string {
    return `${this.folder}/node_modules/${packageName}/bin/${program}`;
  }

  /** Copies scripts to a place where Node finds the packages. */
  async add(...scripts: readonly URL[]): Promise<void> {
    for (const script of scripts) {
      await Deno.copyFile(script, `${this.folder}/${basename(script.pathname)}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
