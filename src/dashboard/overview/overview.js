/**
 * Draws the charts of the overview from the table of figures, and redraws them after each update of
 * the page. The table and the legends have the same data.
 */

const { uPlot } = /** @type {any} */ (globalThis);
const table = document.getElementById("trend-figures");
const darkness = matchMedia("(prefers-color-scheme: dark)");

/** Round durations for the ticks of an axis, in milliseconds. */
const TIME_STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500]
  .concat([1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1_000))
  .concat([1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000))
  .concat([1, 2, 4, 6, 12, 24, 48, 96, 240, 720].map((hours) => hours * 3_600_000));
const COUNT_STEPS = [1, 2, 5].concat(
  ...[1, 2, 3, 4, 5, 6].map((zeros) => [1, 2, 5].map((digit) => digit * 10 ** zeros)),
);
/** Seconds. */
const CLOCK_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map((minutes) => minutes * 60);
const PLOT_HEIGHT = 168;
const AXIS_WIDTH = 58;

/**
 * @typedef {object} Figures
 * @property {number} intervalMs
 * @property {number} fromMs
 * @property {number} toMs
 * @property {HTMLTableRowElement[]} rows
 * @property {(column: string) => (number | null)[]} read
 */

/** @returns {Figures} */
function readFigures() {
  const box = /** @type {HTMLTableElement} */ (table);
  const { intervalMs, intervals } = box.dataset;
  const rows = [...box.tBodies[0]?.rows ?? []];
  const headings = [...box.tHead?.rows[0]?.cells ?? []];
  const interval = Number(intervalMs);
  const last = Number(rows.at(-1)?.cells[0]?.dataset.value);
  return {
    intervalMs: interval,
    fromMs: last - (Number(intervals) - 1) * interval,
    toMs: last + interval,
    rows,
    read(column) {
      const index = headings.findIndex((heading) => heading.dataset.column === column);
      return rows.map((row) => {
        const value = row.cells[index]?.dataset.value;
        return value === undefined ? null : Number(value);
      });
    },
  };
}

/** @param {Figures} figures */
function timesOf({ rows }) {
  return rows.map((row) => Number(row.cells[0]?.dataset.value) / 1_000);
}

/** @param {number} count */
function countText(count) {
  return count.toLocaleString("en-US");
}

