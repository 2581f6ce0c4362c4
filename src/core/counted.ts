import { countText } from "./size.ts";

/** `1 job`, `12,345 jobs`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** `9,990 of 10,000`. */
export function countOf(count: number, total: number): string {
  return `${countText(count)} of ${countText(total)}`;
}
