/** Numbers with a unit, as settings take them and as they are shown. */

const BYTE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
};

const TIME_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** Bytes; `NaN` when the text is no whole number with `KiB`, `MiB`, `GiB` or no unit. */
export function parseBytes(text: string): number {
  return parseUnit(text, BYTE_UNITS);
}

/** Milliseconds; `NaN` when the text is no whole number with a unit. 0 needs none. */
export function parseTime(text: string): number {
  return text === "0" ? 0 : parseUnit(text, TIME_UNITS);
}

function parseUnit(text: string, units: Readonly<Record<string, number>>): number {
  const [, digits, unit] = /^(\d+) ?([A-Za-z]*)$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined || !Object.hasOwn(units, unit)) return NaN;
  return Number(digits) * (units[unit] ?? NaN);
}

/** As it may be given: in the largest unit that leaves no rest. */
function inUnits(value: number, units: Readonly<Record<string, number>>): string {
  const [unit = "", size = 1] =
    Object.entries(units).findLast(([, size]) => value !== 0 && value % size === 0) ??
      Object.entries(units)[0] ?? [];
  return `${value / size}${unit}`;
}

/** `64MiB`, or `1000 bytes`. */
export function bytesText(bytes: number): string {
  const text = inUnits(bytes, BYTE_UNITS);
  return /\d$|\dB$/.test(text) ? `${bytes} bytes` : text;
}

/** `15m` */
export function timeText(milliseconds: number): string {
  return inUnits(milliseconds, TIME_UNITS);
}
