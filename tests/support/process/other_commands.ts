/** System commands that some tests need, and that a machine may lack or forbid. */

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
