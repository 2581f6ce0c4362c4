/** Temporary folders for measurements. */

/** Runs a function with a temporary folder, which is removed afterwards. */
export async function withFolder<Result>(
  run: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await temporaryFolder();
  try {
    return await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export function temporaryFolder(): Promise<string> {
  return Deno.makeTempDir({ prefix: "daybook-bench-" });
}
