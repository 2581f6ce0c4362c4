import assert from "node:assert/strict";
import { shellWord } from "../../src/core/shell_word.ts";

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
