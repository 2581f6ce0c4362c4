/** Programs that readers have, and a machine that runs the tests may lack. */

export function hasTools(...tools: readonly string[]): boolean {
  return tools.every((tool) => {
    try {
      return new Deno.Command(tool, { args: ["--version"], stdout: "null" }).outputSync().success;
    } catch {
      return false;
    }
  });
}

/** Whether there is such a program, for those that do not all know `--version`. */
export function isInstalled(tool: string): boolean {
  const args = ["-c", 'command -v "$0"', tool];
  return new Deno.Command("sh", { args, stdout: "null", stderr: "null" }).outputSync().success;
}
