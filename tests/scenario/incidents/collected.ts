/** Reads the incidents of a folder: each file exports one as `incident`. */

import type { Incident } from "../incident.ts";

export interface Named {
  readonly name: string;
  readonly incident: Incident;
}

export async function incidentsIn(folder: "." | "unseen"): Promise<readonly Named[]> {
  const here = new URL(`${folder}/`, import.meta.url);
  const names: string[] = [];
  for await (const { name } of Deno.readDir(here)) {
    if (name.endsWith(".ts") && !["collected.ts", "table.ts"].includes(name)) names.push(name);
  }
  return await Promise.all(
    names.toSorted().map(async (name) => ({
      name: name.slice(0, -3).replaceAll("_", " "),
      incident: (await import(new URL(name, here).href)).incident,
    })),
  );
}
