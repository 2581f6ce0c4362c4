/** Bytes that a client may send to a socket, and that no HTTP library would. */

import { CHUNKS, LENGTHS } from "./raw_framing.ts";
import {
  bodyFor as body,
  bytes,
  CHUNKED,
  get,
  hidden,
  HOST,
  KEEP,
  lengthOf,
  post,
  type RawCase,
} from "../support/http/raw_socket.ts";

const HEADS: readonly RawCase[] = [
  {
    name: "two Host headers",
    parts: [`GET /jobs HTTP/1.1\r\n${HOST}Host: evil.example\r\n\r\n`],
    statuses: [[400, 421]],
  },
  { name: "no Host header", parts: ["GET /jobs HTTP/1.1\r\n\r\n"], statuses: [[400]] },
  { name: "HTTP/1.0 without a host", parts: ["GET /livez HTTP/1.0\r\n\r\n"], statuses: [[400]] },
  {
    name: "an absolute target without a host",
    parts: ["GET http://127.0.0.1/livez HTTP/1.1\r\n\r\n"],
    statuses: [[400]],
  },
  ...["127.0.0.1:99999", "127.0.0.1:x", "localhost/jobs?", "u@localhost", "[::1"].map((host) => ({
    name: `a Host of ${host}`,
    parts: [`GET /jobs HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
    statuses: [[400]],
  })),
  {
    name: "an absolute target with a port that is none",
    parts: ["GET http://127.0.0.1:99999/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"],
    statuses: [[400]],
  },
  {
    name: "an absolute target",
    parts: ["GET http://127.0.0.1/livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"],
    statuses: [[200]],
  },
  {
    name: "an absolute target elsewhere",
    parts: ["GET http://evil.example/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"],
    statuses: [[421]],
  },
  { name: "a Host that is none", parts: ["GET /jobs HTTP/1.1\r\nHost: a b@c:d:e\r\n\r\n"] },
  { name: "a header of 2 MB", parts: [get("/livez", `X: ${"x".repeat(2_000_000)}\r\n`)] },
  { name: "10,000 headers", parts: [get("/livez", "X-Y: z\r\n".repeat(10_000))] },
  { name: "a target of 200 KB", parts: [get(`/jobs/${"x".repeat(200_000)}`)] },
  { name: "bare LF", parts: ["GET /livez HTTP/1.1\nHost: 127.0.0.1\n\n"] },
  { name: "bare CR", parts: ["GET /livez HTTP/1.1\rHost: 127.0.0.1\r\r"] },
  { name: "a NUL in a header", parts: [get("/livez", "X: a\0b\r\n")] },
  { name: "a NUL in the target", parts: [get("/livez\0")] },
  { name: "a NUL at the beginning", parts: ["\0\0\0\0\r\n\r\n"] },
  { name: "bytes that are no text", parts: [bytes(get("/jobs/\xff\xfe", "X: \xff\r\n"))] },
  { name: "CR in a header", parts: [get("/livez", "X: a\rSet-Cookie: b\r\n")] },
  { name: "a folded header", parts: [get("/livez", "X: a\r\n b\r\n")] },
  { name: "a header without a name", parts: [get("/livez", ": x\r\n")] },
  { name: "HTTP/0.9", parts: ["GET /livez\r\n"] },
  { name: "HTTP/9.9", parts: ["GET /livez HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n"] },
  { name: "no HTTP at all", parts: ["hello\r\n\r\n"] },
  { name: "TLS", parts: [bytes("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")] },
  { name: "CONNECT", parts: ["CONNECT evil.example:443 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"] },
  { name: "OPTIONS *", parts: [`OPTIONS * HTTP/1.1\r\n${HOST}\r\n`] },
  { name: "TRACE", parts: [`TRACE /jobs HTTP/1.1\r\n${HOST}\r\n`], statuses: [[405]] },
  {
    name: "dot segments",
    parts: [get("/../../../etc/passwd"), get("/jobs/%2e%2e/%2e%2e/etc")],
    statuses: [[404], [404]],
  },
  { name: "a target with an escape that is none", parts: [get("/jobs/%zz%")], statuses: [[404]] },
];

const WAYS: readonly RawCase[] = [
  {
    name: "20 requests at once",
    parts: [get("/livez", KEEP).repeat(20)],
    statuses: Array.from({ length: 20 }, () => [200]),
  },
  {
    name: "two creations at once",
    parts: [hidden("pipelined"), get("/jobs/pipelined")],
    statuses: [[202], [200]],
    creates: "pipelined",
  },
  {
    name: "a good request after a bad body",
    parts: [post(lengthOf("{"), "{"), get("/livez")],
    statuses: [[400], [200]],
  },
  {
    name: "a body that comes too slowly",
    parts: [post("Content-Length: 900\r\n", "{"), { pauseMs: 400 }, '"', { pauseMs: 600 }],
    statuses: [[408]],
  },
  {
    name: "chunks that come too slowly",
    parts: [post(CHUNKED, "1\r\n{\r\n"), { pauseMs: 1_000 }],
    statuses: [[408]],
  },
  {
    name: "a body that never comes",
    parts: [post("Content-Length: 2\r\n", ""), { pauseMs: 1_000 }],
    statuses: [[408]],
  },
  {
    name: "a head that comes slowly",
    parts: ["GET /livez HTTP/1.1\r\nHo", { pauseMs: 500 }, "st: 127.0.0.1\r\n\r\n"],
    statuses: [[200]],
  },
  { name: "a head that never ends", parts: ["GET /livez HTTP/1.1\r\nHost"], leaves: true },
  {
    name: "a body that ends early",
    parts: [post("Content-Length: 500\r\n", body("early"))],
    leaves: true,
  },
  {
    name: "chunks that end early",
    parts: [post(CHUNKED, `${body("early").length.toString(16)}\r\n${body("early")}`)],
    leaves: true,
  },
  { name: "a stream that is not read", parts: [get("/stream?after=0")], leaves: true },
  {
    name: "a poll that is not awaited",
    parts: [get("/jobs/known", "Prefer: wait=60\r\n")],
    leaves: true,
  },
  {
    name: "a wait for 100 Continue",
    parts: [
      post(`Expect: 100-continue\r\n${lengthOf(body("continued"))}`, ""),
      { pauseMs: 100 },
      body("continued"),
    ],
    statuses: [[100], [202]],
    creates: "continued",
  },
  { name: "an unknown expectation", parts: [get("/livez", "Expect: magic\r\n")] },
  {
    name: "an upgrade to a web socket",
    parts: [
      get(
        "/stream",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n",
      ),
    ],
    statuses: [[200]],
  },
  {
    name: "an upgrade to h2c",
    parts: [
      get(
        "/livez",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
      ),
    ],
    statuses: [[200]],
  },
  {
    name: "HTTP/2 from the start, and then nothing of it",
    parts: ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nhello hello hello"],
  },
];

export const RAW_CASES: readonly RawCase[] = [...LENGTHS, ...CHUNKS, ...HEADS, ...WAYS];
