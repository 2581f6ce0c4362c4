/** Values as people and shells read them: sizes, durations, and words of a command. */

import assert from "node:assert/strict";
import { countText, parseSize, sizeText } from "../../src/core/counted.ts";
import { distanceText, durationText, parseDuration } from "../../src/core/duration.ts";
import { shellWord } from "../../src/core/shell_word.ts";

// Counts and sizes as people read and write them.

Deno.test("countText: thousands are separated", () => {
  assert.deepEqual([0, 999, 1_000, 1_234_567].map(countText), ["0", "999", "1,000", "1,234,567"]);
});

Deno.test("sizeText: it uses the unit that leaves few digits", () => {
  const sizes = [0, 1, 1_023, 1_024, 3_500, 10_240, 1_048_575, 5 * 1024 ** 3, 2 * 1024 ** 5];
  assert.deepEqual(sizes.map(sizeText), [
    ...["0 bytes", "1 byte", "1,023 bytes", "1 KiB", "3.4 KiB", "10 KiB", "1,024 KiB"],
    ...["5 GiB", "2 PiB"],
  ]);
});

Deno.test("parseSize: whole numbers of bytes or of binary units, and nothing else", () => {
  assert.deepEqual(["0", "65536", "64KiB", "64 MiB", "2GiB"].map(parseSize), [
    ...[0, 65_536, 65_536, 67_108_864, 2_147_483_648],
  ]);
  for (const size of [512, 65_536, 2 ** 30]) assert.equal(parseSize(sizeText(size)), size);
  for (const text of ["", "-1", "1.5MiB", "64kb", "64 kib", "lots", "KiB"]) {
    assert.ok(Number.isNaN(parseSize(text)), text);
  }
});

// Lengths of time as people read and write them.

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];

Deno.test("durationText: two units at most, and tenths below a minute", () => {
  const texts: readonly (readonly [ms: number, text: string])[] = [
    [-5, "0 ms"],
    [0, "0 ms"],
    [0.44, "0.4 ms"],
    [999.9, "999 ms"],
    [SECOND, "1 s"],
    [4_260, "4.2 s"],
    [59_990, "59.9 s"],
    [3 * MINUTE + 12 * SECOND, "3 min 12 s"],
    [HOUR - 1, "59 min 59 s"],
    [2 * HOUR + 5 * MINUTE + 59 * SECOND, "2 h 5 min"],
    [2 * DAY + 59 * MINUTE, "2 d"],
    [400 * DAY + 5 * HOUR, "400 d 5 h"],
  ];
  assert.deepEqual(texts.map(([ms]) => durationText(ms)), texts.map(([, text]) => text));
});

Deno.test("durationText: the browser's copy of the function gives the same text", () => {
  const inBrowser = new Function(`return (${durationText});`)() as typeof durationText;
  for (const ms of [0, 0.5, 320, 61_500, 9_000_000]) {
    assert.equal(inBrowser(ms), durationText(ms));
  }
});

Deno.test("distanceText: whole seconds, and one unit from ten minutes on", () => {
  const far = [
    0,
    999,
    59_900,
    90_500,
    599_999,
    600_000,
    61 * MINUTE,
    2 * HOUR,
    47 * HOUR,
    12 * DAY,
  ];
  assert.deepEqual(far.map(distanceText), [
    ...["0 s", "0 s", "59 s", "1 min 30 s", "9 min 59 s", "10 min", "61 min", "2 h", "47 h"],
    "12 d",
  ]);
});

Deno.test("parseDuration: units may be combined, with or without spaces", () => {
  const texts = ["500ms", "90s", "1.5s", "10m", "10 min", "1h30m", "1 h 30 min", "2d", "0"];
  assert.deepEqual(texts.map(parseDuration), [
    ...[500, 90 * SECOND, 1_500, 10 * MINUTE, 10 * MINUTE, 1.5 * HOUR, 1.5 * HOUR, 2 * DAY, 0],
  ]);
});

Deno.test("parseDuration: anything else is refused, including a number without a unit", () => {
  for (const text of ["", "s", "-5s", "90", "5  s", "5x", "1h30", "1e3", "PT5S", "5s ", "1h,3m"]) {
    assert.ok(Number.isNaN(parseDuration(text)), text);
  }
});

Deno.test("parseDuration: a written duration reads back as nearly the same", () => {
  for (const ms of [0, 7, 999, 4_240, 59_999, 61_000, HOUR - 1, 5 * HOUR + 61_000, 3 * DAY]) {
    const back = parseDuration(durationText(ms));
    assert.ok(ms - back >= 0 && ms - back <= Math.max(100, ms / 50), `${ms}: ${back}`);
  }
});

Deno.test("shellWord: safe words are not quoted", () => {
  for (const word of ["order-42", "a/b.ts", "http://127.0.0.1:8000", "x=1", "job~2"]) {
    assert.equal(shellWord(word), word);
  }
});

Deno.test("shellWord: everything else survives a real shell unchanged", async () => {
  const words = ["", "~", "DAYBOOK_*", "it's", "$HOME `id`", 'say "hi"', "a\nb", "#no", "!x"];
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", `printf '%s\\0' ${words.map(shellWord).join(" ")}`],
  }).output();
  assert.deepEqual(new TextDecoder().decode(stdout).split("\0").slice(0, -1), words);
});
