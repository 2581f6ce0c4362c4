/** Bodies whose length is given twice, wrongly, or not at all. */

import {
  bodyFor as body,
  bytes,
  CHUNKED,
  chunked,
  get,
  hidden,
  lengthOf,
  post,
  type RawCase,
} from "../support/http/raw_socket.ts";

/** Two lengths: a parser that uses the other one takes the rest as a request. */
export const LENGTHS: readonly RawCase[] = [
  {
    name: "both length headers, the first shorter",
    parts: [post(`Content-Length: 5\r\n${CHUNKED}`, `0\r\n\r\n${hidden("both-1")}`)],
  },
  {
    name: "both length headers, the other way around",
    parts: [post(`${CHUNKED}Content-Length: 400\r\n`, `0\r\n\r\n${hidden("both-2")}`)],
  },
  {
    name: "two lengths that differ",
    parts: [post("Content-Length: 2\r\nContent-Length: 300\r\n", `{}${hidden("two-1")}`)],
    statuses: [[400]],
  },
  {
    name: "two lengths in one line",
    parts: [post("Content-Length: 2, 300\r\n", `{}${hidden("two-2")}`)],
    statuses: [[400]],
  },
  ...["-1", "+2", "0x2", "2e0", "2 2", "18446744073709551617", "", "two"].map((length, index) => ({
    name: `a length of "${length}"`,
    parts: [post(`Content-Length: ${length}\r\n`, `{}${hidden(`odd-length-${index}`)}`)],
  })),
  {
    name: "a space before the colon of a length",
    parts: [post("Content-Length : 2\r\n", `{}${hidden("space-1")}`)],
  },
  ...["xchunked", "chunked, identity", "identity", "\x0bchunked", "chunked\x00"]
    .map(
      (coding, index) => ({
        name: `a transfer coding of ${JSON.stringify(coding)}`,
        parts: [
          bytes(post(`Transfer-Encoding: ${coding}\r\n`, `0\r\n\r\n${hidden(`coding-${index}`)}`)),
        ],
      }),
    ),
  {
    name: "a folded transfer coding",
    parts: [post("Transfer-Encoding:\r\n chunked\r\n", `0\r\n\r\n${hidden("folded")}`)],
  },
  {
    name: "two transfer codings",
    parts: [
      post(
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        `0\r\n\r\n${hidden("codings")}`,
      ),
    ],
  },
  {
    name: "an unsupported coding, in chunks: what follows is a separate request",
    parts: [post("Transfer-Encoding: gzip, chunked\r\n", `0\r\n\r\n${hidden("after-gzip")}`)],
    statuses: [[400], [202]],
    creates: "after-gzip",
  },
  ...[
    ["a path that is none", "/nowhere", 404],
    ["a job that is none", "/jobs/nobody/cancel", 404],
    ["a request that is refused", "/jobs?x=1", 422],
  ].map(([what, path, status]): RawCase => ({
    name: `a request in the body for ${what}`,
    parts: [
      post(lengthOf(hidden("in-body")), "", String(path)),
      { pauseMs: 100 },
      hidden("in-body"),
    ],
    statuses: [[Number(status)]],
  })),
  {
    name: "a request in the rest of a body that is too large",
    parts: [post("Content-Length: 2000000\r\n", "x"), { pauseMs: 100 }, hidden("in-large")],
    statuses: [[413]],
  },
  {
    name: "a request in the rest of a body that took too long",
    parts: [post("Content-Length: 2000\r\n", "x"), { pauseMs: 1_000 }, hidden("in-slow")],
    statuses: [[408]],
  },
  {
    name: "a GET with a body that looks like a request",
    parts: [get("/livez", lengthOf(hidden("get-body"))), hidden("get-body")],
  },
];

export const CHUNKS: readonly RawCase[] = [
  {
    name: "a body in chunks",
    parts: [post(CHUNKED, chunked(body("chunks").slice(0, 9), body("chunks").slice(9)))],
    statuses: [[202]],
    creates: "chunks",
  },
  {
    name: "chunks with extensions and trailers",
    parts: [
      post(
        CHUNKED,
        `${body("extensions").length.toString(16)};a=b;c="d"\r\n${
          body("extensions")
        }\r\n0\r\nX-T: 1\r\n\r\n`,
      ),
    ],
    statuses: [[202]],
    creates: "extensions",
  },
  { name: "a chunk extension without end", parts: [post(CHUNKED, `5;${"a".repeat(300_000)}`)] },
  ...["zz", "-1", "0x5", "FFFFFFFFFFFFFFFFFF", "", "5\n", "+5"].map((size, index) => ({
    name: `a chunk size of ${JSON.stringify(size)}`,
    parts: [post(CHUNKED, `${size}\r\nhello\r\n0\r\n\r\n${hidden(`chunk-${index}`)}`)],
  })),
  {
    name: "a chunk longer than it says",
    parts: [post(CHUNKED, `2\r\nhello\r\n0\r\n\r\n${hidden("long-chunk")}`)],
  },
  { name: "bare LF between chunks", parts: [post(CHUNKED, `2\n{}\n0\n\n${hidden("lf-chunk")}`)] },
  {
    name: "a body of more bytes than are taken",
    parts: [post("Content-Length: 2000000\r\n", "x".repeat(100_000))],
    statuses: [[413]],
  },
  {
    name: "chunks of more bytes than are taken",
    parts: [post(CHUNKED, chunked(..."x".repeat(40).split("").map((x) => x.repeat(50_000))))],
    statuses: [[413]],
  },
];
