/** The variables of this process. */

/** One that the process may not read is as good as not set; nobody is asked for permission. */
export function environment(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}
