/** Counts and sizes, so that large ones can be read. */

const COUNTS = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** `12,345` */
export function countText(count: number): string {
  return COUNTS.format(count);
}

/** `1 job`, `12,345 jobs`. */
export function countedText(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

const SIZE_UNITS = ["KiB", "MiB", "GiB", "TiB", "PiB"];

/** `512 bytes`, `3.4 KiB`, `120 GiB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1_024) return bytes === 1 ? "1 byte" : `${Math.round(bytes)} bytes`;
  const unit = Math.min(Math.floor(Math.log2(bytes) / 10), SIZE_UNITS.length);
  const size = bytes / 1_024 ** unit;
  return `${size < 10 ? size.toFixed(1) : countText(size)} ${SIZE_UNITS[unit - 1]}`;
}
