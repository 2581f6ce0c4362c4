// Draws the charts of `picture.ts`: one small chart a figure, one under the other. Takes the
// file of what to draw, and the one for the SVG.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// Asked for by name, so that `deno check` does not look for a package that only Node has here.
const find = createRequire(import.meta.url).resolve;
const load = (name) => import(pathToFileURL(find(name)).href);
const { parse, View } = await load("vega");
const { compile } = await load("vega-lite");

const WIDTH = 640;
const HEIGHT = 80;

/** Each vertical axis begins with 0, so that what looks flat is flat. */
function chartOf([field, title]) {
  const x = { field: "jobs", axis: { tickCount: 5 } };
  const y = { field, axis: { tickCount: 4 }, scale: { zero: true } };
  return {
    width: WIDTH,
    height: HEIGHT,
    title: { text: title, anchor: "start", fontSize: 11 },
    mark: "line",
    encoding: {
      x: { ...x, type: "quantitative", title: null },
      y: { ...y, type: "quantitative", title: null },
    },
  };
}

const [from, to] = process.argv.slice(2);
const { title, figures, samples } = JSON.parse(readFileSync(from, "utf8"));
const { spec } = compile({
  title: { text: title, anchor: "start" },
  // Descriptions of each mark are most of the file otherwise.
  config: { aria: false },
  data: { values: samples },
  vconcat: Object.entries(figures).map(chartOf),
});
writeFileSync(to, await new View(parse(spec), { renderer: "none" }).toSVG());
