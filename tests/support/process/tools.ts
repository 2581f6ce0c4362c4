/** Programs that the documentation needs, and that a test machine may lack. */

export function hasTools(...tools: readonly string[]): boolean {
  return tools.every((tool) => {
    try {
      return new Deno.Command(tool, { args: ["--version"], stdout: "null" }).outputSync().success;
    } catch {
      return false;
    }
  });
}

/** Whether a program exists, without relying on `--version`. */
export function isInstalled(tool: string): boolean {
  const args = ["-c", 'command -v "$0"', tool];
  return new Deno.Command("sh", { args, stdout: "null", stderr: "null" }).outputSync().success;
}

/** The reason in the name of a skipped test; empty if the program exists. */
export function leftOut(tool: string): string {
  return isInstalled(tool) ? "" : ` (LEFT OUT: ${tool} is not installed)`;
}
