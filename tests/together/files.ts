import { load } from "./rooms.ts";

await load("files");
