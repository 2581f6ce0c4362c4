/**
 * A stand-in for `jsr:@std/ulid`, for machines that cannot reach the JSR registry. It offers the
 * part of the documented API that Daybook uses, written from the ULID specification
 * (https://github.com/ulid/spec). See "Dependencies" in CONTRIBUTING.md.
 *
 * @module
 */

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_LENGTH = 10;
const RANDOM_LENGTH = 16;
const TIME_MAX = 2 ** 48 - 1;

/**
 * A ULID for the given time, in milliseconds since the epoch.
 *
 * @throws {RangeError} if the time is not an integer from 0 to 2^48 - 1.
 */
export function ulid(seedTime: number = Date.now()): string {
  return encodeTime(seedTime) + encodeRandom(randomDigits());
}

let lastTime = -1;
let lastDigits = new Uint8Array(RANDOM_LENGTH);
/** The last ULID without its last digit, which is usually the only one that changes. */
let lastPrefix = "";

/**
 * A ULID that sorts after all earlier ones of this function: within one millisecond, or when the
 * clock goes back, the random part is incremented.
 *
 * @throws {RangeError} if the time is out of range, or the random part is used up.
 */
export function monotonicUlid(seedTime: number = Date.now()): string {
  const last = RANDOM_LENGTH - 1;
  if (seedTime > lastTime) {
    lastTime = seedTime;
    lastDigits = randomDigits();
    lastPrefix = encodeTime(seedTime) + encodeRandom(lastDigits.subarray(0, last));
  } else if (increment(lastDigits)) {
    lastPrefix = encodeTime(lastTime) + encodeRandom(lastDigits.subarray(0, last));
  }
  return lastPrefix + ALPHABET[lastDigits[last] ?? 0];
}

/**
 * The time that a ULID was made for, in milliseconds since the epoch.
 *
 * @throws {Error} if the text is not a ULID.
 */
export function decodeTime(text: string): number {
  if (!/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text)) throw new Error(`Cannot decode ULID: ${text}`);
  let time = 0;
  for (const character of text.slice(0, TIME_LENGTH)) {
    time = time * 32 + ALPHABET.indexOf(character);
  }
  return time;
}

function encodeTime(time: number): string {
  if (!Number.isInteger(time) || time < 0 || time > TIME_MAX) {
    throw new RangeError(`Time must be a whole number from 0 to ${TIME_MAX}: ${time}`);
  }
  let text = "";
  for (let rest = time, length = TIME_LENGTH; length > 0; length--) {
    text = ALPHABET[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

function encodeRandom(digits: Uint8Array): string {
  let text = "";
  for (const digit of digits) text += ALPHABET[digit];
  return text;
}

/** Getting random bytes costs about the same for one id as for many. */
const random = new Uint8Array(64 * RANDOM_LENGTH);
let randomAt = random.length;

function randomDigits(): Uint8Array<ArrayBuffer> {
  if (randomAt === random.length) {
    crypto.getRandomValues(random);
    randomAt = 0;
  }
  const digits = random.slice(randomAt, randomAt += RANDOM_LENGTH);
  for (let index = 0; index < digits.length; index++) digits[index] = (digits[index] ?? 0) % 32;
  return digits;
}

/** Increments by one; returns whether more than the last digit has changed. */
function increment(digits: Uint8Array): boolean {
  for (let index = digits.length - 1; index >= 0; index--) {
    const digit = digits[index] ?? 0;
    if (digit < 31) {
      digits[index] = digit + 1;
      return index < digits.length - 1;
    }
    digits[index] = 0;
  }
  throw new RangeError("Cannot make another ULID in this millisecond: the random part is used up");
}