/** @param {number} seconds */
function clockText(seconds) {
  const at = new Date(seconds * 1_000);
  return [at.getHours(), at.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
}

class Chart {
  #figure;
  #isCounts;
  #lines;
  #about;
  #aboutText;
  #plot;
  #paint = new Map();
  /** @type {Figures} */
  #figures = readFigures();

  /** @param {HTMLElement} figure */
  constructor(figure) {
    this.#figure = figure;
    this.#isCounts = figure.dataset.chart === "counts";
    this.#lines = [...figure.querySelectorAll("[data-line]")]
      .map((swatch) => /** @type {HTMLElement} */ (swatch));
    this.#about = figure.querySelector(".about");
    this.#aboutText = this.#about?.textContent ?? "";
    this.#readColours();
    const box = /** @type {HTMLElement} */ (figure.querySelector(".plot"));
    this.#plot = new uPlot(this.#options(box.clientWidth), this.#data(), box);
    new ResizeObserver(() => this.#fit(box)).observe(box);
  }

  renew() {
    this.#figures = readFigures();
    this.#plot.setData(this.#data());
    this.#readOut();
  }

  /** The colour scheme changed. */
  recolour() {
    this.#readColours();
    this.#plot.redraw(false);
  }

  /** @param {HTMLElement} box */
  #fit(box) {
    if (box.clientWidth === this.#plot.width || box.clientWidth === 0) return;
    this.#plot.setSize({ width: box.clientWidth, height: PLOT_HEIGHT });
  }

  #data() {
    const columns = this.#lines.map(({ dataset }) => this.#figures.read(dataset.line ?? ""));
    const times = timesOf(this.#figures);
    if (!this.#isCounts) return [times, ...columns];
    // Each step covers its interval, including the last.
    const end = this.#figures.toMs / 1_000;
    return [[...times, end], ...columns.map((column) => [...column, column.at(-1) ?? null])];
  }

  /**
   * A canvas cannot use custom properties, so the computed colours come from the swatches of the
   * legend.
   */
  #readColours() {
    const style = getComputedStyle(this.#figure);
    this.#paint.set("text", style.color);
    for (const swatch of this.#lines) {
      this.#paint.set(swatch, getComputedStyle(swatch).color);
    }
    const grid = this.#figure.querySelector(".plot");
    if (grid !== null) this.#paint.set("grid", getComputedStyle(grid).borderTopColor);
    if (this.#about !== null) this.#paint.set("label", getComputedStyle(this.#about).color);
  }

  /** @param {number} width */
  #options(width) {
    return {
      width,
      height: PLOT_HEIGHT,
      legend: { show: false },
      // Room for half of the last label.
      padding: [8, 24, 0, 0],
      cursor: {
        y: false,
        drag: { x: false, y: false },
        points: { show: !this.#isCounts, size: 6 },
      },
      hooks: { setCursor: [() => this.#readOut()] },
      scales: {
        x: { time: true, range: () => [this.#figures.fromMs / 1_000, this.#figures.toMs / 1_000] },
        y: {
          range: (/** @type {any} */ _, /** @type {number} */ __, /** @type {number} */ max) => [
            0,
            max > 0 ? max * 1.08 : this.#isCounts ? 4 : 10,
          ],
        },
      },
      axes: [this.#timeAxis(), this.#valueAxis()],
      series: [{}, ...this.#lines.map((swatch) => this.#series(swatch))],
    };
  }

  #timeAxis() {
    return {
      ...this.#axis(),
      size: 30,
      space: 64,
      incrs: CLOCK_STEPS,
      values: (/** @type {any} */ _, /** @type {number[]} */ splits) => splits.map(clockText),
    };
  }

  #valueAxis() {
    const text = this.#isCounts ? countText : durationText;
    return {
      ...this.#axis(),
      size: AXIS_WIDTH,
      space: 34,
      incrs: this.#isCounts ? COUNT_STEPS : TIME_STEPS,
      values: (/** @type {any} */ _, /** @type {number[]} */ splits) =>
        splits.map((split) => text(split)),
    };
  }

  #axis() {
    const grid = { stroke: () => this.#paint.get("grid"), width: 1 };
    return {
      stroke: () => this.#paint.get("label"),
      font: `12px ${getComputedStyle(this.#figure).fontFamily}`,
      grid,
      ticks: { ...grid, size: 4 },
    };
  }

  /** @param {HTMLElement} swatch */
  #series(swatch) {
    const isDashed = swatch.closest(".dashed") !== null;
    return {
      stroke: () => this.#paint.get(swatch),
      width: 1.5,
      ...(isDashed ? { dash: [5, 4] } : {}),
      spanGaps: false,
      ...(this.#isCounts
        ? { paths: uPlot.paths.stepped({ align: 1 }), points: { show: false } }
        : { points: { size: 4, fill: () => this.#paint.get(swatch) } }),
    };
  }

  /** Shows the values under the pointer in place of the chart's description. */
  #readOut() {
    if (this.#about === null) return;
    const row = this.#rowPointedAt();
    const text = row === undefined ? this.#aboutText : this.#textOf(row);
    if (this.#about.textContent !== text) this.#about.textContent = text;
  }

  /** For counts, the row whose step is under the pointer; for durations, the nearest point. */
  #rowPointedAt() {
    const { rows, toMs, intervalMs } = this.#figures;
    const { left = -1, idx } = this.#plot?.cursor ?? {};
    if (left < 0 || idx === null || idx === undefined) return undefined;
    if (!this.#isCounts) return rows[idx];
    const fromEnd = Math.ceil((toMs - this.#plot.posToVal(left, "x") * 1_000) / intervalMs);
    return rows[rows.length - Math.max(1, fromEnd)];
  }

  /** @param {HTMLTableRowElement} row */
  #textOf(row) {
    const headings = [...row.closest("table")?.tHead?.rows[0]?.cells ?? []];
    const values = this.#lines.map(({ dataset: { line, label } }) => {
      const index = headings.findIndex((heading) => heading.dataset.column === line);
      return `${label} ${row.cells[index]?.textContent ?? ""}`;
    });
    return `${row.cells[0]?.textContent}: ${values.join(", ")}`;
  }
}

/**
 * Lists whose rows may be reordered are not updated while they have the pointer or the focus.
 *
 * @param {Document} next
 */
function renewCalmRegions(next) {
  for (const region of document.querySelectorAll("[data-calm][id]")) {
    const renewed = next.getElementById(region.id);
    if (renewed === null || region.matches(":hover, :focus-within")) continue;
    if (region.innerHTML === renewed.innerHTML) continue;
    region.replaceChildren(...renewed.childNodes);
  }
}

const charts = table === null ? [] : [...document.querySelectorAll("[data-chart]")]
  .map((figure) => new Chart(/** @type {HTMLElement} */ (figure)));

darkness.addEventListener("change", () => {
  for (const chart of charts) chart.recolour();
});
document.addEventListener("daybook:updated", (event) => {
  for (const chart of charts) chart.renew();
  renewCalmRegions(/** @type {CustomEvent} */ (event).detail.document);
});
