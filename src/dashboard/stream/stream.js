/**
 * Adds new entries above those that the page shows. When `live.js` fetches the page, this script
 * requests only the entries since the last update. If there are more than a page, the rest is not
 * fetched, and a row shows how many they are and links to them. While the list is being read,
 * nothing moves; new entries are only counted.
 */

const ROWS_MAX = 200;
/** Smaller movements do not count as scrolling. */
const SCROLLED_PX = 8;

const rows = document.getElementById("stream-rows");
const state = document.getElementById("stream-state");
const button = document.getElementById("stream-show");
const isLive = document.body.dataset.liveUrl !== undefined;

/** The last position examined for this page, and the head of the journal. */
let considered = Number(rows?.dataset.to);
let head = considered;
/** Whether the user requested new rows, wherever the pointer is. */
let isWanted = false;
/** How many entries the last update skipped. */
let skipped = 0;

if (isLive && rows !== null) {
  document.addEventListener("daybook:asking", ask);
  document.addEventListener("daybook:updated", take);
  button?.addEventListener("click", showNow);
  rows.addEventListener("mouseleave", refreshWhenIdle);
  rows.addEventListener("toggle", refreshWhenIdle, true);
  addEventListener("scroll", refreshWhenIdle, { passive: true });
}

/** @param {any} asking */
function ask(asking) {
  head = asking.detail.head;
  if (isHeld() && !isWanted) {
    asking.preventDefault();
    showNews();
    return;
  }
  asking.detail.url.searchParams.set("since", String(considered));
}

/** Whether the list is being read. */
function isHeld() {
  if (rows === null) return true;
  const canPoint = matchMedia("(hover: hover)").matches;
  return scrollY > SCROLLED_PX || (canPoint && rows.matches(":hover")) ||
    rows.querySelector("details[open]") !== null || rows.contains(document.activeElement);
}

/** Refreshes automatically once the list is no longer being read. */
function refreshWhenIdle() {
  if (head > considered && !isHeld()) document.dispatchEvent(new Event("daybook:refresh"));
}

function showNow() {
  isWanted = true;
  scrollTo({ top: 0 });
  document.dispatchEvent(new Event("daybook:refresh"));
}

/** @param {any} updated */
function take({ detail }) {
  const renewed = /** @type {Document} */ (detail.document);
  const found = renewed.getElementById("stream-rows");
  if (found === null || rows === null) return;
  const [from, to] = [Number(found.dataset.from), Number(found.dataset.to)];
  // The server now has another journal.
  if (Number(renewed.body.dataset.head) < considered) return location.reload();
  // Two updates may overlap and contain the same rows.
  const fresh = [...found.children].filter((row) => Number(rowId(row)) > considered);
  skipped = Math.max(0, from - considered - 1);
  if (skipped > 0) rows.prepend(gapRow(considered));
  rows.prepend(...fresh.map((row) => document.importNode(row, true)));
  considered = Math.max(considered, to);
  head = Math.max(head, considered);
  rows.dataset.to = String(considered);
  // That line was about the initial rows.
  document.getElementById("stream-looked")?.setAttribute("hidden", "");
  isWanted = false;
  if (fresh.length > 0) document.querySelector(".stream > .empty")?.remove();
  trim();
  showNews();
}

/** @param {Element} row */
function rowId(row) {
  return /** @type {HTMLElement} */ (row).dataset.logId ?? "0";
}

/**
 * A row that counts the skipped entries and links to them.
 *
 * @param {number} after
 */
function gapRow(after) {
  const row = document.createElement("li");
  const link = document.createElement("a");
  const url = new URL(location.href);
  for (const name of ["before", "since", "note"]) url.searchParams.delete(name);
  url.searchParams.set("after", String(after));
  link.href = url.href;
  link.textContent = "read them";
  row.className = "gap-row";
  row.append(`${skippedText()}: `, link);
  return row;
}

/** With a filter, it is unknown how many skipped entries would pass. */
function skippedText() {
  return rows?.dataset.filtered === undefined
    ? counted(skipped, "more entry", "more entries")
    : `${counted(skipped, "entry", "entries")} of the journal not examined`;
}

/** Removes the oldest rows; the link to older entries then begins with them. */
function trim() {
  if (rows === null || rows.children.length <= ROWS_MAX) return;
  while (rows.children.length > ROWS_MAX || rows.lastElementChild?.matches(".gap-row")) {
    rows.lastElementChild?.remove();
  }
  const oldest = rows.lastElementChild;
  const older = document.getElementById("stream-older");
  if (oldest === null || !(older instanceof HTMLAnchorElement)) return;
  const url = new URL(older.href);
  url.searchParams.set("before", rowId(oldest));
  older.href = url.href;
  older.hidden = false;
}

/** Shows how many entries arrived since the last update. */
function showNews() {
  const missed = head - considered;
  const text = missed > 0 ? missedText(missed) : newestText();
  if (state !== null && state.textContent !== text) state.textContent = text;
  if (button !== null) button.hidden = missed <= 0;
}

/** @param {number} missed */
function missedText(missed) {
  const where = rows?.dataset.filtered === undefined ? "" : " in the journal";
  return `${counted(missed, "newer entry", "newer entries")}${where}`;
}

/** @param {number} count @param {string} one @param {string} many */
function counted(count, one, many) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

function newestText() {
  return skipped > 0 ? `Newest first; ${skippedText()}` : "Newest first";
}
