/** Pages with forbidden behaviour while jobs finish, to check the tests. */

const RESTLESS = {
  /** Inserts new rows on top, under the pointer. */
  "moves its rows": `list.prepend(list.lastElementChild)`,
  /** Pushes down the content below, where there is no link, but never out of sight. */
  "pushes down what is below":
    `banner.style.height = banner.style.height === "60px" ? "0px" : "60px"`,
  /** Keeps what it replaces. */
  "keeps what it replaces": `kept.push(Array.from({ length: 300 }, () => row("old")))`,
} as const;

export type Restlessness = keyof typeof RESTLESS;
export const RESTLESSNESSES = Object.keys(RESTLESS) as readonly Restlessness[];

/** Faster than a real page, so that the test is short. */
const RENEWED_EVERY_MS = 50;

function pageOf(restlessness: Restlessness): string {
  return `<!doctype html><html lang="en"><title>Restless</title>
    <main><ul id="list"></ul><div id="banner"></div><p>below</p></main>
    <script>
      const kept = [];
      function row(name) {
        const item = document.createElement("li");
        item.innerHTML = '<a href="/ui/jobs/' + name + '">' + name + "</a>";
        return item;
      }
      for (let number = 0; number < 9; number++) list.append(row("job-" + number));
      setInterval(() => {
        ${RESTLESS[restlessness]};
        document.dispatchEvent(new CustomEvent("daybook:asking"));
      }, ${RENEWED_EVERY_MS});
    </script>`;
}

export async function withRestlessPage(
  restlessness: Restlessness,
  run: (url: string) => Promise<void>,
): Promise<void> {
  const headers = { "content-type": "text/html" };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ url }) =>
      new URL(url).pathname === "/"
        ? new Response(pageOf(restlessness), { headers })
        : new Response(null, { status: 204 }),
  );
  try {
    await run(`http://127.0.0.1:${server.addr.port}/`);
  } finally {
    await server.shutdown();
  }
}
