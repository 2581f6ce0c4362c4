/** Formats counts and sizes, and parses sizes, the same way everywhere. */

/** `1 job`, `12,345 jobs`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** `9,990 of 10,000`. */
export function countOf(count: number, total: number): string {
  return `${countText(count)} of ${countText(total)}`;
}

/** `12,345`. Without `Intl`, whose data takes a start 30 ms to load. */
export function countText(count: number): string {
  return `${Math.round(count)}`.replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** `512 bytes`, `3.4 KiB`, `64 MiB`. */
export function sizeText(bytes: number): string {
  if (bytes === 1) return "1 byte";
  const unit = bytes < 1_024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1);
  const size = bytes / 1_024 ** unit;
  const text = size < 10 ? `${Number(size.toFixed(1))}` : countText(size);
  return `${text} ${UNITS[unit]}`;
}

/** Bytes of a text such as `64MiB` or `65536`; `NaN` when it is not a whole number. */
export function parseSize(text: string): number {
  const [, digits, unit = "bytes"] = /^(\d+)(?: ?(bytes|KiB|MiB|GiB))?$/.exec(text) ?? [];
  return digits === undefined ? NaN : Number(digits) * 1_024 ** UNITS.indexOf(unit);
}
