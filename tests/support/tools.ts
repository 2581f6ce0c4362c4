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
