/** Declares a test that must leave nothing open, with or without sanitizer flags. */
export function test(
  name: string,
  fn: () => Promise<void>,
  { ignore = false }: { readonly ignore?: boolean } = {},
): void {
  Deno.test({ name, fn, ignore, sanitizeOps: true, sanitizeResources: true });
}
