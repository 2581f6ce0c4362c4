// Draws the charts of `picture.ts`: one small chart per figure, in a column. Takes the file with
// the data and the file for the SVG.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// Imported by name, so that `deno check` does not look for a package that only Node has here.
const find = createRequire(import.meta.url).resolve;
const load = (name) => import(pathToFileURL(find(name)).href);
const { parse, View } = await load("vega");
const { compile } = await load("vega-lite");

const WIDTH = 640;
const HEIGHT = 80;

/** Each vertical axis begins at 0, so that a flat line means a flat figure. */
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
  // Without this, descriptions of the marks would be most of the file.
  config: { aria: false },
  data: { values: samples },
  vconcat: Object.entries(figures).map(chartOf),
});
writeFileSync(to, await new View(parse(spec), { renderer: "none" }).toSVG());
