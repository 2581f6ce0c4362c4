/** The tests' parser refuses what a Prometheus server refuses. */

import assert from "node:assert/strict";
import { readMetrics, valueOf } from "../support/http/metrics_text.ts";

const GOOD = '# HELP a A.\n# TYPE a counter\na{b="x\\"\\\\\\n",c="d"} 2\n';

Deno.test("metrics text: names, labels with escapes and values are parsed", () => {
  assert.equal(valueOf(readMetrics(GOOD), "a", { b: 'x"\\\n', c: "d" }), 2);
  assert.equal(valueOf(readMetrics(GOOD), "a"), undefined);
});

const HISTOGRAM = "# HELP h H.\n# TYPE h histogram\n";

for (
  const [flaw, text] of [
    ["a sample without a type", "a 1\n"],
    ["a type without help", "# TYPE a counter\na 1\n"],
    ["a name that is none", "# HELP a A.\n# TYPE a counter\na-b 1\n"],
    ["a sample of another family", GOOD + "b 1\n"],
    ["a family twice", GOOD + GOOD],
    ["a series twice", GOOD + 'a{c="d",b="x\\"\\\\\\n"} 3\n'],
    ["a value that is no number", "# HELP a A.\n# TYPE a gauge\na x\n"],
    ["a counter below 0", "# HELP a A.\n# TYPE a counter\na -1\n"],
    ["a quotation mark that is not escaped", '# HELP a A.\n# TYPE a gauge\na{b="x"y"} 1\n'],
    ["no end of the last line", GOOD.trimEnd()],
    ["buckets that fall", HISTOGRAM + 'h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_count 1\n'],
    ["a count that no bucket has", HISTOGRAM + 'h_bucket{le="+Inf"} 1\nh_count 2\n'],
  ] as const
) {
  Deno.test(`metrics text: ${flaw} is refused`, () => {
    assert.throws(() => readMetrics(text), SyntaxError);
  });
}
