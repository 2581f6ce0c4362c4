/** Reads the incidents of a set: the other files export them, and `unseen.ts` is the second set. */

import type { Incident } from "../incident.ts";

export interface Named {
  readonly name: string;
  readonly incident: Incident;
}

export const SETS = ["seen", "unseen"] as const;

export async function incidentsOf(set: typeof SETS[number]): Promise<readonly Named[]> {
  const files = (await Array.fromAsync(Deno.readDir(import.meta.dirname ?? "")))
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".ts") && !["collected.ts", "table.ts"].includes(name))
    .filter((name) => (name === "unseen.ts") === (set === "unseen"));
  const modules = await Promise.all(
    files.map((name) => import(new URL(name, import.meta.url).href)),
  );
  return modules.flatMap((module) => Object.entries<Incident>(module))
    .map(([name, incident]) => ({ name: inWords(name), incident }))
    .toSorted((one, other) => one.name < other.name ? -1 : 1);
}

function inWords(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
