/** Programs beside Deno, which a test machine may lack. */

/** Whether all of these programs exist. */
export function hasTools(...tools: readonly string[]): boolean {
  return tools.every(isInstalled);
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

/** Whether a command exists and succeeds. */
export async function succeeds(command: string, ...args: readonly string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(command, { args: [...args] }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Declares a test that is skipped, with the reason in its name, if it cannot run. */
export function testWhere(
  isPossible: boolean,
  reason: string,
  name: string,
  fn: (t: Deno.TestContext) => Promise<void>,
): void {
  Deno.test({ name: isPossible ? name : `${name} (SKIPPED: ${reason})`, ignore: !isPossible, fn });
}
